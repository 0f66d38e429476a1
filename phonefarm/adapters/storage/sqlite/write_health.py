"""Whether the database takes writes, judged by the last commits."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

SLOW_COMMIT_SECONDS = 3.0
"""A slower commit waits for a lock or a disk: an order would wait for it and then for its own."""
STALE_WRITE_SECONDS = 20.0
"""Without a commit for this long, though the heartbeat is written every 5 s, writing does not work."""


@dataclass(frozen=True, kw_only=True)
class Commits:
    """How the last commits went; times are on the monotonic clock, in seconds."""

    succeeded_at: float
    begun_at: float | None = None
    """Of the open commit; None if there is none."""
    problem: str | None = None
    """Why the last one failed."""
    took: float = 0.0
    """How long the last successful one took."""


class WriteHealth:
    """Written by the writer's thread, read by any: `commits` is replaced as a whole."""

    def __init__(self) -> None:
        self.commits = Commits(succeeded_at=time.monotonic())

    def note_begin(self) -> None:
        self.commits = replace(self.commits, begun_at=time.monotonic())

    def note_success(self) -> None:
        now, begun_at = time.monotonic(), self.commits.begun_at
        self.commits = Commits(succeeded_at=now, took=0.0 if begun_at is None else now - begun_at)

    def note_failure(self, problem: str) -> None:
        self.commits = replace(self.commits, begun_at=None, problem=problem)

    def problem(self) -> str | None:
        """Why a write begun now would not succeed soon: the last one failed, or none has succeeded for a while."""
        commits, now = self.commits, time.monotonic()
        if commits.problem is not None:
            return commits.problem
        under_way = 0.0 if commits.begun_at is None else now - commits.begun_at
        if max(under_way, commits.took) > SLOW_COMMIT_SECONDS:  # `took`: else the offer would flap between slow ones
            return "the database has not answered a write for seconds"
        if now - commits.succeeded_at > STALE_WRITE_SECONDS:
            return "nothing could be written to the database lately"
        return None

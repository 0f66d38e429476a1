"""A fork server for `phonefarm serve` processes that kill themselves at a given commit, like a power cut.

The server loads all code of the app, stays single-threaded, and forks one app for each request on stdin, which takes
a tenth of the time of a normal start.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from phonefarm.adapters.storage.sqlite import writer
from phonefarm.adapters.storage.sqlite.submitted_unit import SubmittedUnit
from phonefarm.application.messages.intake import Intake

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, kw_only=True)
class Point:
    """The nth commit with a unit of work of this kind that changed something."""

    kind: str
    moment: str
    """`BEFORE`: before COMMIT. `AFTER`: the commit is durable, but its callers have no result yet."""
    nth: int = 1


@dataclass(frozen=True, kw_only=True)
class Request:
    environment: Mapping[str, str]
    output: str
    """The file for the output of the process."""
    ledger: str
    """The file for the committed kinds, one per line."""
    point: Point | None = None

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        fields = json.loads(text)
        point = fields.pop("point")
        return cls(**fields, point=Point(**point) if point else None)


def kind_of(unit: SubmittedUnit) -> str:
    """The method that submitted the unit of work, with a suffix where it has several kinds."""
    name = unit.work.__qualname__.partition(".<locals>")[0]
    match unit.result:
        case Intake(pushes=(_, *_)):
            return "SmsIntake.accept with a push"
        case Intake(first=True):
            return "SmsIntake.accept as the baseline"
        case Intake():
            return "SmsIntake.accept"
        case [_, *_], _, _ if name == "PushWorker._record_and_claim":
            return f"{name} with an end"
    return str(name)


class CommitWatcher:
    """Patches the writer thread: records each committed kind, and kills the process at its point."""

    def __init__(self, ledger: Path, point: Point | None) -> None:
        self._ledger = ledger
        self._point = point
        self._counts: Counter[str] = Counter()
        self._written: list[str] = []
        self._is_reached = False

    def install(self) -> None:
        has_run, commit, report = writer._has_run, writer.Writer._commit, writer._report

        def watched_run(unit: SubmittedUnit, writing: writer._WriteConnection) -> bool:
            before = writing.driver.total_changes
            if not has_run(unit, writing):
                return False
            if writing.driver.total_changes != before:
                self._written.append(kind_of(unit))
            return True

        def watched_commit(it: writer.Writer, first: SubmittedUnit) -> None:
            self._written.clear()
            commit(it, first)

        def watched_report(group: list[SubmittedUnit]) -> None:
            if self._is_reached:
                _kill_self()
            self._record_commit()
            report(group)

        writer._has_run, writer._report = watched_run, watched_report
        writer.Writer._commit = watched_commit  # type: ignore[method-assign,assignment]
        make_durable = writer._make_durable

        def watched_make_durable(driver: sqlite3.Connection) -> None:
            self._before_commit()
            make_durable(driver)

        writer._make_durable = watched_make_durable

    def _before_commit(self) -> None:
        for kind in self._written:
            self._counts[kind] += 1
            if self._point is not None and (kind, self._counts[kind]) == (self._point.kind, self._point.nth):
                if self._point.moment == BEFORE:
                    _kill_self()
                self._is_reached = True

    def _record_commit(self) -> None:
        if self._written:
            with self._ledger.open("a", encoding="utf-8") as file:
                file.writelines(f"{kind}\n" for kind in self._written)
            self._written.clear()


def _kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _serve(request: Request) -> NoReturn:
    """Run the app in the forked process."""
    from phonefarm.commands.cli import main

    code = 70
    try:
        output = os.open(request.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, opened in enumerate((nothing, output, output)):
            os.dup2(opened, number)
        for name in [name for name in os.environ if name.startswith("PHONEFARM_")]:
            del os.environ[name]
        os.environ.update(request.environment)
        sys.argv = ["phonefarm", "serve"]
        CommitWatcher(Path(request.ledger), request.point).install()
        main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def fork_on_request() -> None:
    """Serve requests, one per line: `start {…}` answers the pid, `poll PID` the status of `waitpid` or -."""
    for module in ("phonefarm.commands.cli", "phonefarm.runtime.engine_thread"):
        importlib.import_module(module)
    children: set[int] = set()
    for line in sys.stdin:
        word, _, rest = line.partition(" ")
        if word == "start":
            pid = os.fork()
            if pid == 0:
                _serve(Request.from_json(rest))
            children.add(pid)
            answer = str(pid)
        else:
            ended, status = os.waitpid(int(rest), os.WNOHANG)
            children.discard(ended)
            answer = str(status) if ended else "-"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    fork_on_request()

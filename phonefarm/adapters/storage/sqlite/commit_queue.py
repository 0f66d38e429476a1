"""The queue of units of work that wait for the writer. It has two priorities."""

from __future__ import annotations

import queue
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class CommitQueue(Generic[T]):
    """Urgent items come first unless the taker asks for normal ones: by alternating, it starves neither.

    Any thread may put, one takes. `SimpleQueue` wakes it: written in C, it delays a message least.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._urgent: deque[T] = deque()
        self._normal: deque[T] = deque()
        self._signals: queue.SimpleQueue[None] = queue.SimpleQueue()
        """One for each item that waits, and one for each `end`."""

    def __len__(self) -> int:
        return len(self._urgent) + len(self._normal)

    def put(self, item: T, *, urgent: bool) -> None:
        """Raises queue.Full."""
        if len(self) >= self._limit:
            raise queue.Full
        (self._urgent if urgent else self._normal).append(item)
        self._signals.put(None)

    def end(self) -> None:
        """Let `take` return None once nothing waits any more."""
        self._signals.put(None)

    def take(self, *, wait: bool, normal_first: bool = False) -> T | None:
        """The next item; None at the end. Raises queue.Empty if nothing waits and `wait` is false."""
        self._signals.get(block=wait)
        return self.pop(normal_first=normal_first)

    def take_of_priority(self, *, urgent: bool) -> T | None:
        """The next item of this priority; None if none waits."""
        items = self._urgent if urgent else self._normal
        if not items:
            return None
        self._signals.get()
        return items.popleft()

    def pop(self, *, normal_first: bool = False) -> T | None:
        """The next item, its signal left behind: for what is refused after the end."""
        for items in (self._normal, self._urgent) if normal_first else (self._urgent, self._normal):
            if items:
                return items.popleft()
        return None

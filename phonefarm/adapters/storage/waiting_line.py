"""What waits for the writer: urgent work first, the rest in its turn, and neither without end before the other."""

from __future__ import annotations

import queue
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class WaitingLine(Generic[T]):
    """One thread takes; the queue below is the interpreter's own, as every message waits for this thread to wake."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._urgent: deque[T] = deque()
        self._usual: deque[T] = deque()
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        """One for each that waits, and one for the end."""

    def __len__(self) -> int:
        return len(self._urgent) + len(self._usual)

    def put(self, item: T, *, urgent: bool) -> None:
        """Raises queue.Full."""
        if len(self) >= self._limit:
            raise queue.Full
        (self._urgent if urgent else self._usual).append(item)
        self._calls.put(None)

    def end(self) -> None:
        """After what waits there is nothing more."""
        self._calls.put(None)

    def take(self, *, wait: bool, usual_first: bool = False) -> T | None:
        """What is next, None at the end; raises queue.Empty where nothing waits and it shall not wait either."""
        self._calls.get(block=wait)
        return self.pop(usual_first=usual_first)

    def take_another(self, *, urgent: bool) -> T | None:
        """The next of its kind, if one waits."""
        line = self._urgent if urgent else self._usual
        if not line:
            return None
        self._calls.get()
        return line.popleft()

    def pop(self, *, usual_first: bool = False) -> T | None:
        for line in (self._usual, self._urgent) if usual_first else (self._urgent, self._usual):
            if line:
                return line.popleft()
        return None

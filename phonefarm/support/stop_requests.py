"""Requests to stop the program: by a signal, the window, a console that closes, or the end of the session."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from queue import Empty, SimpleQueue

HELD_WITHIN_SECONDS = 4.5
"""Windows waits five seconds for the answer at the end of a session or console, then kills the program."""
SIGNAL_CHECK_SECONDS = 0.5


class StopRequests:
    """Requested on any thread; handled by the thread that runs the program, which reports when it has shut down."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()  # reentrant: a signal handler may put into it at any moment
        self._is_shut_down = threading.Event()
        self._listeners: list[Callable[[], object]] = []
        self.is_asked = False
        self.is_last_call = False
        """Whether the system kills the program within seconds, finished or not."""

    def ask(self) -> None:
        self.is_asked = True
        self._asked.put(None)
        for listener in tuple(self._listeners):
            listener()

    def request_and_wait(self) -> bool:
        """For a system that kills the program when this returns; returns whether the program has shut down in time.

        Call it on the system's own threads: on the thread that runs the program it would deadlock.
        """
        self.is_last_call = True
        with suppress(RuntimeError):  # the loop of a listener has ended already
            self.ask()
        return self._is_shut_down.wait(HELD_WITHIN_SECONDS)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for a request; returns whether there was one."""
        if not self.is_asked:
            with suppress(Empty):
                self._asked.get(timeout=seconds)
        return self.is_asked

    def wait_until_asked(self) -> None:
        """Waits in short steps: on Windows Python runs signal handlers only between waits of the main thread."""
        while not self.wait(SIGNAL_CHECK_SECONDS):
            continue

    @contextmanager
    def notifying(self, listener: Callable[[], object]) -> Iterator[None]:
        """Within the body call `listener`, on any thread, at each request, and at once if there was one already."""
        self._listeners.append(listener)
        try:
            if self.is_asked:
                listener()
            yield
        finally:
            self._listeners.remove(listener)

    def mark_shut_down(self) -> None:
        self._is_shut_down.set()


Endings = Callable[[StopRequests], AbstractContextManager[None]]
"""Registers for the system's notifications that it ends the program."""


@contextmanager
def stop_requests_from(endings: Endings) -> Iterator[StopRequests]:
    """The body must shut everything down before it is left: the system may be waiting for that."""
    stop = StopRequests()
    with endings(stop):
        try:
            yield stop
        finally:
            stop.mark_shut_down()


@contextmanager
def asked_by_signals(stop: StopRequests) -> Iterator[None]:
    """Ctrl-C, SIGTERM and (on Windows) Ctrl-Break request a stop; for the main thread."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    before = {number: signal.signal(number, lambda *_: stop.ask()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

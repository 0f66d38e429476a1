"""Where everybody asks who wants the program to stop: a signal, the window, a console that closes, a session's end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from queue import Empty, SimpleQueue

HELD_WITHIN = 4.5
"""Windows waits five seconds for the answer to the end of its session or of a console, and then ends the program."""
SIGNAL_CHECK_SECONDS = 0.5


class StopRequests:
    """Asked on any thread; heard by the one that runs the program, which says when all is put down."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it, whatever it interrupts
        self._put_down = threading.Event()
        self._listeners: list[Callable[[], object]] = []
        self.is_asked = False
        self.is_last_call = False
        """The system ends the program within seconds, however far it has come."""

    def ask(self) -> None:
        self.is_asked = True
        self._asked.put(None)
        for hear in tuple(self._listeners):
            hear()

    def hold(self) -> bool:
        """Ask for a system that ends the program when this returns: once all is put down, or at the last moment.

        For threads of the system's own: the one that runs the program would wait for itself.
        """
        self.is_last_call = True
        with suppress(RuntimeError):  # of a listener whose loop has ended by now, since the program stops already
            self.ask()
        return self._put_down.wait(HELD_WITHIN)

    def wait(self, seconds: float) -> bool:
        """Until somebody asks, at most so many seconds; whether somebody has asked."""
        if not self.is_asked:
            with suppress(Empty):
                self._asked.get(timeout=seconds)
        return self.is_asked

    def wait_until_asked(self) -> None:
        """In short waits: on Windows Python runs signal handlers between those of the main thread only."""
        while not self.wait(SIGNAL_CHECK_SECONDS):
            continue

    @contextmanager
    def telling(self, hear: Callable[[], object]) -> Iterator[None]:
        """`hear` is called, on any thread, when somebody asks or has asked already."""
        self._listeners.append(hear)
        try:
            if self.is_asked:
                hear()
            yield
        finally:
            self._listeners.remove(hear)

    def all_is_put_down(self) -> None:
        self._put_down.set()


Endings = Callable[[StopRequests], AbstractContextManager[None]]
"""Registers where the system tells that it ends the program."""


@contextmanager
def heard(endings: Endings) -> Iterator[StopRequests]:
    """What is inside puts everything down before it is left: the system may be waiting for that."""
    stop = StopRequests()
    with endings(stop):
        try:
            yield stop
        finally:
            stop.all_is_put_down()


@contextmanager
def asked_by_signals(stop: StopRequests) -> Iterator[None]:
    """Ctrl-C, SIGTERM and (on Windows) Ctrl-Break ask; for the main thread."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        numbers.append(signal.SIGBREAK)
    before = {number: signal.signal(number, lambda *_: stop.ask()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Simulates a system that ends the program: calls the registered handler on a separate thread, like Windows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from phonefarm.domain.errors import KnownError
from phonefarm.support.stop_requests import StopRequests
from phonefarm.support.windows_endings import ConsoleEvent, WindowMessage, console_event, window_message


class System:
    """Keeps the program's handler and calls it on a separate thread."""

    def __init__(self, tell: Callable[[StopRequests], object]) -> None:
        self._tell = tell
        self._stop: StopRequests | None = None
        self.answered: Future[object] = Future()
        """Resolved when the handler has returned; Windows ends the program then."""

    @contextmanager
    def endings(self, stop: StopRequests) -> Iterator[None]:
        self._stop = stop
        yield

    def end(self, look: Callable[[], object] = lambda: None) -> None:
        """Start to call the handler; `look` is called when it returns."""
        stop = self._stop
        assert stop is not None

        def call() -> None:
            self._tell(stop)
            try:
                self.answered.set_result(look())
            except KnownError as error:
                self.answered.set_exception(error)

        threading.Thread(target=call, name="the system's").start()


def console_says(event: int) -> Callable[[StopRequests], object]:
    return lambda stop: console_event(stop, event)


def session_ends(stop: StopRequests) -> None:
    assert window_message(stop, WindowMessage.QUERY_END_SESSION, 0) == 1
    assert window_message(stop, WindowMessage.END_SESSION, 1) == 0


LAST_CALLS = {
    "console closed": console_says(ConsoleEvent.CLOSE),
    "shutdown told to a service": console_says(ConsoleEvent.SHUTDOWN),
    "session ended": session_ends,
}

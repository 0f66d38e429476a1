"""Plays how asyncio's loop on Windows (Proactor) accepts connections, on whichever loop a test runs."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from phonefarm.adapters.http.accept_loop import is_failed_accept
from tests.windows_errors import windows_error

LINGER = "hh" if sys.platform == "win32" else "ii"
"""struct format of SO_LINGER, which makes a close a reset."""
NETNAME_DELETED = 64
"""Windows' error code for a client that was gone before the accept completed."""


class WindowsAccepts:
    """Replaces the loop's accept: the first accepts fail with the codes in `failures`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, failures: Sequence[int] = ()) -> None:
        self._loop = loop
        self._failures = list(failures)
        self._accept: Callable[[socket.socket], Any] = loop.sock_accept
        self.reports: list[str] = []
        """Messages that the loop's exception handler got."""
        loop.sock_accept = self._sock_accept  # type: ignore[method-assign, assignment]
        loop._start_serving = self._start_serving  # type: ignore[attr-defined]
        loop.set_exception_handler(self._note_report)

    def _note_report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not is_failed_accept(context):  # a failure of the real system
            self.reports.append(context["message"])

    @property
    def have_failed(self) -> bool:
        """Whether all planned failures have happened."""
        return not self._failures

    async def _sock_accept(self, listener: socket.socket) -> tuple[socket.socket, Any]:
        """The accepted sockets name no protocol, as on Windows."""
        try:
            caller, address = await self._accept(listener)
        except OSError:  # the real system fails
            del self._failures[:1]
            raise
        if self._failures:
            caller.close()
            raise windows_error(self._failures.pop(0), "The specified network name is no longer available")
        nameless = socket.socket(caller.family, caller.type, 0, fileno=caller.detach())
        nameless.setblocking(False)
        return nameless, address

    def _start_serving(self, protocol_factory: Callable[[], Any], listener: socket.socket, *_: Any, **__: Any) -> None:
        """As `BaseProactorEventLoop._start_serving`: one failed accept closes the listening socket."""
        accepting = self._loop.create_task(self._sock_accept(listener))
        accepting.add_done_callback(lambda done: self._take(done, protocol_factory, listener))

    def _take(self, done: asyncio.Task[Any], protocol_factory: Callable[[], Any], listener: socket.socket) -> None:
        if done.cancelled():
            listener.close()
            return
        if error := done.exception():
            self._loop.call_exception_handler({"message": "Accept failed on a socket", "exception": error})
            listener.close()
            return
        self._loop._make_socket_transport(done.result()[0], protocol_factory())  # type: ignore[attr-defined]
        self._start_serving(protocol_factory, listener)

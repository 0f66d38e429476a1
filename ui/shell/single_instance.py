"""A second start raises the window of the first: both meet at a local socket named after user and data folder."""

from __future__ import annotations

import ctypes
import getpass
import hashlib
import sys
from pathlib import Path

import structlog
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = structlog.get_logger(__name__)

ANSWER_WITHIN_MS = 2000
_RAISE = b"raise\n"
_RAISED = b"raised\n"
_ANY_PROCESS = 0xFFFFFFFF


def socket_name(data_folder: Path) -> str:
    """Of this user's window on that folder; short, as the path of a socket may have 100 characters."""
    meant = f"{getpass.getuser()}\n{data_folder.resolve()}"
    return f"phonefarm-{hashlib.sha256(meant.encode()).hexdigest()[:20]}"


def raise_first_window(data_folder: Path, within_ms: int = ANSWER_WITHIN_MS) -> bool:
    """Whether another process has a window on the folder and has brought it to the front."""
    socket = QLocalSocket()
    socket.connectToServer(socket_name(data_folder))
    if not socket.waitForConnected(within_ms):
        return False
    _let_others_come_to_the_front()
    socket.write(_RAISE)
    answer = b""
    while not answer.endswith(b"\n") and socket.waitForReadyRead(within_ms):
        answer += socket.readAll().data()
    socket.abort()
    return answer == _RAISED


class RaiseServer(QObject):
    """Hears of later starts, for the process that holds the data folder."""

    raise_requested = Signal()

    def __init__(self, data_folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._name = socket_name(data_folder)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._meet)

    def listen(self) -> bool:
        """Without it a second start only says that the first one runs.

        Whoever holds the data folder is the only one, so a socket of that name is left over from a crash.
        """
        if self._server.listen(self._name):
            return True
        QLocalServer.removeServer(self._name)
        if self._server.listen(self._name):
            return True
        log.warning("a second start cannot raise this window", cause=self._server.errorString())
        return False

    def close(self) -> None:
        self._server.close()

    def _meet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._answer(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._answer(socket)

    def _answer(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > len(_RAISE):
                socket.abort()
            return
        if socket.readLine().data() != _RAISE:
            socket.abort()
            return
        self.raise_requested.emit()
        socket.write(_RAISED)
        socket.flush()


def _let_others_come_to_the_front() -> None:
    """Windows lets only the program that the user has just started do that, or whom it permits."""
    if sys.platform == "win32":
        ctypes.windll.user32.AllowSetForegroundWindow(_ANY_PROCESS)

"""Runs one command on one phone, with a complete answer or an error; and streams lines of long-running commands."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import dataclass

from phonefarm.adapters.adb.adb_connection import AdbConnection
from phonefarm.adapters.adb.smart_socket import Address, SmartSocket, phone_errors, printable
from phonefarm.application.ports.world import PhoneUnreachable

MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024
OPEN_TIMEOUT_SECONDS = 15.0
STREAM_IDLE_TIMEOUT_SECONDS = 30 * 60.0
"""A stream that is silent for this long is opened again, since its phone may have gone unnoticed."""

_STDOUT, _STDERR, _EXIT = 1, 2, 3
_FRAME_HEAD = 5
_CLOSE_STDIN = bytes((4, 0, 0, 0, 0))


@dataclass(frozen=True, kw_only=True)
class ShellAnswer:
    stdout: bytes
    stderr: bytes
    exit_code: int
    first_output_at: float | None
    """Loop time at which the first byte of stdout arrived."""


class Shell:
    """Commands on one phone; `v2`: it supports the framed shell protocol."""

    def __init__(self, socket: SmartSocket, serial: str, *, v2: bool, address: Address | None = None) -> None:
        self._socket = socket
        self._serial = serial
        self._address = address or Address(serial=serial)
        self._v2 = v2

    @property
    def separates_stderr(self) -> bool:
        return self._v2

    async def run(self, command: str, *, within: float) -> ShellAnswer:
        """The complete answer within `within` seconds; raises PhoneUnreachable otherwise."""
        async with phone_errors(self._serial, within=within):
            return await (self._run_framed(command) if self._v2 else self._run_unframed(command))

    async def lines(self, command: str) -> AsyncGenerator[str, None]:
        """Yields lines of stdout as they arrive; ends by raising PhoneUnreachable, never by returning."""
        async with aclosing(self._stdout_chunks(command)) as chunks:
            rest = b""
            async for chunk in chunks:
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line.removesuffix(b"\r").decode("utf-8", "replace")
                rest = rest[-MAX_LINE_BYTES:]
        raise PhoneUnreachable(f"Phone {printable(self._serial)} ended the stream.")

    async def _run_framed(self, command: str) -> ShellAnswer:
        stdout, stderr, first = bytearray(), bytearray(), None
        with closing(await self._open_framed(command)) as connection:
            while True:
                kind, length = await _read_frame_head(connection)
                self._check_size(len(stdout) + len(stderr) + length)
                payload = await connection.read_exactly(length)
                if kind == _EXIT:
                    code = payload[0] if payload else 0
                    return ShellAnswer(
                        stdout=bytes(stdout), stderr=bytes(stderr), exit_code=code, first_output_at=first
                    )
                if kind == _STDOUT:
                    first = first if first is not None else asyncio.get_running_loop().time()
                    stdout += payload
                elif kind == _STDERR:
                    stderr += payload

    async def _open_framed(self, command: str) -> AdbConnection:
        connection = await self._socket.open_service(self._address, f"shell,v2,raw:{command}")
        # There is no input. Sent at once, this also acknowledges the server's OKAY. Otherwise the server would delay
        # the first output by some 40 ms (Nagle and delayed ACK), and the phone's clock would seem slow.
        connection.send(_CLOSE_STDIN)
        return connection

    async def _run_unframed(self, command: str) -> ShellAnswer:
        """Through the old shell service, which has neither end nor exit code: a mark stands for both."""
        nonce = secrets.token_hex(8)
        received, first = bytearray(), None
        with closing(await self._socket.open_service(self._address, f"shell:{command}; echo {nonce}:$?")) as connection:
            while chunk := await connection.read_available():
                first = first if first is not None else asyncio.get_running_loop().time()
                received += chunk
                self._check_size(len(received))
        end = re.search(rb"%s:(\d+)(\r?)\n\Z" % nonce.encode(), received)
        if end is None:
            raise EOFError
        text = bytes(received[: end.start()])
        if end[2]:  # a pseudo-terminal has turned every LF into CRLF
            text = text.replace(b"\r\n", b"\n")
        return ShellAnswer(stdout=text, stderr=b"", exit_code=int(end[1]), first_output_at=first)

    async def _stdout_chunks(self, command: str) -> AsyncGenerator[bytes, None]:
        async with phone_errors(self._serial, within=OPEN_TIMEOUT_SECONDS):
            connection = await (
                self._open_framed(command) if self._v2 else self._socket.open_service(self._address, f"shell:{command}")
            )
        with closing(connection):
            while True:
                async with phone_errors(self._serial, within=STREAM_IDLE_TIMEOUT_SECONDS):
                    chunk = await (_read_stdout_chunk(connection) if self._v2 else _read_raw_chunk(connection))
                if chunk is None:
                    return
                yield chunk

    def _check_size(self, size: int) -> None:
        if size > MAX_ANSWER_BYTES:
            raise PhoneUnreachable(f"Phone {printable(self._serial)} answered more than {MAX_ANSWER_BYTES >> 20} MiB.")


async def _read_raw_chunk(connection: AdbConnection) -> bytes | None:
    return await connection.read_available() or None


async def _read_frame_head(connection: AdbConnection) -> tuple[int, int]:
    head = await connection.read_exactly(_FRAME_HEAD)
    return head[0], int.from_bytes(head[1:], "little")


async def _read_stdout_chunk(connection: AdbConnection) -> bytes | None:
    """The stdout in the next frame (empty for other frames); None at the command's end."""
    kind, length = await _read_frame_head(connection)
    if length > MAX_ANSWER_BYTES:
        raise EOFError
    payload = await connection.read_exactly(length)
    if kind == _EXIT:
        return None
    return payload if kind == _STDOUT else b""

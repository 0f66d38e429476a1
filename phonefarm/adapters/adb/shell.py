"""One command on one phone, whole or not at all; and long-lived streams of lines."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import dataclass

from phonefarm.adapters.adb.smart_socket import Address, Conversation, SmartSocket, phone_errors, shown
from phonefarm.application.ports.world import PhoneUnreachable

LARGEST_ANSWER = 8 * 1024 * 1024
LONGEST_LINE = 64 * 1024
OPEN_WITHIN = 15.0
LONGEST_SILENCE = 30 * 60.0
"""A stream that says nothing for so long is opened anew: its phone may be gone without a word."""

_STDOUT, _STDERR, _EXIT = 1, 2, 3
_FRAME_HEAD = 5
_CLOSE_STDIN = bytes((4, 0, 0, 0, 0))


@dataclass(frozen=True, kw_only=True)
class ShellAnswer:
    stdout: bytes
    stderr: bytes
    exit_code: int
    first_output_at: float | None
    """Loop time at which the first byte of stdout came."""


class Shell:
    """Commands for one phone; `v2` says whether it frames its answers."""

    def __init__(self, socket: SmartSocket, serial: str, *, v2: bool, address: Address | None = None) -> None:
        self._socket = socket
        self._serial = serial
        self._address = address or Address(serial=serial)
        self._v2 = v2

    @property
    def keeps_stderr_apart(self) -> bool:
        return self._v2

    async def run(self, command: str, *, within: float) -> ShellAnswer:
        """The whole answer, with its end seen; PhoneUnreachable otherwise."""
        async with phone_errors(self._serial, within=within):
            return await (self._framed(command) if self._v2 else self._unframed(command))

    async def lines(self, command: str) -> AsyncGenerator[str, None]:
        """Lines of stdout as they come; ends by raising PhoneUnreachable, never by returning."""
        async with aclosing(self._pieces(command)) as pieces:
            rest = b""
            async for piece in pieces:
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield line.removesuffix(b"\r").decode("utf-8", "replace")
                rest = rest[-LONGEST_LINE:]
        raise PhoneUnreachable(f"Phone {shown(self._serial)} ended the stream.")

    async def _framed(self, command: str) -> ShellAnswer:
        stdout, stderr, first = bytearray(), bytearray(), None
        with closing(await self._open_framed(command)) as talk:
            while True:
                kind, length = await _frame_head(talk)
                self._check_size(len(stdout) + len(stderr) + length)
                payload = await talk.exactly(length)
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

    async def _open_framed(self, command: str) -> Conversation:
        talk = await self._socket.open_service(self._address, f"shell,v2,raw:{command}")
        # Nothing will be typed. Said at once, it also acknowledges the server's OKAY, for whose acknowledgement
        # the server holds back the first output: some 40 ms, by which the phone's clock would seem slow.
        talk.send(_CLOSE_STDIN)
        return talk

    async def _unframed(self, command: str) -> ShellAnswer:
        """The same through the old service, which tells neither end nor exit code: an end mark does."""
        nonce = secrets.token_hex(8)
        received, first = bytearray(), None
        with closing(await self._socket.open_service(self._address, f"shell:{command}; echo {nonce}:$?")) as talk:
            while piece := await talk.some():
                first = first if first is not None else asyncio.get_running_loop().time()
                received += piece
                self._check_size(len(received))
        end = re.search(rb"%s:(\d+)(\r?)\n\Z" % nonce.encode(), received)
        if end is None:
            raise EOFError
        text = bytes(received[: end.start()])
        if end[2]:  # a terminal stood in between and turned every LF into CRLF
            text = text.replace(b"\r\n", b"\n")
        return ShellAnswer(stdout=text, stderr=b"", exit_code=int(end[1]), first_output_at=first)

    async def _pieces(self, command: str) -> AsyncGenerator[bytes, None]:
        async with phone_errors(self._serial, within=OPEN_WITHIN):
            talk = await (
                self._open_framed(command) if self._v2 else self._socket.open_service(self._address, f"shell:{command}")
            )
        with closing(talk):
            while True:
                async with phone_errors(self._serial, within=LONGEST_SILENCE):
                    piece = await (_stdout_piece(talk) if self._v2 else _raw_piece(talk))
                if piece is None:
                    return
                yield piece

    def _check_size(self, size: int) -> None:
        if size > LARGEST_ANSWER:
            raise PhoneUnreachable(f"Phone {shown(self._serial)} answered more than {LARGEST_ANSWER >> 20} MiB.")


async def _raw_piece(talk: Conversation) -> bytes | None:
    return await talk.some() or None


async def _frame_head(talk: Conversation) -> tuple[int, int]:
    head = await talk.exactly(_FRAME_HEAD)
    return head[0], int.from_bytes(head[1:], "little")


async def _stdout_piece(talk: Conversation) -> bytes | None:
    """The next frame's share of stdout (empty for other frames); None at the command's end."""
    kind, length = await _frame_head(talk)
    if length > LARGEST_ANSWER:
        raise EOFError
    payload = await talk.exactly(length)
    if kind == _EXIT:
        return None
    return payload if kind == _STDOUT else b""

"""Packets of the adb transport and frames of the shell v2 protocol."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

VERSION = 0x01000001
"""The first version without checksums (A_VERSION_SKIP_CHECKSUM)."""
MAX_DATA_BYTES = 256 * 1024
MAX_ACCEPTED_BYTES = 16 * 1024 * 1024

CNXN = 0x4E584E43
AUTH = 0x48545541
OPEN = 0x4E45504F
OKAY = 0x59414B4F
CLSE = 0x45534C43
WRTE = 0x45545257

AUTH_TOKEN = 1
AUTH_SIGNATURE = 2
AUTH_PUBLIC_KEY = 3

_HEADER = struct.Struct("<6I")
_FRAME = struct.Struct("<BI")

FRAME_STDOUT = 1
FRAME_STDERR = 2
FRAME_EXIT = 3


class NotAdb(Exception):
    """The peer does not speak adb."""


@dataclass(frozen=True, slots=True)
class Packet:
    command: int
    arg0: int
    arg1: int
    data: bytes = b""

    def encoded(self) -> bytes:
        return (
            _HEADER.pack(self.command, self.arg0, self.arg1, len(self.data), 0, self.command ^ 0xFFFFFFFF) + self.data
        )


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """Read a packet; raises IncompleteReadError at the end of the stream, NotAdb for an invalid header."""
    command, arg0, arg1, length, _, magic = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if magic != command ^ 0xFFFFFFFF or length > MAX_ACCEPTED_BYTES:
        raise NotAdb(f"bad header: command {command:#x}, length {length}")
    return Packet(command, arg0, arg1, await reader.readexactly(length))


def frame(kind: int, data: bytes) -> bytes:
    """One frame of the shell v2 protocol."""
    return _FRAME.pack(kind, len(data)) + data

"""Loopback addresses for the phones to listen on."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

ADB_PORT = 5555


def has_whole_loopback() -> bool:
    """Whether every 127.x.y.z can be bound (Linux, Windows) or only 127.0.0.1 (macOS)."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.213.7.9", 0))
        except OSError:
            return False
    return True


def candidate_addresses(first: str | None = None) -> Iterator[tuple[str, int]]:
    """Addresses to try one after the other, in a random block, so that several farms fit on one PC.

    Never 127.0.0.1:5555-5585, where adb looks for emulators. Port 0 means any free port.
    """
    if not has_whole_loopback():
        while True:
            yield "127.0.0.1", 0
    start = _host_number(first) if first is not None else random.randrange(2 << 16, 254 << 16) & ~0xFF
    while True:
        if start & 0xFF not in (0, 255):
            yield f"127.{start >> 16 & 0xFF}.{start >> 8 & 0xFF}.{start & 0xFF}", ADB_PORT
        start += 1


def _host_number(address: str) -> int:
    parts = [int(part) for part in address.split(".")]
    if len(parts) != 4 or parts[0] != 127 or not all(0 <= part <= 255 for part in parts):
        raise ValueError(f"not a loopback address: {address}")
    return parts[1] << 16 | parts[2] << 8 | parts[3]

"""Resets a USB device by its port, as if it had been unplugged and plugged in again; Linux only."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from phonefarm.domain.errors import KnownError
from phonefarm.support.daemon_threads import in_own_thread
from phonefarm.support.os_errors import cause_of

USBDEVFS_RESET = 0x5514
"""_IO('U', 20) of linux/usbdevice_fs.h."""
_PORT = re.compile(r"\d{1,3}-\d{1,3}(?:\.\d{1,3})*")
_NUMBER = re.compile(r"\d{1,3}")


def _reset(node: int) -> None:
    import fcntl  # missing on Windows

    fcntl.ioctl(node, USBDEVFS_RESET, 0)


class UsbPorts:
    """The USB ports of this PC."""

    def __init__(
        self,
        *,
        devices: Path = Path("/sys/bus/usb/devices"),
        nodes: Path = Path("/dev/bus/usb"),
        reset: Callable[[int], None] = _reset,
        platform: str = sys.platform,
    ) -> None:
        """`reset` gets the file descriptor of the open device node."""
        self._devices = devices
        self._nodes = nodes
        self._reset = reset
        self._is_linux = platform.startswith("linux")

    def can_reset(self, port: str) -> bool:
        if not self._is_linux or (node := self._node(port)) is None:
            return False
        return os.access(node, os.W_OK)

    async def reset(self, port: str) -> None:
        """Raises KnownError with the cause and the next step."""
        if not self._is_linux:
            raise KnownError("USB ports can be reset on Linux only: unplug the phone and plug it in again.")
        node = self._node(port)
        if node is None:
            raise KnownError(f"USB port {_printable_port(port)} holds no device: check the phone's cable and its hub.")
        try:
            await in_own_thread(partial(self._reset_node, node), f"reset of USB {port}")
        except PermissionError as error:
            raise KnownError(
                f"USB port {port} cannot be reset: this user may not write {node}. "
                "A udev rule for Android phones (package android-sdk-platform-tools-common) allows it."
            ) from error
        except OSError as error:
            raise KnownError(
                f"USB port {port} could not be reset ({cause_of(error)}): unplug the phone and plug it in again."
            ) from error

    def _reset_node(self, node: Path) -> None:
        descriptor = os.open(node, os.O_WRONLY)
        try:
            self._reset(descriptor)
        finally:
            os.close(descriptor)

    def _node(self, port: str) -> Path | None:
        """The device's file, `BBB/DDD`; None if nothing is plugged in."""
        if _PORT.fullmatch(port) is None:
            return None
        numbers = [self._read_number(port, name) for name in ("busnum", "devnum")]
        if None in numbers:
            return None
        node = self._nodes.joinpath(*(f"{number:03}" for number in numbers))
        return node if node.exists() else None

    def _read_number(self, port: str, name: str) -> int | None:
        try:
            text = (self._devices / port / name).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if _NUMBER.fullmatch(text) else None


def _printable_port(port: str) -> str:
    return port if _PORT.fullmatch(port) else "of this phone"

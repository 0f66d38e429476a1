"""Only a writable port of this PC is reset; otherwise the error has the cause and the next step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.adapters.adb.usb_reset import UsbPorts
from phonefarm.domain.errors import KnownError

PORT = "1-1.4"


class ABus:
    """A copy of Linux's files about USB devices, with one phone."""

    def __init__(self, root: Path) -> None:
        self.devices, self.nodes = root / "devices", root / "nodes"
        self.port = self.devices / PORT
        self.port.mkdir(parents=True)
        (self.port / "busnum").write_text("1\n")
        (self.port / "devnum").write_text("23\n")
        self.node = self.nodes / "001" / "023"
        self.node.parent.mkdir(parents=True)
        self.node.write_bytes(b"")
        self.reset_nodes: list[Path] = []

    def ports(self, platform: str = "linux", fails_with: OSError | None = None) -> UsbPorts:
        def reset(descriptor: int) -> None:
            if fails_with is not None:
                raise fails_with
            opened = os.fstat(descriptor)
            self.reset_nodes += [path for path in self.nodes.rglob("*") if os.path.samestat(path.stat(), opened)]

        return UsbPorts(devices=self.devices, nodes=self.nodes, reset=reset, platform=platform)


@pytest.fixture
def bus(tmp_path: Path) -> ABus:
    return ABus(tmp_path)


linux_only = pytest.mark.skipif(os.name == "nt", reason="device nodes are opened as on Linux")
not_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write every node")


def bridge(usb: UsbPorts, server: str = "127.0.0.1:5037") -> AdbBridge:
    return AdbBridge(server, usb=usb)


@linux_only
async def test_the_device_on_the_port_is_reset(bus: ABus) -> None:
    mine = bridge(bus.ports())

    assert mine.can_reset_usb(PORT)
    await mine.reset_usb(PORT)

    assert bus.reset_nodes == [bus.node]


@pytest.mark.parametrize("port", ["", "1-1", "usb:1-1.4", "17825792X", "../1-1.4", "1-1.4/..", "1-1.4\n"])
async def test_invalid_or_empty_port_cannot_be_reset(bus: ABus, port: str) -> None:
    mine = bridge(bus.ports())

    assert not mine.can_reset_usb(port)
    with pytest.raises(KnownError, match="holds no device"):
        await mine.reset_usb(port)


@pytest.mark.parametrize(("name", "text"), [("devnum", "x\n"), ("devnum", ""), ("busnum", "9\n"), ("busnum", "1/2\n")])
def test_port_without_a_device_node_cannot_be_reset(bus: ABus, name: str, text: str) -> None:
    (bus.port / name).write_text(text)

    assert not bridge(bus.ports()).can_reset_usb(PORT)


@linux_only
@not_root
async def test_error_for_a_write_protected_port_names_the_missing_rule(bus: ABus) -> None:
    bus.node.chmod(0o444)

    assert not bridge(bus.ports()).can_reset_usb(PORT)
    with pytest.raises(KnownError, match="udev rule"):
        await bridge(bus.ports()).reset_usb(PORT)


@linux_only
@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError(1, "Operation not permitted"), "udev rule"), (OSError(19, "No such device"), "No such device")],
)
async def test_error_of_the_system_has_the_next_step(bus: ABus, error: OSError, words: str) -> None:
    with pytest.raises(KnownError, match=words):
        await bridge(bus.ports(fails_with=error)).reset_usb(PORT)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
async def test_other_systems_reset_no_port(bus: ABus, platform: str) -> None:
    assert not bridge(bus.ports(platform)).can_reset_usb(PORT)
    with pytest.raises(KnownError, match="Linux only"):
        await bridge(bus.ports(platform)).reset_usb(PORT)


async def test_ports_of_another_pc_are_not_reset(bus: ABus) -> None:
    other = bridge(bus.ports(), server="192.168.1.5:5037")

    assert not other.can_reset_usb(PORT)
    with pytest.raises(KnownError, match="another PC"):
        await other.reset_usb(PORT)
    assert bus.reset_nodes == []

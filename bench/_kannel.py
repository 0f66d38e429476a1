"""Kannel, if Debian's package is installed, with its fake SMSC and a catch-all service that calls our sink."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

FAKE_SMSC = Path("/usr/lib/kannel/test/fakesmsc")
_CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = bench
smsbox-port = {box}
store-type = spool
store-location = {folder}/spool
log-level = 4

group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
log-level = 4

group = sms-service
keyword = default
catch-all = yes
get-url = "{sink}/plain?text=%b"
max-messages = 0
omit-empty = yes
"""


def is_installed() -> bool:
    return bool(shutil.which("bearerbox") and shutil.which("smsbox")) and FAKE_SMSC.is_file()


def make_durable(folder: Path) -> bool:
    """Make writes to the folder synchronous; False if the file system does not support that.

    bearerbox never calls fsync, so that a power cut would lose part of its spool.
    """
    if not shutil.which("chattr"):
        return False
    return subprocess.run(["chattr", "+S", "+D", str(folder)], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def kannel(folder: Path, sink: str) -> Iterator[int]:
    """Run bearerbox and smsbox with their spool in the folder; yields the port of the fake SMSC."""
    ports = {name: _free_port() for name in ("admin", "box", "smsc", "send")}
    configuration = folder / "kannel.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, sink=sink, **ports), encoding="utf-8")
    boxes: list[subprocess.Popen[bytes]] = []
    try:
        for box, port in (("bearerbox", ports["smsc"]), ("smsbox", ports["send"])):
            command = [box, "-v", "4", str(configuration)]
            boxes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder))
            _wait_until_listening(port)
        yield ports["smsc"]
    finally:
        for process in reversed(boxes):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@contextlib.contextmanager
def messages(port: int, count: int) -> Iterator[None]:
    """Run the fake SMSC, which sends `count` messages as fast as they are accepted."""
    text = "79280000000 79281111111 text bench"
    words = [str(FAKE_SMSC), "-H", "127.0.0.1", "-r", str(port), "-i", "0", "-m", str(count), text]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        child.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

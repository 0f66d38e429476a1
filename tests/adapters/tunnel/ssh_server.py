"""A real OpenSSH server on loopback, with keys and rights of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import asyncssh

SSHD = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")))
START_SECONDS = 10.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class SshServer:
    """`start` and `stop` as often as a test likes; the port and the host key stay, unless the key is changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.user = getpass.getuser()
        self._process: subprocess.Popen[bytes] | None = None
        self.new_host_key()
        self._config(forwarding=True)

    @property
    def fingerprint(self) -> str:
        return asyncssh.read_private_key(self._folder / "host_key").get_fingerprint()

    def new_host_key(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        path = self._folder / "host_key"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())

    def authorize(self, public_line: str) -> None:
        path = self._folder / "authorized_keys"
        path.write_text(public_line + "\n")
        path.chmod(0o600)

    def forbid_forwarding(self) -> None:
        self._config(forwarding=False)

    def _config(self, *, forwarding: bool) -> None:
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self._folder / 'host_key'}",
            f"AuthorizedKeysFile {self._folder / 'authorized_keys'}",
            f"PidFile {self._folder / 'sshd.pid'}",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            f"AllowTcpForwarding {'yes' if forwarding else 'no'}",
        ]
        (self._folder / "sshd_config").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        assert SSHD is not None
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # Debian's sshd of root wants it
        self._process = subprocess.Popen(
            [SSHD, "-D", "-f", str(self._folder / "sshd_config"), "-E", str(self._folder / "sshd.log")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, (self._folder / "sshd.log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """With all its connections, as when the server is switched off."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """It and its connections hang."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        for pid in (self._process.pid, *_descendants(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    """Each connection has processes of its own."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found

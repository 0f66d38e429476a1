"""`serve` as a service of the user: a systemd unit on Linux, a launch agent on macOS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from phonefarm.adapters.autostart.files import StartFile
from phonefarm.adapters.autostart.launch_agent import SERVICE_LABEL, service_agent
from phonefarm.adapters.autostart.start_command import StartCommand
from phonefarm.adapters.autostart.system_program import RunProgram, succeed
from phonefarm.domain.errors import KnownError

UNIT = "phonefarm.service"
RESTART_SECONDS = 10
STOP_SECONDS = 20
NOT_STARTED = "The service is installed and did not start"


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    kind: str
    """What the system calls it."""
    is_installed: bool
    is_running: bool
    place: str
    """Its file, or its name where it has none."""


class Service(Protocol):
    """The methods block and raise KnownError."""

    note: str
    """What the user should know of this system's services."""

    def install(self) -> None:
        """Also replaces an older one; it runs afterwards and starts at every login."""
        ...

    def remove(self) -> None:
        """Stops it, too; nothing happens if there is none."""
        ...

    def status(self) -> ServiceStatus: ...


# systemd ---------------------------------------------------------------------


def systemd_unit(command: StartCommand) -> str:
    return "\n".join(
        [
            "[Unit]",
            "Description=phonefarm: rents the numbers of this computer's phones through Onlinesim",
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            f"ExecStart={' '.join(map(_systemd_word, command.words))}",
            f"WorkingDirectory={_specifiers(str(command.folder))}",
            "Restart=on-failure",
            f"RestartSec={RESTART_SECONDS}",
            f"TimeoutStopSec={STOP_SECONDS}",
            "UMask=0077",
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


class SystemdService:
    note = "It runs while you are logged in. To run it from the start of this computer: loginctl enable-linger"

    def __init__(self, config_folder: Path, command: StartCommand, run: RunProgram) -> None:
        """`config_folder`: mostly ~/.config."""
        self._file = StartFile(config_folder / "systemd" / "user" / UNIT, lambda: systemd_unit(command).encode())
        self._run = run

    def install(self) -> None:
        self._reach_manager()
        self._file.turn_on()
        succeed(self._run, _systemctl("daemon-reload"), "The service is not installed")
        succeed(self._run, _systemctl("enable", UNIT), "The service is not installed")
        succeed(self._run, _systemctl("restart", UNIT), NOT_STARTED)

    def remove(self) -> None:
        if not self._file.is_on():
            return
        self._reach_manager()
        succeed(self._run, _systemctl("disable", "--now", UNIT), "The service is not removed")
        self._file.turn_off()
        succeed(self._run, _systemctl("daemon-reload"), "The service is removed, but not yet forgotten")

    def status(self) -> ServiceStatus:
        is_installed = self._file.is_on()
        is_running = is_installed and self._run(_systemctl("is-active", UNIT)).exit_code == 0
        return ServiceStatus(
            kind="systemd user unit", is_installed=is_installed, is_running=is_running, place=str(self._file.path)
        )

    def _reach_manager(self) -> None:
        ran = self._run(_systemctl("show-environment"))
        if ran.exit_code != 0:
            raise KnownError(
                f"systemd does not answer for your user (“{ran.reason}”). Log in to this computer itself or by ssh "
                "as this user, not through su or sudo, then try again. A container may have no systemd."
            )


def _systemctl(*words: str) -> list[str]:
    return ["systemctl", "--user", *words]


def _systemd_word(word: str) -> str:
    """In quotes; dollar and percent signs would be a variable's and a specifier's."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specifiers(escaped)}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


# launchd ---------------------------------------------------------------------


class LaunchdService:
    note = "It runs while you are logged in."

    def __init__(self, agents_folder: Path, command: StartCommand, run: RunProgram, user_id: int) -> None:
        self._file = StartFile(agents_folder / f"{SERVICE_LABEL}.plist", lambda: service_agent(command))
        self._run = run
        self._domain = f"gui/{user_id}"

    def install(self) -> None:
        if self._is_loaded():
            self._unload("The older service cannot be stopped")
        self._file.turn_on()
        succeed(self._run, ["launchctl", "bootstrap", self._domain, str(self._file.path)], NOT_STARTED)

    def remove(self) -> None:
        if self._is_loaded():
            self._unload("The service is not removed")
        self._file.turn_off()

    def status(self) -> ServiceStatus:
        printed = self._run(["launchctl", "print", self._target])
        is_running = printed.exit_code == 0 and "state = running" in printed.output
        return ServiceStatus(
            kind="launch agent", is_installed=self._file.is_on(), is_running=is_running, place=str(self._file.path)
        )

    @property
    def _target(self) -> str:
        return f"{self._domain}/{SERVICE_LABEL}"

    def _is_loaded(self) -> bool:
        return self._run(["launchctl", "print", self._target]).exit_code == 0

    def _unload(self, what: str) -> None:
        succeed(self._run, ["launchctl", "bootout", self._target], what)

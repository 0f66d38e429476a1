"""Start on macOS: launch agents of the user, one for the window at login and one for the service."""

from __future__ import annotations

import plistlib
from pathlib import Path

from phonefarm.adapters.autostart.files import StartFile
from phonefarm.adapters.autostart.start_command import StartCommand

WINDOW_LABEL = "phonefarm.window"
SERVICE_LABEL = "phonefarm.serve"
RESTART_SECONDS = 10


def agents_folder(home: Path) -> Path:
    return home / "Library" / "LaunchAgents"


def window_agent(command: StartCommand) -> bytes:
    """Started once at login; the user who quits it wants it to stay so."""
    return _plist(WINDOW_LABEL, command, {"LimitLoadToSessionType": "Aqua", "ProcessType": "Interactive"})


def service_agent(command: StartCommand) -> bytes:
    """Started at login and again after a crash."""
    restart = {"KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": RESTART_SECONDS}
    return _plist(SERVICE_LABEL, command, restart)


def agent_start(home: Path, command: StartCommand) -> StartFile:
    return StartFile(agents_folder(home) / f"{WINDOW_LABEL}.plist", lambda: window_agent(command))


def _plist(label: str, command: StartCommand, more: dict[str, object]) -> bytes:
    agent: dict[str, object] = {
        "Label": label,
        "ProgramArguments": list(command.words),
        "WorkingDirectory": str(command.folder),
        "RunAtLoad": True,
    }
    return plistlib.dumps(agent | more)

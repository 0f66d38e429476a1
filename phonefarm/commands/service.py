"""`service install|remove|status`: phonefarm without a window, started by the system at login."""

from __future__ import annotations

from typing import Any

from phonefarm.config.data_folder import DataFolder
from phonefarm.config.own_environment import PREFIX, own_environment
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.autostart import Service, ServiceStatus

DATA_DIR = f"{PREFIX}DATA_DIR"
"""Goes along with the command of the service."""


def install(service: Service, settings: Settings) -> list[str]:
    """Returns what to say; raises KnownError."""
    if not service.status().is_running:
        _refuse_beside_a_running_farm(settings)
    service.install()
    status = service.status()
    lines = [f"The service is installed as a {status.kind} ({status.place}) and started.", service.note + "."]
    lines.append("While it runs, the window cannot be opened on the same data folder: 'phonefarm status' tells of it.")
    if missing := _settings_of_this_terminal():
        lines.append(
            f"Set only in this terminal, and unknown to the service: {', '.join(missing)}. "
            "Save them on the Settings page or in settings.toml."
        )
    return lines


def remove(service: Service) -> list[str]:
    was_there = service.status().is_installed
    service.remove()
    return ["The service is stopped and removed."] if was_there else ["There is no service to remove."]


def as_text(status: ServiceStatus) -> str:
    if not status.is_installed:
        return "No service is installed: 'phonefarm service install' makes one."
    doing = "running" if status.is_running else "not running: the log in the data folder may say why"
    return f"The service ({status.kind}, {status.place}) is {doing}."


def as_json(status: ServiceStatus) -> dict[str, Any]:
    return {
        "installed": status.is_installed,
        "running": status.is_running,
        "kind": status.kind,
        "place": status.place,
    }


def _refuse_beside_a_running_farm(settings: Settings) -> None:
    folder = DataFolder(settings.data_dir)
    try:
        folder.take()
    except KnownError as error:
        raise KnownError(f"{error} The service needs the folder for itself.") from error
    folder.release()


def _settings_of_this_terminal() -> list[str]:
    return sorted(name for name in own_environment() if name != DATA_DIR)

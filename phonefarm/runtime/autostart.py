"""Starting phonefarm without the user, with the data folder of these settings."""

from __future__ import annotations

from platformdirs import user_data_path

from phonefarm.adapters.autostart.services import Service as Service
from phonefarm.adapters.autostart.services import ServiceStatus as ServiceStatus
from phonefarm.adapters.autostart.start_command import StartCommand, start_command
from phonefarm.adapters.autostart.this_pc import user_service, window_autostart
from phonefarm.application.ports.autostart import Autostart
from phonefarm.config.settings import Settings

BACKGROUND_OPTION = "--background"
DATA_DIR_OPTION = "--data-dir"


def login_start(settings: Settings) -> Autostart:
    """Of the window, which opens in the tray."""
    return window_autostart(command_for(settings, BACKGROUND_OPTION))


def service(settings: Settings) -> Service:
    return user_service(command_for(settings, "serve"))


def command_for(settings: Settings, *words: str) -> StartCommand:
    """What the environment says now is not there at login: a data folder of one's own goes along."""
    usual = user_data_path("phonefarm", appauthor=False)
    own = () if settings.data_dir == usual else (DATA_DIR_OPTION, str(settings.data_dir.absolute()))
    return start_command(*own, *words)

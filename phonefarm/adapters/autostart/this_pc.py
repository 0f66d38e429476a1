"""Which way of starting this system has."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from phonefarm.adapters.autostart.desktop_entry import autostart_folder, desktop_start
from phonefarm.adapters.autostart.launch_agent import agent_start, agents_folder
from phonefarm.adapters.autostart.run_key import RunKey
from phonefarm.adapters.autostart.scheduled_task import ScheduledTask
from phonefarm.adapters.autostart.services import LaunchdService, Service, SystemdService
from phonefarm.adapters.autostart.start_command import StartCommand, icon_file
from phonefarm.adapters.autostart.system_program import run_program
from phonefarm.application.ports.autostart import Autostart


def window_autostart(command: StartCommand) -> Autostart:
    """Of the user who runs this process."""
    if sys.platform == "win32":
        return RunKey(importlib.import_module("winreg"), command)
    if sys.platform == "darwin":
        return agent_start(Path.home(), command)
    return desktop_start(autostart_folder(os.environ, Path.home()), command, icon_file())


def user_service(command: StartCommand) -> Service:
    """Of the user who runs this process."""
    if sys.platform == "win32":
        return ScheduledTask(command, run_program)
    if sys.platform == "darwin":
        return LaunchdService(agents_folder(Path.home()), command, run_program, os.getuid())
    return SystemdService(autostart_folder(os.environ, Path.home()).parent, command, run_program)

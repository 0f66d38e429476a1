"""Start at login on Windows: a value under the user's own Run key of the registry."""

from __future__ import annotations

import subprocess
from typing import Any

from phonefarm.adapters.autostart.start_command import StartCommand
from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
NAME = "phonefarm"
MOST_CHARACTERS = 260
"""Windows ignores a longer command there."""


def run_value(command: StartCommand) -> str:
    """The command as one line; raises KnownError if it is too long for Windows."""
    line = subprocess.list2cmdline(command.words)
    if len(line) > MOST_CHARACTERS:
        raise KnownError(
            f"The command to start phonefarm has {len(line)} characters, and Windows takes {MOST_CHARACTERS}: "
            "move phonefarm to a folder with a shorter path."
        )
    return line


class RunKey:
    """Fulfils the port `Autostart`."""

    def __init__(self, winreg: Any, command: StartCommand) -> None:
        """`winreg`: the module of that name, which only Windows has."""
        self._winreg = winreg
        self._command = command

    def is_on(self) -> bool:
        try:
            with self._winreg.OpenKey(self._winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                value, _ = self._winreg.QueryValueEx(key, NAME)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed("read", error) from error
        return bool(value)

    def turn_on(self) -> None:
        line = run_value(self._command)
        try:
            with self._winreg.CreateKey(self._winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                self._winreg.SetValueEx(key, NAME, 0, self._winreg.REG_SZ, line)
        except OSError as error:
            raise _failed("written", error) from error

    def turn_off(self) -> None:
        access = self._winreg.KEY_SET_VALUE
        try:
            with self._winreg.OpenKey(self._winreg.HKEY_CURRENT_USER, RUN_KEY, 0, access) as key:
                self._winreg.DeleteValue(key, NAME)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failed("written", error) from error


def _failed(what: str, error: OSError) -> KnownError:
    return KnownError(
        f"The registry's list of programs to start at login cannot be {what}: {cause_of(error)}. "
        "A policy of this PC may forbid it."
    )

"""The command by which the system starts this phonefarm: the executable, or this checkout's Python."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePath

from phonefarm.support.resource_files import RESOURCES

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class StartCommand:
    program: PurePath
    arguments: tuple[str, ...]
    folder: PurePath
    """The working folder, where a checkout's Python finds the package."""

    @property
    def words(self) -> tuple[str, ...]:
        return (str(self.program), *self.arguments)


def start_command(*words: str) -> StartCommand:
    """Starts phonefarm with these arguments, without a console window."""
    is_frozen = bool(getattr(sys, "frozen", False))
    program = without_console(Path(sys.executable), is_frozen=is_frozen, system=sys.platform)
    if is_frozen:
        return StartCommand(program=program, arguments=words, folder=program.parent)
    return StartCommand(program=program, arguments=("-m", "phonefarm", *words), folder=CHECKOUT)


def without_console(program: Path, *, is_frozen: bool, system: str) -> Path:
    """On Windows the neighbour that opens no console, if it is there."""
    if system != "win32":
        return program
    neighbour = program.with_name("phonefarm.exe" if is_frozen else "pythonw.exe")
    return neighbour if neighbour.is_file() else program


def icon_file() -> Path:
    return Path(str(RESOURCES / "phonefarm.svg"))

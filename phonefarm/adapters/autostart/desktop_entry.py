"""Start at login on Linux: a desktop entry in the user's autostart folder, as the XDG specification has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from phonefarm.adapters.autostart.files import StartFile
from phonefarm.adapters.autostart.start_command import StartCommand

NAME = "phonefarm.desktop"
_QUOTED = ("\\", '"', "`", "$")


def autostart_folder(environment: Mapping[str, str], home: Path) -> Path:
    configured = environment.get("XDG_CONFIG_HOME", "")
    base = Path(configured) if configured.startswith("/") else home / ".config"
    return base / "autostart"


def desktop_entry(command: StartCommand, icon: PurePath) -> str:
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.1",
            "Name=phonefarm",
            "Comment=Rents the numbers of this computer's phones through Onlinesim",
            f"Exec={_text(' '.join(map(_argument, command.words)))}",
            f"Path={_text(str(command.folder))}",
            f"Icon={_text(str(icon))}",
            "Terminal=false",
            "X-GNOME-Autostart-enabled=true",
            "",
        ]
    )


def desktop_start(folder: Path, command: StartCommand, icon: PurePath) -> StartFile:
    return StartFile(folder / NAME, lambda: desktop_entry(command, icon).encode())


def _argument(word: str) -> str:
    """Always in quotes, where only these four characters are special; a percent sign would be a field code."""
    for character in _QUOTED:
        word = word.replace(character, f"\\{character}")
    return '"' + word.replace("%", "%%") + '"'


def _text(value: str) -> str:
    """The escape rule of every value, which is undone before an argument's own."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")

"""The window starts at login: what each system is told, and that the switch goes on and off."""

from __future__ import annotations

import plistlib
import re
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from phonefarm.adapters.autostart.desktop_entry import NAME, autostart_folder, desktop_entry, desktop_start
from phonefarm.adapters.autostart.launch_agent import WINDOW_LABEL, agent_start
from phonefarm.adapters.autostart.run_key import MOST_CHARACTERS, RUN_KEY, RunKey, run_value
from phonefarm.adapters.autostart.start_command import CHECKOUT, StartCommand, start_command, without_console
from phonefarm.domain.errors import KnownError

LINUX = StartCommand(
    program=PurePosixPath("/opt/phone farm/phonefarm"),
    arguments=("--data-dir", '/home/u/100% "mine" $x\\y', "--background"),
    folder=PurePosixPath("/opt/phone farm"),
)
ICON = PurePosixPath("/opt/phone farm/phonefarm.svg")
WINDOWS = StartCommand(
    program=PureWindowsPath(r"C:\Program Files\phonefarm\phonefarm.exe"),
    arguments=("--background",),
    folder=PureWindowsPath(r"C:\Program Files\phonefarm"),
)


def words_of_exec(value: str) -> list[str]:
    """As a desktop reads them: the escapes of a value, then quotes, then field codes."""
    quoted = re.findall(r'"((?:\\.|[^"\\])*)"', value.replace("\\\\", "\\"))
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted]


def test_desktop_entry_starts_the_command_whatever_its_words_hold() -> None:
    entry = dict(line.split("=", 1) for line in desktop_entry(LINUX, ICON).splitlines() if "=" in line)

    assert words_of_exec(entry["Exec"]) == list(LINUX.words)
    assert (entry["Type"], entry["Terminal"]) == ("Application", "false")
    assert (entry["Path"], entry["Icon"]) == ("/opt/phone farm", "/opt/phone farm/phonefarm.svg")


def test_desktop_start_is_a_file_that_comes_and_goes(tmp_path: Path) -> None:
    folder = autostart_folder({}, tmp_path)
    start = desktop_start(folder, LINUX, ICON)
    assert not start.is_on()

    start.turn_on()
    start.turn_on()
    assert start.is_on()
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_text(encoding="utf-8") == desktop_entry(LINUX, ICON)

    start.turn_off()
    start.turn_off()
    assert not start.is_on()


@pytest.mark.parametrize(
    ("environment", "folder"),
    [({}, "home/.config/autostart"), ({"XDG_CONFIG_HOME": "relative"}, "home/.config/autostart")],
)
def test_autostart_folder_is_below_home(tmp_path: Path, environment: dict[str, str], folder: str) -> None:
    assert autostart_folder(environment, tmp_path / "home") == tmp_path / folder


def test_autostart_folder_follows_the_users_configuration(tmp_path: Path) -> None:
    assert autostart_folder({"XDG_CONFIG_HOME": "/cfg"}, tmp_path) == Path("/cfg/autostart")


def test_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file in the way", encoding="utf-8")

    with pytest.raises(KnownError, match=r"phonefarm\.desktop cannot be written"):
        desktop_start(autostart_folder({}, tmp_path), LINUX, ICON).turn_on()


def test_launch_agent_starts_the_window_once_at_login(tmp_path: Path) -> None:
    start = agent_start(tmp_path, LINUX)

    start.turn_on()

    agent = plistlib.loads((tmp_path / "Library" / "LaunchAgents" / f"{WINDOW_LABEL}.plist").read_bytes())
    assert agent["ProgramArguments"] == list(LINUX.words)
    assert (agent["RunAtLoad"], agent["WorkingDirectory"]) == (True, "/opt/phone farm")
    assert "KeepAlive" not in agent
    start.turn_off()
    assert not start.is_on()


class Registry:
    """As much of `winreg` as is used, over a dictionary."""

    HKEY_CURRENT_USER = "HKCU"
    KEY_SET_VALUE = 2
    REG_SZ = 1

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.problem: OSError | None = None

    def OpenKey(self, root: str, path: str, *_: Any) -> Registry:  # noqa: N802
        if self.problem is not None:
            raise self.problem
        assert (root, path) == (self.HKEY_CURRENT_USER, RUN_KEY)
        return self

    CreateKey = OpenKey

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None: ...

    def QueryValueEx(self, _key: object, name: str) -> tuple[str, int]:  # noqa: N802
        if name not in self.values:
            raise FileNotFoundError(2, "no such value")
        return self.values[name], self.REG_SZ

    def SetValueEx(self, _key: object, name: str, _zero: int, kind: int, value: str) -> None:  # noqa: N802
        assert kind == self.REG_SZ
        self.values[name] = value

    def DeleteValue(self, _key: object, name: str) -> None:  # noqa: N802
        if name not in self.values:
            raise FileNotFoundError(2, "no such value")
        del self.values[name]


def test_run_key_is_written_read_and_removed() -> None:
    registry = Registry()
    start = RunKey(registry, WINDOWS)
    assert not start.is_on()

    start.turn_on()
    assert start.is_on()
    assert registry.values == {"phonefarm": r'"C:\Program Files\phonefarm\phonefarm.exe" --background'}

    start.turn_off()
    start.turn_off()
    assert not start.is_on()


def test_registry_that_refuses_is_told_of() -> None:
    registry = Registry()
    registry.problem = PermissionError(13, "Permission denied")
    start = RunKey(registry, WINDOWS)

    for act in (start.is_on, start.turn_on, start.turn_off):
        with pytest.raises(KnownError, match="A policy of this PC may forbid it"):
            act()


def test_command_that_windows_would_ignore_is_refused() -> None:
    long = StartCommand(program=PureWindowsPath("C:\\" + "x" * MOST_CHARACTERS), arguments=(), folder=PureWindowsPath())

    with pytest.raises(KnownError, match="shorter path"):
        run_value(long)


def test_checkout_is_started_by_its_python() -> None:
    command = start_command("serve")

    assert command.words[1:] == ("-m", "phonefarm", "serve")
    assert command.folder == CHECKOUT
    assert (CHECKOUT / "phonefarm" / "__main__.py").is_file()


def test_executable_is_started_by_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "phonefarm"))

    command = start_command("serve")

    assert command.words == (str(tmp_path / "phonefarm"), "serve")
    assert command.folder == tmp_path


@pytest.mark.parametrize(
    ("is_frozen", "own", "neighbour"),
    [(True, "phonefarm-cli.exe", "phonefarm.exe"), (False, "python.exe", "pythonw.exe")],
)
def test_windows_opens_no_console_where_it_can_be_avoided(
    tmp_path: Path, is_frozen: bool, own: str, neighbour: str
) -> None:
    assert without_console(tmp_path / own, is_frozen=is_frozen, system="win32") == tmp_path / own
    (tmp_path / neighbour).touch()
    assert without_console(tmp_path / own, is_frozen=is_frozen, system="win32") == tmp_path / neighbour
    assert without_console(tmp_path / own, is_frozen=is_frozen, system="linux") == tmp_path / own

"""The executable's icon and version resource on Windows."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage

from phonefarm import __version__
from tools.executable import ICON_SIZES, icon, version_resource

BLUE, WHITE = 0xFF2563EB, 0xFFFFFFFF


def images_of(ico: bytes) -> dict[int, QImage]:
    """Parse the .ico format independently: the directory, then the image at each offset."""
    _, kind, count = struct.unpack_from("<HHH", ico)
    assert kind == 1
    found = {}
    for place in range(count):
        width, height, _, _, planes, depth, size, begin = struct.unpack_from("<BBBBHHII", ico, 6 + 16 * place)
        assert (width, planes, depth) == (height, 1, 32)
        found[width or 256] = QImage.fromData(ico[begin : begin + size])
    return found


def test_icon_holds_the_picture_in_every_size_that_windows_shows() -> None:
    images = images_of(icon())

    assert tuple(images) == ICON_SIZES
    for size, image in images.items():
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(0, 0).alpha() == 0, "its corners are round"
        assert image.pixel(size // 2, size // 8) == BLUE
    assert images[256].pixel(256 * 25 // 64, 128) == WHITE


def evaluated(text: str) -> dict[str, Any]:
    """Evaluate the resource like PyInstaller, with stand-ins for its classes."""

    def named(name: str) -> Callable[..., Any]:
        return lambda *words, **more: (name, *words, *more.values())

    words: dict[str, Any] = {
        name: named(name)
        for name in ("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "VarFileInfo", "VarStruct")
    }
    words["StringStruct"] = lambda name, value: (name, value)
    _, fixed, (strings, (_, [(_, _, translation)])) = eval(text, words)
    [(_, language, pairs)] = strings[1]
    return {"fixed": fixed[1:], "language": language, "translation": translation, **dict(pairs)}


def test_version_resource_tells_the_packages_version_and_names_the_program() -> None:
    found = evaluated(version_resource("0.1.0", "phonefarm-cli", "phonefarm (command line)"))

    assert found == {
        "fixed": ((0, 1, 0, 0), (0, 1, 0, 0)),
        "language": "040904B0",
        "translation": [0x0409, 1200],
        "CompanyName": "phonefarm",
        "FileDescription": "phonefarm (command line)",
        "FileVersion": "0.1.0",
        "InternalName": "phonefarm-cli",
        "OriginalFilename": "phonefarm-cli.exe",
        "ProductName": "phonefarm",
        "ProductVersion": "0.1.0",
    }


@pytest.mark.parametrize(
    ("version", "numbers"), [("2.10.3rc1", (2, 10, 3, 0)), ("1.0", (1, 0, 0, 0)), ("1.2.3.4", (1, 2, 3, 0))]
)
def test_version_of_any_form_becomes_four_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert evaluated(version_resource(version, "phonefarm", "phonefarm"))["fixed"][0] == numbers


@pytest.mark.skipif(sys.platform != "win32", reason="PyInstaller reads version resources on Windows only")
def test_pyinstaller_understands_icon_and_version_resource(tmp_path: Path) -> None:
    from PyInstaller.utils.win32.icon import IconFile
    from PyInstaller.utils.win32.versioninfo import load_version_info_from_text_file

    (tmp_path / "x.ico").write_bytes(icon())
    (tmp_path / "x.version").write_text(version_resource(__version__, "phonefarm", "phonefarm"), "ascii")

    assert len(IconFile(str(tmp_path / "x.ico")).images) == len(ICON_SIZES)
    assert load_version_info_from_text_file(str(tmp_path / "x.version")).toRaw()

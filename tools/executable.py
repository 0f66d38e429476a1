"""The executable's icon on Windows, and its version resource for the file properties and the task manager."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

PICTURE = Path(__file__).resolve().parent.parent / "resources" / "phonefarm.svg"
ICON_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)

_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHII")
_LANGUAGE, _CODE_PAGE = 0x0409, 1200
"""US English, in UTF-16."""


def icon(picture: Path = PICTURE) -> bytes:
    """Render an SVG picture to an .ico file, separately for each size."""
    images = [_png(picture, size) for size in ICON_SIZES]
    offset = _HEADER.size + len(images) * _ENTRY.size
    entries = []
    for size, image in zip(ICON_SIZES, images, strict=True):
        side = size % 256  # stored in a byte, where 0 means 256
        entries.append(_ENTRY.pack(side, side, 0, 0, 1, 32, len(image), offset))
        offset += len(image)
    return b"".join([_HEADER.pack(0, 1, len(images)), *entries, *images])


def _png(picture: Path, size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(picture.read_bytes())).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def version_resource(version: str, program: str, description: str) -> str:
    """A VERSIONINFO in PyInstaller's syntax, in ASCII; the task manager shows `description` as the program's name."""
    numbers = (*(int(number) for number in re.findall(r"\d+", version)[:3]), 0, 0, 0, 0)[:4]
    strings = {
        "CompanyName": "phonefarm",
        "FileDescription": description,
        "FileVersion": version,
        "InternalName": program,
        "OriginalFilename": f"{program}.exe",
        "ProductName": "phonefarm",
        "ProductVersion": version,
    }
    pairs = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}), kids=["
        f"StringFileInfo([StringTable('{_LANGUAGE:04X}{_CODE_PAGE:04X}', [{pairs}])]), "
        f"VarFileInfo([VarStruct('Translation', [{_LANGUAGE}, {_CODE_PAGE}])])])\n"
    )

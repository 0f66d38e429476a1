"""Reads text files that a user may have edited: Notepad and PowerShell write a byte order mark, or UTF-16."""

from __future__ import annotations

import codecs
from importlib.resources.abc import Traversable
from pathlib import Path

_ENCODING_BY_MARK = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_text(path: Path | Traversable) -> str:
    """Decodes by byte order mark, else as UTF-8; line ends are `\\n`. Raises OSError, UnicodeDecodeError."""
    content = path.read_bytes()
    encoding = next((name for mark, name in _ENCODING_BY_MARK.items() if content.startswith(mark)), "utf-8")
    return content.decode(encoding).replace("\r\n", "\n")

"""The text of an answer's body, however it is packed and spelled; and whether it could be read at all."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

MOST_TEXT_BYTES = 256 * 1024
"""More is not unpacked."""
_MOST_CODINGS = 3
_MOST_MEMBERS = 16
_SHORT = 200
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_NAMES_NO_CODING = frozenset({"", "identity", "none"})
_GZIP_BEGINS = b"\x1f\x8b"
_ANY_WRAPPING, _NO_WRAPPING = 47, -15
_SMALL_PIECE_UP_TO = 4096
"""So much is unpacked byte by byte: what precedes a fault is not lost with it."""
_PIECE = 256

_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]{1,40})', re.IGNORECASE)
_CHARSETS = re.compile(
    r"utf-?(8|16|32)([-_]?(le|be))?|windows-1251|cp1251|koi8-r|cp866|iso-8859-[15]|latin-?1|us-ascii"
)
"""Those that a market of this country may use; their codecs are imported at the start."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS = ((b"\0\0\0", 0, "utf-32-be"), (b"\0\0\0", 1, "utf-32-le"), (b"\0", 0, "utf-16-be"), (b"\0", 1, "utf-16-le"))
"""Where the zeros of an ASCII character stand, and what spells it so."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BodyText(NamedTuple):
    text: str
    """As far as it could be read."""
    is_readable: bool
    """Whether it is a text, as far as it came; what is empty is one."""


def read_body(body: bytes, headers: Mapping[str, str]) -> BodyText:
    """`headers` by name in lower case: their words are hints, the bytes decide."""
    coding, kind = headers.get("content-encoding", ""), headers.get("content-type", "")
    return (_read_short if len(body) < _SHORT else _read)(body, coding, kind)


def _read(body: bytes, coding: str, kind: str) -> BodyText:
    if not body:
        return BodyText("", True)
    unpacked, is_whole, is_trusted = _unpacked(body, coding)
    text, is_strict = _decoded(unpacked, kind)
    is_text = _CONTROL.search(text) is None and (is_strict or (is_trusted and text[:1].isascii()))
    return BodyText(text.replace("\0", ""), is_whole and is_text)


_read_short = lru_cache(maxsize=64)(_read)
"""The market says the same few words to message after message."""


def _unpacked(body: bytes, coding: str) -> tuple[bytes, bool, bool]:
    """The bytes under all packings; whether nothing of them is missing for a fault; whether they are as was said."""
    names = [name for name in (part.strip().lower() for part in coding.split(",")) if name not in _NAMES_NO_CODING]
    if not names and body.startswith(_GZIP_BEGINS):
        names = ["gzip"]
    if len(names) > _MOST_CODINGS:
        return body, False, False
    for name in reversed(names):
        if name not in _PACKED or (not body.startswith(_GZIP_BEGINS) and _is_plain(body)):
            return body, True, False  # packed by somebody else, or not at all
        body, is_whole = _inflated(body)
        if not is_whole:
            return body, False, False
    return body, True, True


def _is_plain(body: bytes) -> bool:
    text, is_strict = _decoded(body, "")
    return is_strict and _CONTROL.search(text) is None


def _inflated(packed: bytes) -> tuple[bytes, bool]:
    """All members of it, up to the cap; False where it has a fault or goes beyond the cap. One that is cut has none."""
    unpacked, is_well = _inflated_as(packed, _ANY_WRAPPING)
    return (unpacked, is_well) if unpacked or is_well else _inflated_as(packed, _NO_WRAPPING)


def _inflated_as(packed: bytes, wrapping: int) -> tuple[bytes, bool]:
    unpacked, rest, is_well = bytearray(), packed, True
    for _ in range(_MOST_MEMBERS):
        member, rest, is_well = _member(rest, wrapping, MOST_TEXT_BYTES - len(unpacked))
        unpacked += member
        if not rest or not is_well or len(unpacked) >= MOST_TEXT_BYTES:
            break
    return bytes(unpacked), is_well and not rest and len(unpacked) < MOST_TEXT_BYTES


def _member(packed: bytes, wrapping: int, most: int) -> tuple[bytes, bytes, bool]:
    """One packed stream, what follows it, and whether it has no fault."""
    unpacker, unpacked = zlib.decompressobj(wrapping), bytearray()
    step = 1 if len(packed) <= _SMALL_PIECE_UP_TO else _PIECE
    try:
        for start in range(0, len(packed), step):
            unpacked += unpacker.decompress(packed[start : start + step], max(1, most - len(unpacked)))
            if unpacker.eof:
                return bytes(unpacked), (unpacker.unused_data + packed[start + step :]).lstrip(b"\0"), True
            if len(unpacked) >= most:
                break
    except zlib.error:
        return bytes(unpacked), b"", False
    return bytes(unpacked), b"", True


def _decoded(body: bytes, kind: str) -> tuple[str, bool]:
    """The text, cut before a character that is cut; whether every byte of it is one of a text."""
    for name in _spellings(body, kind):
        try:
            return codecs.getincrementaldecoder(name)("strict").decode(body, final=False).removeprefix("\ufeff"), True
        except (UnicodeError, LookupError):
            continue
    return body.decode("utf-8", "replace"), False


def _spellings(body: bytes, kind: str) -> list[str]:
    """What it may be spelled in, the likeliest first."""
    marked = [name for mark, name in _MARKS if body.startswith(mark)]
    zeros = [name for zero, place, name in _ZEROS if body[place : place + len(zero)] == zero]
    found = _CHARSET.search(kind)
    declared = found[1].lower() if found else ""
    told = [declared] if _CHARSETS.fullmatch(declared) else []
    return [*marked, *zeros, *told, "utf-8"]

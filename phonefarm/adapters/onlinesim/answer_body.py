"""Decodes the body of an answer to text, whatever its compression and charset; and whether it is readable at all."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

MAX_TEXT_BYTES = 256 * 1024
"""Decompression stops here."""
_MAX_CODINGS = 3
_MAX_MEMBERS = 16
_CACHED_UP_TO_BYTES = 200
_COMPRESSIONS = frozenset({"gzip", "x-gzip", "deflate"})
_NO_CODING = frozenset({"", "identity", "none"})
_GZIP_MAGIC = b"\x1f\x8b"
_ANY_WRAPPING, _NO_WRAPPING = 47, -15
_BYTEWISE_UP_TO_BYTES = 4096
"""Bodies up to this size are decompressed byte by byte, which keeps everything before an error."""
_CHUNK_BYTES = 256

_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]{1,40})', re.IGNORECASE)
_CHARSETS = re.compile(
    r"utf-?(8|16|32)([-_]?(le|be))?|windows-1251|cp1251|koi8-r|cp866|iso-8859-[15]|latin-?1|us-ascii"
)
"""Charsets that are accepted; their codecs are imported at the start."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZERO_BYTES = (
    (b"\0\0\0", 0, "utf-32-be"),
    (b"\0\0\0", 1, "utf-32-le"),
    (b"\0", 0, "utf-16-be"),
    (b"\0", 1, "utf-16-le"),
)
"""The position of the zero bytes in an ASCII character, and the encoding that it implies."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BodyText(NamedTuple):
    text: str
    """As far as it could be decoded."""
    is_readable: bool
    """Whether the part that arrived is text; an empty body is."""


def read_body(body: bytes, headers: Mapping[str, str]) -> BodyText:
    """`headers` by name in lower case. They are hints: the bytes decide."""
    coding, content_type = headers.get("content-encoding", ""), headers.get("content-type", "")
    return (_read_short if len(body) < _CACHED_UP_TO_BYTES else _read)(body, coding, content_type)


def _read(body: bytes, coding: str, content_type: str) -> BodyText:
    if not body:
        return BodyText("", True)
    decompressed = _decompress(body, coding)
    text, is_strict = _decode(decompressed.data, content_type)
    is_text = _CONTROL.search(text) is None and (is_strict or (decompressed.is_as_declared and text[:1].isascii()))
    return BodyText(text.replace("\0", ""), not decompressed.has_error and is_text)


_read_short = lru_cache(maxsize=64)(_read)
"""Most answers are one of a few short texts."""


class _Decompressed(NamedTuple):
    data: bytes
    has_error: bool
    """Whether decompression failed or hit a limit; a body that is merely cut has no error."""
    is_as_declared: bool
    """Whether the body really had the declared codings."""


def _decompress(body: bytes, coding: str) -> _Decompressed:
    names = [name for name in (part.strip().lower() for part in coding.split(",")) if name not in _NO_CODING]
    if not names and body.startswith(_GZIP_MAGIC):
        names = ["gzip"]
    if len(names) > _MAX_CODINGS:
        return _Decompressed(body, has_error=True, is_as_declared=False)
    for name in reversed(names):
        if name not in _COMPRESSIONS or (not body.startswith(_GZIP_MAGIC) and _is_plain(body)):
            return _Decompressed(body, has_error=False, is_as_declared=False)  # another coding, or none
        body, is_valid = _inflate(body)
        if not is_valid:
            return _Decompressed(body, has_error=True, is_as_declared=False)
    return _Decompressed(body, has_error=False, is_as_declared=True)


def _is_plain(body: bytes) -> bool:
    text, is_strict = _decode(body, "")
    return is_strict and _CONTROL.search(text) is None


def _inflate(packed: bytes) -> tuple[bytes, bool]:
    """All members, up to `MAX_TEXT_BYTES`; False for invalid data or too much of it. A cut stream is valid."""
    data, is_valid = _inflate_as(packed, _ANY_WRAPPING)
    return (data, is_valid) if data or is_valid else _inflate_as(packed, _NO_WRAPPING)


def _inflate_as(packed: bytes, wrapping: int) -> tuple[bytes, bool]:
    data, rest, is_valid = bytearray(), packed, True
    for _ in range(_MAX_MEMBERS):
        member, rest, is_valid = _inflate_member(rest, wrapping, MAX_TEXT_BYTES - len(data))
        data += member
        if not rest or not is_valid or len(data) >= MAX_TEXT_BYTES:
            break
    return bytes(data), is_valid and not rest and len(data) < MAX_TEXT_BYTES


def _inflate_member(packed: bytes, wrapping: int, limit: int) -> tuple[bytes, bytes, bool]:
    """One compressed stream, the bytes after it, and whether it is valid."""
    decompressor, data = zlib.decompressobj(wrapping), bytearray()
    step = 1 if len(packed) <= _BYTEWISE_UP_TO_BYTES else _CHUNK_BYTES
    try:
        for start in range(0, len(packed), step):
            data += decompressor.decompress(packed[start : start + step], max(1, limit - len(data)))
            if decompressor.eof:
                return bytes(data), (decompressor.unused_data + packed[start + step :]).lstrip(b"\0"), True
            if len(data) >= limit:
                break
    except zlib.error:
        return bytes(data), b"", False
    return bytes(data), b"", True


def _decode(body: bytes, content_type: str) -> tuple[str, bool]:
    """The text without an incomplete last character; whether every byte was valid."""
    for name in _candidate_encodings(body, content_type):
        try:
            return codecs.getincrementaldecoder(name)("strict").decode(body, final=False).removeprefix("\ufeff"), True
        except (UnicodeError, LookupError):
            continue
    return body.decode("utf-8", "replace"), False


def _candidate_encodings(body: bytes, content_type: str) -> list[str]:
    """Most likely first."""
    marked = [name for mark, name in _BYTE_ORDER_MARKS if body.startswith(mark)]
    zeros = [name for zero, place, name in _ZERO_BYTES if body[place : place + len(zero)] == zero]
    match = _CHARSET.search(content_type)
    name = match[1].lower() if match else ""
    declared = [name] if _CHARSETS.fullmatch(name) else []
    return [*marked, *zeros, *declared, "utf-8"]

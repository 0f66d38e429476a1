"""Decoding an answer's body: any compression and charset; an unreadable body is reported as such."""

from __future__ import annotations

import gzip
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.onlinesim.answer_body import MAX_TEXT_BYTES, BodyText, read_body

TEXT = '{"status":"ERROR","error":"база недоступна"}'
BYTES = TEXT.encode()
BROTLI = bytes.fromhex("0b0980") + b'{"status":"ERROR"}' + b"\x03"
"""Some compressors store a short text uncompressed."""
PACKED_BROTLI = bytes.fromhex("1b2b00f8258142c2a0b0e6ae47e94b2bc7ba1aa9a9d30cd0a0c0d1c0a4f1")


packed_with_gzip = partial(gzip.compress, mtime=0)


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def headers(coding: str = "", content_type: str = "application/json") -> dict[str, str]:
    return {"content-encoding": coding, "content-type": content_type}


# Read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (BYTES, ""),
        (BYTES, "identity"),
        (packed_with_gzip(BYTES), "gzip"),
        (packed_with_gzip(BYTES), " X-GZIP "),
        (packed_with_gzip(BYTES), "deflate"),
        (packed_with_gzip(BYTES), ""),
        (zlib.compress(BYTES), "deflate"),
        (raw(BYTES), "deflate"),
        (packed_with_gzip(packed_with_gzip(BYTES)), "gzip, gzip"),
        (packed_with_gzip(zlib.compress(BYTES)), "deflate, gzip"),
        (packed_with_gzip(BYTES[:9]) + packed_with_gzip(BYTES[9:]), "gzip"),
        (packed_with_gzip(BYTES) + b"\0" * 512, "gzip"),
        (BYTES, "gzip"),
        (BYTES, "deflate"),
        (BYTES, "br"),
        (BYTES, "zstd, gzip"),
    ],
)
def test_compressed_and_plain_bodies_are_decoded(body: bytes, coding: str) -> None:
    assert read_body(body, headers(coding)) == BodyText(TEXT, True)


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-32-le", "utf-8-sig"]


@pytest.mark.parametrize("encoding", WIDE)
def test_utf_16_and_32_are_recognised_by_their_bytes(encoding: str) -> None:
    assert read_body(TEXT.encode(encoding), headers()) == BodyText(TEXT, True)


@pytest.mark.parametrize("charset", ["windows-1251", "CP1251", '"koi8-r"', "utf-16le"])
def test_declared_charset_is_used(charset: str) -> None:
    body = TEXT.encode(charset.strip('"'))

    assert read_body(body, headers(content_type=f"text/plain; charset={charset}")) == BodyText(TEXT, True)


def test_undeclared_legacy_charset_is_read_as_far_as_it_is_ascii() -> None:
    decoded = read_body(TEXT.encode("windows-1251"), headers())

    assert decoded.is_readable
    assert decoded.text.startswith('{"status":"ERROR","error":"')


@pytest.mark.parametrize("charset", ["unicode_escape", "idna", "rot13", "hex", "no-such-one", "x" * 5000])
def test_codec_that_is_no_charset_is_not_used(charset: str) -> None:
    assert read_body(BYTES, headers(content_type=f"text/plain; charset={charset}")) == BodyText(TEXT, True)


@pytest.mark.parametrize("length", range(len(BYTES)))
def test_text_cut_anywhere_is_readable(length: int) -> None:
    decoded = read_body(BYTES[:length], headers())

    assert decoded.is_readable
    assert TEXT.startswith(decoded.text)


@pytest.mark.parametrize("packed", [packed_with_gzip(BYTES), zlib.compress(BYTES)], ids=["gzip", "deflate"])
def test_cut_compressed_text_is_readable_as_far_as_it_arrived(packed: bytes) -> None:
    for length in range(2, len(packed)):
        decoded = read_body(packed[:length], headers("deflate"))

        assert decoded.is_readable
        assert TEXT.startswith(decoded.text)


def test_text_before_a_decompression_error_is_kept() -> None:
    packed = bytearray(packed_with_gzip(BYTES))
    packed[-8] ^= 1

    assert read_body(bytes(packed), headers("gzip")) == BodyText(TEXT, False)


# Not read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (BROTLI, "br"),
        (BROTLI, ""),
        (PACKED_BROTLI, "br"),
        (packed_with_gzip(BROTLI), "br, gzip"),
        (packed_with_gzip(BYTES), "gzip, gzip, gzip, gzip"),
        (packed_with_gzip(BYTES), "zstd"),
        (packed_with_gzip(BYTES)[:10] + b"\x07" * 40, "gzip"),
        (b"\xff" * 40, ""),
        (packed_with_gzip(BYTES) + b"more", "gzip"),
        (packed_with_gzip(b"x") * 100, "gzip"),
        (bytes(range(256)), ""),
        (b"\x8a\x02\x80\x03", "br"),
    ],
)
def test_unreadable_body_is_reported(body: bytes, coding: str) -> None:
    assert not read_body(body, headers(coding)).is_readable


def test_ascii_inside_an_unreadable_body_is_kept() -> None:
    assert '{"status":"ERROR"}' in read_body(BROTLI, headers("br")).text


def test_empty_body_is_readable() -> None:
    assert read_body(b"", headers("br")) == BodyText("", True)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate"])
def test_decompression_stops_at_the_limit(coding: str) -> None:
    bomb = raw(b"x" * 50_000_000) if coding == "deflate" else packed_with_gzip(b"x" * 50_000_000)
    packed = packed_with_gzip(bomb) if coding == "gzip, gzip" else bomb

    decoded = read_body(packed, headers(coding))

    assert (len(decoded.text) <= MAX_TEXT_BYTES, decoded.is_readable) == (True, False)


CODINGS = ["", "gzip", "deflate", "br", "gzip, deflate", ",,,"]


@given(st.binary(max_size=400), st.sampled_from(CODINGS), st.text(max_size=40))
def test_no_body_raises(body: bytes, coding: str, content_type: str) -> None:
    read_body(body, headers(coding, content_type))

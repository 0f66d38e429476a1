"""The text of an answer's body: however it is packed and spelled, what came is read, and what cannot be is told."""

from __future__ import annotations

import gzip
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.onlinesim.answer_body import MOST_TEXT_BYTES, BodyText, read_body

SAYS = '{"status":"ERROR","error":"база недоступна"}'
BYTES = SAYS.encode()
BROTLI = bytes.fromhex("0b0980") + b'{"status":"ERROR"}' + b"\x03"
"""As its packers leave a text too short to pack."""
PACKED_BROTLI = bytes.fromhex("1b2b00f8258142c2a0b0e6ae47e94b2bc7ba1aa9a9d30cd0a0c0d1c0a4f1")


packed_with_gzip = partial(gzip.compress, mtime=0)


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def headers(coding: str = "", kind: str = "application/json") -> dict[str, str]:
    return {"content-encoding": coding, "content-type": kind}


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
def test_packed_text_is_unpacked_and_plain_text_is_taken_as_such(body: bytes, coding: str) -> None:
    assert read_body(body, headers(coding)) == BodyText(SAYS, True)


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-32-le", "utf-8-sig"]


@pytest.mark.parametrize("spelling", WIDE)
def test_wide_spellings_are_known_by_their_bytes(spelling: str) -> None:
    assert read_body(SAYS.encode(spelling), headers()) == BodyText(SAYS, True)


@pytest.mark.parametrize("charset", ["windows-1251", "CP1251", '"koi8-r"', "utf-16le"])
def test_spelling_that_the_answer_names_is_believed(charset: str) -> None:
    body = SAYS.encode(charset.strip('"'))

    assert read_body(body, headers(kind=f"text/plain; charset={charset}")) == BodyText(SAYS, True)


def test_text_in_an_unnamed_old_spelling_is_read_as_far_as_it_is_ascii() -> None:
    said = read_body(SAYS.encode("windows-1251"), headers())

    assert said.is_readable
    assert said.text.startswith('{"status":"ERROR","error":"')


@pytest.mark.parametrize("charset", ["unicode_escape", "idna", "rot13", "hex", "no-such-one", "x" * 5000])
def test_spelling_that_is_no_texts_is_not_asked(charset: str) -> None:
    assert read_body(BYTES, headers(kind=f"text/plain; charset={charset}")) == BodyText(SAYS, True)


@pytest.mark.parametrize("length", range(len(BYTES)))
def test_text_that_is_cut_anywhere_is_a_text(length: int) -> None:
    said = read_body(BYTES[:length], headers())

    assert said.is_readable
    assert SAYS.startswith(said.text)


@pytest.mark.parametrize("packed", [packed_with_gzip(BYTES), zlib.compress(BYTES)], ids=["gzip", "deflate"])
def test_packed_text_that_is_cut_is_a_text_as_far_as_it_came(packed: bytes) -> None:
    for length in range(2, len(packed)):
        said = read_body(packed[:length], headers("deflate"))

        assert said.is_readable
        assert SAYS.startswith(said.text)


def test_text_before_a_fault_of_its_packing_is_not_lost() -> None:
    packed = bytearray(packed_with_gzip(BYTES))
    packed[-8] ^= 1

    assert read_body(bytes(packed), headers("gzip")) == BodyText(SAYS, False)


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
def test_body_that_cannot_be_read_is_told(body: bytes, coding: str) -> None:
    assert not read_body(body, headers(coding)).is_readable


def test_what_is_plain_in_it_is_found_all_the_same() -> None:
    assert '{"status":"ERROR"}' in read_body(BROTLI, headers("br")).text


def test_nothing_is_a_text() -> None:
    assert read_body(b"", headers("br")) == BodyText("", True)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate"])
def test_bomb_is_unpacked_to_the_cap(coding: str) -> None:
    bomb = raw(b"x" * 50_000_000) if coding == "deflate" else packed_with_gzip(b"x" * 50_000_000)
    packed = packed_with_gzip(bomb) if coding == "gzip, gzip" else bomb

    said = read_body(packed, headers(coding))

    assert (len(said.text) <= MOST_TEXT_BYTES, said.is_readable) == (True, False)


CODINGS = ["", "gzip", "deflate", "br", "gzip, deflate", ",,,"]


@given(st.binary(max_size=400), st.sampled_from(CODINGS), st.text(max_size=40))
def test_no_body_whatever_breaks_the_reading(body: bytes, coding: str, kind: str) -> None:
    read_body(body, headers(coding, kind))

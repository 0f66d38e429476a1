"""Mutates texts for the fuzzer: cuts, repetitions, splices and tokens that the parsers look for."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

MAX_LENGTH = 20_000
HOSTILE = (
    "\nRow: 1 _id=99, d=1, s=1, sub_id=1, n=0, a=, b=",
    "Row: 0 ",
    "No result found.\n",
    "NULL",
    "BLOB",
    ", ",
    "=",
    "\n",
    "\r\n",
    "\r",
    "\x00",
    "\u2028",
    "\x85",
    "٣",
    "²",
    "-1",
    "0",
    "2147483647",
    "9" * 30,
    "9" * 5_000,
    "1e9",
    "NaN",
    "[****]",
    "] [",
    "{",
    "}",
    "WARNING: linker: x\n",
    "E:ab12:0:0\n",
    "E:ab12:1:",
    "java.lang.SecurityException: x",
    "number= dataRoaming=0 mcc=1 mnc=1",
    " simSlotIndex=0 ",
    "level=",
    ",primary=CellSignalStrengthLte",
    "package:",
    "🙏",
    "ed\ufffd",
)

Mutation = Callable[[random.Random, str, str], str]


def _span(rng: random.Random, text: str) -> tuple[int, int]:
    start = rng.randint(0, len(text))
    return start, min(len(text), start + rng.choice((1, 1, 2, 5, 20, 200)))


def _cut_end(rng: random.Random, text: str, other: str) -> str:
    return text[: rng.randint(0, len(text))]


def _drop(rng: random.Random, text: str, other: str) -> str:
    start, end = _span(rng, text)
    return text[:start] + text[end:]


def _double(rng: random.Random, text: str, other: str) -> str:
    start, end = _span(rng, text)
    return text[:end] + text[start:end] * rng.choice((1, 2, 50)) + text[end:]


def _insert(rng: random.Random, text: str, other: str) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(HOSTILE) + text[place:]


def _replace(rng: random.Random, text: str, other: str) -> str:
    start, end = _span(rng, text)
    return text[:start] + rng.choice(HOSTILE) + text[end:]


def _flip(rng: random.Random, text: str, other: str) -> str:
    if not text:
        return text
    place = rng.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ (1 << rng.randrange(7))) + text[place + 1 :]


def _digit(rng: random.Random, text: str, other: str) -> str:
    places = [place for place, char in enumerate(text) if char.isdigit()]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + rng.choice(("0", "9", "-", "", "00", ".5")) + text[place + 1 :]


def _splice(rng: random.Random, text: str, other: str) -> str:
    start, end = _span(rng, text)
    first, last = _span(rng, other)
    return text[:start] + other[first:last] + text[end:]


def _swap_lines(rng: random.Random, text: str, other: str) -> str:
    lines = text.split("\n")
    one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return "\n".join(lines)


def _double_line(rng: random.Random, text: str, other: str) -> str:
    lines = text.split("\n")
    place = rng.randrange(len(lines))
    return "\n".join([*lines[:place], lines[place], *lines[place:]])


MUTATIONS: Sequence[Mutation] = (
    _cut_end,
    _drop,
    _double,
    _insert,
    _replace,
    _flip,
    _digit,
    _splice,
    _swap_lines,
    _double_line,
)


def mutate(rng: random.Random, text: str, other: str) -> str:
    """Apply one to four mutations to `text`; splices take pieces of `other`."""
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(MUTATIONS)(rng, text, other)
    # Replace lone surrogates, which a decoder never returns.
    return text[:MAX_LENGTH].encode("utf-8", "replace").decode("utf-8")

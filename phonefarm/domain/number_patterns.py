"""Messages in which an operator states a SIM's own number, recognised by patterns that the user may edit.

A pattern is literal words with `{number}` in them, never a regular expression. Anybody can send a text that matches,
so what is found is only a proposal. Matching takes linear time, and reads at most LONGEST_TEXT characters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from phonefarm.domain.ids import Msisdn, parse_mobile

NUMBER = "{number}"
LONGEST_PATTERN = 160
LONGEST_SENDER = 40
LONGEST_TEXT = 1_000
"""Characters of a message that are read; operators state the number before."""
SHORT_TEXT = 60
"""Characters that a `…` may match."""
MOST_GAPS = 4
LEAST_LETTERS = 3
"""Letters that a pattern for any sender must have at least."""
MOST_TRIES = 24
"""Runs of digits of one message that are parsed as numbers."""

_GAP = re.compile(r"…|\*|\.\.\.")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")
_BESIDE_NUMBER = " :=-–—\"'«»„“”‘’<>[]|"
"""Characters that may be between words and the number without being in the pattern."""
_MOST_BESIDE = 4
_MOST_DIGITS = 15
_LEAST_DIGITS = 7
_LONGEST_NUMBER = 26
_SEPARATORS = " -.()/\u2011\u2013"
_MAY_FOLLOW = " .,;:!?)\"'»”“]>|"
"""Characters that may follow a number that ends inside a longer run of digits and separators."""


@dataclass(frozen=True, kw_only=True)
class NumberPattern:
    """Words with `{number}` where the number stands, as `Ваш номер {number}`; never a regular expression.

    Case and white space are ignored; `…` or `*` matches any short text.
    """

    text: str
    sender: str = ""
    """Only messages of this sender; empty for any."""


@dataclass(frozen=True)
class _Words:
    """Literal words of a pattern; a `…` directly at a word matches the rest of that word."""

    text: str
    begins_word: bool
    ends_word: bool


@dataclass(frozen=True)
class _Compiled:
    """Words in sequence; between two neighbours of a side is a gap."""

    before: tuple[_Words, ...]
    after: tuple[_Words, ...]
    gap_before_number: bool
    gap_after_number: bool
    sender: str


def problem_of(pattern: NumberPattern) -> str | None:
    """What is wrong with a pattern and how to correct it, for the user; None if it is valid."""
    text = " ".join(pattern.text.split())
    count = text.count(NUMBER)
    words = _GAP.sub(" ", text.replace(NUMBER, " "))
    if not text:
        return f"It is empty: write the operator's words, with {NUMBER} where the number stands."
    if len(text) > LONGEST_PATTERN:
        return f"It is longer than {LONGEST_PATTERN} characters: keep only the words around the number."
    if len(pattern.sender.strip()) > LONGEST_SENDER:
        return f"The sender is longer than {LONGEST_SENDER} characters."
    if "{" in words or "}" in words:
        return f"{NUMBER} is the only thing that may stand in braces."
    if count != 1:
        return f"{NUMBER} must stand in it once, where the number stands; now it does {count or 'not'}" + (
            " times." if count else "."
        )
    if len(_GAP.findall(text)) > MOST_GAPS:
        return f"It has more than {MOST_GAPS} '…': keep only the words around the number."
    if not pattern.sender.strip() and sum(char.isalpha() for char in words) < LEAST_LETTERS:
        return f"Without a sender it needs words, at least {LEAST_LETTERS} letters: any text with a number would fit."
    return None


def number_in(patterns: Iterable[NumberPattern], sender: str, body: str, region: str | None) -> Msisdn | None:
    """The mobile number that a message states, by the first pattern that matches; invalid patterns never match.

    `region`: the ISO country of the SIM; only its numbers count, also in national form. If it is None, the number must
    have its country code.
    """
    text = _folded(body[:LONGEST_TEXT])
    folded_sender = _folded_sender(sender)
    numbers = _Numbers(text, region)
    for pattern in patterns:
        compiled = _compiled(pattern)
        if compiled is None or (compiled.sender and compiled.sender != folded_sender):
            continue
        if (found := _found(compiled, text, numbers)) is not None:
            return found
    return None


@lru_cache(maxsize=1024)
def _compiled(pattern: NumberPattern) -> _Compiled | None:
    if problem_of(pattern) is not None:
        return None
    before, _, after = _folded(pattern.text).partition(NUMBER)
    fore, aft = _GAP.split(before), _GAP.split(after)
    return _Compiled(
        before=_words(fore),
        after=_words(aft),
        gap_before_number=len(fore) > 1 and not fore[-1].strip(_BESIDE_NUMBER),
        gap_after_number=len(aft) > 1 and not aft[0].strip(_BESIDE_NUMBER),
        sender=_folded_sender(pattern.sender),
    )


def _words(pieces: Sequence[str]) -> tuple[_Words, ...]:
    found: list[_Words] = []
    for place, piece in enumerate(pieces):
        text = piece.strip(_BESIDE_NUMBER)
        if text:
            begins = place == 0 or piece[0] != text[0]
            ends = place == len(pieces) - 1 or piece[-1] != text[-1]
            found.append(_Words(text, begins and text[0].isalnum(), ends and text[-1].isalnum()))
    return tuple(found)


def _folded(text: str) -> str:
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _BLANKS.sub(" ", visible.casefold()).strip()[:LONGEST_TEXT]


def _folded_sender(sender: str) -> str:
    return _folded(sender[: 2 * LONGEST_SENDER]).removeprefix("+")


@dataclass(frozen=True)
class _Stated:
    start: int
    end: int
    msisdn: Msisdn


class _Numbers:
    """The numbers of one text, parsed once for all patterns."""

    def __init__(self, text: str, region: str | None) -> None:
        self._text = text
        self._region = region
        self._found: list[_Stated] | None = None

    def all(self) -> list[_Stated]:
        """By start; the longest first where a run has several possible ends."""
        if self._found is None:
            self._found = list(self._parse())
        return self._found

    def _parse(self) -> Iterator[_Stated]:
        tries = 0
        for start, ends in _runs(self._text):
            for end in ends:
                tries += 1
                if tries > MOST_TRIES:
                    return
                msisdn = parse_mobile(self._text[start:end], self._region)
                if msisdn is not None:
                    yield _Stated(start, end, msisdn)


def _runs(text: str) -> Iterator[tuple[int, list[int]]]:
    """Possible starts of a number, each with its possible ends, longest first; runs do not overlap."""
    place = 0
    while place < len(text):
        if not (text[place].isdecimal() or text[place] in "+("):
            place += 1
            continue
        if place and (text[place - 1].isalnum() or text[place - 1] in "+*#"):
            place = max(_past_word(text, place), place + 1)
            continue
        ends, stop = _ends_of_run(text, place)
        if ends:
            yield place, ends
        place = max(stop, place + 1)


def _past_word(text: str, place: int) -> int:
    while place < len(text) and (text[place].isalnum() or text[place] in "+*#"):
        place += 1
    return place


def _ends_of_run(text: str, start: int) -> tuple[list[int], int]:
    """The ends of digit groups of a run, longest first, and where the run stops."""
    ends: list[int] = []
    digits = 0
    place = start
    while place < len(text) and place - start < _LONGEST_NUMBER:
        char = text[place]
        if char.isdecimal():
            digits += 1
            if digits > _MOST_DIGITS:
                return ends[::-1], _past_word(text, place)
            is_last_of_group = place + 1 == len(text) or not text[place + 1].isdecimal()
            if is_last_of_group and digits >= _LEAST_DIGITS and _may_end(text, place + 1):
                ends.append(place + 1)
        elif not (char in _SEPARATORS or (char == "+" and place == start)):
            break
        place += 1
    return ends[::-1], place


def _may_end(text: str, end: int) -> bool:
    return end == len(text) or text[end] in _MAY_FOLLOW or not (text[end].isalnum() or text[end] in "-/(+*#")


def _found(pattern: _Compiled, text: str, numbers: _Numbers) -> Msisdn | None:
    ends = _ends_of(pattern.before, text)
    if ends is not None and not ends:
        return None
    reach = SHORT_TEXT if pattern.gap_before_number else 0
    for stated in numbers.all():
        if ends is not None and not _is_reached(ends, stated.start, reach, text):
            continue
        if _continues(pattern, text, stated.end):
            return stated.msisdn
    return None


def _ends_of(words: Sequence[_Words], text: str) -> list[int] | None:
    """Where the last of these words can end, each within reach of the word before; None without words."""
    ends: list[int] | None = None
    for each in words:
        starts = _occurrences(each, text)
        if ends is not None:
            starts = [start for start in starts if _is_reached(ends, start, SHORT_TEXT, text)]
        ends = [start + len(each.text) for start in starts]
    return ends


def _is_reached(ends: Sequence[int], start: int, reach: int, text: str) -> bool:
    """Whether one of `ends` (ascending) lies before `start`, at most `reach` and some _BESIDE_NUMBER marks away."""
    nearest = start
    while nearest and start - nearest < _MOST_BESIDE and text[nearest - 1] in _BESIDE_NUMBER:
        nearest -= 1
    place = bisect_left(ends, nearest - reach)
    return place < len(ends) and ends[place] <= start


def _continues(pattern: _Compiled, text: str, end: int) -> bool:
    reach = SHORT_TEXT if pattern.gap_after_number else 0
    for each in pattern.after:
        nearest = end
        while nearest < len(text) and nearest - end < _MOST_BESIDE and text[nearest] in _BESIDE_NUMBER:
            nearest += 1
        start = _next(each, text, end, nearest + reach + len(each.text))
        if start is None:
            return False
        end = start + len(each.text)
        reach = SHORT_TEXT
    return True


def _occurrences(words: _Words, text: str) -> list[int]:
    found: list[int] = []
    start = _next(words, text, 0, len(text))
    while start is not None:
        found.append(start)
        start = _next(words, text, start + 1, len(text))
    return found


def _next(words: _Words, text: str, start: int, stop: int) -> int | None:
    while (place := text.find(words.text, start, stop)) >= 0:
        end = place + len(words.text)
        begins = not (words.begins_word and place and text[place - 1].isalnum())
        ends = not (words.ends_word and end < len(text) and text[end].isalnum())
        if begins and ends:
            return place
        start = place + 1
    return None

"""What a JSON text says as far as it goes: cut, several in a row, or written by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(
    r'"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)(?:\\\Z)?(?P<end>"?)|(?P<mark>[{}\[\],:])|(?P<bare>[^\s{}\[\],:"]+)', re.DOTALL
)


class Piece(NamedTuple):
    """A value that is no object and no list."""

    names: tuple[str, ...]
    """Of the fields that it stands in, the innermost first, in lower case; what stands in a list bears its name."""
    value: object
    is_cut: bool
    """Whether the text ends in it."""


@dataclass
class _Inside:
    is_object: bool
    names: tuple[str, ...]
    field: str | None = None

    @property
    def here(self) -> tuple[str, ...]:
        return self.names if self.field is None else (self.field, *self.names)


def pieces_of(text: str, without: AbstractSet[str], deepest: int) -> Iterator[Piece]:
    """The values inside objects and lists, but not inside the fields `without`, nor `deepest` below the others."""
    inside: list[_Inside] = []
    waiting: Piece | None = None
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark is None:
            if inside and len(inside) <= deepest:
                waiting = Piece(inside[-1].here, _value_of(token), token.end() == len(text) and token["end"] != '"')
            continue
        if mark == ":" and inside and waiting is not None and inside[-1].field is None:
            inside[-1].field, waiting = str(waiting.value).lower(), None
            continue
        if waiting is not None and without.isdisjoint(waiting.names):
            yield waiting
        waiting = None
        _go_on(inside, mark)
    if waiting is not None and without.isdisjoint(waiting.names):
        yield waiting


def _go_on(inside: list[_Inside], mark: str) -> None:
    match mark:
        case "{" | "[":
            inside.append(_Inside(mark == "{", inside[-1].here if inside else ()))
        case "}" | "]" if inside:
            inside.pop()
        case ",":
            pass
    if inside and mark in "}],":
        inside[-1].field = None


def _value_of(token: re.Match[str]) -> object:
    if token["bare"] is None:
        spelled = f'"{token["text"]}"'
        unspelled = token["text"]
    else:
        spelled = unspelled = token["bare"].strip("'")
    try:
        return json.loads(spelled, strict=False)
    except (ValueError, RecursionError):
        return unspelled

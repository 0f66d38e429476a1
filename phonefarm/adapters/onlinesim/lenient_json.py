"""Finds the values in JSON that is cut, concatenated or malformed."""

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


class FoundValue(NamedTuple):
    """A value that is neither object nor list."""

    fields: tuple[str, ...]
    """The fields around it in lower case, innermost first; an item of a list has the list's field."""
    value: object
    is_cut: bool
    """Whether the text ends inside it."""


@dataclass
class _Container:
    """An object or list that is still open."""

    is_object: bool
    outer_fields: tuple[str, ...]
    field: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        return self.outer_fields if self.field is None else (self.field, *self.outer_fields)


def iter_values(text: str, skipped_fields: AbstractSet[str], max_depth: int) -> Iterator[FoundValue]:
    """The values in objects and lists, except those inside `skipped_fields` or deeper than `max_depth` containers."""
    stack: list[_Container] = []
    pending: FoundValue | None = None
    """May still turn out to be a field's name."""
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark is None:
            if stack and len(stack) <= max_depth:
                pending = FoundValue(stack[-1].path, _value_of(token), token.end() == len(text) and token["end"] != '"')
            continue
        if mark == ":" and stack and pending is not None and stack[-1].field is None:
            stack[-1].field, pending = str(pending.value).lower(), None
            continue
        if pending is not None and skipped_fields.isdisjoint(pending.fields):
            yield pending
        pending = None
        _apply_mark(stack, mark)
    if pending is not None and skipped_fields.isdisjoint(pending.fields):
        yield pending


def _apply_mark(stack: list[_Container], mark: str) -> None:
    """Open or close a container; after a comma or a closing bracket the field's value is complete."""
    match mark:
        case "{" | "[":
            stack.append(_Container(mark == "{", stack[-1].path if stack else ()))
        case "}" | "]" if stack:
            stack.pop()
        case ",":
            pass
    if stack and mark in "}],":
        stack[-1].field = None


def _value_of(token: re.Match[str]) -> object:
    if token["bare"] is None:
        literal = f'"{token["text"]}"'
        raw = token["text"]
    else:
        literal = raw = token["bare"].strip("'")
    try:
        return json.loads(literal, strict=False)
    except (ValueError, RecursionError):
        return raw

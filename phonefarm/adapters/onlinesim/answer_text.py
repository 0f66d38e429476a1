"""Analyses the text of an answer, complete or cut: the known tokens, and whether it reports an error."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from phonefarm.adapters.onlinesim.lenient_json import iter_values

KEY_TOKENS = frozenset({"ERROR_WRONG_KEY", "ERROR_NO_KEY", "ACCOUNT_BLOCKED", "API_ACCESS_DISABLED", "API_ACCESS_IP"})
_RESULT_FIELDS = frozenset({"error", "errors", "status", "response", "message", "msg", "code", "reason", "result"})
"""Fields whose text may report the result of the push."""
_ERROR_FIELDS = frozenset({"error", "errors"})
"""Fields that have a value only if something failed."""
_ECHOED_FIELDS = frozenset({"text", "phonefrom", "phone", "smsid", "action", "service"})
"""Fields that we sent. An answer may echo them, with text that anybody may have written."""
_NO_ERROR_VALUES = frozenset({"", "0", "FALSE", "NONE", "NULL", "NO", "OK", "SUCCESS", "NO ERROR", "NO_ERROR"})
_HTML = re.compile(r"<(!doctype\s+html|html|head|body|title|center|h1)\b", re.IGNORECASE)
_HTML_SEARCH_CHARS = 300
_ERROR_PREFIX = re.compile(r"\W*ERROR")
_ERROR_FIELD = re.compile(r"\b(status|error|result|response|code|message)\W{1,4}(error|fail(ed|ure)?)\b", re.IGNORECASE)
"""An error field in a form, in XML, or in plain text."""
_JSON_BEGINS = re.compile(r"[{\[]")
_MAX_PHRASE_CHARS = 200
_MAX_DEPTH = 8


@dataclass(frozen=True, kw_only=True)
class Findings:
    tokens: Sequence[str] = ()
    has_error: bool = False


def analyse(text: str) -> Findings:
    return (_analyse_short if len(text) < _MAX_PHRASE_CHARS else _analyse)(text)


def _analyse(text: str) -> Findings:
    text = text.strip("\ufeff \t\r\n")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _analyse_malformed(text)
    if isinstance(body, str):
        return _analyse_plain(body)
    tokens: list[str] = []
    has_error = False
    for name, value in _iter_fields(body):
        tokens += _tokens_of(name, value)
        has_error |= _reports_error(name, value)
    return Findings(tokens=tokens, has_error=has_error)


_analyse_short = lru_cache(maxsize=64)(_analyse)
"""Most answers are one of a few short texts."""


def _analyse_malformed(text: str) -> Findings:
    """Text that is not valid JSON: plain text up to the first bracket, then whatever values can be found."""
    begin = _JSON_BEGINS.search(text)
    if text.startswith("<") or begin is None:
        return _analyse_plain(text)
    before = _analyse_plain(text[: begin.start()])
    tokens, has_error = list(before.tokens), before.has_error
    for found in iter_values(text[begin.start() :], _ECHOED_FIELDS, _MAX_DEPTH):
        name = found.fields[0] if found.fields else "message"
        tokens += _tokens_of(name, found.value)
        if not (found.is_cut and _may_mean_no_error(found.value)):
            has_error |= _reports_error(name, found.value) or (
                not _ERROR_FIELDS.isdisjoint(found.fields) and not _means_no_error(found.value)
            )
    return Findings(tokens=tokens, has_error=has_error)


def _may_mean_no_error(value: object) -> bool:
    """Whether a cut value may be the beginning of one that means "no error"."""
    return isinstance(value, str) and any(word.startswith(value.strip().upper()) for word in _NO_ERROR_VALUES)


def _analyse_plain(text: str) -> Findings:
    has_field = _ERROR_FIELD.search(text) is not None
    if text.startswith("<"):
        return Findings(has_error=has_field or _HTML.search(text, 0, _HTML_SEARCH_CHARS) is not None)
    return Findings(tokens=_tokens_in(text), has_error=has_field or _ERROR_PREFIX.match(text.upper()) is not None)


def is_markup(text: str) -> bool:
    """HTML or XML, as a proxy sends it; Onlinesim's API never does."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _iter_fields(body: object) -> Iterator[tuple[str, object]]:
    """Every (field, value) of a JSON value, objects and lists included; an item of a list has the list's field."""
    queue: deque[tuple[str, object, int]] = deque([("", body, 0)])
    while queue:
        name, value, depth = queue.popleft()
        yield name, value
        if depth >= _MAX_DEPTH:
            continue
        if isinstance(value, dict):
            queue += [
                (key.lower(), item, depth + 1) for key, item in value.items() if key.lower() not in _ECHOED_FIELDS
            ]
        elif isinstance(value, list):
            queue += [(name or "message", item, depth + 1) for item in value]


def _tokens_of(name: str, value: object) -> list[str]:
    if not isinstance(value, str):
        return []
    tokens = _tokens_in(value)
    return tokens if name in _RESULT_FIELDS else [token for token in tokens if token in KEY_TOKENS]


def _reports_error(name: str, value: object) -> bool:
    if name == "status":
        return _is_error_status(value)
    if name == "success":
        return value is False or (isinstance(value, str) and value.strip().upper() == "FALSE")
    if name in _ERROR_FIELDS:
        return not _means_no_error(value)
    return name in _RESULT_FIELDS and isinstance(value, str) and _ERROR_PREFIX.match(value.upper()) is not None


def _is_error_status(value: object) -> bool:
    if isinstance(value, str):
        word = value.strip().upper()
        return _is_error_code(word) or word.startswith("FAIL") or ("ERROR" in word and word not in _NO_ERROR_VALUES)
    return value is False or (isinstance(value, int) and _is_error_code(str(value)))


def _is_error_code(word: str) -> bool:
    """An HTTP status of 400 or above inside the body of a 200."""
    return re.fullmatch(r"[45]\d\d", word) is not None


def _means_no_error(value: object) -> bool:
    """Whether the value of an error field means "no error"."""
    if isinstance(value, str):
        return value.strip().upper() in _NO_ERROR_VALUES
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return all(not isinstance(item, dict | list) and _means_no_error(item) for item in items)
    return not value


def _tokens_in(text: str) -> list[str]:
    """The words of a short phrase that may be tokens.

    A word with an underscore is a token anywhere. IGNORED is also an English word, so a word without an underscore
    counts only if it is alone or the phrase begins with ERROR.
    """
    if len(text) >= _MAX_PHRASE_CHARS:
        return []
    words = re.findall(r"[A-Z0-9_]+", text.upper())
    bare = [word for word in words if word != "ERROR"]
    return [word for word in words if "_" in word or len(bare) == 1 or words[0] == "ERROR"]

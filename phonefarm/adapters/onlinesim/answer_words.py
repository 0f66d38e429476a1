"""What the text of an answer says, whole or cut: known tokens, and whether it speaks of an error at all."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from phonefarm.adapters.onlinesim.broken_json import pieces_of

KEY_TOKENS = frozenset({"ERROR_WRONG_KEY", "ERROR_NO_KEY", "ACCOUNT_BLOCKED", "API_ACCESS_DISABLED", "API_ACCESS_IP"})
_TELLING = frozenset({"error", "errors", "status", "response", "message", "msg", "code", "reason", "result"})
"""Fields whose text says how the push went."""
_ERRORS = frozenset({"error", "errors"})
"""Fields that hold something only if it went wrong."""
_OURS = frozenset({"text", "phonefrom", "phone", "smsid", "action", "service"})
"""Fields that we sent: an answer that repeats them repeats a stranger's words."""
_NOTHING = frozenset({"", "0", "FALSE", "NONE", "NULL", "NO", "OK", "SUCCESS", "NO ERROR", "NO_ERROR"})
_HTML = re.compile(r"<(!doctype\s+html|html|head|body|title|center|h1)\b", re.IGNORECASE)
_HTML_BEGINS_WITHIN = 300
_SAYS_ERROR = re.compile(r"\W*ERROR")
_FIELD_SAYS_ERROR = re.compile(
    r"\b(status|error|result|response|code|message)\W{1,4}(error|fail(ed|ure)?)\b", re.IGNORECASE
)
"""A field of a form, of XML, or of a line for people."""
_JSON_BEGINS = re.compile(r"[{\[]")
_LONGEST_PHRASE = 200
_DEEPEST = 8


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a body says: known tokens, and whether it speaks of an error at all."""

    tokens: Sequence[str] = ()
    error: bool = False


def said_in(text: str) -> Said:
    return (_read_short if len(text) < _LONGEST_PHRASE else _read)(text)


def _read(text: str) -> Said:
    text = text.strip("\ufeff \t\r\n")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _read_broken(text)
    if isinstance(body, str):
        return _read_plain(body)
    tokens: list[str] = []
    error = False
    for name, value in _walk(body):
        tokens += _tokens_of(name, value)
        error |= _tells_error(name, value)
    return Said(tokens=tokens, error=error)


_read_short = lru_cache(maxsize=64)(_read)
"""The market says the same few words to message after message."""


def _read_broken(text: str) -> Said:
    """No JSON, or not as it should be: what precedes the first bracket is plain text."""
    begin = _JSON_BEGINS.search(text)
    if text.startswith("<") or begin is None:
        return _read_plain(text)
    before = _read_plain(text[: begin.start()])
    tokens, error = list(before.tokens), before.error
    for piece in pieces_of(text[begin.start() :], _OURS, _DEEPEST):
        name = piece.names[0] if piece.names else "message"
        tokens += _tokens_of(name, piece.value)
        if not (piece.is_cut and _may_become_nothing(piece.value)):
            error |= _tells_error(name, piece.value) or (
                not _ERRORS.isdisjoint(piece.names) and not _is_nothing(piece.value)
            )
    return Said(tokens=tokens, error=error)


def _may_become_nothing(value: object) -> bool:
    return isinstance(value, str) and any(word.startswith(value.strip().upper()) for word in _NOTHING)


def _read_plain(text: str) -> Said:
    field = _FIELD_SAYS_ERROR.search(text) is not None
    if text.startswith("<"):
        return Said(error=field or _HTML.search(text, 0, _HTML_BEGINS_WITHIN) is not None)
    return Said(tokens=_tokens_in(text), error=field or _SAYS_ERROR.match(text.upper()) is not None)


def is_page(text: str) -> bool:
    """A page for people: the market's interface sends none."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def _walk(body: object) -> Iterator[tuple[str, object]]:
    """Every (field, value) of a JSON value, objects and lists included; what stands in a list bears the list's name."""
    waiting: deque[tuple[str, object, int]] = deque([("", body, 0)])
    while waiting:
        name, value, depth = waiting.popleft()
        yield name, value
        if depth >= _DEEPEST:
            continue
        if isinstance(value, dict):
            waiting += [(key.lower(), item, depth + 1) for key, item in value.items() if key.lower() not in _OURS]
        elif isinstance(value, list):
            waiting += [(name or "message", item, depth + 1) for item in value]


def _tokens_of(name: str, value: object) -> list[str]:
    if not isinstance(value, str):
        return []
    tokens = _tokens_in(value)
    return tokens if name in _TELLING else [token for token in tokens if token in KEY_TOKENS]


def _tells_error(name: str, value: object) -> bool:
    if name == "status":
        return _is_bad_status(value)
    if name == "success":
        return value is False or (isinstance(value, str) and value.strip().upper() == "FALSE")
    if name in _ERRORS:
        return not _is_nothing(value)
    return name in _TELLING and isinstance(value, str) and _SAYS_ERROR.match(value.upper()) is not None


def _is_bad_status(value: object) -> bool:
    if isinstance(value, str):
        word = value.strip().upper()
        return _is_bad_number(word) or word.startswith("FAIL") or ("ERROR" in word and word not in _NOTHING)
    return value is False or (isinstance(value, int) and _is_bad_number(str(value)))


def _is_bad_number(word: str) -> bool:
    """An HTTP status of 400 and above, told in the body of a 200."""
    return re.fullmatch(r"[45]\d\d", word) is not None


def _is_nothing(value: object) -> bool:
    """Whether an error field says that there is none."""
    if isinstance(value, str):
        return value.strip().upper() in _NOTHING
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return all(not isinstance(item, dict | list) and _is_nothing(item) for item in items)
    return not value


def _tokens_in(text: str) -> list[str]:
    """The words of a short phrase that may be tokens.

    A token with an underscore is one wherever it stands; IGNORED is also a word of plain speech and counts only
    alone or after ERROR.
    """
    if len(text) >= _LONGEST_PHRASE:
        return []
    words = re.findall(r"[A-Z0-9_]+", text.upper())
    bare = [word for word in words if word != "ERROR"]
    return [word for word in words if "_" in word or len(bare) == 1 or words[0] == "ERROR"]

"""What Onlinesim's answer to a push means: the tokens of the contract first, then the HTTP status, then the body."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from phonefarm.domain.pushes import (
    NO_OPERATION,
    Accepted,
    Failed,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
)

_FINAL = {NO_OPERATION: NO_OPERATION, "NO_OP": NO_OPERATION, "BAD_SERVICE": "BAD_SERVICE"}
_SOFT = frozenset({"IGNORED", "SERVICE_BAN"})
_KEY = frozenset({"ERROR_WRONG_KEY", "ERROR_NO_KEY", "ACCOUNT_BLOCKED", "API_ACCESS_DISABLED", "API_ACCESS_IP"})
_TOO_MANY = "TOO_MANY_ATTEMPTS"
_GATEWAY = frozenset({502, 503, 504})
"""Said by what stands before the market while the market is away."""

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
_LONGEST_PHRASE = 200
_DEEPEST = 8


def outcome_of(status: int, text: str, headers: Mapping[str, str], took: timedelta) -> PushOutcome:
    """The outcome of an answer: a known token decides over the HTTP status, then the status does.

    `headers` by name in lower case.
    """
    said = _read(text)
    for token in said.tokens:
        if token in _FINAL:
            return FinalRefusal(token=_FINAL[token])
        if token in _SOFT:
            return SoftRefusal(token=token)
    if not _KEY.isdisjoint(said.tokens):
        return KeyRefused(http_status=status)
    if status == 429 or _TOO_MANY in said.tokens:
        return TooMany(retry_after=_retry_after(headers.get("retry-after")))
    if status in (401, 403):
        return KeyRefused(http_status=status)
    is_answer = status not in _GATEWAY and not _is_page(text)
    milliseconds = took // timedelta(milliseconds=1)
    if status != 200:
        return Failed(detail=f"HTTP {status} after {milliseconds} ms", is_answer=is_answer)
    if said.error:
        return Failed(detail=f"HTTP 200 with an error in the body after {milliseconds} ms", is_answer=is_answer)
    return Accepted()


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a body says: known tokens, and whether it speaks of an error at all."""

    tokens: Sequence[str] = ()
    error: bool = False


def _read(text: str) -> _Said:
    return _read_short(text) if len(text) < _LONGEST_PHRASE else _read_any(text)


def _read_any(text: str) -> _Said:
    text = text.strip("\ufeff \t\r\n")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _read_plain(text)
    if isinstance(body, str):
        return _read_plain(body)
    tokens: list[str] = []
    error = False
    for name, value in _walk(body):
        tokens += _tokens_of(name, value)
        error |= _tells_error(name, value)
    return _Said(tokens=tokens, error=error)


_read_short = lru_cache(maxsize=64)(_read_any)
"""The market says the same few words to message after message."""


def _read_plain(text: str) -> _Said:
    if text.startswith("<"):
        return _Said(error=_HTML.search(text, 0, _HTML_BEGINS_WITHIN) is not None)
    return _Said(tokens=_tokens_in(text), error=_SAYS_ERROR.match(text.upper()) is not None)


def _is_page(text: str) -> bool:
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
    return tokens if name in _TELLING else [token for token in tokens if token in _KEY]


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


def _retry_after(value: str | None) -> timedelta | None:
    """Retry-After as seconds or as a date; None where it says nothing usable."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return timedelta(seconds=min(int(value), 10**6))
    try:
        return max(parsedate_to_datetime(value) - datetime.now(UTC), timedelta(0))
    except (TypeError, ValueError):
        return None

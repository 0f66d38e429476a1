"""What an answer to a push means: the tokens of the contract first, then the HTTP status, then the body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from phonefarm.adapters.onlinesim.answer_body import BodyText
from phonefarm.adapters.onlinesim.answer_words import KEY_TOKENS, is_page, said_in
from phonefarm.domain.pushes import (
    NO_OPERATION,
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)

_FINAL = {NO_OPERATION: NO_OPERATION, "NO_OP": NO_OPERATION, "BAD_SERVICE": "BAD_SERVICE"}
_SOFT = frozenset({"IGNORED", "SERVICE_BAN"})
_TOO_MANY = "TOO_MANY_ATTEMPTS"
_GATEWAY = frozenset({502, 503, 504})
"""Said by what stands before the market while the market is away."""
_MOST_WAIT_SECONDS = 10**6
_MOST_DIGITS = len(str(_MOST_WAIT_SECONDS))
_LONGEST_DATE = 64


def outcome_of(status: int, body: BodyText, headers: Mapping[str, str], took: timedelta) -> PushOutcome:
    """The outcome of an answer: a known token decides over the HTTP status, then the status does.

    `headers` by name in lower case.
    """
    said = said_in(body.text)
    for token in said.tokens:
        if token in _FINAL:
            return FinalRefusal(token=_FINAL[token])
        if token in _SOFT:
            return SoftRefusal(token=token)
    if not KEY_TOKENS.isdisjoint(said.tokens):
        return KeyRefused(http_status=status)
    if status == 429 or _TOO_MANY in said.tokens:
        return TooMany(retry_after=_retry_after(headers.get("retry-after")))
    if status in (401, 403):
        return KeyRefused(http_status=status)
    is_answer = status not in _GATEWAY and not is_page(body.text)
    milliseconds = took // timedelta(milliseconds=1)
    if status != 200 or said.error:
        where = " with an error in the body" if status == 200 else ""
        detail = f"HTTP {status}{where} after {milliseconds} ms"
        return Failed(kind=FailureKind.ERROR, detail=detail, http_status=status, is_answer=is_answer)
    return Accepted() if body.is_readable else Unclear()


def _retry_after(value: str | None) -> timedelta | None:
    """Retry-After as seconds or as a date; None where it says nothing usable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        is_long = len(text.lstrip("0")) > _MOST_DIGITS
        return timedelta(seconds=_MOST_WAIT_SECONDS if is_long else min(int(text[-_MOST_DIGITS:]), _MOST_WAIT_SECONDS))
    if len(text) > _LONGEST_DATE:
        return None
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta(0))
    except (TypeError, ValueError, OverflowError):
        return None

"""Turns an answer to a push into an outcome: known tokens decide, then the HTTP status, then the body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from phonefarm.adapters.onlinesim.answer_body import BodyText
from phonefarm.adapters.onlinesim.answer_text import KEY_TOKENS, analyse, is_markup
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
"""From a proxy in front of Onlinesim while Onlinesim is down."""
_MAX_RETRY_AFTER_SECONDS = 10**6
_MAX_DIGITS = len(str(_MAX_RETRY_AFTER_SECONDS))
_MAX_DATE_CHARS = 64


def outcome_of(status: int, body: BodyText, headers: Mapping[str, str], took: timedelta) -> PushOutcome:
    """`headers` by name in lower case."""
    findings = analyse(body.text)
    for token in findings.tokens:
        if token in _FINAL:
            return FinalRefusal(token=_FINAL[token])
        if token in _SOFT:
            return SoftRefusal(token=token)
    if not KEY_TOKENS.isdisjoint(findings.tokens):
        return KeyRefused(http_status=status)
    if status == 429 or _TOO_MANY in findings.tokens:
        return TooMany(retry_after=_retry_after(headers.get("retry-after")))
    if status in (401, 403):
        return KeyRefused(http_status=status)
    is_answer = status not in _GATEWAY and not is_markup(body.text)
    milliseconds = took // timedelta(milliseconds=1)
    if status != 200 or findings.has_error:
        where = " with an error in the body" if status == 200 else ""
        detail = f"HTTP {status}{where} after {milliseconds} ms"
        return Failed(kind=FailureKind.ERROR, detail=detail, http_status=status, is_answer=is_answer)
    return Accepted() if body.is_readable else Unclear()


def _retry_after(value: str | None) -> timedelta | None:
    """Retry-After as seconds or as a date; None if it is neither."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        is_long = len(text.lstrip("0")) > _MAX_DIGITS
        return timedelta(
            seconds=_MAX_RETRY_AFTER_SECONDS if is_long else min(int(text[-_MAX_DIGITS:]), _MAX_RETRY_AFTER_SECONDS)
        )
    if len(text) > _MAX_DATE_CHARS:
        return None
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta(0))
    except (TypeError, ValueError, OverflowError):
        return None

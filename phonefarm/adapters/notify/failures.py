"""Why apprise did not deliver, read from what it logged: it returns nothing but "no"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from phonefarm.application.model.alerts import DeliveryFault
from phonefarm.domain.fields import Fields

_HTTP_STATUS = re.compile(r"\berror[=:]\s*(\d{3})\b", re.IGNORECASE)
_SMTP_CODE = re.compile(r"\((\d{3}), b?['\"]")
_WORDS: Sequence[tuple[DeliveryFault, re.Pattern[str]]] = (
    (DeliveryFault.ADDRESS_WRONG, re.compile(r"unsupported url|unparseable|invalid .* (url|specified)", re.IGNORECASE)),
    (
        DeliveryFault.HOST_UNKNOWN,
        re.compile(
            r"name or service not known|nodename nor servname|getaddrinfo|NameResolutionError|no address associated"
            r"|temporary failure in name resolution",
            re.IGNORECASE,
        ),
    ),
    (
        DeliveryFault.CERTIFICATE,
        re.compile(r"certificate|SSLError|SSL:|STARTTLS extension not supported", re.IGNORECASE),
    ),
    (
        DeliveryFault.CONNECTION_REFUSED,
        re.compile(r"refused|10061|unreachable|connection reset|RemoteDisconnected|unexpectedly closed", re.IGNORECASE),
    ),
    (DeliveryFault.SILENT, re.compile(r"timed? ?out|timeout", re.IGNORECASE)),
)


def failure_in(lines: Sequence[str], seconds: float) -> tuple[DeliveryFault, Fields]:
    """The cause, and its plain values; nothing of the lines themselves goes further."""
    for line in lines:
        if (found := _SMTP_CODE.search(line)) is not None:
            return _of_smtp(int(found[1]))
        if (found := _HTTP_STATUS.search(line)) is not None:
            return _of_http(int(found[1]))
    for fault, words in _WORDS:
        if any(words.search(line) for line in lines):
            return fault, {"seconds": round(seconds)} if fault is DeliveryFault.SILENT else {}
    return DeliveryFault.UNKNOWN, {}


def _of_http(status: int) -> tuple[DeliveryFault, Fields]:
    faults = {
        401: DeliveryFault.LOGIN_REFUSED,
        403: DeliveryFault.LOGIN_REFUSED,
        404: DeliveryFault.NOT_FOUND,
        410: DeliveryFault.NOT_FOUND,
        429: DeliveryFault.TOO_MANY,
    }
    is_theirs = status >= 500
    return faults.get(status, DeliveryFault.SERVER_ERROR if is_theirs else DeliveryFault.REJECTED), {"code": status}


def _of_smtp(code: int) -> tuple[DeliveryFault, Fields]:
    """4xx is said to be temporary."""
    if code in (530, 534, 535, 538):
        return DeliveryFault.LOGIN_REFUSED, {"code": code}
    if code in (550, 551, 552, 553, 554, 501):
        return DeliveryFault.RECIPIENT_REFUSED, {"code": code}
    return (DeliveryFault.SERVER_ERROR if code < 500 else DeliveryFault.REJECTED), {"code": code}

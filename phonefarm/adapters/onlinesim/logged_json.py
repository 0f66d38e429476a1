"""Requests and responses as the log keeps them: short, without the key and without the text of an SMS."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping

from phonefarm.domain.calls import HIDDEN_KEY, HIDDEN_TEXT

LONGEST = 4_000
"""Characters; the rest is cut off."""
TOO_LONG = "longer than 4000 characters, not kept"
SHORTEST_TEXT = 3
"""A shorter message is hidden nowhere: it would be found in every answer."""
SHORTEST_CODE = 4
"""A word of a message that is so long and has a digit may be a code: it is hidden in an answer that repeats it."""

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def logged_body(body: Mapping[str, object], key: str) -> str:
    """A request or response that we have understood; `key` is hidden wherever it stands."""
    hidden = {**body, "key": HIDDEN_KEY} if "key" in body else body
    text = _encode(hidden)
    if key:
        text = text.replace(_encode(key)[1:-1], HIDDEN_KEY)
    return text[:LONGEST]


def logged_push(body: Mapping[str, object]) -> str:
    return _encode({**body, "text": HIDDEN_TEXT, "key": HIDDEN_KEY})[:LONGEST]


def logged_answer(answer: str, key: str, message: str) -> str:
    """What the market answered to a push: it may repeat the message or its code, in whichever escapes."""
    if len(answer) > LONGEST:
        return TOO_LONG  # cut anywhere, an escape might hide a part of the message
    try:
        answer = _encode(json.loads(answer))
    except (ValueError, RecursionError):
        answer = html.unescape(answer)
    for secret, instead in ((key, HIDDEN_KEY), *((part, HIDDEN_TEXT) for part in _parts(message))):
        if secret:
            answer = answer.replace(_encode(secret)[1:-1], instead).replace(secret, instead)
    return answer[:LONGEST]


def _parts(message: str) -> list[str]:
    """The text, and what in it may be a code; longest first."""
    words = {word.strip(".,:;!?()\"'") for word in message.split()}
    codes = {word for word in words if len(word) >= SHORTEST_CODE and any(letter.isdigit() for letter in word)}
    return [message if len(message) >= SHORTEST_TEXT else "", *sorted(codes, key=len, reverse=True)]

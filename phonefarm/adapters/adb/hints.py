"""Recognises log lines that announce an SMS. Any app can write such a line, so a hint only triggers a reading."""

from __future__ import annotations

import re

from phonefarm.application.ports.world import Hint

FIRST_SDK_WITH_REGEX = 24

_MESSAGE_PATTERN = "|".join(
    (
        "NEW_SMS",
        "EVENT_INJECT_SMS",
        "processing message type [18]",
        "Delivering SMS",
        "roadcast completed",
        "ordered broadcast completion time",
        "raw table",
        "SMS_DELIVER",
    )
)
SLOTS = 4
"""MediaTek appends the slot to its handler's tag."""
_TAGS = (
    "RILJ",
    "GsmInboundSmsHandler",
    "CdmaInboundSmsHandler",
    "MtkGsmInboundSmsHandler",
    "MtkCdmaInboundSmsHandler",
    *(f"MtkGsmInboundSmsHandler-{slot}" for slot in range(SLOTS)),
    *(f"GsmInboundSmsHandler-{slot}" for slot in range(SLOTS)),
)
"""All known tags: logcat has no wildcard for tags."""


def logcat_command(sdk: int) -> str:
    """The log stream to open. `--regex`, from Android 7 on, matches the message without its tag."""
    if sdk >= FIRST_SDK_WITH_REGEX:
        return f"logcat -b radio -b main -v epoch -T 1 --regex '{_MESSAGE_PATTERN}'"
    return f"logcat -b radio -v time -T 1 {' '.join(f'{tag}:D' for tag in _TAGS)} '*:S'"


_PATTERNS = (
    (re.compile(r"\bUNSOL_RESPONSE_(?:CDMA_)?NEW_SMS\b(?!_)"), Hint.ARRIVING),
    (re.compile(r"InboundSmsHandler.*(?:processing message type [18]\b|\bEVENT_(?:NEW|INJECT)_SMS\b)"), Hint.ARRIVING),
    # A message over IMS is injected: type 8 before Android 11.
    (re.compile(r"InboundSmsHandler.*\bDelivering SMS to\b"), Hint.STORED),
    (
        re.compile(
            r"InboundSmsHandler.*\bbroadcast (?:completed|completion time) for "
            r"android\.provider\.Telephony\.SMS_DELIVER\b"
        ),
        Hint.STORED,
    ),
    (re.compile(r"InboundSmsHandler.*\bordered broadcast complet(?:ed|ion time)\b", re.IGNORECASE), Hint.ENDED),
    (re.compile(r"InboundSmsHandler.*\bdeleting from raw table\b"), Hint.ENDED),
    (re.compile(r"InboundSmsHandler.*\bDeleted \d+ rows? from raw table\b"), Hint.ENDED),
)


_MAX_LINE_CHARS = 500
"""The rest of a line is ignored."""


def parse_hint(line: str) -> Hint | None:
    """The hint in a log line in any of logcat's formats, or None."""
    if "NEW_SMS" not in line and "InboundSmsHandler" not in line:
        return None
    line = line[:_MAX_LINE_CHARS]
    for form, hint in _PATTERNS:
        if form.search(line):
            return hint
    return None

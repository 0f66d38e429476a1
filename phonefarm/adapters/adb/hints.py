"""Lines of the phone's log that make a look at the inbox worthwhile; anyone can write such a line, so never more."""

from __future__ import annotations

import re

from phonefarm.application.ports.world import Hint

FIRST_SDK_WITH_REGEX = 24

_MESSAGES = "|".join(
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
"""MediaTek numbers the tag of its handler by slot, and no phone has more."""
_TAGS = (
    "RILJ",
    "GsmInboundSmsHandler",
    "CdmaInboundSmsHandler",
    "MtkGsmInboundSmsHandler",
    "MtkCdmaInboundSmsHandler",
    *(f"MtkGsmInboundSmsHandler-{slot}" for slot in range(SLOTS)),
    *(f"GsmInboundSmsHandler-{slot}" for slot in range(SLOTS)),
)
"""Every one that a phone may use: logcat compares a tag whole and knows no wildcard."""


def log_command(sdk: int) -> str:
    """The stream to open. `--regex` sees the message without its tag, and is not there before Android 7."""
    if sdk >= FIRST_SDK_WITH_REGEX:
        return f"logcat -b radio -b main -v epoch -T 1 --regex '{_MESSAGES}'"
    return f"logcat -b radio -v time -T 1 {' '.join(f'{tag}:D' for tag in _TAGS)} '*:S'"


_KINDS = (
    (re.compile(r"\bUNSOL_RESPONSE_(?:CDMA_)?NEW_SMS\b(?!_)"), Hint.ARRIVING),
    (re.compile(r"InboundSmsHandler.*(?:processing message type [18]\b|\bEVENT_(?:NEW|INJECT)_SMS\b)"), Hint.ARRIVING),
    # Over IMS a message is injected: type 8 before Android 11.
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


_READ_OF_A_LINE = 500
"""What counts stands in the first words of a line."""


def hint_in(line: str) -> Hint | None:
    """What a log line in any of logcat's formats announces, or None."""
    if "NEW_SMS" not in line and "InboundSmsHandler" not in line:
        return None
    line = line[:_READ_OF_A_LINE]
    for form, hint in _KINDS:
        if form.search(line):
            return hint
    return None

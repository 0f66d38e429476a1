"""Lines of the phone's log that make a look at the inbox worthwhile; anyone can write such a line, so never more."""

from __future__ import annotations

import re

from phonefarm.application.interfaces import Hint

FIRST_SDK_WITH_REGEX = 24

_MESSAGES = "NEW_SMS|processing message type 1|Delivering SMS|roadcast completed|raw table|SMS_DELIVER"


def log_command(sdk: int) -> str:
    """The stream to open. `--regex` sees the message without its tag, and is not there before Android 7."""
    if sdk >= FIRST_SDK_WITH_REGEX:
        return f"logcat -b radio -b main -v epoch -T 1 --regex '{_MESSAGES}'"
    return "logcat -b radio -v time -T 1 RILJ:D GsmInboundSmsHandler:D CdmaInboundSmsHandler:D '*:S'"


_KINDS = (
    (re.compile(r"\bUNSOL_RESPONSE_(?:CDMA_)?NEW_SMS\b(?!_)"), Hint.ARRIVING),
    (re.compile(r"InboundSmsHandler.*(?:processing message type 1\b|\bEVENT_NEW_SMS\b)"), Hint.ARRIVING),
    (re.compile(r"InboundSmsHandler.*\bDelivering SMS to\b"), Hint.STORED),
    (
        re.compile(r"InboundSmsHandler.*\bbroadcast completed for android\.provider\.Telephony\.SMS_DELIVER\b"),
        Hint.STORED,
    ),
    (re.compile(r"InboundSmsHandler.*\bordered broadcast completed\b", re.IGNORECASE), Hint.ENDED),
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

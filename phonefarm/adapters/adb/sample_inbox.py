"""A made-up message in the form in which phones answer, read by the parser for real answers."""

from __future__ import annotations

from datetime import datetime

from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.sms_query import parse_window
from phonefarm.application.ports.world import Probe
from phonefarm.domain.errors import KnownError
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.sms import SmsRow

ROW_ID = 2_000_000_000
"""Above every row that a phone has."""
_PROBE = Probe(facts=PhoneFacts(), reads_hex=True)


class WrittenInbox:
    """Fulfils `SampleInbox`."""

    def read(self, *, sub_id: int | None, sender: str, text: str, at: datetime) -> SmsRow:
        milliseconds = int(at.timestamp() * 1000)
        numbers = f"d={_hex(str(milliseconds))}, s={_hex(str(milliseconds))}, u={_hex(str(_sub_id(sub_id)))}"
        length = len(text.encode())
        answer = f"Row: 0 _id={ROW_ID}, {numbers}, n={length}, a={_hex(sender)}, b={_hex(text)}\n"
        try:
            (raw,) = parse_window(answer, _PROBE)
        except (AnswerRefused, ValueError) as error:
            raise KnownError("An answer of a phone could not be read: update phonefarm, or ask its support.") from error
        if raw.row.body != text or raw.row.sender != sender:
            raise KnownError("The text of a message was spoilt while it was read: ask phonefarm's support.")
        return raw.row


def _sub_id(sub_id: int | None) -> int:
    return -1 if sub_id is None else sub_id


def _hex(text: str) -> str:
    return text.encode().hex().upper()

"""Phones: their state, their port, and the last reading of their inboxes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause


@dataclass(frozen=True, kw_only=True)
class ReadingMark:
    """The last reading of a handset, on whichever adb server it was."""

    last_read_at: datetime | None
    clock_skew: timedelta | None
    """The phone's clock minus ours, to the millisecond; None until it was measured."""


class WatchedPhoneRecords(Protocol):
    """For `phones.watch` and `phones.health`."""

    def note(
        self,
        phone_id: PhoneId,
        state: PhoneState,
        detail: str,
        at: datetime,
        cause: StateCause = StateCause.NONE,
    ) -> bool:
        """Record a phone's state; add the phone if it is new. A state that lasts keeps its first time."""
        ...

    def state_of(self, phone_id: PhoneId) -> PhoneState | None: ...

    def present(self, server: str | None = None) -> list[PhoneId]:
        """Phones (of one server, or all) that are not GONE."""
        ...

    def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None:
        """Record what the phone reports of itself; an empty firmware keeps the stored one."""
        ...

    def facts_of(self, phone_id: PhoneId) -> PhoneFacts | None:
        """What it last reported of itself; None if that is not stored."""
        ...

    def note_port(self, phone_id: PhoneId, usb_path: str) -> None:
        """Record the port that adb names, `1-1.4`; empty over TCP."""
        ...

    def ports(self) -> dict[PhoneId, str]:
        """The last port of each phone; empty if not known."""
        ...

    def note_hints(self, phone_id: PhoneId, working: bool) -> bool:
        """Record whether the phone's log announces arrivals."""
        ...

    def note_arrivals(self, phone_id: PhoneId, *, hinted: int, unhinted: int, hint_to_row: timedelta | None) -> None:
        """Add messages found with and without an announcement to the counts.

        `hint_to_row`: from the last announcement to the row found by it, stored to the millisecond; None keeps the
        former one.
        """
        ...


class ReadPhoneRecords(Protocol):
    """For `messages.reading`."""

    def mark_of(self, phone_id: PhoneId) -> ReadingMark | None:
        """None if the handset was never read."""
        ...

    def note_reading(self, phone_id: PhoneId, *, begun_at: datetime, skew: timedelta | None, took: timedelta) -> None:
        """Record a reading of the inbox, its times to the millisecond; the first one becomes the baseline.

        `skew`: as `ReadingMark.clock_skew`; None keeps the former one.
        """
        ...


class PhoneRecords(WatchedPhoneRecords, ReadPhoneRecords, Protocol):
    """All of phones, and the user's names for the desk."""

    def set_label(self, phone_id: PhoneId, label: str) -> bool:
        """Name the phone; an empty label removes the name. False: there is no such phone."""
        ...

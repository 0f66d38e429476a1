"""What the watch keeps in memory of each phone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import PhoneState, PhoneStatus


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A phone that adb lists: its actual state, whatever state flap damping shows for it."""

    phone_id: PhoneId
    state: PhoneState
    since: datetime
    usb_path: str


@dataclass(kw_only=True)
class TrackedPhone:
    phone_id: PhoneId
    usb_path: str | None = None
    """Where it was seen last; None while nothing is known of it. It distinguishes phones with the same serial."""
    presence: Presence | None = None
    """None while adb does not list it."""
    session: asyncio.Task[None] | None = None
    """Runs while adb can open a shell on it."""
    stored_status: PhoneStatus | None = None
    """What its session stored last; None if the database may hold something else."""
    is_rented: bool = False
    """Whether one of its SIMs has an open rent."""
    lacks_hints: bool = False
    """Whether its log does not announce messages, so that only polling finds them."""

    @property
    def works(self) -> bool:
        return self.presence is not None and self.presence.state in (PhoneState.READY, PhoneState.STARTING)

    def update_presence(self, state: PhoneState, now: datetime) -> None:
        if state is PhoneState.GONE:
            self.presence = None
        elif self.presence is None or self.presence.state is not state:
            self.presence = Presence(phone_id=self.phone_id, state=state, since=now, usb_path=self.usb_path or "")


class TrackedPhones:
    """Every phone that any adb server has listed, of this run or an earlier one."""

    def __init__(self) -> None:
        self._phones: dict[PhoneId, TrackedPhone] = {}

    def __iter__(self) -> Iterator[TrackedPhone]:
        return iter(list(self._phones.values()))

    def get(self, phone_id: PhoneId) -> TrackedPhone:
        """The phone; one that is new is tracked from now on."""
        return self._phones.setdefault(phone_id, TrackedPhone(phone_id=phone_id))

    def on_server(self, server: str) -> list[TrackedPhone]:
        return [phone for phone in self if server_of(phone.phone_id) == server]

    def present(self) -> list[Presence]:
        return [phone.presence for phone in self if phone.presence is not None]

    def has_session(self, phone_id: PhoneId) -> bool:
        phone = self._phones.get(phone_id)
        return phone is not None and phone.session is not None

    def usb_paths(self, server: str) -> dict[str, str]:
        """Where each phone of the server was last, by the name that stands for its serial."""
        return {
            serial_of(phone.phone_id): phone.usb_path for phone in self.on_server(server) if phone.usb_path is not None
        }

"""The health of phones, and what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from phonefarm.application.ports.world import Probe
from phonefarm.domain.conditions import Condition
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import PhoneId, SimId
from phonefarm.domain.phones import PhoneFacts
from phonefarm.domain.telemetry import PhoneTelemetry


@dataclass(frozen=True, kw_only=True)
class RememberedProbe:
    probe: Probe
    found_at: datetime | None
    """None: it was found out by a version that did not store the time."""


@dataclass(frozen=True, kw_only=True)
class SimRule:
    """Assigns messages with a certain mark to a card, while the card is where it was when the user said so."""

    sim_id: SimId
    slot: int
    """0-based."""
    sub_id: int | None


class ConditionRecords(Protocol):
    """For `phones.health`: telemetry and the conditions that follow from it."""

    def note_telemetry(self, phone_id: PhoneId, telemetry: PhoneTelemetry, at: datetime) -> bool:
        """Store what the phone reported; what it did not report stays. True if anything visible changed."""
        ...

    def last_start(self, phone_id: PhoneId) -> tuple[datetime | None, str]:
        """When it booted, by its last check-up, and its SMS app then; None and empty if it did not say."""
        ...

    def conditions(self, phone_id: PhoneId) -> dict[Condition, Fields]:
        """The conditions that the phone is in, with the values of each."""
        ...

    def active_since(self, phone_id: PhoneId) -> dict[Condition, datetime]:
        """Since when the phone is in each of its conditions."""
        ...

    def set_conditions(self, phone_id: PhoneId, conditions: Mapping[Condition, Fields], at: datetime) -> None:
        """Replace the former ones; conditions that last keep their `since`."""
        ...


class ProbeRecords(Protocol):
    """For `phones.health`: what a handset's SMS provider accepts."""

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        """What was found out about the handset under the same firmware; None if nothing is stored."""
        ...

    def remember_probe(self, phone_id: PhoneId, probe: Probe, at: datetime) -> None:
        """Replace the handset's former one."""
        ...

    def forget_probe(self, phone_id: PhoneId) -> None: ...


class EmptyHintRecords(Protocol):
    """Announcements without a row: `phones.health` stores them, `messages.reading` matches them."""

    def note_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Store the announcement of this time for 24 hours, and count it."""
        ...

    def empty_hints(self, phone_id: PhoneId) -> list[datetime]:
        """Oldest first."""
        ...

    def remove_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Its row has appeared after all."""
        ...


class SimRuleRecords(Protocol):
    """For `messages.owners` and `messages.intake`: the SIM to which the user assigned messages with a mark."""

    def sim_rule(self, phone_id: PhoneId, sim_mark: str) -> SimRule | None: ...

    def set_sim_rule(self, phone_id: PhoneId, sim_mark: str, rule: SimRule, at: datetime) -> None:
        """Replace the former rule of the handset and mark."""
        ...

    def forget_sim_rules(self, phone_id: PhoneId) -> bool: ...


class PhoneHealthRecords(ConditionRecords, ProbeRecords, EmptyHintRecords, SimRuleRecords, Protocol):
    """All of the health of phones."""

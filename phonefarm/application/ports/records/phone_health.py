"""How phones are, and what was found out about them."""

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
    """None where it was found out before this was written down."""


@dataclass(frozen=True, kw_only=True)
class SimRule:
    """Whose messages with a certain mark are: a card's, as long as it sits where it sat when the user said so."""

    sim_id: SimId
    slot: int
    """0-based."""
    sub_id: int | None


class ConditionRecords(Protocol):
    """For `phones.health`: telemetry and the conditions that follow from it."""

    def note_telemetry(self, phone_id: PhoneId, telemetry: PhoneTelemetry, at: datetime) -> bool:
        """Keep what the phone said (what it did not say stays as it was); True if anything to be seen changed."""
        ...

    def last_start(self, phone_id: PhoneId) -> tuple[datetime | None, str]:
        """When it was started, as its last check-up told, and its SMS app then; empty where it did not say."""
        ...

    def conditions(self, phone_id: PhoneId) -> dict[Condition, Fields]:
        """The conditions that the phone is in, with the detail of each."""
        ...

    def active_since(self, phone_id: PhoneId) -> dict[Condition, datetime]:
        """Since when the phone is in each of its conditions."""
        ...

    def set_conditions(self, phone_id: PhoneId, conditions: Mapping[Condition, Fields], at: datetime) -> None:
        """Put these in place of the former ones; those that go on keep their `since`."""
        ...


class ProbeRecords(Protocol):
    """For `phones.health`: how a handset's SMS provider is asked."""

    def remembered_probe(self, phone_id: PhoneId, facts: PhoneFacts) -> RememberedProbe | None:
        """What was found out about the handset under the same firmware; None where that is not known."""
        ...

    def remember_probe(self, phone_id: PhoneId, probe: Probe, at: datetime) -> None:
        """Put this in place of the handset's former one."""
        ...

    def forget_probe(self, phone_id: PhoneId) -> None: ...


class EmptyHintRecords(Protocol):
    """Announcements that brought no row: `phones.health` notes them, `messages.reading` settles them."""

    def note_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Keep the announcement of this time for 24 hours, and count it."""
        ...

    def empty_hints(self, phone_id: PhoneId) -> list[datetime]:
        """Oldest first."""
        ...

    def remove_empty_hint(self, phone_id: PhoneId, at: datetime) -> None:
        """Its row has come after all."""
        ...


class SimRuleRecords(Protocol):
    """For `messages.owners` and `messages.intake`: to which SIM the user has settled marked messages for good."""

    def sim_rule(self, phone_id: PhoneId, sim_mark: str) -> SimRule | None: ...

    def set_sim_rule(self, phone_id: PhoneId, sim_mark: str, rule: SimRule, at: datetime) -> None:
        """Put this in place of the former rule of the handset and mark."""
        ...

    def forget_sim_rules(self, phone_id: PhoneId) -> bool: ...


class PhoneHealthRecords(ConditionRecords, ProbeRecords, EmptyHintRecords, SimRuleRecords, Protocol):
    """All that is known of how phones are."""

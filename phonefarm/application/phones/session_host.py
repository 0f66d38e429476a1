"""What a session needs of the rest of the farm."""

from __future__ import annotations

from typing import Protocol

from phonefarm.domain.ids import PhoneId
from phonefarm.domain.phones import PhoneFacts, PhoneState, StateCause


class SessionHost(Protocol):
    """Takes the reports of a session, and tells it what concerns all phones.

    The methods that store something raise StorageFailing.
    """

    async def set_state(
        self, phone_id: PhoneId, state: PhoneState, detail: str = "", cause: StateCause = StateCause.NONE
    ) -> None: ...

    async def set_facts(self, phone_id: PhoneId, facts: PhoneFacts) -> None: ...

    async def note_hints(self, phone_id: PhoneId, working: bool) -> None:
        """Whether the phone announced its last new messages."""
        ...

    async def other_way_to(self, phone_id: PhoneId, hardware: str) -> PhoneId | None:
        """The phone id under which this handset is read already; None makes `phone_id` that id.

        Raises PhoneUnreachable or ServerDown if the phone itself cannot be asked.
        """
        ...

    def poll_seconds(self, phone_id: PhoneId) -> float:
        """The interval of the safety poll: shorter while one of the phone's SIMs is rented."""
        ...

    def is_rented(self, phone_id: PhoneId) -> bool: ...

    def hub_of(self, phone_id: PhoneId) -> str:
        """The hub whose bandwidth it shares with other phones; empty where it is not known."""
        ...

"""Which phone ids lead to the same handset: an equal serial or hardware id is a claim that needs a proof."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from phonefarm.application.ports.world import PhoneBridge, PhoneUnreachable, ServerDown
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import HandsetProof, handset_of, is_same_handset


class Handsets:
    """`has_session` says whether a phone is worked with now."""

    def __init__(self, bridges: Mapping[str, PhoneBridge], has_session: Callable[[PhoneId], bool]) -> None:
        self._bridges = bridges
        self._has_session = has_session
        self._holders: dict[str, list[PhoneId]] = {}
        """The phones that are read, by each serial and hardware id that they claim."""
        self._proofs: dict[PhoneId, HandsetProof] = {}

    async def other_way_to(self, phone: PhoneId, hardware: str) -> PhoneId | None:
        """The phone id under which this handset is read already; None makes `phone` that id.

        Raises PhoneUnreachable or ServerDown if the phone itself cannot be asked.
        """
        claims = [claim for claim in (f"serial {handset_of(phone)}", hardware) if claim]
        checked: set[PhoneId] = set()
        while (other := self._next_rival(phone, claims, checked)) is not None:
            if await self._is_same(phone, other):
                return other
            checked.add(other)
        for claim in claims:
            holders = self._holders.setdefault(claim, [])
            if phone not in holders:
                holders.append(phone)
        return None

    def twin_of(self, phone: PhoneId) -> PhoneId | None:
        """Another handset that is read under the same serial: the database cannot tell the two apart."""
        holders = self._holders.get(f"serial {handset_of(phone)}", [])
        return next((other for other in holders if other != phone and self._has_session(other)), None)

    def forget(self, phone: PhoneId) -> None:
        """Its session ended; the next one may meet another handset."""
        self._proofs.pop(phone, None)
        for holders in self._holders.values():
            if phone in holders:
                holders.remove(phone)

    def _next_rival(self, phone: PhoneId, claims: Collection[str], checked: Collection[PhoneId]) -> PhoneId | None:
        for claim in claims:
            for other in self._holders.get(claim, ()):
                if other != phone and self._has_session(other) and other not in checked:
                    return other
        return None

    async def _is_same(self, phone: PhoneId, other: PhoneId) -> bool:
        own_proof = await self._proof_of(phone)
        try:
            other_proof = await self._proof_of(other)
        except (PhoneUnreachable, ServerDown):
            return True  # until it can be asked: a message that is read twice would be pushed twice
        return is_same_handset(own_proof, other_proof)

    async def _proof_of(self, phone: PhoneId) -> HandsetProof:
        proof = self._proofs.get(phone)
        if proof is None:
            proof = await self._bridges[server_of(phone)].prove(serial_of(phone))
            if self._has_session(phone):
                self._proofs[phone] = proof
        return proof

"""Which names lead to one handset: the same serial or the same words on itself are a claim that wants a proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from phonefarm.application.ports.world import PhoneBridge, PhoneUnreachable, ServerDown
from phonefarm.domain.ids import PhoneId, serial_of, server_of
from phonefarm.domain.phones import HandsetProof, handset_of, is_same_handset


class Handsets:
    """`sessions`: the phones that are worked with now."""

    def __init__(self, bridges: Mapping[str, PhoneBridge], sessions: Collection[PhoneId]) -> None:
        self._bridges = bridges
        self._sessions = sessions
        self._claims: dict[str, list[PhoneId]] = {}
        """By serial and by hardware, the names under which phones are read that call themselves so."""
        self._proofs: dict[PhoneId, HandsetProof] = {}

    async def other_way_to(self, phone: PhoneId, hardware: str) -> PhoneId | None:
        """The phone under whose name this handset is read; None makes `phone` its name.

        Raises what asking the phone raises.
        """
        claims = [claim for claim in (f"serial {handset_of(phone)}", hardware) if claim]
        checked: set[PhoneId] = set()
        while (other := self._next_rival(phone, claims, checked)) is not None:
            if await self._is_same(phone, other):
                return other
            checked.add(other)
        for claim in claims:
            holders = self._claims.setdefault(claim, [])
            if phone not in holders:
                holders.append(phone)
        return None

    def twin_of(self, phone: PhoneId) -> PhoneId | None:
        """Another handset that is read under the same serial: the books cannot tell the two apart."""
        holders = self._claims.get(f"serial {handset_of(phone)}", [])
        return next((other for other in holders if other != phone and other in self._sessions), None)

    def forget(self, phone: PhoneId) -> None:
        """It is not worked with any more; when it is again, it may be another handset."""
        self._proofs.pop(phone, None)
        for holders in self._claims.values():
            if phone in holders:
                holders.remove(phone)

    def _next_rival(self, phone: PhoneId, claims: Collection[str], checked: Collection[PhoneId]) -> PhoneId | None:
        for claim in claims:
            for other in self._claims.get(claim, ()):
                if other != phone and other in self._sessions and other not in checked:
                    return other
        return None

    async def _is_same(self, phone: PhoneId, other: PhoneId) -> bool:
        mine = await self._proof_of(phone)
        try:
            others = await self._proof_of(other)
        except (PhoneUnreachable, ServerDown):
            return True  # until it can be asked, nobody may read its messages twice
        return is_same_handset(mine, others)

    async def _proof_of(self, phone: PhoneId) -> HandsetProof:
        proof = self._proofs.get(phone)
        if proof is None:
            proof = await self._bridges[server_of(phone)].prove(serial_of(phone))
            if phone in self._sessions:
                self._proofs[phone] = proof
        return proof

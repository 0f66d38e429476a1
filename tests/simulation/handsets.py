"""Handsets and messages for tests."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.profiles import PIXEL_8, Profile
from phonefarm.simulation.sims import SimFactory
from phonefarm.simulation.sms_table import StoredSms

NOON_MS = 1_700_000_000_000


def a_handset(profile: Profile = PIXEL_8, *, sims: int = 1, states_number: bool = True) -> Handset:
    handset = Handset(profile, query_seconds=0.0)
    cards = SimFactory(seed=7)
    for slot in range(sims):
        handset.insert_sim(cards.make(states_number=states_number), slot)
    return handset


def store(handset: Handset, body: str, *, sender: str = "Shop", slot: int = 0, date_ms: int = NOON_MS) -> StoredSms:
    known = handset.subscription_in(slot)
    assert known is not None
    return handset.sms.insert(
        sender=sender, body=body, date_ms=date_ms, date_sent_ms=date_ms - 1000, slot=slot, sub_id=known.sub_id
    )

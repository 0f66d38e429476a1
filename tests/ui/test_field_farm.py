"""The made-up farm of 200 phones has everything, in realistic proportions."""

from __future__ import annotations

from phonefarm.application.model.read_models import AttentionKind, Condition, PhoneState, Remedy, SimStanding
from tests.fakes.field_farm import field_farm


def test_farm_has_every_state_condition_standing_and_remedy() -> None:
    farm = field_farm()
    phones, sims = farm.phones.values(), farm.sims.values()

    assert len(phones) == 200
    assert {phone.state for phone in phones} == set(PhoneState)
    assert {active.condition for phone in phones for active in phone.conditions} == set(Condition)
    assert {sim.standing for sim in sims} == set(SimStanding)
    of_rows = {phone.remedy for phone in phones} | {sim.remedy for sim in sims}
    assert of_rows | {active.remedy for phone in phones for active in phone.conditions} == set(Remedy)


def test_most_phones_are_well() -> None:
    farm = field_farm()

    ready = sum(phone.state is PhoneState.READY and not phone.conditions for phone in farm.phones.values())

    assert 100 < ready < 160


def test_dead_hub_is_one_attention() -> None:
    hubs = [need for need in field_farm().attention if need.kind is AttentionKind.PHONES_LEFT]

    assert [(hub.subject, len(hub.keys)) for hub in hubs] == [("1-1.4", 12)]


def test_farm_is_deterministic() -> None:
    one = field_farm()

    assert field_farm(one.now).phones == one.phones

"""Rents, messages, pushes and bans of a made-up farm."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from phonefarm.application.model.read_models import (
    BanRow,
    FinishStatus,
    MessageRow,
    PushRow,
    PushState,
    RentRow,
    RentState,
    SimStanding,
    SmsStanding,
)
from tests.fakes.farm_model import Farm

SENDERS = ("Telegram", "WhatsApp", "Google", "+447700900123", "VK", "900")
TEXTS = ("Login code 48 213. Do not give it to anyone.", "Ваш код: 7731. Никому не говорите.",
         "Your verification code is 902-118 🔑", "G-551203 is your Google code.\nhttps://g.co/2sv")  # fmt: skip


def add_rents(farm: Farm, count: int, states: tuple[RentState, ...]) -> None:
    chance = random.Random(4)
    sims = [sim for sim in farm.sims.values() if sim.msisdn and sim.phone_id]
    for place in range(count):
        sim = chance.choice(sims)
        state = states[place % len(states)] if place < 60 else RentState.FINISHED
        ordered = farm.now - timedelta(minutes=place * 7, seconds=chance.randint(0, 59))
        if state is RentState.WAITING:
            ordered = farm.now - timedelta(minutes=chance.randint(0, 18), seconds=chance.randint(0, 59))
        if state is RentState.OVERDUE:
            ordered -= timedelta(minutes=21)
        finish = chance.choice(tuple(FinishStatus)) if state is RentState.FINISHED else None
        sms = chance.randint(1, 9) if state is RentState.ACTIVE or finish is FinishStatus.SOLD else 0
        rent = RentRow(
            rent_id=10482 - place,
            msisdn=sim.msisdn,
            country=sim.country or "russia",
            operator=sim.operator or "mts",
            sim_id=sim.sim_id,
            phone_id=sim.phone_id,
            phone_label=sim.phone_label,
            state=state,
            ordered_at=ordered,
            first_sms_deadline=ordered + timedelta(minutes=20),
            finished_at=ordered + timedelta(minutes=31) if finish is not None else None,
            finish_status=finish,
            sms_count=sms,
            sms_delivered=sms,
            sms_on_way=0,
            expected=Decimal(chance.choice((320, 410, 870, 1260))),
            credited=Decimal(870 if finish is FinishStatus.SOLD else 0) if finish is not None else None,
            credited_is_estimate=finish is FinishStatus.SOLD and place % 2 == 0,
            one_more_failure_bans=place % 3 == 0,
        )
        farm.rents[str(rent.rent_id)] = rent
        if state is not RentState.FINISHED and sim.standing is SimStanding.RENTED:
            farm.sims[sim.sim_id] = replace(farm.sims[sim.sim_id], rent_id=rent.rent_id)


def add_messages(farm: Farm, count: int) -> None:
    """Messages and their pushes; the newest are in every state."""
    chance = random.Random(5)
    rents = list(farm.rents.values())
    states = tuple(PushState)
    for place in range(count):
        rent = chance.choice(rents)
        standing = chance.choice((*SmsStanding, *[SmsStanding.FOR_RENT] * 20))
        state = None
        if standing is SmsStanding.FOR_RENT:
            state = states[place % len(states)] if place < 40 else PushState.DELIVERED
        message = MessageRow(
            sms_id=90_000 - place,
            msisdn="" if standing is SmsStanding.HELD else rent.msisdn,
            sim_id="" if standing is SmsStanding.HELD else rent.sim_id,
            can_be_remembered=standing is SmsStanding.HELD,
            phone_id=rent.phone_id,
            phone_label=rent.phone_label,
            sender=chance.choice(SENDERS),
            text=chance.choice(TEXTS),
            arrived_at=farm.now - timedelta(seconds=place * 71),
            standing=standing,
            rent_id=rent.rent_id if state is not None else None,
            push_state=state,
            delivered_after_seconds=chance.uniform(0.2, 2) if state is PushState.DELIVERED else None,
        )
        if standing is SmsStanding.WITHHELD:
            message = replace(message, sender="Sberbank", text="", is_erased=True)
        farm.messages[str(message.sms_id)] = message
        if state is not None:
            farm.pushes[str(message.sms_id)] = _push(farm, message, state, chance)


def _push(farm: Farm, message: MessageRow, state: PushState, chance: random.Random) -> PushRow:
    answers = {
        PushState.DELIVERED: "HTTP 200",
        PushState.REFUSED: ("BAD_SERVICE", "NO_OPERATION")[message.sms_id % 2],
        PushState.PARKED: ("IGNORED", "SERVICE_BAN")[message.sms_id % 2],
        PushState.WAITING: chance.choice(("HTTP 502 after 310 ms", "no connection: refused", "no answer within 10 s")),
    }
    is_open = state in (PushState.WAITING, PushState.SENDING)
    return PushRow(
        sms_id=message.sms_id,
        rent_id=message.rent_id or 0,
        msisdn=message.msisdn,
        sender=message.sender,
        state=state,
        attempts=chance.randint(1, 9),
        uncertain=int(chance.random() < 0.02),
        next_at=farm.now + timedelta(seconds=chance.randint(1, 9)) if state is PushState.WAITING else None,
        last_answer=answers.get(state, ""),
        created_at=message.arrived_at,
        ended_at=None if is_open else message.arrived_at + timedelta(seconds=40),
    )


def add_bans(farm: Farm) -> None:
    for place, sim in enumerate(sim for sim in farm.sims.values() if sim.banned_until is not None):
        until = sim.banned_until or farm.now
        farm.bans[sim.sim_id] = BanRow(
            sim_id=sim.sim_id,
            msisdn=sim.msisdn,
            country=sim.country,
            operator=sim.operator,
            phone_label=sim.phone_label,
            since=until - timedelta(hours=24),
            until=until,
            by_hand=place % 2 == 1,
        )

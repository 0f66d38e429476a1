"""The Numbers page of a made-up farm: SIMs without a number, networks without a name."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from phonefarm.application.model.read_models import (
    NetworkRow,
    NumberTask,
    SimStanding,
)
from tests.fakes.farm_model import PLACES, Farm

FOUND_TEXTS = (
    ("MegaFon", "Добро пожаловать! Ваш номер +{number}. Баланс 0 р."),
    ("Beeline", "Ваш номер {number}"),
    ("111", "Your number is +{number}. Welcome!"),
)


def add_numbers(farm: Farm, *, more: bool = True) -> None:
    """Tasks for all SIMs in phones without a number or a country; `more` adds some for a fuller page."""
    for place, sim in enumerate(list(farm.sims.values())):
        extra = more and place % 9 == 4 and bool(sim.phone_id) and sim.standing is SimStanding.ON_OFFER
        if not extra and (not sim.phone_id or sim.standing not in (SimStanding.NO_NUMBER, SimStanding.NO_COUNTRY)):
            continue
        is_unknown = sim.standing is SimStanding.NO_COUNTRY
        msisdn = sim.msisdn if is_unknown else ""
        prefix = next((prefix for _, operator, prefix in PLACES if operator == sim.operator), "7926")
        number = f"{prefix}{place:02}45{place * 7 % 1000:03}"
        sender, text = FOUND_TEXTS[place % len(FOUND_TEXTS)]
        is_found = not msisdn and place % 2 == 0
        farm.numbers[sim.sim_id] = NumberTask(
            sim_id=sim.sim_id,
            iccid=sim.iccid,
            phone_id=sim.phone_id,
            phone_label=sim.phone_label,
            slot=sim.slot,
            mcc_mnc=sim.mcc_mnc,
            country=sim.country,
            operator=sim.operator,
            msisdn=msisdn,
            found=number if is_found else "",
            found_sender=sender if is_found else "",
            found_text=text.format(number=number) if is_found else "",
            found_at=farm.now - timedelta(minutes=place * 7) if is_found else None,
            found_others=("79031112233",) if is_found and place % 3 == 0 else (),
            found_on="shelf 2, port 7, slot 1" if is_found and place % 8 == 0 else "",
        )
    sims_by_network = Counter((sim.mcc_mnc, sim.country, sim.operator) for sim in farm.sims.values() if sim.phone_id)
    farm.networks = sorted(
        (
            NetworkRow(
                mcc_mnc=code, country=country, operator=operator, source="built in" if country else "", sims=count
            )
            for (code, country, operator), count in sims_by_network.items()
        ),
        key=lambda row: (bool(row.country), -row.sims),
    )

"""The account of a made-up farm, by each grouping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from phonefarm.application.model.read_models import FinishStatus, Grouping, MoneyRow, RentRow, Sums
from tests.fakes.farm_model import Farm


def account(farm: Farm, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
    """A refunded rent was credited and refunded at the same time."""
    lines: dict[tuple[str, str], Sums] = defaultdict(Sums)
    for rent in farm.rents.values():
        if rent.finished_at is not None and begin <= rent.finished_at < end:
            lines[_key(grouping, rent, rent.finished_at)] += _sums(rent)
    rows = [MoneyRow(key=key, label=label, sums=sums) for (key, label), sums in lines.items()]
    return sorted(rows, key=lambda row: row.key)


def _sums(rent: RentRow) -> Sums:
    nothing = Decimal(0)
    refunded = rent.expected if rent.finish_status is FinishStatus.REFUNDED else nothing
    credited = (rent.credited or nothing) + refunded
    return Sums(
        rents=1,
        sold=int(credited > 0),
        expected=rent.expected if credited else nothing,
        credited=credited,
        estimated=credited if rent.credited_is_estimate else nothing,
        reversed=refunded,
    )


def _key(grouping: Grouping, rent: RentRow, finished: datetime) -> tuple[str, str]:
    local = finished.astimezone()
    place = f"{rent.country}, {rent.operator}"
    return {
        Grouping.DAY: (f"{local:%Y-%m-%d}", f"{local:%Y-%m-%d}"),
        Grouping.MONTH: (f"{local:%Y-%m}", f"{local:%Y-%m}"),
        Grouping.SIM: (rent.sim_id, rent.msisdn),
        Grouping.PHONE: (rent.phone_id, rent.phone_label),
        Grouping.OPERATOR: (place, place),
        Grouping.COUNTRY: (rent.country, rent.country),
    }[grouping]

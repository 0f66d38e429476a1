"""Why no number was found for an order: the SIMs that it could have got, and what each of them does instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from phonefarm.domain.allocation import Order, folded
from phonefarm.domain.calls import Outcome
from phonefarm.domain.fields import Fields
from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.sims import Sim, SimStanding, standing

MOST_PREFIXES_NAMED = 5
_AWAY = frozenset({SimStanding.AWAY, SimStanding.OUT, SimStanding.PHONE_BLOCKED, SimStanding.NO_NETWORK})


def explain_refusal(
    order: Order,
    sims: Iterable[Sim],
    at: datetime,
    rented: frozenset[Msisdn] = frozenset(),
    alike: Mapping[SimId, int] | None = None,
) -> tuple[Outcome, Fields]:
    """`alike`: for how many SIMs each stands, if not for itself."""
    weights = alike or {}

    def number_of(found: Iterable[Sim]) -> int:
        return sum(weights.get(sim.sim_id, 1) for sim in found)

    asked: dict[str, str | int | float | bool] = {"country": order.country or "", "operator": order.operator or ""}
    of_country = [sim for sim in sims if order.country is None or folded(sim.country) == folded(order.country)]
    matching = [sim for sim in of_country if order.operator is None or folded(sim.operator) == folded(order.operator)]
    if not matching:
        operators = Counter[str]()
        for sim in of_country:
            operators[sim.operator or "?"] += weights.get(sim.sim_id, 1)
        named = ", ".join(f"{number} {operator}" for operator, number in operators.most_common())
        return Outcome.NO_SUCH_SIM, {**asked, "of_country": number_of(of_country), "operators": named}
    allowed = [sim for sim in matching if sim.msisdn is None or not sim.msisdn.startswith(order.excluded_prefixes)]
    if not allowed:
        prefixes = ", ".join(order.excluded_prefixes[:MOST_PREFIXES_NAMED])
        return Outcome.PREFIXES_EXCLUDED, {**asked, "sims": number_of(matching), "prefixes": prefixes}
    standings = Counter[SimStanding]()
    for sim in allowed:
        standings[standing(sim, at, rented)] += weights.get(sim.sim_id, 1)
    if standings[SimStanding.ON_OFFER]:
        return Outcome.NO_NUMBER, asked
    rented_sims = standings[SimStanding.RENTED] + standings[SimStanding.SAME_NUMBER]
    banned, paused = standings[SimStanding.BANNED], standings[SimStanding.HELD_BACK]
    away = sum(standings[reason] for reason in _AWAY)
    sims_of_order = number_of(allowed)
    return Outcome.NONE_FREE, {
        **asked,
        "sims": sims_of_order,
        "rented": rented_sims,
        "banned": banned,
        "paused": paused,
        "away": away,
        "other": sims_of_order - rented_sims - banned - paused - away,
    }

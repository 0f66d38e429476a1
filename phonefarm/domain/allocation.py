"""Which number an order gets, and how many numbers are on offer: one rule for both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.sims import Sim, SimStanding, standing

ANY = "any"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What GET_NUMBER asked for; None for country or operator means no filter."""

    country: str | None = None
    operator: str | None = None
    excluded_prefixes: tuple[str, ...] = ()


def folded(name: str) -> str:
    """A country or operator name normalized for comparison: without case, blanks, `_` and `-`."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def on_offer(sims: Iterable[Sim], at: datetime, rented_numbers: frozenset[Msisdn]) -> list[Sim]:
    """The SIMs that could all be issued at this instant; of SIMs that share a number only the first counts."""
    numbers: set[Msisdn] = set()
    offer: list[Sim] = []
    for sim in sims:
        if standing(sim, at, rented_numbers) is SimStanding.ON_OFFER and sim.msisdn is not None:
            if sim.msisdn not in numbers:
                offer.append(sim)
            numbers.add(sim.msisdn)
    return offer


def issue_key(sim: Sim) -> tuple[int, datetime, SimId]:
    """SIMs are issued by ascending key: fewest unused rents in a row first, then longest idle.

    The database sorts by the same rule: `in_issue_order` of `SimOfferRecords`.
    """
    return sim.unused_in_a_row, sim.last_rented_at or _LONG_AGO, sim.sim_id


def choose(in_issue_order: Iterable[Sim], order: Order, is_on_offer: Callable[[Sim], bool]) -> Sim | None:
    """The first SIM that an order may get; None when nothing matches. SIMs are taken from the iterable one by one."""
    return next((sim for sim in in_issue_order if _matches(sim, order) and is_on_offer(sim)), None)


def matching_names(wanted: str | None, known: Iterable[str]) -> list[str]:
    """The known countries or operators that an order for `wanted` may get, in every spelling; None wants any."""
    return [name for name in known if wanted is None or folded(name) == folded(wanted)]


def _matches(sim: Sim, order: Order) -> bool:
    if order.country is not None and folded(sim.country) != folded(order.country):
        return False
    if order.operator is not None and folded(sim.operator) != folded(order.operator):
        return False
    return sim.msisdn is not None and not sim.msisdn.startswith(order.excluded_prefixes)


def count_offer(
    offer: Iterable[Sim], known_countries: Iterable[str] = (), alike: Mapping[SimId, int] | None = None
) -> dict[str, dict[str, int]]:
    """Numbers by country and operator, with `any` as the sum; a known country without numbers keeps its zero.

    A SIM whose operator is unknown counts in `any` only. Spellings that an order does not distinguish are counted
    together, under the first of them. `alike`: how many equal SIMs each of the offer stands for; None: one each.
    """
    numbers: Counter[tuple[str, str]] = Counter()
    for sim in offer:
        numbers[sim.country, sim.operator] += 1 if alike is None else alike[sim.sim_id]
    spelling: dict[str, str] = {}
    counts: dict[str, dict[str, int]] = {}
    for country in known_countries:
        counts.setdefault(spelling.setdefault(folded(country), country), {ANY: 0})
    for (country, operator), number in numbers.items():
        operators = counts.setdefault(spelling.setdefault(folded(country), country), {ANY: 0})
        operators[ANY] += number
        if folded(operator) not in ("", ANY):
            same = next((name for name in operators if folded(name) == folded(operator)), operator)
            operators[same] = operators.get(same, 0) + number
    return counts

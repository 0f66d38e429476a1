"""Polls the offer of a farm in turmoil and orders all of it at once: whatever was announced must be issued.

Phones vanish and return, cards are pulled, locked and swapped, numbers are missing or sit on two cards, bans and holds
come and go, rents open and end. After every poll the announced numbers are ordered one by one on a copy of the farm:
exactly as many as announced must come, all different, none of another country or operator.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from phonefarm.domain.allocation import ANY, Order, choose, count_offer, folded, issue_key, on_offer
from phonefarm.domain.bans import Streak, after_finish
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sims import Sim, SlotState

BEGIN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SIZES = (0, 1, 2, 3, 5, 8, 13, 21, 34)
EVENTS_BETWEEN_POLLS = 4
POLLS_OF_A_FARM = 500
COUNTRIES = ("russia", "Russia", "united_kingdom", "United Kingdom", "germany", "")
OPERATORS = ("mts", "MTS", "beeline", "tele-2", "tele2", "", "any")
PREFIXES = ("79", "4930", "44")


@dataclass
class Farm:
    """SIMs and open rents; `sims` holds what the database would read out."""

    rng: random.Random
    now: datetime = BEGIN
    sims: list[Sim] = field(default_factory=list)
    rented: dict[RentId, Msisdn] = field(default_factory=dict)
    last_rent: int = 10_000

    @classmethod
    def of(cls, rng: random.Random, size: int) -> Farm:
        farm = cls(rng=rng)
        numbers = [Msisdn(f"{rng.choice(PREFIXES)}{n:08d}") for n in range(max(size * 3 // 4, 1))]
        for n in range(size):
            sim = Sim(
                sim_id=SimId(f"{n:019d}"),
                msisdn=rng.choice([*numbers, *numbers, None]),
                country=rng.choice(COUNTRIES),
                operator=rng.choice(OPERATORS),
                phone_id=PhoneId(f"phone{n // 2}@pc"),
                phone_state=PhoneState.READY,
                slot_state=SlotState.READY,
            )
            farm.sims.append(sim)
        return farm

    def poll(self) -> dict[str, dict[str, int]]:
        return count_offer(self._on_offer(), [country for country in COUNTRIES[:4] if country])

    def take(self, order: Order) -> Sim | None:
        sim = choose(sorted(self._on_offer(), key=issue_key), order, lambda _: True)
        if sim is not None and sim.msisdn is not None:
            self.last_rent += 1
            rent_id = RentId(self.last_rent)
            self.rented[rent_id] = sim.msisdn
            self._change(sim, rent_id=rent_id, last_rented_at=self.now)
        return sim

    def copy(self) -> Farm:
        return Farm(self.rng, self.now, list(self.sims), dict(self.rented), self.last_rent)

    def happen(self) -> None:
        if self.sims:
            self.rng.choice(EVENTS)(self, self.rng.choice(self.sims))

    def finish(self, sim: Sim) -> None:
        if sim.rent_id is None:
            return
        status, accepted = self.rng.choice(list(FinishStatus)), self.rng.choice((0, 0, 1))
        before = Streak(unused_in_a_row=sim.unused_in_a_row, banned_until=sim.banned_until)
        after = after_finish(before, status, accepted, self.now)
        del self.rented[sim.rent_id]
        self._change(sim, rent_id=None, unused_in_a_row=after.unused_in_a_row, banned_until=after.banned_until)

    def vanish(self, sim: Sim) -> None:
        """The phone leaves, with every card in it."""
        state = self.rng.choice([state for state in PhoneState if state is not PhoneState.READY])
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, phone_state=state)

    def come_back(self, sim: Sim) -> None:
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, phone_state=PhoneState.READY, is_phone_blocked=False)

    def ail(self, sim: Sim) -> None:
        self._change(sim, slot_state=self.rng.choice(list(SlotState)), is_phone_blocked=self.rng.random() < 0.2)

    def mend(self, sim: Sim) -> None:
        self._change(sim, slot_state=SlotState.READY, is_phone_blocked=False)

    def set_right(self, sim: Sim) -> None:
        """The user sees to a phone and lifts what keeps its cards back."""
        self.come_back(sim)
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, slot_state=SlotState.READY, held_back=False, banned_until=None, unused_in_a_row=0)

    def hold(self, sim: Sim) -> None:
        self._change(sim, held_back=not sim.held_back)

    def swap_number(self, sim: Sim) -> None:
        """Numbers are mended by hand, also to one that another card carries."""
        self._change(sim, msisdn=self.rng.choice([other.msisdn for other in self.sims]))

    def order(self, _sim: Sim) -> None:
        self.take(Order(country=self.rng.choice((None, *COUNTRIES[:5])), operator=self.rng.choice((None, "mts"))))

    def wait(self, _sim: Sim) -> None:
        self.now += timedelta(minutes=self.rng.choice((1, 20, 600)))

    def set_clock_back(self, _sim: Sim) -> None:
        self.now -= timedelta(minutes=30)

    def _on_offer(self) -> list[Sim]:
        return on_offer(self.sims, self.now, frozenset(self.rented.values()))

    def _change(self, sim: Sim, **changes: object) -> None:
        place = next(n for n, other in enumerate(self.sims) if other.sim_id == sim.sim_id)
        self.sims[place] = replace(self.sims[place], **changes)  # type: ignore[arg-type]


EVENTS: tuple[Callable[[Farm, Sim], None], ...] = (
    Farm.vanish,
    Farm.come_back,
    Farm.come_back,
    Farm.ail,
    Farm.mend,
    Farm.mend,
    Farm.hold,
    Farm.set_right,
    Farm.set_right,
    Farm.set_right,
    Farm.set_right,
    Farm.swap_number,
    Farm.order,
    Farm.order,
    Farm.order,
    Farm.finish,
    Farm.finish,
    Farm.finish,
    Farm.finish,
    Farm.wait,
    Farm.set_clock_back,
)


@dataclass
class Record:
    polls: int = 0
    announced: int = 0
    issued: int = 0
    faults: list[str] = field(default_factory=list)


def examine(farm: Farm, record: Record) -> None:
    """One poll, and all that it announced ordered at that instant: by country, and by one of its operators."""
    told = farm.poll()
    record.polls += 1
    for country, operators in told.items():
        issued = _order_all(farm.copy(), Order(country=country), record)
        record.announced += operators[ANY]
        record.issued += issued
        if issued != operators[ANY]:
            record.faults.append(f"{country}: {operators[ANY]} announced, {issued} issued")
        if (named := [name for name in operators if name != ANY]) and (name := farm.rng.choice(named)):
            issued = _order_all(farm.copy(), Order(country=country, operator=name), record)
            if issued < operators[name]:
                record.faults.append(f"{country}, {name}: {operators[name]} announced, {issued} issued")
    everything = sum(operators[ANY] for operators in told.values())
    if (issued := _order_all(farm.copy(), Order(), record)) != everything:
        record.faults.append(f"{everything} announced in all, {issued} issued")


def _order_all(farm: Farm, order: Order, record: Record) -> int:
    """How many numbers come for the same order until there is none."""
    taken = set(farm.rented.values())
    number = 0
    while (sim := farm.take(order)) is not None:
        number += 1
        if sim.msisdn in taken:
            record.faults.append(f"{sim.msisdn} is issued twice")
        if sim.phone_state is not PhoneState.READY or sim.slot_state is not SlotState.READY or sim.is_phone_blocked:
            record.faults.append(f"{sim.msisdn} cannot receive and is issued")
        if order.country is not None and folded(sim.country) != folded(order.country):
            record.faults.append(f"{sim.msisdn} of {sim.country} is issued for {order.country}")
        taken.add(sim.msisdn or Msisdn(""))
    return number


def walk(polls: int, seed: int, told: Callable[[Record], None] = lambda _record: None) -> Record:
    """So many polls over farms of all sizes; the same seed walks the same way."""
    rng = random.Random(seed)
    record = Record()
    while record.polls < polls and not record.faults:
        farm = Farm.of(rng, rng.choice(SIZES))
        for _ in range(min(POLLS_OF_A_FARM, polls - record.polls)):
            for _ in range(rng.randrange(EVENTS_BETWEEN_POLLS)):
                farm.happen()
            examine(farm, record)
        told(record)
    return record


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--polls", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    begun = time.monotonic()
    record = walk(chosen.polls, chosen.seed)
    print(
        f"{record.polls:,} polls announced {record.announced:,} numbers; ordered at once, {record.issued:,} came; "
        f"{len(record.faults)} faults ({time.monotonic() - begun:.0f} s, seed {chosen.seed})"
    )
    for fault in record.faults[:20]:
        print(f"FAULT {fault}")
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Random walk over farm states that checks the invariant: exactly the numbers on offer can be ordered.

Phones leave and return, SIMs are removed, locked and swapped, numbers are missing or on two SIMs, bans and holds
change, rents open and end. After each poll the offered numbers are ordered one by one on a copy of the farm: exactly
as many as offered must be issued, all different, and none of another country or operator.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from phonefarm.domain.allocation import ANY, Order, choose, count_offer, folded, issue_key, on_offer
from phonefarm.domain.bans import Streak, after_finish
from phonefarm.domain.ids import Msisdn, PhoneId, RentId, SimId
from phonefarm.domain.phones import PhoneState
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sims import Sim, SlotState

BEGIN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
SIZES = (0, 1, 2, 3, 5, 8, 13, 21, 34)
MAX_EVENTS_BETWEEN_POLLS = 4
POLLS_PER_FARM = 500
COUNTRIES = ("russia", "Russia", "united_kingdom", "United Kingdom", "germany", "")
OPERATORS = ("mts", "MTS", "beeline", "tele-2", "tele2", "", "any")
PREFIXES = ("79", "4930", "44")


@dataclass
class Farm:
    """SIMs and open rents; `sims` holds the rows that the database would return."""

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
        return count_offer(self._sims_on_offer(), [country for country in COUNTRIES[:4] if country])

    def take(self, order: Order) -> Sim | None:
        sim = choose(sorted(self._sims_on_offer(), key=issue_key), order, lambda _: True)
        if sim is not None and sim.msisdn is not None:
            self.last_rent += 1
            rent_id = RentId(self.last_rent)
            self.rented[rent_id] = sim.msisdn
            self._change(sim, rent_id=rent_id, last_rented_at=self.now)
        return sim

    def copy(self) -> Farm:
        return Farm(self.rng, self.now, list(self.sims), dict(self.rented), self.last_rent)

    def apply_random_event(self) -> None:
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

    def lose_phone(self, sim: Sim) -> None:
        """The phone disappears with all its SIMs."""
        state = self.rng.choice([state for state in PhoneState if state is not PhoneState.READY])
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, phone_state=state)

    def return_phone(self, sim: Sim) -> None:
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, phone_state=PhoneState.READY, is_phone_blocked=False)

    def fail(self, sim: Sim) -> None:
        self._change(sim, slot_state=self.rng.choice(list(SlotState)), is_phone_blocked=self.rng.random() < 0.2)

    def recover(self, sim: Sim) -> None:
        self._change(sim, slot_state=SlotState.READY, is_phone_blocked=False)

    def repair(self, sim: Sim) -> None:
        """The user repairs a phone and lifts all bans and holds of its SIMs."""
        self.return_phone(sim)
        for other in [other for other in self.sims if other.phone_id == sim.phone_id]:
            self._change(other, slot_state=SlotState.READY, held_back=False, banned_until=None, unused_in_a_row=0)

    def toggle_hold(self, sim: Sim) -> None:
        self._change(sim, held_back=not sim.held_back)

    def change_number(self, sim: Sim) -> None:
        """The user changes a number, perhaps to that of another SIM."""
        self._change(sim, msisdn=self.rng.choice([other.msisdn for other in self.sims]))

    def order(self, _sim: Sim) -> None:
        self.take(Order(country=self.rng.choice((None, *COUNTRIES[:5])), operator=self.rng.choice((None, "mts"))))

    def wait(self, _sim: Sim) -> None:
        self.now += timedelta(minutes=self.rng.choice((1, 20, 600)))

    def set_clock_back(self, _sim: Sim) -> None:
        self.now -= timedelta(minutes=30)

    def _sims_on_offer(self) -> list[Sim]:
        return on_offer(self.sims, self.now, frozenset(self.rented.values()))

    def _change(self, sim: Sim, **changes: Any) -> None:
        place = next(n for n, other in enumerate(self.sims) if other.sim_id == sim.sim_id)
        self.sims[place] = replace(self.sims[place], **changes)


EVENTS: tuple[Callable[[Farm, Sim], None], ...] = (
    Farm.lose_phone,
    Farm.return_phone,
    Farm.return_phone,
    Farm.fail,
    Farm.recover,
    Farm.recover,
    Farm.toggle_hold,
    Farm.repair,
    Farm.repair,
    Farm.repair,
    Farm.repair,
    Farm.change_number,
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


def check_offer(farm: Farm, record: Record) -> None:
    """Poll, and order everything on offer: by country, by one of its operators, and in total."""
    offer = farm.poll()
    record.polls += 1
    for country, operators in offer.items():
        issued = _order_all(farm.copy(), Order(country=country), record)
        record.announced += operators[ANY]
        record.issued += issued
        if issued != operators[ANY]:
            record.faults.append(f"{country}: {operators[ANY]} announced, {issued} issued")
        if (named := [name for name in operators if name != ANY]) and (name := farm.rng.choice(named)):
            issued = _order_all(farm.copy(), Order(country=country, operator=name), record)
            if issued < operators[name]:
                record.faults.append(f"{country}, {name}: {operators[name]} announced, {issued} issued")
    everything = sum(operators[ANY] for operators in offer.values())
    if (issued := _order_all(farm.copy(), Order(), record)) != everything:
        record.faults.append(f"{everything} announced in total, {issued} issued")


def _order_all(farm: Farm, order: Order, record: Record) -> int:
    """Repeat an order until no number is issued; returns how many were."""
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


def walk(polls: int, seed: int, on_farm_done: Callable[[Record], None] = lambda _record: None) -> Record:
    """Make `polls` polls of farms of all sizes; the same seed gives the same walk."""
    rng = random.Random(seed)
    record = Record()
    while record.polls < polls and not record.faults:
        farm = Farm.of(rng, rng.choice(SIZES))
        for _ in range(min(POLLS_PER_FARM, polls - record.polls)):
            for _ in range(rng.randrange(MAX_EVENTS_BETWEEN_POLLS)):
                farm.apply_random_event()
            check_offer(farm, record)
        on_farm_done(record)
    return record


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--polls", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    started = time.monotonic()
    record = walk(chosen.polls, chosen.seed)
    print(
        f"{record.polls:,} polls announced {record.announced:,} numbers; ordered at once, {record.issued:,} came; "
        f"{len(record.faults)} faults ({time.monotonic() - started:.0f} s, seed {chosen.seed})"
    )
    for fault in record.faults[:20]:
        print(f"FAULT {fault}")
    return 1 if record.faults else 0


if __name__ == "__main__":
    sys.exit(main())

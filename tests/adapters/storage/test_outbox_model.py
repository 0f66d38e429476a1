"""Compares the outbox's records with a simple model, over random sequences of events.

A waiting push is free exactly when none of its number is under way and no older one holds it back. (One that the user
sent again may hold newer ones back until its attempt has ended.)
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import datetime

import pytest

from phonefarm.adapters.storage.figures import counts
from phonefarm.adapters.storage.sqlite.prepared import driver_of
from phonefarm.adapters.storage.unit_of_work import SqlUnitOfWork
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.pushes import FAILURES_THAT_HOLD_BACK, OPEN_PUSH_STATES, PushState
from phonefarm.domain.sms import SmsStanding
from tests.adapters.storage.conftest import Store
from tests.builders import MINUTE, NOON, SECOND, a_new_push, an_inbound_sms, store_sms

NUMBERS = [Msisdn("79280000001"), Msisdn("79280000002"), Msisdn("79280000003")]
RENTS = [RentId(1), RentId(2)]
STEPS = 400
ENDS = [PushState.PARKED, PushState.REFUSED, PushState.RENT_OVER]


@dataclass
class Push:
    sms_id: SmsId
    number: Msisdn
    rent_id: RentId
    due: datetime
    state: PushState = PushState.WAITING
    own_failures: int = 0
    attempts: int = 0
    uncertain: int = 0
    is_sent_again: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_PUSH_STATES

    def ends(self, state: PushState) -> None:
        self.state, self.is_sent_again = state, False


class Play:
    """Applies random events to the records and to the model, and compares them after each."""

    def __init__(self, uow: UnitOfWork, chance: random.Random) -> None:
        self.uow = uow
        self.chance = chance
        self.now = NOON
        self.pushes: dict[SmsId, Push] = {}
        self.rents: dict[SmsId, RentId] = {}
        self.held: list[tuple[SmsId, Msisdn]] = []
        self.did: list[str] = []
        self.begun_with_their_insert = 0
        self.counted = itertools.count(1)
        self.deeds = [
            *(
                self.add,
                self.add,
                self.add_a_reading,
                self.hold,
                self.settle_a_held_one,
                self.claim,
                self.claim,
                self.fail,
                self.fail,
            ),
            *(self.end, self.deliver, self.deliver, self.send_again, self.drop, self.lose_an_end, self.lose_all_ends),
            *(self.finish_a_rent, self.set_the_clock_back, self.add_to_a_quiet_outbox),
        ]

    def step(self) -> None:
        self.now += self.chance.choice([0, 0, 1, 5, 11]) * SECOND
        deed = self.chance.choice(self.deeds)
        self.did.append(deed.__name__)
        deed()

    def of(self, *states: PushState) -> list[Push]:
        return [push for push in self.pushes.values() if push.state in states]

    def one_of(self, *states: PushState) -> Push | None:
        found = self.of(*states)
        return self.chance.choice(found) if found else None

    def message(self, number: Msisdn) -> SmsId:
        count = next(self.counted)
        sms = an_inbound_sms(fingerprint=count.to_bytes(32, "big"), row_id=count, arrived_at=self.now)
        rent_id = self.chance.choice(RENTS)
        sms_id = store_sms(self.uow, sms, SmsStanding.FOR_RENT, number, rent_id)
        self.rents[sms_id] = rent_id
        return sms_id

    def queue(self, *messages: tuple[SmsId, Msisdn]) -> None:
        texts = [self.chance.choice([None, "Your code is 4821", "Your code is 4821"]) for _ in messages]
        queued = [
            a_new_push(sms_id, self.rents[sms_id], number, self.now, text)
            for (sms_id, number), text in zip(messages, texts, strict=True)
        ]
        busy = {push.number for push in self.pushes.values() if push.is_open}
        due = [push for push in self.of(PushState.WAITING) if push.due <= self.now]
        goes_first = any(not self.may_wait(push) for push in due)
        may_go_first = any(not self.must_wait(push) for push in due)
        most = self.chance.choice([0, 1, 4, 4])
        begun = [it.sms_id for it in self.uow.pushes.add(queued, self.now, begin=most)]
        for push in queued:
            self.pushes[push.sms_id] = Push(push.sms_id, push.msisdn, push.rent_id, self.now)
        firsts = {push.msisdn: push for push in reversed(queued)}
        may_begin = {push.sms_id for push in firsts.values() if push.text is not None and push.msisdn not in busy}
        assert set(begun) <= (set() if goes_first else may_begin)
        assert len(begun) == min(most, len(may_begin)) or may_go_first
        self.begun_with_their_insert += len(begun)
        for sms_id in begun:
            self.pushes[sms_id].state, self.pushes[sms_id].attempts = PushState.SENDING, 1

    # What happens ------------------------------------------------------------

    def add(self) -> None:
        number = self.chance.choice(NUMBERS)
        self.queue((self.message(number), number))

    def add_a_reading(self) -> None:
        numbers = self.chance.choices(NUMBERS, k=self.chance.randrange(2, 6))
        self.queue(*((self.message(number), number) for number in numbers))

    def hold(self) -> None:
        number = self.chance.choice(NUMBERS)
        self.held.append((self.message(number), number))

    def settle_a_held_one(self) -> None:
        if self.held:
            self.queue(self.held.pop(self.chance.randrange(len(self.held))))

    def add_to_a_quiet_outbox(self) -> None:
        """As mostly: nothing waits when a message comes."""
        self.let_all_be_taken()
        self.add_a_reading()

    def claim(self) -> None:
        claimed = [self.pushes[it.sms_id] for it in self.uow.pushes.claim(self.now, self.chance.choice([1, 32]))]
        for push in claimed:
            assert push.state is PushState.WAITING
            assert push.due <= self.now
            assert not self.must_wait(push), self.did[-20:]
            push.state, push.attempts = PushState.SENDING, push.attempts + 1

    def fail(self) -> None:
        push, is_its_own = self.one_of(PushState.SENDING), self.chance.random() < 0.7
        if push is not None:
            is_uncertain = self.chance.random() < 0.2
            noted = self.uow.pushes.record(
                push.sms_id, "HTTP 500", self.now, is_its_own=is_its_own, is_uncertain=is_uncertain
            )
            assert noted is not None
            push.uncertain += is_uncertain
            push.own_failures += is_its_own
            push.ends(PushState.WAITING)
            push.due = self.now + 10 * SECOND
            self.uow.pushes.reschedule(push.sms_id, push.due)

    def end(self) -> None:
        push, state = self.one_of(PushState.SENDING), self.chance.choice(ENDS)
        if push is not None:
            assert self.uow.pushes.record(push.sms_id, "NO_OPERATION", self.now) is not None
            self.uow.pushes.close(push.sms_id, state, self.now)
            push.ends(state)

    def deliver(self) -> None:
        some = [push for push in self.pushes.values() if self.chance.random() < 0.3]
        delivered = self.uow.pushes.deliver({push.sms_id: self.now for push in some}, "HTTP 200")
        under_way = [push for push in some if push.state is PushState.SENDING]
        assert sorted(delivered) == sorted(push.sms_id for push in under_way)
        for push in under_way:
            push.ends(PushState.DELIVERED)

    def send_again(self) -> None:
        push = self.one_of(PushState.WAITING, PushState.DROPPED, *ENDS)
        if push is not None:
            self.uow.pushes.reopen(push.sms_id, self.now)
            push.state, push.due, push.is_sent_again = PushState.WAITING, self.now, True

    def drop(self) -> None:
        push = self.one_of(PushState.WAITING)
        if push is not None:
            self.uow.pushes.close(push.sms_id, PushState.DROPPED, self.now)
            push.ends(PushState.DROPPED)

    def lose_an_end(self) -> None:
        push = self.one_of(PushState.SENDING)
        if push is not None:
            self.make_uncertain([push], push.sms_id)

    def lose_all_ends(self) -> None:
        if self.chance.random() < 0.3:
            self.make_uncertain(self.of(PushState.SENDING), None)

    def make_uncertain(self, pushes: list[Push], only: SmsId | None) -> None:
        assert sorted(self.uow.pushes.make_uncertain(self.now, only)) == sorted(push.sms_id for push in pushes)
        for push in pushes:
            push.ends(PushState.WAITING)
            push.due, push.uncertain = self.now, push.uncertain + 1

    def finish_a_rent(self) -> None:
        rent_id = self.chance.choice(RENTS)
        self.uow.pushes.make_due_for_last_chance(rent_id, self.now)
        for push in self.of(PushState.WAITING):
            push.due = self.now if push.rent_id == rent_id else push.due

    def set_the_clock_back(self) -> None:
        latest = self.now + 5 * SECOND
        self.uow.pushes.make_due_by(latest)
        for push in self.of(PushState.WAITING):
            push.due = min(push.due, latest)

    # What must be so ----------------------------------------------------------

    def others(self, push: Push) -> list[Push]:
        return [it for it in self.pushes.values() if it is not push and it.number == push.number and it.is_open]

    def must_wait(self, push: Push) -> bool:
        return push.state is not PushState.WAITING or any(
            it.state is PushState.SENDING or (it.sms_id < push.sms_id and it.own_failures < FAILURES_THAT_HOLD_BACK)
            for it in self.others(push)
        )

    def may_wait(self, push: Push) -> bool:
        sent_again = any(it.is_sent_again and it.sms_id < push.sms_id for it in self.others(push))
        return self.must_wait(push) or sent_again

    def look(self) -> None:
        assert isinstance(self.uow, SqlUnitOfWork)
        driver = driver_of(self.uow._connection)
        kept = driver.execute("SELECT sms_id, state, own_failures, attempts, uncertain, is_free FROM pushes").fetchall()
        for sms_id, *noted_down, is_dispatchable in kept:
            push = self.pushes[SmsId(sms_id)]
            assert noted_down == [push.state, push.own_failures, push.attempts, push.uncertain], self.did[-20:]
            assert not (is_dispatchable and self.must_wait(push)), (
                "dispatchable, though blocked",
                push,
                self.did[-20:],
            )
            assert is_dispatchable or self.may_wait(push), (
                "not dispatchable, though nothing blocks it",
                push,
                self.did[-20:],
            )
        if len(self.did) % 10 == 0:
            self.count()
        failed = "SELECT sms_id, count(*) FROM push_attempts GROUP BY sms_id"
        noted: dict[int, int] = dict(driver.execute(failed).fetchall())
        for sms_id, push in self.pushes.items():  # the one under way, or accepted, is the push itself
            assert noted.get(sms_id, 0) == push.attempts - (push.state in (PushState.SENDING, PushState.DELIVERED))

    def count(self) -> None:
        assert isinstance(self.uow, SqlUnitOfWork)
        counted = counts(self.uow._connection, self.now)
        assert counted.pushes_waiting == len(self.of(*OPEN_PUSH_STATES))
        assert counted.pushes_delivered == len(self.of(PushState.DELIVERED))
        assert (counted.pushes_parked, counted.pushes_refused) == (
            len(self.of(PushState.PARKED)),
            len(self.of(PushState.REFUSED)),
        )
        assert counted.pushes_uncertain == sum(push.uncertain for push in self.pushes.values())

    def let_all_be_taken(self) -> None:
        while self.of(*OPEN_PUSH_STATES):
            self.now += MINUTE
            self.claim()
            under_way = self.of(PushState.SENDING)
            assert under_way, "what is open is stuck"
            self.uow.pushes.deliver({push.sms_id: self.now for push in under_way}, "HTTP 200")
            for push in under_way:
                push.ends(PushState.DELIVERED)


@pytest.mark.parametrize("seed", range(8))
async def test_outbox_equals_the_model_after_every_step_and_never_gets_stuck(store: Store, seed: int) -> None:
    def play(uow: UnitOfWork) -> None:
        game = Play(uow, random.Random(seed))
        for _ in range(STEPS):
            game.step()
            game.look()
        game.let_all_be_taken()
        assert game.begun_with_their_insert >= 5

    await store.database.write(play)

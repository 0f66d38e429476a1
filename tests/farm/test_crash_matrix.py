"""The app is killed right before and right after the commit of every kind of work, and started again.

The market's record is the judge: no SMS lost, none repeated that was not under way at the kill, no number issued
twice, no rent ended that the market did not end, the ban and the money right.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.in_thread import InThread
from phonefarm.simulation.market_record import RentRecord
from tests.checkout import CHECKOUT
from tests.simulation.adb_server import own_adb_server

if sys.platform == "win32":
    pytest.skip("processes are forked", allow_module_level=True)

from tests.farm.killed_at import AFTER, BEFORE, Point
from tests.farm.lives import Forks, Lives, forks, some_lives

pytestmark = pytest.mark.farm

SOLD, CANCELLED = 3, 4
PAID = 640
UNUSED = 3
DAY_IN_MICROSECONDS = 24 * 3600 * 1_000_000

ORDER = "Rentals._take_in_time"
ANSWERED = "Rentals.answered"
MESSAGE = "SmsIntake.accept with a push"
CLAIM = "PushWorker._record_and_claim"
OUTCOME = "PushWorker._record_and_claim with an end"
FINISH = "Rentals.finish"
RECOVERY = "PushWorker.recover"
HEARTBEAT = "Upkeep._beat"
BANS_RUN_OUT = "Rentals.end_bans"
NOT_SEEN_YET = "PhoneWatch.start"

KILLED_AT: dict[str, tuple[int, ...]] = {
    "PhoneHealth.note_arrivals": (1,),
    "PhoneHealth.note_checkup": (1,),
    "PhoneHealth.remember": (1,),
    "PhoneWatch._apply": (1,),
    "PhoneWatch.note_hints": (1,),
    "PhoneWatch.set_facts": (1,),
    "PhoneWatch.set_state": (1, 4),
    "SimInventory.take_stock": (1,),
    "SimInventory.use_numbers_file": (1,),
    "SmsIntake.accept as the baseline": (1, 2),
    HEARTBEAT: (1,),
    ORDER: (1,),
    ANSWERED: (1, 2),
    MESSAGE: (1, 2),
    CLAIM: (1,),
    OUTCOME: (1, 2),
    FINISH: (1, 2, 4),
    RECOVERY: (1,),
    NOT_SEEN_YET: (1,),
    BANS_RUN_OUT: (1,),
}
"""Every kind of work that the scenario commits, and at which of its commits the app is killed."""

ONLY_SOMETIMES = {"SmsIntake.accept"}
"""A look that brought nothing is noted once a minute or when a clock moved; there is nothing in it to lose."""

BY_THE_USER = {
    "LiveFarmDesk.name_phone",
    "Numbering.accept",
    "Numbering.import_table",
    "Numbering.name_network",
    "Numbering.save_patterns",
    "Privacy.erase_number",
    "Privacy.save_senders",
    "PushWorker.drop",
    "PushWorker.resend",
    "Rentals.hold_back",
    "Rentals.lift_ban",
    "Rentals.release_orphan",
    "Rentals.set_ban",
    "SimInventory.set_number",
    "SmsIntake.forget_rules",
    "SmsIntake.settle",
}
"""Orders of the user, who sees whether they were carried out and gives them again."""

ONLY_READ = {"PhoneHealth.recall", "PhoneHealth.remembered", "Privacy.senders"}

NOT_KILLED_HERE = {
    "PhoneHealth.forget": "found out anew by the next start",
    "PhoneHealth.note_empty_hint": "an announcement that no row followed; without it a late row is held",
    "PhoneWatch._lose_server": "every start begins with no phone at all",
    "PhoneWatch._tell_together": "a timeline entry",
    "Privacy.erase_old": "done again each ten minutes",
    "PushWorker._record_each_alone": "after a bug; the next start makes the attempts uncertain in its place",
    "PushWorker._make_uncertain": "after a bug; the next start makes the attempt uncertain in its place",
    "PushWorker.use_new_key": "pulls waiting pushes in; without it they wait a minute",
    "Recovery._tell": "a timeline entry",
    "Rentals._take_back": "without it the order stays as a possible orphan, which the user releases",
    "Rentals.answer_lost": "a timeline entry",
    "SimInventory.settle_all": "what a start settles anew, the next one settles",
    "SmsIntake.settle_untold": "the next look settles what it would have settled",
    "Upkeep._follow_the_clock": "pulls waiting pushes in; without it they wait for their time",
}
"""What the scenario does not commit, and what a kill at it leaves."""


@dataclass(frozen=True, kw_only=True)
class Kill:
    points: tuple[Point, ...]
    """Of the first life, the second and so on; the life after the last is left alone."""

    def __str__(self) -> str:
        last = self.points[-1]
        return f"{last.moment} {last.kind} {last.nth}"


def kills() -> Iterator[Kill]:
    for kind, places in KILLED_AT.items():
        for nth in places:
            for moment in (BEFORE, AFTER):
                point = Point(kind=kind, moment=moment, nth=nth)
                # What only a second life does needs a first one that was cut in the middle of an attempt.
                before = (Point(kind=MESSAGE, moment=AFTER),) if kind in (RECOVERY, CLAIM, NOT_SEEN_YET) else ()
                yield Kill(points=(*before, point))


@dataclass(frozen=True, kw_only=True)
class Scene:
    forks: Forks
    farm: InThread[VirtualFarm]
    adb_port: int
    folder: Path

    def lives(self, name: str) -> Iterator[Lives]:
        with some_lives(self.forks, self.farm, self.adb_port, self.folder / name) as lives:
            yield lives


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """An adb server with two phones, and the program that forks apps; each run has its own market and folder."""
    with (
        own_adb_server() as server,
        InThread(lambda: VirtualFarm(2, query_seconds=0.02)) as farm,
        forks() as program,
    ):
        farm.run(lambda it: it.connect_to("127.0.0.1", server.port))
        yield Scene(forks=program, farm=farm, adb_port=server.port, folder=tmp_path_factory.mktemp("lives"))


@pytest.fixture
def lives(scene: Scene, tmp_path: Path) -> Iterator[Lives]:
    yield from scene.lives(tmp_path.name)


def live_through_it(lives: Lives, *points: Point) -> list[RentRecord]:
    """An order, three SMS, a sale, three unused rents that ban the number, and the day after; returns the rents."""
    lives.begin(*points)
    lives.lives_until(lambda: lives.counts()["phones_ready"] == 2, "both phones ready")
    sold = lives.order()
    phone = lives.farm.sim.find(sold.msisdn)[0]

    lives.send(sold.msisdn, "first")
    until_delivered(lives, sold, 1)
    lives.farm.run(lambda farm: farm.pull_out(phone))
    lives.lives_until(lambda: lives.counts()["phones_ready"] == 1, "one phone gone")
    lives.send(sold.msisdn, "second, while unplugged")
    lives.farm.run(lambda farm: farm.push_in(phone))
    until_delivered(lives, sold, 2)
    lives.send(sold.msisdn, "third")
    until_delivered(lives, sold, 3)
    lives.lives_until(lambda: lives.counts()["phones_ready"] == 2, "the phone back")
    lives.finish(sold, SOLD, PAID)

    unused = []
    for _ in range(UNUSED):
        unused.append(lives.order(only=sold.msisdn))
        lives.finish(unused[-1], CANCELLED)
    lives.lives_until(lambda: lives.counts()["bans"] == 1, "the ban")
    lives.lives_until(lambda: HEARTBEAT in lives.committed, "a beat")
    return [sold, *unused]


def until_delivered(lives: Lives, rent: RentRecord, count: int) -> None:
    """Until the market has so many messages, and the app has that on its farm."""
    lives.lives_until(lambda: len(set(lives.texts(rent))) == count, f"{count} messages at the market")
    lives.lives_until(lambda: lives.counts()["pushes_delivered"] == count, f"{count} pushes delivered")


def let_a_day_pass(lives: Lives, *points: Point) -> None:
    lives.let_bans_run_out()
    lives.begin(*points)
    lives.lives_until(lambda: BANS_RUN_OUT in lives.committed or lives.counts()["bans"] == 0, "the ban's end")
    lives.lives_until(lambda: lives.counts()["bans"] == 0, "the ban's end")


def judge(lives: Lives, rents: list[RentRecord], kill: Kill | None) -> None:
    sold = rents[0]
    assert lives.record.violations == []
    judge_messages(lives, sold, kill)

    farm = {row["rent_id"]: row for row in lives.query_database("SELECT * FROM rents")}
    known = {rent_id: farm.pop(rent_id) for rent_id in lives.record.rents}
    assert [known[rent.rent_id]["finish_status"] for rent in rents] == [SOLD, *[CANCELLED] * UNUSED]
    assert known[sold.rent_id]["credited"] == PAID * 10_000
    assert sum(row["credited"] for row in known.values()) == PAID * 10_000
    assert known[sold.rent_id]["accepted_sms"] == 3
    # An order whose answer was cut off is still open here, and unknown to the market: only the user releases it.
    cut_off = kill is not None and kill.points[-1] == Point(kind=ORDER, moment=AFTER)
    assert [row["finished_at"] for row in farm.values()] == [None] * cut_off
    assert not {row["msisdn"] for row in farm.values()} & {rent.msisdn for rent in rents}


def judge_messages(lives: Lives, sold: RentRecord, kill: Kill | None) -> None:
    pushes = lives.query_database("SELECT state, uncertain, body FROM pushes JOIN sms USING (sms_id)")
    taken = Counter(lives.texts(sold))
    assert set(taken) == {"first", "second, while unplugged", "third"}
    assert {row["body"]: row["state"] for row in pushes} == dict.fromkeys(taken, "delivered")
    uncertain = {row["body"]: row["uncertain"] for row in pushes}
    assert {text: times for text, times in taken.items() if times > 1 + uncertain[text]} == {}
    assert sum(uncertain.values()) <= (len(kill.points) if kill is not None else 0)
    last = kill.points[-1] if kill is not None else None
    if last is not None and (last.kind, last.moment) == (OUTCOME, BEFORE):
        assert max(taken.values()) == 2, "killed between the market's 200 and the record of it"
    if last is not None and (last.kind, last.moment) in ((CLAIM, BEFORE), (OUTCOME, AFTER), (MESSAGE, BEFORE)):
        assert max(taken.values()) == 1
    assert all(push.http_status == 200 for push in lives.record.pushes)


def judge_ban(lives: Lives, rents: list[RentRecord]) -> None:
    (banned,) = lives.query_database("SELECT * FROM sims WHERE banned_until IS NOT NULL")
    assert banned["msisdn"] == rents[0].msisdn
    assert banned["banned_until"] - banned["banned_since"] == DAY_IN_MICROSECONDS
    assert [row["unused_in_a_row"] for row in lives.query_database("SELECT unused_in_a_row FROM sims")] == [0, 0, 0]


@pytest.mark.parametrize("kill", list(kills()), ids=str)
def test_kill_at_a_commit_loses_nothing_and_repeats_only_what_was_under_way(lives: Lives, kill: Kill) -> None:
    by_the_clock = kill.points[-1].kind == BANS_RUN_OUT
    rents = live_through_it(lives, *(() if by_the_clock else kill.points))
    assert lives.stop() == 0
    judge_ban(lives, rents)
    if by_the_clock:
        let_a_day_pass(lives, *kill.points)
        assert lives.stop() == 0

    assert lives.killed == len(kill.points)
    judge(lives, rents, kill)


def test_table_holds_every_kind_that_is_committed(lives: Lives) -> None:
    rents = live_through_it(lives)
    assert lives.stop() == 0
    let_a_day_pass(lives)
    assert lives.stop() == 0

    # What a start makes of attempts that were cut, and that they are made again, is committed after a kill only.
    assert set(lives.committed) - ONLY_SOMETIMES == set(KILLED_AT) - {RECOVERY, CLAIM}
    judge(lives, rents, None)


def test_every_unit_of_work_of_the_code_is_killed_or_has_a_reason_not_to_be() -> None:
    handed_in = set().union(*(units_of_work(path) for path in (CHECKOUT / "phonefarm" / "application").rglob("*.py")))
    killed = {kind.split(" ")[0] for kind in KILLED_AT}

    assert handed_in == killed | ONLY_SOMETIMES | BY_THE_USER | ONLY_READ | set(NOT_KILLED_HERE)


def units_of_work(path: Path) -> set[str]:
    """The methods of a module that hand something to the storage to be written."""
    return {
        f"{room.name}.{method.name}"
        for room in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(room, ast.ClassDef)
        for method in room.body
        if isinstance(method, ast.AsyncFunctionDef)
        for call in ast.walk(method)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "write"
    }

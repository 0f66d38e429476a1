"""The vital signs: the worst part speaks, and `since` is when it began."""

from __future__ import annotations

from phonefarm.adapters.storage.database import Database
from phonefarm.application.health import ADB, NAMES, HealthBoard, attention, worst
from phonefarm.application.read_models import AttentionKind, PhoneState, Verdict, Vital
from tests.application.books import Books
from tests.builders import NOON, OTHER_PHONE, a_seen_sim
from tests.fakes.clock import FakeClock


def adb(board: HealthBoard) -> Vital:
    return next(vital for vital in board.vitals() if vital.name == ADB)


def test_check_nobody_reported_on_is_a_warning() -> None:
    board = HealthBoard(FakeClock(), lambda: None)

    assert [vital.name for vital in board.vitals()] == list(NAMES)
    assert worst(board.vitals()) is Verdict.WARN


def test_worst_of_several_servers_speaks_for_adb() -> None:
    board = HealthBoard(FakeClock(), lambda: None)
    board.report(ADB, Verdict.PASS, "adb 1.0.41 answers", part="one:5037")

    board.report(ADB, Verdict.FAIL, "refused", part="two:5037")

    assert (adb(board).verdict, adb(board).detail) == (Verdict.FAIL, "refused")


def test_since_is_when_the_verdict_began_whatever_the_details_say_meanwhile() -> None:
    clock = FakeClock()
    board = HealthBoard(clock, lambda: None)
    board.report(ADB, Verdict.FAIL, "refused")

    clock.forward(60)
    board.report(ADB, Verdict.FAIL, "refused again")

    assert adb(board).since == NOON
    assert adb(board).detail == "refused again"
    board.report(ADB, Verdict.PASS, "well")
    assert adb(board).since == clock.now


def test_only_news_is_announced() -> None:
    news: list[int] = []
    board = HealthBoard(FakeClock(), lambda: news.append(1))

    for _ in range(3):
        board.report(ADB, Verdict.PASS, "well")

    assert news == [1]


def test_nothing_to_judge_is_a_pass() -> None:
    assert worst([]) is Verdict.PASS


async def test_phone_that_went_with_a_rent_open_is_named_after_a_while_and_one_without_is_not(
    database: Database,
) -> None:
    books = Books(database)
    await books.seat(a_seen_sim())
    await books.rent()
    await books.phone(state=PhoneState.GONE)
    await books.phone(OTHER_PHONE, PhoneState.GONE)

    async def needs() -> list[AttentionKind]:
        phones = (await books.phones()).values()
        found = attention(
            now=books.clock(), vitals=(), phones=phones, together=(), sims=(), rents=(), held=(), parked=()
        )
        return [need.kind for need in found]

    books.clock.forward(29)
    assert await needs() == []
    books.clock.forward(2)
    assert await needs() == [AttentionKind.PHONE_GONE]

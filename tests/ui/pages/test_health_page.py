"""The page "Health and log": strips of the checks, one stream that is filtered, opened, paged and exported."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from phonefarm.application.model.log_entries import (
    CallDetails,
    EntryKind,
    Interval,
    Level,
    LogEntry,
    LogQuery,
    OrderStanding,
    Outcome,
)
from phonefarm.application.model.read_models import KnownError, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farm_log import MadeUpLog, a_days_log
from tests.fakes.farms import busy_farm
from tests.ui.live import Live, WindowRunner, until
from ui.pages.health.entry_text import request_text
from ui.pages.health.log_range import AROUND_FAULT, LogRange
from ui.pages.health.page import HealthPage
from ui.pages.health.stream_model import StreamModel
from ui.widgets.basics import Label


@pytest.fixture
def desk() -> FakeDesk:
    farm = busy_farm()
    return FakeDesk(farm=farm, made_up_log=a_days_log(farm.now))


async def health_page(live: Live) -> HealthPage:
    page = live.window.pages[Topic.LOG]
    assert isinstance(page, HealthPage)
    now = live.desk.farm.now
    page._now = page.stream._now = lambda: now
    live.window.go(Topic.LOG)
    await page.wait_until_idle()
    return page


def entries_of(page: HealthPage) -> list[LogEntry]:
    rows = range(page.stream.model.rowCount())
    return [entry for row in rows if (entry := page.stream.model.entry_at(row)) is not None]


def row_with(page: HealthPage, outcome: Outcome) -> int:
    return next(row for row, entry in enumerate(entries_of(page)) if entry.outcome is outcome)


def press_row(page: HealthPage, row: int) -> None:
    view = page.stream.view
    rect = view.visualRect(page.stream.model.index(row))
    place = rect.topLeft() + QPoint(300, 15)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def words_of(page: HealthPage) -> str:
    details = page.stream.view.details
    assert details is not None
    return "\n".join(label.text() for label in details.findChildren(Label))


# Checks -------------------------------------------------------------------------------


def test_checks_show_their_state_and_their_last_fault(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)

        state, told = page.checks.rows["market"].words()
        assert state == "answers in 84 ms"
        assert told.startswith("Warning at ")
        assert told.endswith("for 14 min: answers with errors (502)")
        assert page.checks.rows["disk"].words() == ("38 GB free", "No fault while phonefarm ran")

    runner.live(desk, scenario)


def test_click_on_a_fault_shows_what_happened_around_it(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        strip = page.checks.rows["market"].strip
        history = desk.log.history
        assert history is not None
        fault = next(each for each in history.checks["market"] if each.level is Level.WARN)

        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.place_of(fault).center().toPoint())
        await page.wait_until_idle()

        query = desk.log.queries[-1]
        assert (query.since, query.until) == (fault.begin - AROUND_FAULT, fault.end + AROUND_FAULT)
        assert entries_of(page)
        assert page.stream.fault.isVisible()

        page.stream.fault.click()
        await page.wait_until_idle()
        assert desk.log.queries[-1].until is None
        assert page.stream.fault.isHidden()

    runner.live(desk, scenario)


def test_keys_walk_from_fault_to_fault_and_enter_chooses_one(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        chosen = list[Interval]()
        strip = page.checks.rows["adb"].strip
        strip.chosen.connect(chosen.append)

        QTest.keyClick(strip, Qt.Key.Key_Left)
        assert "2 phones do not answer" in strip.accessibleDescription()
        assert "2 phones do not answer" in page.checks.rows["adb"].words()[1]
        QTest.keyClick(strip, Qt.Key.Key_Return)

        assert [each.level for each in chosen] == [Level.WARN]

    runner.live(desk, scenario)


def test_a_fault_of_a_minute_is_wide_enough_to_be_seen(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        strip = page.checks.rows["adb"].strip
        end = desk.farm.now
        fault = Interval(begin=end - timedelta(minutes=1), end=end, level=Level.DOWN)
        up = Interval(begin=end - timedelta(hours=24), end=fault.begin, level=Level.UP)

        strip.show_intervals([up, fault])

        assert strip.place_of(fault).width() == 3
        assert strip.place_of(fault).right() <= strip.width()
        assert strip.interval_at(strip.width() - 2) == fault

    runner.live(desk, scenario)


# Orders against what is usual ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            "Orders as usual for a Tuesday: 164 today, 158 to 181 by this hour in the last weeks · last order",
        ),
        ({"today": 90}, "Fewer orders than usual for a Tuesday"),
        ({"today": 300}, "More orders than usual for a Tuesday"),
        ({"fewest": None, "most": None}, "164 orders today"),
    ],
)
def test_title_compares_orders_with_the_weekday(
    runner: WindowRunner, desk: FakeDesk, changes: dict[str, int | None], words: str
) -> None:
    assert desk.log.standing is not None
    desk.log.standing = replace(desk.log.standing, **changes)  # type: ignore[arg-type]

    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.tick()
        assert page.head._summary.whole_text().startswith(words)

    runner.live(desk, scenario)


def test_orders_that_stay_away_are_said(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.log.standing = OrderStanding(
        today=3,
        fewest=50,
        most=70,
        weekday=1,
        last_order_at=desk.farm.now - timedelta(hours=6),
        is_gap_unusual=True,
    )

    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.tick()
        assert page.head._summary.whole_text() == "No order for 6 h 00 min, which is unusual for a Tuesday"

    runner.live(desk, scenario)


# The stream ------------------------------------------------------------------------------


def test_chips_search_and_dates_choose_entries_together(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        assert len(entries_of(page)) >= 100

        page.stream.chips.button(1).click()
        page.stream.search.setText("ukraine")
        await until(lambda: page.stream.choice.text == "ukraine")
        await page.wait_until_idle()

        assert [entry.outcome for entry in entries_of(page)] == [Outcome.NO_SUCH_SIM]
        query = desk.log.queries[-1]
        assert (query.kinds, query.text) == (frozenset({EntryKind.ORDER}), "ukraine")

        page.stream.dates.activated.emit(list(LogRange).index(LogRange.WEEK))
        await page.wait_until_idle()
        assert desk.log.queries[-1].since == desk.farm.now - timedelta(days=7)
        assert desk.log.queries[-1].text == "ukraine"

    runner.live(desk, scenario)


def test_search_finds_the_words_that_are_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.stream.search.setText("Refused: no SIM")
        await until(lambda: page.stream.choice.text)
        await page.wait_until_idle()

        assert {entry.outcome for entry in entries_of(page)} == {Outcome.NO_SUCH_SIM}

    runner.live(desk, scenario)


def test_click_opens_an_entry_with_reason_request_and_response(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        press_row(page, row_with(page, Outcome.NO_SUCH_SIM))
        await until(lambda: page.stream.view.details is not None and "GET_NUMBER" in words_of(page))

        words = words_of(page)
        assert "You have 7 SIMs of ukraine: 5 kyivstar, 2 vodafone; none of lifecell." in words
        assert '"key": "key hidden"' in words
        assert '"error": "NO_NUMBERS"' in words
        assert "from 198.51.100.24" in words

    runner.live(desk, scenario)


def test_enter_opens_and_left_closes(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        view = page.stream.view
        view.setCurrentIndex(page.stream.model.index(2))

        QTest.keyClick(view, Qt.Key.Key_Return)
        assert view.open_id == entries_of(page)[2].entry_id
        assert view.visualRect(page.stream.model.index(2)).height() > 60
        QTest.keyClick(view, Qt.Key.Key_Left)
        assert view.open_id == ""
        view.executeDelayedItemsLayout()
        assert view.visualRect(page.stream.model.index(2)).height() < 40

    runner.live(desk, scenario)


def test_text_of_an_sms_is_shown_while_it_is_kept_and_then_said_to_be_erased() -> None:
    pushed = CallDetails(request='{"text": "text hidden", "key": "key hidden"}', response="", text="code\n4821")

    assert request_text(pushed) == '{"text": "code\\n4821",\n "key": "key hidden"}'
    assert '"text erased"' in request_text(replace(pushed, text=None, is_text_erased=True))


def test_open_entry_leads_to_its_row_and_to_others_of_its_kind(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        requested = list[tuple[Topic, str]]()
        page.row_requested.connect(lambda topic, key: requested.append((topic, key)))
        press_row(page, row_with(page, Outcome.FINISHED))
        details = page.stream.view.details
        assert details is not None

        details.copy.click()
        assert "Rent 10451 sold" in QGuiApplication.clipboard().text()
        details.same_kind.click()
        await page.wait_until_idle()
        assert {entry.kind for entry in entries_of(page)} == {EntryKind.FINISH}

        press_row(page, 0)
        assert page.stream.view.details is not None
        page.stream.view.details.show_row.click()
        assert requested == [(Topic.RENTS, "10451")]

    runner.live(desk, scenario)


def add_offers(log: MadeUpLog, count: int) -> None:
    for _ in range(count):
        log.now += timedelta(seconds=1)
        log.add_call(0, EntryKind.ORDER, Outcome.ISSUED, {"number": "79280000000"})


def test_new_entries_come_in_above(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.log_feed._pause_seconds = 0
        before = entries_of(page)
        add_offers(desk.log, 3)

        live.engine.announce(Topic.LOG)

        await until(lambda: entries_of(page)[3:5] == before[:2])

    runner.live(desk, scenario)


def test_while_an_entry_is_open_new_ones_wait_and_are_counted(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.log_feed._pause_seconds = 0
        press_row(page, 4)
        shown = entries_of(page)
        add_offers(desk.log, 5)

        live.engine.announce(Topic.LOG)
        await until(lambda: page.stream.news.isVisible())

        assert page.stream.news.text() == "5 new entries"
        assert entries_of(page) == shown
        page.stream.news.click()
        assert len(entries_of(page)) >= len(shown) + 5
        assert page.stream.news.isHidden()

    runner.live(desk, scenario)


def test_older_entries_are_read_while_scrolling_until_the_end(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        whole = len(desk.log.entries)
        bar = page.stream.view.verticalScrollBar()
        assert len(entries_of(page)) < whole

        for _ in range(whole):
            bar.setValue(bar.maximum())
            await page.wait_until_idle()
            if len(entries_of(page)) == whole:
                break

        entries = entries_of(page)
        assert len({entry.entry_id for entry in entries}) == whole
        assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)

    runner.live(desk, scenario)


def test_a_failed_read_of_older_entries_is_said_and_tried_again(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.log_feed.sleep()
        before = len(entries_of(page))
        desk.failure = KnownError("The database cannot be read: disk full.")
        bar = page.stream.view.verticalScrollBar()
        bar.setValue(bar.maximum())
        await page.wait_until_idle()
        assert not page.stream._failure.isHidden()

        desk.failure = None
        page.stream.retry.click()
        await until(lambda: len(entries_of(page)) > before)
        assert page.stream._failure.isHidden()

    runner.live(desk, scenario)


# Empty, figures, export ---------------------------------------------------------------------


def test_before_the_first_call_the_page_says_what_is_missing(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.made_up_log = MadeUpLog(desk.farm.now)

    async def scenario(live: Live) -> None:
        page = await health_page(live)
        requested = list[Topic]()
        page.row_requested.connect(lambda topic, key: requested.append(topic))

        assert "No call from Onlinesim yet" in page.stream.empty.words()
        page.stream.dates.activated.emit(list(LogRange).index(LogRange.ALL))
        await page.wait_until_idle()
        page.stream.empty.button_pressed.emit()
        assert requested == [Topic.SETTINGS]

    runner.live(desk, scenario)


def test_a_choice_without_entries_can_be_left(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.stream.search.setText("no such thing")
        await until(lambda: page.stream.choice.text)
        await page.wait_until_idle()
        assert "Nothing in the log matches" in page.stream.empty.words()

        page.stream.empty.button_pressed.emit()
        await page.wait_until_idle()

        assert page.stream.search.text() == ""
        assert len(entries_of(page)) >= 100

    runner.live(desk, scenario)


def test_foot_says_how_many_and_how_long_they_are_kept(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.log.lost = 3

    async def scenario(live: Live) -> None:
        page = await health_page(live)
        assert page.stream.foot_text() == f"{len(desk.log.entries)} entries in 24 h, 3 calls could not be logged"
        assert page.stream._bounds.text() == "kept for 30 days or 200 MB"
        chip = next(each for each in page.stream.chips.buttons() if each.text().startswith("Wrong key"))
        assert chip.text() == "Wrong key 3"

    runner.live(desk, scenario)


def test_export_writes_every_chosen_entry_in_the_background(
    runner: WindowRunner, desk: FakeDesk, tmp_path: Path
) -> None:
    async def scenario(live: Live) -> None:
        page = await health_page(live)
        page.stream.chips.button(1).click()
        await page.wait_until_idle()

        page.export_to(tmp_path / "log.csv")
        await until(lambda: any("exported" in notice.text for notice in live.notices))

        with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        orders = [entry for entry in desk.log.entries if entry.kind is EntryKind.ORDER]
        assert len(rows) == len(orders)
        assert rows[1]["Why"].startswith("You have 7 SIMs of ukraine")
        assert page.stream.export.isEnabled()

    runner.live(desk, scenario)


# The model ----------------------------------------------------------------------------------


def entries(log: MadeUpLog) -> list[LogEntry]:
    return log.batch(LogQuery(limit=10_000)).entries


def test_an_entry_that_has_grown_moves_up(desk: FakeDesk) -> None:
    model = StreamModel()
    log = a_days_log(desk.farm.now, older=3)
    model.replace_all(entries(log))
    grown = replace(entries(log)[4], position=entries(log)[4].position._replace(at=log.now), count=2)
    log.entries = [grown if each.entry_id == grown.entry_id else each for each in log.entries]

    assert model.count_new(entries(log)) == 1
    assert model.merge_newest(entries(log)[:6])

    assert [model.entry_at(row) for row in range(model.rowCount())] == entries(log)


def test_a_gap_between_new_and_shown_entries_is_noticed(desk: FakeDesk) -> None:
    model = StreamModel()
    log = a_days_log(desk.farm.now, older=3)
    model.replace_all(entries(log))
    add_offers(log, 10)

    assert not model.merge_newest(entries(log)[:5])

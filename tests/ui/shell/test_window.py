"""The whole window with a running engine: what it queries, shows, and survives."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import (
    Attention,
    AttentionKind,
    KnownError,
    PhoneState,
    RentState,
    Topic,
)
from phonefarm.application.model.timeline import entry
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm, empty_farm
from tests.ui.live import Live, WindowRunner, until
from ui.listing.list_page import ListPage
from ui.pages.overview.start_page import StartPage
from ui.style.theme import ThemeMode
from ui.style.tokens import Tone
from ui.widgets.basics import Label
from ui.widgets.page_head import EmptyView

LISTS = (Topic.PHONES, Topic.SIMS, Topic.RENTS, Topic.MESSAGES, Topic.PUSHES, Topic.BANS)


def queries_of(live: Live, topic: Topic) -> list[object]:
    return [keys for asked, keys in live.desk.asked if asked is topic]


def test_only_changed_rows_are_queried(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        key, phone = next(iter(live.desk.farm.phones.items()))
        live.desk.farm.phones[key] = replace(phone, label="window sill")

        live.engine.announce(Topic.PHONES, key)

        await until(lambda: page.table.row_of(key) == live.desk.farm.phones[key])
        assert queries_of(live, Topic.PHONES) == [None, frozenset({key})]

    runner.live(desk, scenario)


def test_deleted_row_is_removed(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        key = next(iter(live.desk.farm.phones))
        page.show_keys(key)
        del live.desk.farm.phones[key]

        live.engine.announce(Topic.PHONES, key)

        await until(lambda: page.table.row_of(key) is None)

    runner.live(desk, scenario)


def test_hidden_page_queries_nothing_until_it_is_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        await live.open(Topic.RENTS)
        page = await live.open(Topic.PHONES)
        before = len(queries_of(live, Topic.RENTS))
        rent_id = next(iter(live.desk.farm.rents))

        live.engine.announce(Topic.RENTS, rent_id)
        live.engine.announce(Topic.PHONES, "marker")
        await until(lambda: frozenset({"marker"}) in queries_of(live, Topic.PHONES))

        assert len(queries_of(live, Topic.RENTS)) == before
        assert live.page(Topic.RENTS).feed.is_stale
        assert not page.feed.is_stale
        await live.open(Topic.RENTS)
        assert queries_of(live, Topic.RENTS)[-1] == frozenset({rent_id})

    runner.live(desk, scenario)


def test_show_reveals_a_row_that_search_or_filter_hides(runner: WindowRunner, busy: Farm) -> None:
    key = next(key for key, rent in busy.rents.items() if rent.state is RentState.FINISHED)
    busy.attention = (
        Attention(kind=AttentionKind.POSSIBLE_ORPHAN, subject=key, since=busy.now, topic=Topic.RENTS, key=key),
    )

    async def scenario(live: Live) -> None:
        live.window.top_line.search.setText("hides everything")

        live.window.top_line.attention._show.click()

        await until(lambda: live.page(Topic.RENTS).view.selected_keys() == [key])
        assert live.window.page is live.page(Topic.RENTS)
        assert live.window.top_line.search.text() == ""

    runner.live(FakeDesk(farm=busy), scenario)


def test_top_line_shows_the_most_urgent_or_that_all_is_well(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        bar = live.window.top_line.attention
        assert bar.sentence() == "All well"
        phone = Attention(
            kind=AttentionKind.PHONE_UNAUTHORIZED,
            subject="shelf 2, port 7",
            since=desk.farm.now,
            topic=Topic.PHONES,
            key="one",
        )
        live.desk.farm.attention = (phone, replace(phone, kind=AttentionKind.PHONE_OFFLINE, key="other"))

        live.engine.announce(Topic.OVERVIEW)

        await until(lambda: "confirm “Allow USB debugging”" in bar.sentence())
        assert [entry.text() for entry in bar.make_menu().actions()][1].startswith("Phone “shelf 2, port 7” is offline")
        assert "2 need action" in live.window.rail.item(Topic.PHONES).accessibleName()

    runner.live(desk, scenario)


def test_overview_is_refreshed_periodically_without_changes(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        before = live.desk.asked.count((Topic.OVERVIEW, None))

        live.window._overview_timer.timeout.emit()

        assert live.window._overview_timer.isActive()
        await until(lambda: live.desk.asked.count((Topic.OVERVIEW, None)) > before)

    runner.live(desk, scenario)


def test_search_finds_a_number_in_any_spelling_and_esc_clears_it(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.SIMS)
        sim = next(iter(live.desk.farm.sims.values()))
        search = live.window.top_line.search

        search.setText(f"+{sim.msisdn[:4]} {sim.msisdn[4:7]}-{sim.msisdn[7:]}")
        assert page.table.rowCount() == 1
        QTest.keyClick(search, Qt.Key.Key_Escape)

        assert search.text() == ""
        assert page.table.rowCount() == len(live.desk.farm.sims)

    runner.live(desk, scenario)


def test_shortcuts_go_to_the_search_and_to_pages(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.window.activateWindow()
        await until(live.window.isActiveWindow)

        QTest.keyClick(live.window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
        assert live.window.page is live.page(Topic.RENTS)
        QTest.keyClick(live.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)

        assert live.window.top_line.search.hasFocus()

    runner.live(desk, scenario)


def test_selected_row_shows_its_timeline(runner: WindowRunner, desk: FakeDesk) -> None:
    key = next(iter(desk.farm.rents))
    desk.timelines[key] = [entry(desk.farm.now, timeline.ordered("russia", None, Decimal(870)))]

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.RENTS)
        page.show_keys(key)

        def is_shown() -> bool:
            return any(
                label.text() == "Ordered: russia, any operator, expected 870 RUB"
                for label in page.details.findChildren(Label)
            )

        await until(is_shown)

    runner.live(desk, scenario)


def buttons_of(page: ListPage[Any]) -> list[str]:
    return [found.text() for found in page.details._foot.findChildren(QAbstractButton) if found.isVisible()]


def test_details_are_cleared_when_their_row_leaves_the_filter(runner: WindowRunner, desk: FakeDesk) -> None:
    key = next(key for key, rent in desk.farm.rents.items() if rent.state is RentState.ACTIVE)

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.RENTS)
        page.show_keys(key)
        live.desk.farm.rents[key] = replace(live.desk.farm.rents[key], state=RentState.FINISHED)

        live.engine.announce(Topic.RENTS, key)

        await until(lambda: page.table.place_of(key) is None)
        assert page.details._heading.whole_text() == "Details"
        assert buttons_of(page) == []
        assert page.selected.rows() == []

    runner.live(desk, scenario)


@pytest.mark.parametrize("topic", LISTS)
def test_details_and_buttons_of_a_hidden_row_are_removed(runner: WindowRunner, busy: Farm, topic: Topic) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(topic)
        page.select_example()
        assert buttons_of(page)
        act = next(action for action in page.spec.actions if page.selected.is_enabled(action))

        live.window.top_line.search.setText("hides everything")

        assert page.details._heading.whole_text() == "Details"
        assert buttons_of(page) == []
        assert not page.selected.is_enabled(act)
        page.selected.run(act)
        assert live.desk.commands == []

    runner.live(FakeDesk(farm=busy), scenario)


def test_details_move_to_the_selected_row_that_is_still_visible(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.SIMS)
        seen = next(key for key in (page.table.key_at(place) for place in range(9)) if key)
        other = next(key for key, sim in busy.sims.items() if sim.msisdn != busy.sims[seen].msisdn and key != seen)
        page.show_filter("all")
        page.view.select_keys([other, seen])

        live.window.top_line.search.setText(busy.sims[seen].iccid)

        assert page.view.selected_keys() == [seen]
        assert [row.sim_id for row in page.selected.rows()] == [seen]

    runner.live(FakeDesk(farm=busy), scenario)


def test_details_can_be_hidden_and_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.RENTS)

        page.details.hide_requested.emit()
        assert not page.details.isVisible()
        page.head.details_toggled.emit()

        assert page.details.isVisible()

    runner.live(desk, scenario)


@pytest.mark.parametrize("topic", LISTS)
def test_empty_page_shows_the_next_step(runner: WindowRunner, topic: Topic) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(topic)
        words = page.findChildren(EmptyView)[0].words()
        assert words.count(".") >= 1

    runner.live(FakeDesk(farm=empty_farm()), scenario)


def test_search_without_result_can_be_cleared(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.SIMS)
        live.window.top_line.search.setText("no such thing")
        empty = page.findChildren(EmptyView)[0]
        assert empty.words() == "Nothing here matches the search"

        empty.button_pressed.emit()

        assert live.window.top_line.search.text() == ""
        assert page.table.rowCount()

    runner.live(desk, scenario)


def test_the_overview_shows_its_figures(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        start = live.window.pages[Topic.OVERVIEW]
        assert isinstance(start, StartPage)
        page = start.overview
        assert "0.46 s" in page._tiles["arrival"].accessibleName()
        assert page._waiting.rowCount() == len(live.desk.farm.overview().waiting_rents)
        page._hours.point_at(47)
        assert "SMS" in page._hours.pointed_text()

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("failure", "tone"), [(KnownError("the disk is full"), Tone.WARN), (RuntimeError("oops"), Tone.BAD)]
)
def test_window_survives_any_error_of_the_desk(
    runner: WindowRunner, desk: FakeDesk, failure: Exception, tone: Tone
) -> None:
    async def scenario(live: Live) -> None:
        for topic in (*Topic, Topic.PHONES):  # at the end a page that reads at once
            live.window.go(topic)
            await live.window.wait_until_idle()
        live.desk.failure = failure

        live.window.refresh()
        await live.window.wait_until_idle()

        assert {notice.tone for notice in live.notices} == {tone}
        assert ("bug in phonefarm" in live.window.notices.text()) == (tone is Tone.BAD)
        live.desk.failure = None
        live.window.refresh()
        page = await live.open(Topic.PHONES)
        assert page.table.rowCount() == len(live.desk.farm.phones)

    runner.live(desk, scenario)


def test_theme_follows_the_choice_and_is_stored(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.theme.choose(ThemeMode.DARK)
        assert live.theme.tokens.dark
        live.window.close()

    runner.live(desk, scenario)

    assert runner.memory.value("theme") == "dark"


def test_every_control_has_an_accessible_name(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        for topic in Topic:
            live.window.go(topic)
            await live.window.wait_until_idle()
            live.window.page.select_example()
        controls = [*live.window.findChildren(QAbstractButton), *live.window.findChildren(QLineEdit)]
        own = [c for c in controls if not c.objectName().startswith(("qt_", "_q_"))]
        nameless = [c for c in own if c.isVisibleTo(live.window) and not (c.accessibleName() or c.toolTip())]
        assert nameless == []

    runner.live(FakeDesk(farm=busy), scenario)


def test_every_filter_of_every_page_counts_what_it_shows(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        for topic in LISTS:
            page = await live.open(topic)
            for place, row_filter in enumerate(page.spec.filters):
                page.head.filter_chosen.emit(place)
                assert page.table.rowCount() == page.table.index_of_rows.count(row_filter)

    runner.live(FakeDesk(farm=busy), scenario)


def test_every_cell_of_every_page_has_a_text_and_can_be_sorted(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        for topic in LISTS:
            page = await live.open(topic)
            page.head.filter_chosen.emit([f.name for f in page.spec.filters].index("all"))
            for place, column in enumerate(page.table.columns):
                page.view.sortByColumn(place, Qt.SortOrder.DescendingOrder)
                assert column.title
                for row in range(min(50, page.table.rowCount())):
                    assert isinstance(page.table.index(row, place).data(), str)
                    page.view.tooltip_at(page.table.index(row, place))
            page.tick()

    runner.live(FakeDesk(farm=busy), scenario)


def test_phones_that_need_the_user_come_first_when_sorted_by_state(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        page.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        first = page.table.row_at(0)
        assert first is not None
        assert first.state in (
            PhoneState.UNAUTHORIZED,
            PhoneState.NO_PERMISSIONS,
            PhoneState.OTHER_MODE,
            PhoneState.WITHHELD,
        )

    runner.live(FakeDesk(farm=busy), scenario)


def test_chip_of_what_needs_action_is_amber_while_it_has_rows(runner: WindowRunner, busy: Farm) -> None:
    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PUSHES)
        place = [f.name for f in page.spec.filters].index("parked")
        chip = page.head._group.button(place)
        assert chip.property("calls") == "yes"

        live.desk.farm.pushes = {}
        live.window.refresh()
        await live.window.wait_until_idle()
        assert chip.property("calls") == ""

    runner.live(FakeDesk(farm=busy), scenario)

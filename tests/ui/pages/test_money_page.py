"""The Money page: sums by period and grouping, reconciled with Onlinesim's statement."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from phonefarm.application.model.read_models import (
    Difference,
    FinishStatus,
    Grouping,
    KnownError,
    MoneyRow,
    RentState,
    Sums,
    Topic,
)
from phonefarm.support.csv_cells import cell
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm, empty_farm
from tests.fakes.held_file import Holder
from tests.ui.live import Live, WindowRunner, until
from ui.dialogs.account_dialog import AccountDialog
from ui.pages.money.money_lines import income_series, line_name, total_row
from ui.pages.money.page import REFRESH_MS, MoneyPage, refresh_delay_ms
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.csv_file import write_csv
from ui.text.periods import Period, PeriodName

TODAY = date(2026, 3, 14)


@pytest.fixture
def desk(busy: Farm) -> FakeDesk:
    """Rents that ended on each of the last days."""
    ended = [key for key, rent in busy.rents.items() if rent.state is RentState.FINISHED]
    for place, key in enumerate(ended):
        busy.rents[key] = replace(busy.rents[key], finished_at=busy.now - timedelta(hours=place * 5))
    return FakeDesk(farm=busy)


async def money_page(live: Live, name: PeriodName = PeriodName.ALL) -> MoneyPage:
    live.window.go(Topic.MONEY)
    page = live.window.pages[Topic.MONEY]
    assert isinstance(page, MoneyPage)
    page.choose_period(name)
    await page.wait_until_idle()
    return page


def spoken(amount: Decimal) -> str:
    return formats.money(amount)


def net_of(farm: Farm) -> Decimal:
    return sum((rent.credited or Decimal(0) for rent in farm.rents.values()), Decimal(0))


@pytest.mark.parametrize("grouping", list(Grouping))
def test_total_is_the_same_for_every_grouping(runner: WindowRunner, desk: FakeDesk, grouping: Grouping) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live)
        page.choose_grouping(grouping)
        await page.wait_until_idle()

        table = page.tables[grouping]
        assert page.grouping is grouping
        assert table.table.rowCount() > 1
        assert dict(table.total.cells())["Income"] == spoken(net_of(desk.farm))
        assert sum((row.sums.income for row in table.rows()), Decimal(0)) == net_of(desk.farm)
        assert spoken(net_of(desk.farm)) in page.tiles["period"].accessibleName()

    runner.live(desk, scenario)


def test_period_is_chosen_by_chip_or_by_two_dates(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live, PeriodName.TODAY)
        assert page.tables[Grouping.DAY].table.rowCount() == 1
        assert page.custom.isHidden()

        page.head.filter_chosen.emit(list(PeriodName).index(PeriodName.OWN))
        assert page.custom.isVisible()
        page.custom.last.setDate(page.custom.first.date().addDays(-40))
        assert page.custom.first.date() == page.custom.last.date()
        page.custom.first.setDate(page.custom.last.date().addDays(-3))
        await page.wait_until_idle()
        assert (page.period().last - page.period().first).days == 3

    runner.live(desk, scenario)


def test_slow_account_is_queried_less_often() -> None:
    assert refresh_delay_ms(0.01) == REFRESH_MS
    assert refresh_delay_ms(1.5) == 30_000


def test_empty_account_shows_the_next_step(runner: WindowRunner) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live)
        assert "No rent has ended yet" in page.empty.words()
        assert not page.save.isEnabled()
        page.choose_period(PeriodName.TODAY)
        await page.wait_until_idle()
        assert "another period" in page.empty.words()

    runner.live(FakeDesk(farm=empty_farm()), scenario)


def test_a_sale_is_shown_when_the_rents_change(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live)
        page._refresh_timer.setInterval(1)
        key = next(key for key, rent in desk.farm.rents.items() if rent.state is RentState.ACTIVE)
        rent = replace(
            desk.farm.rents[key],
            state=RentState.FINISHED,
            finish_status=FinishStatus.SOLD,
            finished_at=desk.farm.now,
            credited=Decimal("1234.56"),
        )
        desk.farm.rents[key] = rent
        live.engine.announce(Topic.RENTS, key)
        total = spoken(net_of(desk.farm))
        await until(lambda: dict(page.tables[Grouping.DAY].total.cells())["Income"] == total)

    runner.live(desk, scenario)


def test_new_day_changes_the_period(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live, PeriodName.TODAY)
        tomorrow = page._today() + timedelta(days=1)
        page._today = lambda: tomorrow
        page.tick()
        await until(lambda: page._queried_on == tomorrow)
        assert page.period() == Period(first=tomorrow, last=tomorrow)

    runner.live(desk, scenario)


def test_double_click_on_a_line_shows_its_sim(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live)
        page.choose_grouping(Grouping.SIM)
        await page.wait_until_idle()
        table = page.tables[Grouping.SIM]
        row = table.rows()[0]
        table.view.doubleClicked.emit(table.table.index(0, 0))
        await live.window.wait_until_idle()
        assert live.page(Topic.SIMS).selected.rows() == [desk.farm.sims[row.key]]

    runner.live(desk, scenario)


async def compared(live: Live) -> AccountDialog:
    page = await money_page(live)
    page._commands.reconcile("/tmp/november.csv", page.period())

    def shown() -> list[AccountDialog]:
        return [found for found in live.window.findChildren(AccountDialog) if found.isVisible()]

    await until(shown)
    return shown()[0]


def test_equal_statement_matches(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        dialog = await compared(live)
        assert dialog.verdict.text() == "Everything matches."
        assert live.desk.commands[0][:2] == ("reconcile", "/tmp/november.csv")

    runner.live(desk, scenario)


def test_differences_are_shown_by_rent_and_lead_to_it(runner: WindowRunner, desk: FakeDesk) -> None:
    known = next(iter(desk.farm.rents.values())).rent_id
    desk.farm.differences = [
        Difference(rent_id=known, ours=Decimal(870), theirs=Decimal(860)),
        Difference(rent_id=1, ours=None, theirs=Decimal("410.50")),
        Difference(rent_id=2, ours=Decimal(870), theirs=None),
    ]

    async def scenario(live: Live) -> None:
        dialog = await compared(live)
        words = {str(dialog.table.index(row, 1).data()) for row in range(3)}
        assert words == {"different sum", "not in phonefarm", "not in the statement"}
        assert dialog.verdict.text() == f"3 rents differ; phonefarm has {spoken(Decimal('469.50'))} more."
        place = dialog.table.place_of(str(known))
        assert place is not None
        dialog.view.doubleClicked.emit(dialog.table.index(place, 0))
        await live.window.wait_until_idle()
        assert [rent.rent_id for rent in live.page(Topic.RENTS).selected.rows()] == [known]

    runner.live(desk, scenario)


def test_bad_statement_is_reported(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await money_page(live)
        live.desk.failure = KnownError("november.csv, line 3: 'x' is no sum of money.")
        page._commands.reconcile("/tmp/november.csv", page.period())
        await until(lambda: any("line 3" in notice.text for notice in live.notices))
        live.desk.failure = None

    runner.live(desk, scenario)


def test_the_lines_shown_are_saved_and_no_cell_is_a_formula(
    runner: WindowRunner, desk: FakeDesk, tmp_path: Path
) -> None:
    key = next(key for key, rent in desk.farm.rents.items() if rent.state is RentState.FINISHED)
    desk.farm.rents[key] = replace(desk.farm.rents[key], operator='=HYPERLINK("x")', country="")

    async def scenario(live: Live) -> None:
        page = await money_page(live)
        page.choose_grouping(Grouping.COUNTRY)
        await page.wait_until_idle()
        commands, rows = page._commands, page.tables[Grouping.COUNTRY].rows()
        await commands._write(tmp_path / "by country.csv", ("key", "income"), [(r.key, r.sums.income) for r in rows])
        assert live.notices[-1].tone is Tone.OK
        with (tmp_path / "by country.csv").open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        assert lines == [["key", "income"], *[[cell(r.key), cell(r.sums.income)] for r in rows]]

    runner.live(desk, scenario)


def test_cells_are_no_formulas_and_numbers_stay_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ("a", "b", "c"), [("=1+1", "+79281234567", Decimal("-12.50"))])

    assert (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()[1] == "'=1+1,'+79281234567,-12.5"


def test_file_that_cannot_be_written_raises_a_known_error(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="cannot be written"):
        write_csv(tmp_path / "no folder" / "x.csv", ("a",), [])


def test_file_that_excel_has_open_is_left_unchanged(tmp_path: Path, held: Holder) -> None:
    path = tmp_path / "x.csv"
    path.write_text("before", encoding="utf-8")
    held.hold(path)

    with pytest.raises(KnownError, match=r"x\.csv is held open by another program: close it there and try again"):
        write_csv(path, ("a",), [])

    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("grouping", "key", "label", "expected"),
    [
        (Grouping.DAY, "2026-03-14", "2026-03-14", "Sat, 14 Mar 2026"),
        (Grouping.MONTH, "2026-03", "2026-03", "Mar 2026"),
        (Grouping.SIM, "8970", "79281234567", "+7 928 123-45-67"),
        (Grouping.OPERATOR, "russia, mts", "russia, mts", "russia · mts"),
        (Grouping.COUNTRY, "", "", "–"),
        (Grouping.PHONE, "p", "shelf 1\u202e", "shelf 1\ufffd"),
    ],
)
def test_line_has_a_readable_name(grouping: Grouping, key: str, label: str, expected: str) -> None:
    assert line_name(grouping, MoneyRow(key=key, label=label, sums=Sums())) == expected
    assert line_name(grouping, total_row([])) == "Total"


def test_chart_is_by_day_and_by_month_for_long_periods() -> None:
    days = {TODAY: Sums(credited=Decimal(5)), TODAY - timedelta(days=2): Sums(credited=Decimal(3), reversed=Decimal(4))}

    week = income_series(days, Period(first=TODAY - timedelta(days=6), last=TODAY), TODAY)
    year = income_series(days, Period(first=date(2025, 3, 14), last=TODAY), TODAY)

    assert week.values == [0, 0, 0, 0, -1, 0, 5]
    assert (week.first, week.last) == ("8 Mar", "today")
    assert len(year.values) == 13
    assert year.values[-1] == 4
    assert year.describe(12).startswith("Mar 2026")

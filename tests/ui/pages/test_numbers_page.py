"""The Numbers page: what is missing, what was found, and every way to set it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from phonefarm.application.model.read_models import KnownError, NumberPattern, NumberTask, SettingProblem, Topic
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import PATTERNS, Farm, busy_farm
from tests.ui.live import Live, WindowRunner, until
from ui.dialogs.left_out_dialog import LeftOutDialog
from ui.dialogs.number_dialogs import NetworkDialog, PatternsDialog
from ui.pages.numbers import NumbersPage, is_found, task_word
from ui.style.tokens import Tone


@pytest.fixture
def desk(busy: Farm) -> FakeDesk:
    return FakeDesk(farm=busy)


def found_ones(farm: Farm) -> list[NumberTask]:
    return [task for task in farm.numbers.values() if is_found(task) and not task.found_on and not task.found_others]


async def dialog_of(live: Live, kind: type[NetworkDialog] | type[PatternsDialog]) -> NetworkDialog | PatternsDialog:
    def shown() -> list[NetworkDialog | PatternsDialog]:
        return [found for found in live.window.findChildren(kind) if found.isVisible()]

    await until(shown)
    return shown()[0]


def numbers_page(live: Live) -> NumbersPage:
    page = live.window.pages[Topic.NUMBERS]
    assert isinstance(page, NumbersPage)
    return page


async def expect_commands(live: Live, *commands: tuple[object, ...]) -> None:
    await until(lambda: len(live.desk.commands) >= len(commands))
    assert live.desk.commands == list(commands)


def test_chips_and_rail_count_what_is_missing(runner: WindowRunner, desk: FakeDesk) -> None:
    tasks = list(desk.farm.numbers.values())

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.NUMBERS)

        assert [page.table.index_of_rows.count(f) for f in page.spec.filters] == [
            sum(not task.msisdn for task in tasks),
            sum(bool(task.found) for task in tasks),
            sum(not task.country for task in tasks),
            len(tasks),
        ]
        assert "need action" in live.window.rail.item(Topic.NUMBERS).accessibleName()

    runner.live(desk, scenario)


def test_every_task_has_a_word() -> None:
    task = next(task for task in busy_farm().numbers.values() if is_found(task))
    plain = replace(task, found_on="", found_others=())

    words = [
        task_word(replace(plain, found="")),
        task_word(plain),
        task_word(replace(plain, found_others=("79031112233",))),
        task_word(replace(plain, found_on="shelf 1, slot 1")),
        task_word(replace(plain, msisdn="79031112233")),
    ]

    assert len({word.text for word in words}) == 5
    assert [word.tone for word in words] == [Tone.WARN, Tone.INFO, Tone.WARN, Tone.WARN, Tone.WARN]


def test_one_found_number_is_accepted_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    task = found_ones(desk.farm)[0]

    async def scenario(live: Live) -> None:
        await live.do(Topic.NUMBERS, [task.sim_id], "Accept number")
        await expect_commands(live, ("accept_number", task.sim_id, task.found))

    runner.live(desk, scenario)


def test_several_found_numbers_are_accepted_after_confirmation(runner: WindowRunner, desk: FakeDesk) -> None:
    tasks = found_ones(desk.farm)[:2]

    async def scenario(live: Live) -> None:
        await live.do(Topic.NUMBERS, [task.sim_id for task in tasks], "Accept number")
        question = await live.question()
        await live.answer(question)
        await until(lambda: len(live.desk.commands) == 2)
        assert {command[1:] for command in live.desk.commands} == {(task.sim_id, task.found) for task in tasks}

    runner.live(desk, scenario)


def test_conflicting_number_is_accepted_after_confirmation(runner: WindowRunner, desk: FakeDesk) -> None:
    task = replace(found_ones(desk.farm)[0], found_others=("79031112233",))
    desk.farm.numbers[task.sim_id] = task

    async def scenario(live: Live) -> None:
        await live.do(Topic.NUMBERS, [task.sim_id], "Accept number")
        question = await live.question()
        question.reject()
        assert live.desk.commands == []

    runner.live(desk, scenario)


def test_number_used_by_another_sim_cannot_be_accepted(runner: WindowRunner, desk: FakeDesk) -> None:
    task = replace(found_ones(desk.farm)[0], found_on="shelf 1, slot 1")
    desk.farm.numbers[task.sim_id] = task

    async def scenario(live: Live) -> None:
        with pytest.raises(AssertionError, match="not offered"):
            await live.do(Topic.NUMBERS, [task.sim_id], "Accept number")

    runner.live(desk, scenario)


def test_network_is_named_for_all_its_sims(runner: WindowRunner, desk: FakeDesk) -> None:
    task = next(task for task in desk.farm.numbers.values() if not task.country)

    async def scenario(live: Live) -> None:
        await live.do(Topic.NUMBERS, [task.sim_id], "Set country and operator…")
        dialog = await dialog_of(live, NetworkDialog)
        assert isinstance(dialog, NetworkDialog)
        assert dialog.network.currentData() == task.mcc_mnc
        assert not dialog.yes.isEnabled()
        dialog.country.setText(" Russia ")
        dialog.operator.setText("tinkoff")
        dialog.yes.click()
        await expect_commands(live, ("name_network", task.mcc_mnc, "russia", "tinkoff"))

    runner.live(desk, scenario)


def test_own_name_of_a_network_is_reset(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.farm.networks = [replace(row, source="yours") for row in desk.farm.networks if row.country]

    async def scenario(live: Live) -> None:
        await live.open(Topic.NUMBERS)
        numbers_page(live)._number_commands.name_network()
        dialog = await dialog_of(live, NetworkDialog)
        assert isinstance(dialog, NetworkDialog)
        dialog.use_built_in.click()
        await expect_commands(live, ("name_network", desk.farm.networks[0].mcc_mnc, "", ""))

    runner.live(desk, scenario)


def test_file_is_dropped_on_the_page(runner: WindowRunner, desk: FakeDesk) -> None:
    def event(kind: type[QDragEnterEvent] | type[QDropEvent], name: str) -> tuple[QMimeData, QDropEvent]:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(name)])
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        if kind is QDragEnterEvent:
            return data, QDragEnterEvent(QPointF(5, 5).toPoint(), copy, data, left, none)
        return data, QDropEvent(QPointF(5, 5), copy, data, left, none)

    async def scenario(live: Live) -> None:
        await live.open(Topic.NUMBERS)
        page = numbers_page(live)
        for name in ("/tmp/photo.jpg", "/tmp/numbers.XLSX"):
            _entered_data, entered = event(QDragEnterEvent, name)
            entered.ignore()
            assert isinstance(entered, QDragEnterEvent)
            page.dragEnterEvent(entered)
            assert entered.isAccepted() is name.endswith("XLSX")
            _dropped_data, dropped = event(QDropEvent, name)
            page.dropEvent(dropped)
        await expect_commands(live, ("import_numbers", "/tmp/numbers.XLSX"))
        await until(lambda: live.notices)
        assert live.notices[-1].text.startswith("3 imported")

    runner.live(desk, scenario)


def test_all_lines_that_an_import_left_out_are_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.left_out = tuple(f"line {line}: the ICCID is missing" for line in range(2, 300))

    async def scenario(live: Live) -> None:
        await live.open(Topic.NUMBERS)
        numbers_page(live)._number_commands.import_file("/tmp/numbers.csv")
        await until(lambda: live.window.findChildren(LeftOutDialog))
        (dialog,) = live.window.findChildren(LeftOutDialog)
        assert dialog.list.toPlainText().splitlines() == list(desk.left_out)
        assert live.notices[-1].tone is Tone.WARN
        dialog.accept()

    runner.live(desk, scenario)


def test_refused_file_is_reported(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        await live.open(Topic.NUMBERS)
        live.desk.failure = KnownError("numbers.csv, line 3: the ICCID is not 18 to 20 digits")
        numbers_page(live)._number_commands.import_file("/tmp/numbers.csv")
        await until(lambda: any("line 3" in notice.text for notice in live.notices))
        live.desk.failure = None

    runner.live(desk, scenario)


def test_patterns_are_edited_refused_kept_and_reset(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.farm.patterns = [NumberPattern(text="Mein Anschluss {number}")]

    async def scenario(live: Live) -> None:
        await live.open(Topic.NUMBERS)
        numbers_page(live)._number_commands.edit_patterns()
        dialog = await dialog_of(live, PatternsDialog)
        assert isinstance(dialog, PatternsDialog)
        dialog.add_line()
        dialog.item(1, 0).setText("no number")
        live.desk.problems = [SettingProblem(name="1", problem="{number} must stand in it")]
        dialog.yes.click()
        await until(lambda: "Line 2" in dialog.problem.text())
        assert dialog.isVisible()

        dialog.remove_selected()
        assert dialog.patterns() == desk.farm.patterns
        dialog.reset.click()
        live.desk.problems = []
        dialog.yes.click()
        await until(lambda: len(live.desk.commands) == 2)
        assert live.desk.commands[-1] == ("save_number_patterns", PATTERNS)
        await until(lambda: live.notices and live.notices[-1].tone is Tone.OK)

    runner.live(desk, scenario)


def test_foreign_number_differs_from_a_missing_one(busy: Farm) -> None:
    missing = next(task for task in busy.numbers.values() if not task.msisdn and not task.found)

    words = [task_word(replace(missing, is_foreign=is_foreign)).text for is_foreign in (False, True)]

    assert words == ["no number", "of another country"]

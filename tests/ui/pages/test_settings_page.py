"""The Settings page: the source of each value, what can be changed, and problems."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit

from phonefarm.application.model.read_models import SettingProblem, Topic
from tests.fakes.desk import FakeDesk
from tests.ui.live import Live, WindowRunner, until
from ui.pages.settings.page import SettingsPage
from ui.style.theme import ThemeMode
from ui.style.tokens import Tone


async def settings_of(live: Live) -> SettingsPage:
    live.window.go(Topic.SETTINGS)
    await live.window.wait_until_idle()
    page = live.window.pages[Topic.SETTINGS]
    assert isinstance(page, SettingsPage)
    return page


def line(page: SettingsPage, name: str) -> QLineEdit:
    editor = page.rows[name].editor
    assert isinstance(editor, QLineEdit)
    return editor


def test_only_changed_fields_are_saved(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        assert not page.save.isEnabled()
        line(page, "push_url").setText("https://example.org/push")
        box = page.rows["sms_id"].editor
        assert isinstance(box, QComboBox)
        box.setCurrentText("message")

        page.save.click()

        await until(lambda: live.desk.commands)
        assert live.desk.commands == [("save_settings", {"push_url": "https://example.org/push", "sms_id": "message"})]
        await until(lambda: live.notices)
        assert "Applies" in live.notices[0].text

    runner.live(desk, scenario)


def test_a_setting_from_the_environment_is_read_only_and_says_why(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        row = page.rows["listen"]
        assert line(page, "listen").isReadOnly()
        assert "PHONEFARM_LISTEN" in row.note.text()

    runner.live(desk, scenario)


def test_the_key_can_be_written_and_never_read(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        key = line(page, "api_key")
        assert key.text() == ""
        assert key.echoMode() is QLineEdit.EchoMode.Password
        key.setText("secret")

        page.save.click()

        await until(lambda: live.desk.commands)
        assert live.desk.commands == [("save_settings", {"api_key": "secret"})]
        await until(lambda: key.text() == "")

    runner.live(desk, scenario)


def test_key_that_no_keyring_accepts_is_kept_in_a_file_after_confirmation(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="api_key", problem="No keyring takes the key.", offers_key_file=True)]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        line(page, "api_key").setText("secret")
        page.save.click()
        await until(lambda: page.key_question)
        assert page.rows["api_key"].problem.text() == "No keyring takes the key."

        assert page.key_question is not None
        page.key_question.yes.click()

        await until(lambda: len(live.desk.commands) == 2)
        assert live.desk.commands[1] == ("save_settings", {"api_key": "secret"}, "key in file")
        await until(lambda: line(page, "api_key").text() == "")

    runner.live(desk, scenario)


def test_problems_are_shown_at_their_fields_and_input_stays(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="push_url", problem="This is no URL: it must begin with https://")]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        line(page, "push_url").setText("onlinesim")

        page.save.click()

        row = page.rows["push_url"]
        await until(row.problem.isVisible)
        assert row.problem.text() == "This is no URL: it must begin with https://"
        assert row.value() == "onlinesim"
        assert live.notices[-1].tone is Tone.WARN

    runner.live(desk, scenario)


def test_problem_without_a_field_becomes_a_notice(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="disk", problem="settings.toml cannot be written")]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        line(page, "push_url").setText("x")
        page.save.click()
        await until(lambda: any("settings.toml cannot be written" in notice.text for notice in live.notices))

    runner.live(desk, scenario)


def test_changes_can_be_undone(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        line(page, "push_url").setText("x")

        page.undo.click()

        assert page.changes() == {}
        assert not page.undo.isEnabled()

    runner.live(desk, scenario)


def test_change_from_the_engine_does_not_overwrite_input(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        line(page, "push_url").setText("half typed")

        live.engine.announce(Topic.SETTINGS)
        await until(lambda: len([1 for topic, _ in live.desk.asked if topic is Topic.SETTINGS]) == 2)
        await live.window.wait_until_idle()

        assert line(page, "push_url").text() == "half typed"

    runner.live(desk, scenario)


def test_the_appearance_is_switched_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)

        page.theme_box.setCurrentIndex(list(ThemeMode).index(ThemeMode.DARK))

        assert live.theme.tokens.dark

    runner.live(desk, scenario)


async def scroll_down(page: SettingsPage) -> int:
    """To the last field, which gets the focus; returns the position."""
    page.window().resize(980, 600)
    bar = page.scroll_area.verticalScrollBar()
    await until(lambda: bar.maximum() > 0)
    line(page, "text_hours").setFocus()
    bar.setValue(bar.maximum())
    return bar.value()


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_undo_keeps_scroll_position_and_focus(runner: WindowRunner, desk: FakeDesk, by_keyboard: bool) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        place = await scroll_down(page)
        editor = line(page, "text_hours")
        editor.setText("99")
        if by_keyboard:
            page.undo.setFocus()
            page.scroll_area.verticalScrollBar().setValue(place)
            QTest.keyClick(page.undo, Qt.Key.Key_Space)
        else:
            QTest.mouseClick(page.undo, Qt.MouseButton.LeftButton)

        assert page.changes() == {}
        assert editor.hasFocus()
        assert page.scroll_area.verticalScrollBar().value() == place

    runner.live(desk, scenario)


def test_save_keeps_scroll_position_focus_and_fields(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        place = await scroll_down(page)
        editor = line(page, "text_hours")
        editor.setText("99")
        live.desk.fields = [
            replace(field, value="99", source="file") if field.name == "text_hours" else field
            for field in live.desk.fields
        ]

        page.save.click()

        await until(lambda: "settings.toml" in page.rows["text_hours"].note.text())
        assert line(page, "text_hours") is editor
        assert editor.hasFocus()
        assert (editor.text(), page.changes()) == ("99", {})
        assert page.scroll_area.verticalScrollBar().value() == place

    runner.live(desk, scenario)

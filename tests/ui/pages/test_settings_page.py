"""The Settings page: its controls, what is changed and wrong, saving and discarding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from unittest.mock import ANY

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton

from phonefarm.application.model.read_models import SettingField, SettingProblem, Topic
from tests.fakes.desk import FakeDesk
from tests.ui.live import Live, WindowRunner, until
from tests.ui.pages.settings_page import (
    choose_group,
    click,
    enter,
    focus,
    leave,
    refusing,
    settings_of,
    shown_rows,
)
from ui.pages.settings.controls import SECRET_DOTS, PathControl, SecretControl, SwitchControl
from ui.pages.settings.groups import SettingGroup
from ui.pages.settings.page import SettingsPage
from ui.panels.public_address_panel import PublicAddressPanel
from ui.style.theme import ThemeMode
from ui.style.tokens import Tone

BAD_URL = "htps://push.example/v1/rent"


def switch_of(page: SettingsPage, name: str) -> SwitchControl:
    control = page.rows[name].control
    assert isinstance(control, SwitchControl)
    return control


def key_of(page: SettingsPage) -> SecretControl:
    control = page.rows["api_key"].control
    assert isinstance(control, SecretControl)
    return control


def saved(desk: FakeDesk, name: str, value: str) -> list[SettingField]:
    """The desk's settings after this value was saved."""
    return [replace(field, value=value, source="file") if field.name == name else field for field in desk.fields]


# Controls -------------------------------------------------------------------------


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_switch_says_its_state_in_a_word(runner: WindowRunner, desk: FakeDesk, by_keyboard: bool) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        control = switch_of(page, "require_bearer")
        assert (control.word.text(), page.changes()) == ("Off", {})
        await focus(page, "require_bearer")

        if by_keyboard:
            QTest.keyClick(control.switch, Qt.Key.Key_Space)
        else:
            click(control.switch)

        assert (control.word.text(), page.changes()) == ("On", {"require_bearer": "true"})

    runner.live(desk, scenario)


def test_choice_is_shown_in_words_and_saved_as_its_value(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await focus(page, "sms_id")
        box = page.rows["sms_id"].field
        assert isinstance(box, QComboBox)
        assert [box.itemText(place) for place in range(box.count())] == ["Id of the rent", "Id of the message"]

        QTest.keyClick(box, Qt.Key.Key_Down)

        assert page.changes() == {"sms_id": "message"}
        assert page.rows["sms_id"].note.text() == "changed, was Id of the rent"

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("typed", "keys", "value"),
    [
        ("20", [], "20"),
        ("7,5", [], "7.5"),
        ("20", [Qt.Key.Key_Up], "21"),
        ("20", [Qt.Key.Key_Down], "19"),
        ("7.5", [Qt.Key.Key_Up], "8"),
        ("600", [Qt.Key.Key_Up], "600"),
        ("1", [Qt.Key.Key_Down], "1"),
        ("9999", [Qt.Key.Key_Down], "600"),
        ("soon", [Qt.Key.Key_Up], "soon"),
    ],
)
def test_number_is_typed_or_stepped_within_its_limits(
    runner: WindowRunner, desk: FakeDesk, typed: str, keys: Sequence[Qt.Key], value: str
) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_retry_seconds", typed)

        for key in keys:
            QTest.keyClick(page.rows["push_retry_seconds"].field, key)

        assert page.rows["push_retry_seconds"].value() == value

    runner.live(desk, scenario)


def test_number_that_was_emptied_gets_its_default(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "backup_keep", "")

        await leave(page, "backup_keep")

        assert page.rows["backup_keep"].value() == "20"

    runner.live(desk, scenario)


def test_file_is_chosen_in_a_dialog(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await choose_group(page, SettingGroup.PHONES)
        control = page.rows["numbers_file"].control
        assert isinstance(control, PathControl)

        click(control.choose)
        await until(lambda: control.dialog is not None and control.dialog.isVisible())
        assert control.dialog is not None
        control.dialog.fileSelected.emit("/farm/numbers.csv")
        control.dialog.reject()

        assert page.changes() == {"numbers_file": "/farm/numbers.csv"}

    runner.live(desk, scenario)


def test_key_is_replaced_and_never_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        key = key_of(page)
        assert (key.line.text(), key.line.isReadOnly(), key.replace.text()) == (SECRET_DOTS, True, "Replace…")
        assert page.rows["api_key"].note.text() == "in the keyring of this PC"

        click(key.replace)
        await until(key.line.hasFocus)
        QTest.keyClicks(key.line, "secret")
        assert key.line.echoMode() is QLineEdit.EchoMode.Password
        click(page.save)

        await until(lambda: live.desk.commands)
        assert live.desk.commands == [("save_settings", {"api_key": "secret"})]
        await until(lambda: key.line.text() == SECRET_DOTS)
        assert (page.changes(), key.line.isReadOnly()) == ({}, True)

    runner.live(desk, scenario)


def test_replacing_the_key_can_be_given_up(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        key = key_of(page)
        click(key.replace)
        QTest.keyClicks(key.line, "half")
        assert page.changes() == {"api_key": "half"}

        click(key.replace)

        assert (key.line.text(), page.changes()) == (SECRET_DOTS, {})

    runner.live(desk, scenario)


def test_key_that_is_missing_can_be_entered_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.fields = [replace(f, is_set=False, source="default") if f.name == "api_key" else f for f in desk.fields]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        assert page.rows["api_key"].note.text() == "not set"
        assert not key_of(page).replace.isVisible()

        await enter(page, "api_key", "secret")

        assert page.changes() == {"api_key": "secret"}

    runner.live(desk, scenario)


def test_setting_of_the_environment_cannot_be_changed_and_says_why(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "listen", "127.0.0.1:1")
        row = page.rows["listen"]

        assert row.value() == "0.0.0.0:8080"
        assert (row.fixed_note.isVisible(), row.fixed_note.text()) == (
            True,
            "Set by PHONEFARM_LISTEN in the environment",
        )
        assert page.changes() == {}

    runner.live(desk, scenario)


@pytest.mark.parametrize("name", ["sms_id", "require_bearer", "push_retry_seconds", "numbers_file", "api_key"])
def test_every_kind_of_control_can_be_fixed_by_the_environment(runner: WindowRunner, desk: FakeDesk, name: str) -> None:
    desk.fields = [replace(f, is_fixed=True, source="environment") if f.name == name else f for f in desk.fields]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        page.show_setting(name)
        before = page.rows[name].value()
        field = page.rows[name].field

        for key in (Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_9):
            QTest.keyClick(field, key)
        QTest.mouseClick(field, Qt.MouseButton.LeftButton)

        assert page.rows[name].value() == before
        assert page.changes() == {}
        assert page.rows[name].fixed_note.isVisible()

    runner.live(desk, scenario)


def test_setting_that_only_the_environment_can_set_says_so(runner: WindowRunner, desk: FakeDesk) -> None:
    path = next(field for field in desk.fields if field.name == "numbers_file")
    desk.fields.append(replace(path, name="data_dir", environment="PHONEFARM_DATA_DIR", value="/farm", is_fixed=True))

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        page.show_setting("data_dir")
        row = page.rows["data_dir"]
        assert row.fixed_note.text() == "Only PHONEFARM_DATA_DIR in the environment sets it"
        assert isinstance(row.control, PathControl)
        assert not row.control.choose.isVisible()

    runner.live(desk, scenario)


# Notes: default, changed, undo -----------------------------------------------------


def test_each_setting_says_whether_it_has_its_default(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        assert page.rows["push_retry_seconds"].note.text() == "default"
        await choose_group(page, SettingGroup.BACKUP)
        row = page.rows["backup_keep"]
        assert (row.note.text(), row.link.text()) == ("default: 20", "Use it")

        click(row.link)

        assert page.changes() == {"backup_keep": "20"}
        assert (row.note.text(), row.link.text()) == ("changed, was 30", "Undo")

    runner.live(desk, scenario)


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_one_field_is_undone_alone(runner: WindowRunner, desk: FakeDesk, by_keyboard: bool) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        click(switch_of(page, "require_bearer").switch)
        await enter(page, "push_retry_seconds", "20")
        row = page.rows["push_retry_seconds"]
        assert row.note.text() == "changed, was 10"

        if by_keyboard:
            await leave(page, "push_retry_seconds")
            assert row.link.hasFocus()
            QTest.keyClick(row.link, Qt.Key.Key_Space)
        else:
            click(row.link)

        assert page.changes() == {"require_bearer": "true"}
        assert row.value() == "10"
        assert row.field.hasFocus()
        assert not row.link.isVisible()

    runner.live(desk, scenario)


# What is wrong ---------------------------------------------------------------------


def test_wrong_value_is_told_on_leaving_its_field_and_goes_while_typing(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.judge = refusing("push_retry_seconds", "700", "must be a number above 0 and at most 600")

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        row = page.rows["push_retry_seconds"]
        await enter(page, "push_retry_seconds", "700")
        assert (live.desk.checked, row.problem) == ([], None)

        await leave(page, "push_retry_seconds")

        await until(row.problem_text.isVisible)
        assert row.problem_text.text() == "Must be a number above 0 and at most 600"
        assert row.field.property("state") == "problem"
        assert not page.save.isEnabled()
        assert page.bar.problem.text() == "Retry a push after"
        assert live.desk.commands == []

        await enter(page, "push_retry_seconds", "70")
        assert not row.problem_text.isVisible()
        assert page.save.isEnabled()

    runner.live(desk, scenario)


def test_near_value_is_offered_as_a_link(runner: WindowRunner, desk: FakeDesk) -> None:
    good = BAD_URL.replace("htps", "https")
    desk.judge = refusing("push_url", BAD_URL, "must begin with https", good)

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", BAD_URL)
        await leave(page, "push_url")
        row = page.rows["push_url"]
        await until(row.problem_text.isVisible)
        assert row.link.text() == "Change to https://"

        click(row.link)

        assert page.changes() == {"push_url": good}
        await until(lambda: row.problem is None)
        assert page.save.isEnabled()

    runner.live(desk, scenario)


def test_link_in_the_bar_leads_to_the_wrong_field_of_another_group(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.judge = refusing("push_url", BAD_URL, "must begin with https")

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", BAD_URL)
        await choose_group(page, SettingGroup.PHONES)
        await until(lambda: page.bar.problem.isVisible())
        assert page.groups.items[SettingGroup.SELLING].count_text() == "1 to correct"

        click(page.bar.problem)

        await until(page.rows["push_url"].field.hasFocus)
        assert page.groups.items[SettingGroup.SELLING].isChecked()

    runner.live(desk, scenario)


def test_problem_found_by_saving_is_shown_at_its_field_and_input_stays(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="push_url", problem="must begin with https")]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", BAD_URL)

        QTest.keyClick(page.rows["push_url"].field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)

        row = page.rows["push_url"]
        await until(row.problem_text.isVisible)
        assert (row.value(), row.field.hasFocus()) == (BAD_URL, True)
        assert not page.save.isEnabled()
        assert page.bar.state.text() != "Saved"

    runner.live(desk, scenario)


def test_problem_without_a_field_becomes_a_notice(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="disk", problem="settings.toml cannot be written")]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", "x")
        click(page.save)
        await until(lambda: any("settings.toml cannot be written" in notice.text for notice in live.notices))
        assert page.rows["push_url"].value() == "x"

    runner.live(desk, scenario)


# The bar ---------------------------------------------------------------------------


def test_bar_is_in_sight_and_counts_the_changes_of_all_groups(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        live.window.resize(1440, 900)
        page = await settings_of(live)
        assert (page.bar.count.text(), page.save.isEnabled(), page.discard.isEnabled()) == ("No changes", False, False)
        await enter(page, "adb_servers", "pc2:5037")
        click(page.groups.items[SettingGroup.SELLING])
        click(switch_of(page, "require_bearer").switch)
        await enter(page, "push_retry_seconds", "20")

        assert page.bar.isVisible()
        assert (page.bar.count.text(), page.bar.places.text()) == ("3 changes", "2 here, 1 in Phones")
        assert page.groups.items[SettingGroup.PHONES].count_text() == "1 changed"
        assert page.bar.state.text() == "Applies in about 3 s, rents and queue stay"
        assert page.save.isEnabled()

    runner.live(desk, scenario)


def test_new_key_alone_applies_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        click(key_of(page).replace)
        QTest.keyClicks(key_of(page).line, "secret")
        assert page.bar.state.text() == "Applies at once, selling goes on"

    runner.live(desk, scenario)


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_only_changed_settings_are_saved_and_then_it_says_saved(
    runner: WindowRunner, desk: FakeDesk, by_keyboard: bool
) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", "https://example.org/push")
        live.desk.fields = saved(live.desk, "push_url", "https://example.org/push")

        if by_keyboard:
            QTest.keyClick(page.rows["push_url"].field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        else:
            click(page.save)

        await until(lambda: page.bar.state.text().startswith("Saved "))
        assert live.desk.commands == [("save_settings", {"push_url": "https://example.org/push"})]
        assert (page.bar.count.text(), page.save.isEnabled()) == ("No changes", False)
        assert page.rows["push_url"].value() == "https://example.org/push"
        page.bar._saved.timeout.emit()
        assert page.bar.state.text() == ""

    runner.live(desk, scenario)


def test_while_it_applies_the_bar_says_so_and_nothing_is_saved_twice(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", "https://example.org/push")

        click(page.save)
        QTest.keyClick(page.rows["push_url"].field, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)

        assert (page.save.isEnabled(), page.discard.isEnabled()) == (False, False)
        assert page.bar.state.text() == "Applies in about 3 s, rents and queue stay"
        await until(lambda: page.bar.state.text().startswith("Saved "))
        assert live.desk.commands == [("save_settings", ANY)]

    runner.live(desk, scenario)


def test_what_was_typed_while_saving_is_still_a_change(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_retry_seconds", "20")
        click(page.save)
        await enter(page, "push_retry_seconds", "30")

        await until(lambda: live.desk.commands and not page._is_saving)

        assert live.desk.commands == [("save_settings", {"push_retry_seconds": "20"})]
        assert page.changes() == {"push_retry_seconds": "30"}
        assert page.rows["push_retry_seconds"].note.text() == "changed, was 20"
        assert page.save.isEnabled()

    runner.live(desk, scenario)


def test_settings_that_the_engine_put_back_are_named(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "adb_servers", "pc2:5037")

        click(page.save)

        await until(lambda: live.notices)
        assert live.notices[-1].tone is Tone.WARN
        assert "former ones are back: adb servers" in live.notices[-1].text
        assert page.rows["adb_servers"].value() == "127.0.0.1:5037"

    runner.live(desk, scenario)


def test_key_that_no_keyring_accepts_is_kept_in_a_file_after_confirmation(runner: WindowRunner, desk: FakeDesk) -> None:
    desk.problems = [SettingProblem(name="api_key", problem="No keyring takes the key.", offers_key_file=True)]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        click(key_of(page).replace)
        QTest.keyClicks(key_of(page).line, "secret")
        click(page.save)
        await until(lambda: page.key_question)
        assert page.rows["api_key"].problem_text.text() == "No keyring takes the key."

        assert page.key_question is not None
        page.key_question.yes.click()

        await until(lambda: len(live.desk.commands) == 2)
        assert live.desk.commands[1] == ("save_settings", {"api_key": "secret"}, "key in file")
        await until(lambda: key_of(page).line.text() == SECRET_DOTS)

    runner.live(desk, scenario)


async def scroll_down(page: SettingsPage) -> int:
    """To the last of many settings, which gets the focus; returns the position."""
    page.window().resize(980, 600)
    page.groups.search.setText("e")
    bar = page.scroll_area.verticalScrollBar()
    await until(lambda: bar.maximum() > 0)
    await focus(page, "block_senders")
    bar.setValue(bar.maximum())
    return bar.value()


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_discard_keeps_scroll_position_and_focus(runner: WindowRunner, desk: FakeDesk, by_keyboard: bool) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        place = await scroll_down(page)
        switch = switch_of(page, "block_senders").switch
        QTest.keyClick(switch, Qt.Key.Key_Space)
        page.scroll_area.verticalScrollBar().setValue(place)
        if by_keyboard:
            page.discard.setFocus()
            page.scroll_area.verticalScrollBar().setValue(place)
            QTest.keyClick(page.discard, Qt.Key.Key_Space)
        else:
            click(page.discard)

        assert page.changes() == {}
        assert switch.hasFocus()
        assert page.scroll_area.verticalScrollBar().value() == place
        assert (page.bar.count.text(), page.discard.isEnabled()) == ("No changes", False)

    runner.live(desk, scenario)


# Leaving the page ------------------------------------------------------------------


def test_changes_stay_while_the_user_is_elsewhere_and_mark_the_rail(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        item = live.window.rail.item(Topic.SETTINGS)
        await enter(page, "push_retry_seconds", "20")

        live.window.go(Topic.RENTS)
        await live.window.wait_until_idle()

        assert item.count_text() == "1 change"
        assert "1 change is not saved" in item.accessibleName()
        await settings_of(live)
        assert page.changes() == {"push_retry_seconds": "20"}
        click(page.discard)
        assert item.count_text() == ""

    runner.live(desk, scenario)


def test_change_from_the_engine_does_not_overwrite_input(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_url", "half typed")

        live.engine.announce(Topic.SETTINGS)
        await until(lambda: len([1 for topic, _ in live.desk.asked if topic is Topic.SETTINGS]) == 2)
        await live.window.wait_until_idle()

        assert page.rows["push_url"].value() == "half typed"

    runner.live(desk, scenario)


def test_change_from_the_engine_is_shown_in_place(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await focus(page, "push_url")
        field = page.rows["push_url"].field
        live.desk.fields = saved(live.desk, "push_url", "https://elsewhere.example/")

        live.engine.announce(Topic.SETTINGS)

        await until(lambda: page.rows["push_url"].value() == "https://elsewhere.example/")
        assert page.rows["push_url"].field is field
        assert field.hasFocus()

    runner.live(desk, scenario)


# Groups and search -----------------------------------------------------------------


def test_group_is_chosen_by_mouse_and_arrow_keys(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        assert shown_rows(page) == ["api_key", "push_url", "push_retry_seconds", "require_bearer"]

        await choose_group(page, SettingGroup.PHONES)
        assert shown_rows(page) == ["adb_servers", "numbers_file"]
        QTest.keyClick(page.groups.items[SettingGroup.PHONES], Qt.Key.Key_Up)

        assert shown_rows(page) == ["listen"]
        assert page.place.text() == "Public address"

    runner.live(desk, scenario)


def test_search_finds_settings_of_all_groups_and_marks_the_word(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)

        QTest.keyClick(page, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        await until(page.groups.search.hasFocus)
        QTest.keyClicks(page.groups.search, "TEXT")

        assert shown_rows(page) == ["text_hours"]
        assert ">text</span>" in page.rows["text_hours"].name.text()
        assert not any(item.isChecked() for item in page.groups.items.values())
        QTest.keyClick(page.groups.search, Qt.Key.Key_Return)
        assert page.rows["text_hours"].field.hasFocus()

    runner.live(desk, scenario)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("message id", ["sms_id"]),
        ("id of the mess", ["sms_id"]),
        ("appearance", []),
        ("privacy", ["block_senders", "text_hours"]),
        ("<b>", []),
    ],
)
def test_search_reads_names_help_choices_and_groups(
    runner: WindowRunner, desk: FakeDesk, query: str, found: list[str]
) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        page.groups.search.setText(query)
        assert shown_rows(page) == found
        assert page.theme_box.isVisible() == (query == "appearance")
        assert page.list.nothing.isVisible() == (query == "<b>")

    runner.live(desk, scenario)


def test_escape_ends_the_search_and_changes_stay(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        page.focus_search()
        QTest.keyClicks(page.groups.search, "retry")
        await enter(page, "push_retry_seconds", "20")
        page.focus_search()

        QTest.keyClick(page.groups.search, Qt.Key.Key_Escape)

        assert page.groups.items[SettingGroup.SELLING].isChecked()
        assert page.changes() == {"push_retry_seconds": "20"}
        assert "<span" not in page.rows["push_retry_seconds"].name.text()

    runner.live(desk, scenario)


def test_only_the_settings_of_the_chosen_tunnel_are_shown(runner: WindowRunner, desk: FakeDesk) -> None:
    fields = desk.fields
    tunnel = next(field for field in fields if field.name == "sms_id")
    fields += [
        replace(tunnel, name="tunnel", value="none", default="none", choices=("none", "url", "ssh")),
        replace(fields[0], name="public_url", value="", source="default"),
        replace(fields[0], name="ssh_server", value="", source="default"),
    ]

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await choose_group(page, SettingGroup.PUBLIC_ADDRESS)
        assert shown_rows(page) == ["tunnel", "listen"]

        page.rows["tunnel"].field.setFocus()
        QTest.keyClick(page.rows["tunnel"].field, Qt.Key.Key_End)

        assert shown_rows(page) == ["tunnel", "public_url", "ssh_server", "listen"]

    runner.live(desk, scenario)


def test_alerts_take_the_place_of_the_settings_and_their_save(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await enter(page, "push_retry_seconds", "20")

        await choose_group(page, SettingGroup.ALERTS)

        assert (page.alerts.isVisible(), page.bar.isVisible()) == (True, False)
        assert page.groups.items[SettingGroup.SELLING].count_text() == "1 changed"
        await choose_group(page, SettingGroup.SELLING)
        assert (page.alerts.isVisible(), page.bar.isVisible()) == (False, True)
        assert page.changes() == {"push_retry_seconds": "20"}

    runner.live(desk, scenario)


def test_search_leads_to_the_alerts(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        page.groups.search.setText("called")
        go = next(found for found in page.findChildren(QPushButton) if found.text() == "Show alerts")

        click(go)

        assert page.alerts.isVisible()
        assert page.groups.items[SettingGroup.ALERTS].isChecked()

    runner.live(desk, scenario)


def test_the_appearance_is_switched_at_once(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await choose_group(page, SettingGroup.LOOK)

        page.theme_box.setCurrentIndex(list(ThemeMode).index(ThemeMode.DARK))

        assert live.theme.tokens.dark
        assert page.changes() == {}

    runner.live(desk, scenario)


def test_public_address_is_shown_above_its_settings(runner: WindowRunner, desk: FakeDesk) -> None:
    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        await choose_group(page, SettingGroup.PUBLIC_ADDRESS)
        panel = page.findChild(PublicAddressPanel)
        assert panel is not None
        await until(lambda: panel.address is not None)
        assert panel.isVisible()
        assert panel.mapTo(page, panel.rect().bottomLeft()).y() < page.rows["listen"].mapTo(page, panel.pos()).y()

    runner.live(desk, scenario)


def test_changes_of_every_kind_are_saved_together(runner: WindowRunner, desk: FakeDesk) -> None:
    wanted: Mapping[str, str] = {
        "push_url": "https://example.org/push",
        "push_retry_seconds": "15",
        "require_bearer": "true",
        "sms_id": "message",
        "numbers_file": "/farm/n.csv",
    }

    async def scenario(live: Live) -> None:
        page = await settings_of(live)
        for name, value in wanted.items():
            page.rows[name].control.show_value(value)

        click(page.save)

        await until(lambda: live.desk.commands)
        assert live.desk.commands == [("save_settings", wanted)]

    runner.live(desk, scenario)

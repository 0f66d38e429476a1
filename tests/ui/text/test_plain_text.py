"""A hostile SMS is shown as plain text in every widget, tooltip and menu."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QWidget

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import (
    Attention,
    AttentionKind,
    SmsStanding,
    Topic,
)
from phonefarm.application.model.timeline import entry
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import Farm
from tests.fakes.field_farm import field_farm
from tests.ui.live import Live, WindowRunner, until
from ui.widgets.basics import plain_tooltip

EVIL = "<b>bold</b><img src='file:///etc/passwd'><a href='http://evil'>x</a> & \u202egnp.exe\x1b[2J\n" + "A" * 5000
SENDER = "<h1>Bank</h1>\u202e&copy;"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def make_hostile(farm: Farm) -> None:
    """Put markup into everything that comes from phones, SMS, or Onlinesim."""
    farm.messages = {
        key: replace(row, sender=SENDER, text=EVIL, phone_label=EVIL[:300]) for key, row in farm.messages.items()
    }
    farm.pushes = {key: replace(row, sender=SENDER, last_answer=EVIL) for key, row in farm.pushes.items()}
    farm.phones = {
        key: replace(
            row,
            label=EVIL[:300],
            detail=EVIL,
            make=SENDER,
            model=SENDER,
            android=SENDER,
            firmware=EVIL,
            usb_path=EVIL,
            sim_column=EVIL,
            serial=EVIL,
            telemetry=replace(row.telemetry, sms_app=EVIL),
        )
        for key, row in farm.phones.items()
    }
    farm.sims = {
        key: replace(
            row, phone_label=EVIL[:300], held_reason=EVIL, operator=SENDER, network_type=SENDER, mcc_mnc=SENDER
        )
        for key, row in farm.sims.items()
    }
    farm.numbers = {
        key: replace(row, phone_label=EVIL[:300], found="79281234567", found_sender=SENDER, found_text=EVIL)
        for key, row in farm.numbers.items()
    }
    farm.rents = {key: replace(row, phone_label=EVIL[:300], operator=SENDER) for key, row in farm.rents.items()}
    farm.bans = {key: replace(row, phone_label=EVIL[:300], operator=SENDER) for key, row in farm.bans.items()}
    farm.attention = (
        Attention(kind=AttentionKind.SMS_HELD, subject=EVIL, since=farm.now, topic=Topic.MESSAGES, key=""),
        Attention(
            kind=AttentionKind.PHONES_LEFT, subject=EVIL, since=farm.now, topic=Topic.PHONES, key="a", others=("b", "c")
        ),
        Attention(kind=AttentionKind.BUG, subject=SENDER, since=farm.now, topic=Topic.PHONES, key=""),
    )


def check(window: QWidget) -> None:
    for label in window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
        assert "\u202e" not in label.text()
        assert len(label.text()) < 4200
    for widget in window.findChildren(QWidget):
        assert "\u202e" not in widget.toolTip()
        assert set(Tags(widget.toolTip()).tags) <= {"p"}
    for box in window.findChildren(QComboBox):
        assert all("\u202e" not in box.itemText(place) for place in range(box.count()))


def test_no_widget_renders_markup_of_an_sms(runner: WindowRunner, busy: Farm) -> None:
    make_hostile(busy)
    desk = FakeDesk(farm=busy)
    line = entry(busy.now, timeline.sms(SENDER), EVIL)
    rows = (busy.messages, busy.pushes, busy.phones, busy.sims, busy.rents, busy.bans)
    desk.timelines = {key: [line] for part in rows for key in part}

    async def scenario(live: Live) -> None:
        for topic in Topic:
            live.window.go(topic)
            await live.window.wait_until_idle()
            live.window.page.select_example()
            await live.window.wait_until_idle()
        await until(lambda: live.window.top_line.attention.sentence() != "All well")
        check(live.window)
        for action in live.window.top_line.attention.make_menu().actions():
            assert "\u202e" not in action.text()
            assert action.text().count("&") == 2 * action.text().count("&&")

    runner.live(desk, scenario)


def test_cells_show_one_line_of_plain_text(runner: WindowRunner, busy: Farm) -> None:
    make_hostile(busy)

    async def scenario(live: Live) -> None:
        for topic in (Topic.MESSAGES, Topic.PUSHES, Topic.PHONES, Topic.SIMS, Topic.RENTS, Topic.BANS):
            page = await live.open(topic)
            for column in range(page.table.columnCount()):
                text = page.table.index(0, column).data()
                assert "\n" not in text
                assert "\u202e" not in text
                assert "\x1b" not in text
                assert len(text) <= 240
                assert "\u202e" not in page.view.tooltip_at(page.table.index(0, column))

    runner.live(FakeDesk(farm=busy), scenario)


def test_details_of_a_phone_with_problems_are_plain(runner: WindowRunner) -> None:
    farm = field_farm()
    make_hostile(farm)
    with_problems = [key for key, phone in farm.phones.items() if phone.conditions]

    async def scenario(live: Live) -> None:
        page = await live.open(Topic.PHONES)
        for key in with_problems:
            page.show_keys(key)
            check(page)
            places = range(page.table.columnCount())
            at = page.table.place_of(key)
            assert at is not None
            assert all("\u202e" not in page.view.tooltip_at(page.table.index(at, place)) for place in places)

    runner.live(FakeDesk(farm=farm), scenario)


def test_question_about_a_held_message_is_plain(runner: WindowRunner, busy: Farm) -> None:
    make_hostile(busy)
    key = next(key for key, row in busy.messages.items() if row.standing is SmsStanding.HELD)

    async def scenario(live: Live) -> None:
        await live.do(Topic.MESSAGES, [key], "Choose SIM…")
        check(await live.question())

    runner.live(FakeDesk(farm=busy), scenario)


def test_a_tooltip_shows_tags_as_text() -> None:
    tooltip = plain_tooltip("<img src=x>&lt;")

    assert Tags(tooltip).tags == ["p"]
    assert "&lt;img src=x&gt;&amp;lt;" in tooltip

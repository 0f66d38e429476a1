"""The alerts as a whole: told once over restarts, carried by every channel, harmless to the farm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from phonefarm.application.alerts.alerts import Alerts
from phonefarm.application.alerts.deliveries import MOST_QUEUED
from phonefarm.application.model.alerts import (
    DESKTOP_CHANNEL,
    Alert,
    AlertPolicy,
    ChannelForm,
    ChannelKind,
    DeliveryFault,
    MessageKind,
    Rule,
    RuleKind,
)
from phonefarm.application.model.read_models import SettingProblem
from phonefarm.domain.alert_causes import Fault
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind, health
from phonefarm.support.tasks import Tasks
from tests.builders import HOUR, MINUTE, NOON
from tests.fakes.alerts import AlertStage, a_webhook, facts
from tests.fakes.clock import FakeClock
from tests.waiting import until

REFUSED = facts(key=Fault(since=NOON, health=health(HealthKind.KEY_REFUSED, http_status=401)))
IN_ORDER = facts()
TELEGRAM_TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    bugs = list[BaseException]()
    tasks = Tasks(lambda name, error: bugs.append(error))
    yield tasks
    await tasks.stop()
    assert bugs == []


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stage(tasks: Tasks, clock: FakeClock) -> AlertStage:
    return AlertStage(tasks, clock)


async def tell_refused(stage: AlertStage) -> Alerts:
    alerts = await stage.begin()
    stage.facts.facts = REFUSED
    await alerts.look()
    return alerts


# Telling --------------------------------------------------------------------


async def test_an_alert_goes_to_every_channel_that_is_on(stage: AlertStage) -> None:
    stage.with_channels(a_webhook("one"), a_webhook("two"), a_webhook("off", is_on=False))

    await tell_refused(stage)

    await until(lambda: len(stage.notifier.arrived) == 2)
    assert {name for name, _ in stage.notifier.arrived} == {"one", "two"}
    (title,) = stage.notifier.titles("one")
    assert title == "phonefarm: Onlinesim refuses the key"
    assert stage.notifier.arrived[0][1].stops_sales


async def test_a_cause_is_told_once_although_the_program_restarts(stage: AlertStage, clock: FakeClock) -> None:
    stage.with_channels(a_webhook())
    for _ in range(3):
        alerts = await tell_refused(stage)
        await until(lambda: stage.notifier.arrived)
        await alerts.look()
        clock.forward(60)

    assert len(stage.notifier.arrived) == 1
    assert stage.store.memory.pending == ()


async def test_what_has_arrived_is_written_down_at_once(stage: AlertStage) -> None:
    stage.with_channels(a_webhook())
    alerts = await stage.begin()
    stage.facts.facts = REFUSED

    stage.tasks.start(alerts.run(), "alerts")

    await until(lambda: stage.notifier.arrived)
    await until(lambda: "w1" in stage.store.memory.results)
    assert stage.store.memory.pending == ()


async def test_an_alert_that_had_not_arrived_goes_out_after_a_restart(stage: AlertStage) -> None:
    stage.with_channels(a_webhook())
    stage.notifier.faults["w1"] = DeliveryFault.SILENT
    alerts = await tell_refused(stage)
    await until(lambda: stage.notifier.attempts)
    await alerts.look()
    await stage.tasks.stop()

    stage.notifier.faults.clear()
    await stage.begin()

    await until(lambda: stage.notifier.arrived)
    assert stage.notifier.titles("w1") == ["phonefarm: Onlinesim refuses the key"]


async def test_the_end_is_told_with_how_long_it_took(stage: AlertStage, clock: FakeClock) -> None:
    stage.with_channels(a_webhook())
    alerts = await tell_refused(stage)
    stage.facts.facts = IN_ORDER

    for _ in range(3):
        clock.forward(180)
        await alerts.look()

    await until(lambda: len(stage.notifier.arrived) == 2)
    end = stage.notifier.arrived[-1][1]
    assert end.title == "phonefarm: Resolved: Onlinesim refuses the key"
    assert end.body == "Over at 12:03, after 3 min"


async def test_a_channel_that_hangs_delays_neither_the_look_nor_the_others(stage: AlertStage) -> None:
    stage.with_channels(a_webhook("hangs"), a_webhook("well"))
    stage.notifier.hanging["hangs"] = asyncio.Event()

    alerts = await tell_refused(stage)
    await alerts.look()

    await until(lambda: stage.notifier.titles("well"))
    assert stage.notifier.titles("hangs") == []


async def test_a_disk_that_takes_nothing_does_not_silence_the_alerts(stage: AlertStage) -> None:
    stage.with_channels(a_webhook())
    stage.store.is_broken = True

    await tell_refused(stage)

    await until(lambda: stage.notifier.arrived)


async def test_the_memory_is_written_only_when_it_changed(stage: AlertStage) -> None:
    alerts = await tell_refused(stage.with_channels())
    written = stage.store.writes

    for _ in range(20):
        await alerts.look()

    assert stage.store.writes == written


async def test_a_channel_that_fails_is_told_through_the_others(stage: AlertStage, clock: FakeClock) -> None:
    stage.with_channels(a_webhook("fails"), a_webhook("well"))
    stage.notifier.faults["fails"] = DeliveryFault.LOGIN_REFUSED
    alerts = await tell_refused(stage)
    await until(lambda: stage.notifier.attempts and stage.notifier.titles("well"))

    clock.forward(11 * 60)
    await alerts.look()

    await until(lambda: len(stage.notifier.titles("well")) == 2)
    assert stage.notifier.titles("well")[1] == "phonefarm: Alerts by “fails” do not arrive"
    assert len([pending for pending in stage.store.memory.pending if pending.channel_id == "fails"]) == 1


async def test_a_queue_is_bounded(stage: AlertStage, clock: FakeClock) -> None:
    stage.with_channels(a_webhook())
    stage.notifier.faults["w1"] = DeliveryFault.SILENT
    alerts = await stage.begin()

    for number in range(MOST_QUEUED + 20):
        stage.facts.facts = facts(crash=f"crash-{number}.txt", crashed_at=NOON)
        clock.forward(1)
        await alerts.look()

    assert len(stage.store.memory.pending) == MOST_QUEUED


async def test_what_could_not_be_delivered_for_a_day_is_given_up(stage: AlertStage, clock: FakeClock) -> None:
    stage.with_channels(a_webhook())
    stage.notifier.faults["w1"] = DeliveryFault.SILENT
    alerts = await tell_refused(stage)
    await until(lambda: stage.notifier.attempts)

    clock.forward(25 * 3600)
    await alerts.save_channel(ChannelForm(channel_id="w1", kind=ChannelKind.WEBHOOK, name="renamed"))
    await until(lambda: len(stage.notifier.attempts) == 2)
    stage.facts.facts = IN_ORDER
    await alerts.look()

    assert stage.store.memory.pending == ()


async def test_history_keeps_the_alerts_of_thirty_days(stage: AlertStage, clock: FakeClock) -> None:
    alerts = await tell_refused(stage.with_channels())
    clock.forward(31 * 24 * 3600)
    stage.facts.facts = facts(crash="crash-1.txt", crashed_at=NOON)
    await alerts.look()

    recent = await alerts.recent()

    assert all(alert.at > NOON + 24 * HOUR for alert in recent)
    assert (await alerts.overview()).sent_in_30_days == len(recent) >= 1


async def test_what_was_seen_has_no_reminder(stage: AlertStage, clock: FakeClock) -> None:
    alerts = await tell_refused(stage.with_channels())
    assert (await alerts.overview()).open_causes == 1

    await alerts.mark_seen()
    clock.forward(5 * 3600)
    await alerts.look()

    assert (await alerts.overview()).open_causes == 0
    assert [alert.kind for alert in await alerts.recent()] == [MessageKind.FIRST]


# Desktop --------------------------------------------------------------------


async def test_notices_of_this_pc_go_to_who_listens(stage: AlertStage) -> None:
    stage.with_channels(DESKTOP_CHANNEL)
    alerts = await stage.begin()
    heard, unheard = list[Alert](), list[Alert]()
    stage.announcer.subscribe_alerts(heard.append)
    stage.announcer.subscribe_alerts(unheard.append)()

    stage.facts.facts = REFUSED
    await alerts.look()

    await until(lambda: heard)
    assert heard[0].title == "phonefarm: Onlinesim refuses the key"
    assert unheard == []


async def test_a_farm_without_a_window_misses_no_notice_and_calls_nothing_a_fault(stage: AlertStage) -> None:
    stage.with_channels(DESKTOP_CHANNEL)
    alerts = await tell_refused(stage)
    await until(lambda: not stage.tasks._running)
    await alerts.look()

    (row,) = (await alerts.overview()).channels
    assert row.result.failing_since is None
    assert stage.store.memory.pending == ()
    assert (await alerts.send_test("desktop")).fault is DeliveryFault.NO_WINDOW


# Tests ----------------------------------------------------------------------


async def test_a_test_says_how_long_it_took_and_is_kept_as_the_last_result(stage: AlertStage) -> None:
    alerts = await stage.with_channels(a_webhook()).begin()

    delivery = await alerts.send_test("w1")

    (row,) = (await alerts.overview()).channels
    assert (delivery.arrived, delivery.seconds) == (True, 0.6)
    assert (row.result.arrived_at, row.result.was_test) == (NOON, True)
    assert stage.notifier.titles("w1") == ["phonefarm: This is a test"]


async def test_a_test_that_fails_says_why_and_ends_with_one_that_arrives(stage: AlertStage) -> None:
    alerts = await stage.with_channels(a_webhook()).begin()
    stage.notifier.faults["w1"] = DeliveryFault.NOT_FOUND

    failed = await alerts.send_test("w1")
    (failing,) = (await alerts.overview()).channels
    stage.notifier.faults.clear()
    await alerts.send_test("w1")
    (well,) = (await alerts.overview()).channels

    assert failed.fault is DeliveryFault.NOT_FOUND
    assert (failing.result.failing_since, well.result.failing_since) == (NOON, None)


async def test_a_test_that_arrives_brings_what_waited(stage: AlertStage) -> None:
    stage.with_channels(a_webhook())
    stage.notifier.faults["w1"] = DeliveryFault.SILENT
    alerts = await tell_refused(stage)
    await until(lambda: stage.notifier.attempts)

    stage.notifier.faults.clear()
    await alerts.send_test("w1")

    await until(lambda: len(stage.notifier.arrived) == 2)


async def test_a_test_of_a_channel_that_is_gone_says_so(stage: AlertStage) -> None:
    alerts = await stage.begin()

    with pytest.raises(KnownError, match="removed"):
        await alerts.send_test("w9")


# Channels -------------------------------------------------------------------


def telegram(**changes: str) -> ChannelForm:
    values = {"token": TELEGRAM_TOKEN, "chat": "-100200300400"} | changes
    return ChannelForm(kind=ChannelKind.TELEGRAM, name="Telegram", values=values)


async def test_a_channels_secret_goes_to_the_secrets_and_nowhere_else(stage: AlertStage) -> None:
    alerts = await stage.begin()

    problems = await alerts.save_channel(telegram())

    channel = stage.store.settings.channels[-1]
    assert problems == []
    assert (channel.target, channel.fields) == ("-100200300400", {"chat": "-100200300400"})
    assert TELEGRAM_TOKEN in stage.secrets.kept[f"alert channel {channel.channel_id}"]
    assert TELEGRAM_TOKEN not in repr(stage.store.settings)
    assert TELEGRAM_TOKEN in stage.hidden


async def test_a_secret_that_is_left_empty_stays_as_it_is(stage: AlertStage) -> None:
    alerts = await stage.begin()
    await alerts.save_channel(telegram())
    channel_id = stage.store.settings.channels[-1].channel_id

    changed = replace(telegram(token="", chat="42"), channel_id=channel_id, name="Farm chat")
    problems = await alerts.save_channel(changed)
    await alerts.send_test(channel_id)

    channel = stage.store.settings.channels[-1]
    assert problems == []
    assert (channel.name, channel.target, len(stage.store.settings.channels)) == ("Farm chat", "42", 2)
    assert stage.notifier.attempts == [(channel_id, {"token": TELEGRAM_TOKEN})]


async def test_a_form_that_is_wrong_is_told_at_its_fields_and_not_kept(stage: AlertStage) -> None:
    alerts = await stage.begin()

    problems = await alerts.save_channel(telegram(token="abc", chat=""))

    assert {problem.name for problem in problems} == {"token", "chat"}
    assert all("@BotFather" in problem.problem or "needed" in problem.problem for problem in problems)
    assert len(stage.store.settings.channels) == 1
    assert stage.secrets.kept == {}


async def test_a_url_that_nobody_understands_is_told_at_its_field(stage: AlertStage) -> None:
    alerts = await stage.begin()
    stage.notifier.not_understood = frozenset({"foo://x"})

    problems = await alerts.save_channel(ChannelForm(kind=ChannelKind.OTHER, name="other", values={"url": "foo://x"}))

    assert [problem.name for problem in problems] == ["url"]


async def test_a_removed_channel_is_forgotten_with_its_secret(stage: AlertStage) -> None:
    alerts = await stage.with_channels(a_webhook("w1"), a_webhook("w2")).begin()
    await alerts.send_test("w1")

    await alerts.remove_channel("w1")

    assert [row.channel.channel_id for row in (await alerts.overview()).channels] == ["w2"]
    assert list(stage.secrets.kept) == ["alert channel w2"]


async def test_notices_of_this_pc_can_be_switched_off_and_not_removed(stage: AlertStage) -> None:
    alerts = await stage.begin()

    await alerts.switch_channel("desktop", is_on=False)
    with pytest.raises(KnownError, match="Switch them off"):
        await alerts.remove_channel("desktop")

    assert [row.channel.is_on for row in (await alerts.overview()).channels] == [False]


async def test_a_channel_whose_secret_is_gone_says_so_and_sends_nothing(stage: AlertStage) -> None:
    alerts = await stage.with_channels(a_webhook()).begin()
    stage.secrets.kept.clear()

    delivery = await alerts.send_test("w1")

    assert delivery.fault is DeliveryFault.SECRET_MISSING
    assert stage.notifier.attempts == []


# Rules ----------------------------------------------------------------------


async def test_rules_are_kept_and_hold_at_once(stage: AlertStage) -> None:
    alerts = await stage.with_channels(a_webhook()).begin()
    off = Rule(kind=RuleKind.KEY_REFUSED, is_on=False, values=())

    problems = await alerts.save_policy(AlertPolicy(rules=(off,), reminder_hours=8))
    stage.facts.facts = REFUSED
    await alerts.look()

    assert problems == []
    assert stage.store.settings.policy.reminder_hours == 8
    assert await alerts.recent() == ()


async def test_rules_beyond_their_limits_are_not_kept(stage: AlertStage) -> None:
    alerts = await stage.begin()
    wrong = Rule(kind=RuleKind.DISK, is_on=True, values=(0,))

    problems = await alerts.save_policy(AlertPolicy(rules=(wrong,), reminder_hours=0))

    assert problems == [
        SettingProblem(name="disk", problem="This is outside its limits."),
        SettingProblem(name="reminder", problem="This is outside its limits."),
    ]
    assert stage.store.writes == 0


async def test_the_last_time_of_a_rule_is_kept(stage: AlertStage, clock: FakeClock) -> None:
    await tell_refused(stage.with_channels())
    clock.forward(MINUTE.total_seconds())

    alerts = await stage.begin()

    assert (await alerts.overview()).last_told_at == {RuleKind.KEY_REFUSED: NOON}

"""A FarmDesk over a made-up farm that records every command, and an engine thread to run it on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model import timeline
from phonefarm.application.model.alerts import Alert, AlertPolicy, AlertsOverview, ChannelForm, Delivery
from phonefarm.application.model.log_entries import (
    CallDetails,
    HealthHistory,
    LogBatch,
    LogQuery,
    LogSummary,
    OrderStanding,
)
from phonefarm.application.model.read_models import (
    BY_USER,
    Changes,
    Difference,
    Grouping,
    ImportReport,
    MoneyRow,
    Overview,
    Pause,
    PublicAddress,
    Restored,
    SettingField,
    SettingProblem,
    Topic,
    Verdict,
)
from phonefarm.application.model.row_queries import (
    BANS,
    MESSAGES,
    NETWORKS,
    NUMBER_TASKS,
    PHONES,
    PUSHES,
    RENTS,
    SIMS,
    Keys,
    RowQuery,
    answered_by,
)
from phonefarm.application.model.setup_state import NumberDraft, PushTest, SetupState, SmsChainResult
from phonefarm.application.model.timeline import Happening, TimelineEntry, TimelineKind, entry
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.setup_steps import SetupFacts
from phonefarm.domain.tunnels import TunnelKind
from tests.fakes.desk_alerts import some_alerts
from tests.fakes.desk_settings import a_setting as a_setting
from tests.fakes.desk_settings import some_settings
from tests.fakes.desk_setup import ALL_PASSED, RIGHT_PUSH, SOLD, a_state
from tests.fakes.farm_log import MadeUpLog, a_days_log
from tests.fakes.farm_money import account
from tests.fakes.farms import BLOCKED, PATTERNS, Farm, empty_farm

Row = TypeVar("Row")

NO_ADDRESS = PublicAddress(
    kind=TunnelKind.NONE,
    verdict=Verdict.PASS,
    health=health(HealthKind.PUBLIC_ADDRESS_MISSING),
    url="",
    reported_url="",
    answered_at=None,
    restarts=0,
)
PROBED = health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=84)

_ROWS: dict[RowQuery[Any], Callable[[Farm], Any]] = dict(
    [
        answered_by(PHONES, lambda farm: [*farm.phones.values()]),
        answered_by(SIMS, lambda farm: [*farm.sims.values()]),
        answered_by(RENTS, lambda farm: [*farm.rents.values()]),
        answered_by(MESSAGES, lambda farm: [*farm.messages.values()]),
        answered_by(PUSHES, lambda farm: [*farm.pushes.values()]),
        answered_by(BANS, lambda farm: [*farm.bans.values()]),
        answered_by(NUMBER_TASKS, lambda farm: [*farm.numbers.values()]),
        answered_by(NETWORKS, lambda farm: farm.networks),
    ]
)


@dataclass
class FakeDesk(FarmDesk):
    """Answers from `farm`; `failure` is raised by every call while it is set, `refusal` by every command."""

    farm: Farm = field(default_factory=empty_farm)
    fields: list[SettingField] = field(default_factory=some_settings)
    judge: Callable[[Mapping[str, str]], Sequence[SettingProblem]] = field(default=lambda changes: ())
    """What is wrong with settings that are checked."""
    checked: list[dict[str, str]] = field(default_factory=list)
    problems: list[SettingProblem] = field(default_factory=list)
    left_out: tuple[str, ...] = ()
    """Lines that an import reports as left out."""
    failure: BaseException | None = None
    refusal: BaseException | None = None
    commands: list[tuple[Any, ...]] = field(default_factory=list)
    asked: list[tuple[Topic, Collection[str] | None]] = field(default_factory=list)
    timelines: dict[str, list[TimelineEntry]] = field(default_factory=dict)
    restore: Restored | None = None
    made_up_log: MadeUpLog | None = None
    address: PublicAddress = NO_ADDRESS
    probed: Health = PROBED
    path: SetupFacts = SOLD
    countries: tuple[str, ...] = ("russia",)
    push_test: PushTest = RIGHT_PUSH
    chain: SmsChainResult = ALL_PASSED
    drafts: list[NumberDraft] = field(default_factory=list)
    number_problems: dict[str, str] = field(default_factory=dict)
    listeners: list[Callable[[Changes], None]] = field(default_factory=list)
    alerts: AlertsOverview = field(default_factory=some_alerts)
    delivery: Delivery = field(default_factory=lambda: Delivery(seconds=0.6))
    alert_listeners: list[Callable[[Alert], None]] = field(default_factory=list)
    paused: Pause | None = None
    at_login: bool = False

    async def overview(self) -> Overview:
        self._ask(Topic.OVERVIEW, None)
        overview = self.farm.overview()
        if self.paused is None:
            return overview
        return replace(overview, counts=replace(overview.counts, numbers_on_offer=0), paused=self.paused)

    async def rows(self, query: RowQuery[Row], keys: Keys = None) -> Sequence[Row]:
        self._ask(query.topic, keys)
        rows = {query.key(row): row for row in _ROWS[query](self.farm)}
        return list(rows.values()) if keys is None else [rows[key] for key in keys if key in rows]

    async def number_patterns(self) -> Sequence[NumberPattern]:
        if self.failure is not None:
            raise self.failure
        return list(self.farm.patterns)

    async def built_in_number_patterns(self) -> Sequence[NumberPattern]:
        return list(PATTERNS)

    async def money(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        self._ask(Topic.MONEY, None)
        return account(self.farm, grouping, begin, end)

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        self._record("reconcile", path, begin, end)
        return list(self.farm.differences)

    async def restored(self) -> Restored | None:
        return self.restore

    async def dismiss_restored(self) -> None:
        self._record("dismiss_restored")
        self.restore = None

    async def timeline(self, topic: Topic, key: str) -> Sequence[TimelineEntry]:
        if self.failure is not None:
            raise self.failure
        return self.timelines.get(key) or self.farm.timelines.get(key) or self._usual_timeline()

    async def log_entries(self, query: LogQuery) -> LogBatch:
        self._ask(Topic.LOG, None)
        return self.log.batch(query)

    async def log_summary(self, query: LogQuery) -> LogSummary:
        self._ask(Topic.LOG, None)
        return self.log.summary(query)

    async def call_details(self, call_id: int) -> CallDetails | None:
        self._ask(Topic.LOG, None)
        return self.log.details.get(call_id)

    async def health_history(self) -> HealthHistory:
        self._ask(Topic.LOG, None)
        return self.log.health_history()

    async def order_standing(self) -> OrderStanding:
        self._ask(Topic.LOG, None)
        return self.log.order_standing()

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def announce(self, topic: Topic, *keys: str) -> None:
        """Notify the listeners; without keys, of any row. Call it on the engine's loop."""
        for listener in list(self.listeners):
            listener(Changes(keys={topic: frozenset(keys) if keys else None}))

    async def pause_selling(self) -> None:
        self._record("pause_selling")
        self.paused = Pause(since=self.farm.now, by=BY_USER)
        self.announce(Topic.OVERVIEW)

    async def resume_selling(self) -> None:
        self._record("resume_selling")
        self.paused = None
        self.announce(Topic.OVERVIEW)

    async def lift_ban(self, sim_id: str) -> None:
        self._record("lift_ban", sim_id)

    async def set_ban(self, sim_id: str, length: timedelta) -> None:
        self._record("set_ban", sim_id, length)

    async def hold_back(self, sim_id: str, reason: str) -> None:
        self._record("hold_back", sim_id, reason)

    async def release(self, sim_id: str) -> None:
        self._record("release", sim_id)

    async def set_number(self, sim_id: str, number: str) -> None:
        self._record("set_number", sim_id, number)

    async def name_phone(self, phone_id: str, label: str) -> None:
        self._record("name_phone", phone_id, label)

    async def reconnect_phone(self, phone_id: str) -> None:
        self._record("reconnect_phone", phone_id)

    async def resend_push(self, sms_id: int) -> None:
        self._record("resend_push", sms_id)

    async def drop_push(self, sms_id: int) -> None:
        self._record("drop_push", sms_id)

    async def release_orphan(self, rent_id: int) -> None:
        self._record("release_orphan", rent_id)

    async def assign_sim(self, sms_id: int, sim_id: str, *, remember: bool = False) -> None:
        self._record("assign_sim", sms_id, sim_id, *(["remember"] if remember else []))

    async def forget_sim_rules(self, phone_id: str) -> None:
        self._record("forget_sim_rules", phone_id)

    async def accept_number(self, sim_id: str, number: str) -> None:
        self._record("accept_number", sim_id, number)

    async def import_numbers(self, path: str) -> ImportReport:
        self._record("import_numbers", path)
        return ImportReport(summary="3 imported: 2 SIMs updated.", left_out=self.left_out)

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        self._record("name_network", mcc_mnc, country, operator)

    async def save_number_patterns(self, patterns: Sequence[NumberPattern]) -> Sequence[SettingProblem]:
        self._record("save_number_patterns", tuple(patterns))
        return list(self.problems)

    async def blocked_senders(self) -> Sequence[BlockedSender]:
        if self.failure is not None:
            raise self.failure
        return list(self.farm.blocked)

    async def built_in_blocked_senders(self) -> Sequence[BlockedSender]:
        return list(BLOCKED)

    async def save_blocked_senders(self, entries: Sequence[BlockedSender]) -> Sequence[SettingProblem]:
        self._record("save_blocked_senders", tuple(entries))
        return list(self.problems)

    async def erase_number(self, number: str) -> str:
        self._record("erase_number", number)
        return "4 texts erased."

    async def alerts_overview(self) -> AlertsOverview:
        if self.failure is not None:
            raise self.failure
        return self.alerts

    async def recent_alerts(self) -> Sequence[Alert]:
        return []

    async def save_alert_policy(self, policy: AlertPolicy) -> Sequence[SettingProblem]:
        self._record("save_alert_policy", policy)
        if not self.problems:
            self.alerts = replace(self.alerts, policy=policy)
        return list(self.problems)

    async def save_alert_channel(self, form: ChannelForm) -> Sequence[SettingProblem]:
        self._record("save_alert_channel", form)
        return list(self.problems)

    async def switch_alert_channel(self, channel_id: str, *, is_on: bool) -> None:
        self._record("switch_alert_channel", channel_id, is_on)

    async def remove_alert_channel(self, channel_id: str) -> None:
        self._record("remove_alert_channel", channel_id)

    async def test_alert_channel(self, channel_id: str) -> Delivery:
        self._record("test_alert_channel", channel_id)
        return self.delivery

    async def mark_alerts_seen(self) -> None:
        self._record("mark_alerts_seen")

    def subscribe_alerts(self, listener: Callable[[Alert], None]) -> Callable[[], None]:
        self.alert_listeners.append(listener)
        return lambda: self.alert_listeners.remove(listener)

    def alert(self, alert: Alert) -> None:
        """Tell the listeners. Call it on the engine's loop."""
        for listener in list(self.alert_listeners):
            listener(alert)

    async def public_address(self) -> PublicAddress:
        self._ask(Topic.OVERVIEW, None)
        return self.address

    async def test_public_address(self) -> Health:
        self._record("test_public_address")
        return self.probed

    async def confirm_public_url(self) -> None:
        self._record("confirm_public_url")
        self.address = replace(self.address, reported_url=self.address.url)

    async def confirm_ssh_host_key(self, fingerprint: str) -> None:
        self._record("confirm_ssh_host_key", fingerprint)

    async def restart_tunnel(self) -> None:
        self._record("restart_tunnel")

    async def ssh_public_key(self) -> str:
        return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampl phonefarm"

    async def setup(self) -> SetupState:
        self._ask(Topic.OVERVIEW, None)
        return a_state(self.path, *self.countries)

    async def confirm_own_sims(self, *, is_confirmed: bool) -> None:
        self._record("confirm_own_sims", is_confirmed)
        self.path = replace(self.path, is_confirmed=is_confirmed)
        self.announce(Topic.OVERVIEW)

    async def test_push_url(self) -> PushTest:
        self._record("test_push_url")
        self.path = replace(self.path, push_test=self.push_test)
        self.announce(Topic.OVERVIEW)
        return self.push_test

    async def test_sms(self, sim_id: str) -> SmsChainResult:
        self._record("test_sms", sim_id)
        result = replace(self.chain, sim_id=sim_id)
        passed_at = self.farm.now if result.failed_link is None else None
        self.path = replace(self.path, test_failed_link=result.failed_link, test_passed_at=passed_at)
        self.announce(Topic.OVERVIEW)
        return result

    async def preview_numbers(self, path: str) -> Sequence[NumberDraft]:
        self._record("preview_numbers", path)
        return list(self.drafts)

    async def check_numbers(self, numbers: Mapping[str, str]) -> Mapping[str, str]:
        self._ask(Topic.NUMBERS, None)
        return {sim_id: problem for sim_id, problem in self.number_problems.items() if sim_id in numbers}

    async def settings(self) -> Sequence[SettingField]:
        self._ask(Topic.SETTINGS, None)
        return list(self.fields)

    async def check_settings(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        self.checked.append(dict(changes))
        return list(self.judge(changes))

    async def starts_at_login(self) -> bool:
        return self.at_login

    async def set_start_at_login(self, on: bool) -> None:
        self._record("set_start_at_login", on)
        self.at_login = on

    async def save_settings(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        if key_in_file:
            self._record("save_settings", dict(changes), "key in file")
            return []
        self._record("save_settings", dict(changes))
        return list(self.problems)

    def _record(self, *command: Any) -> None:
        if (refusal := self.failure or self.refusal) is not None:
            raise refusal
        self.commands.append(command)

    @property
    def log(self) -> MadeUpLog:
        if self.made_up_log is None:
            self.made_up_log = a_days_log(self.farm.now)
        return self.made_up_log

    def _ask(self, topic: Topic, keys: Collection[str] | None) -> None:
        self.asked.append((topic, keys))
        if self.failure is not None:
            raise self.failure

    def _usual_timeline(self) -> list[TimelineEntry]:
        def line(seconds: int, happening: Happening, body: str = "") -> TimelineEntry:
            return entry(self.farm.now - timedelta(seconds=seconds), happening, body)

        return [
            line(3600, timeline.ordered("russia", None, Decimal(870))),
            line(3600, timeline.answered()),
            line(3444, timeline.sms("Telegram"), "Login code 48 213. Do not give it to anyone."),
            line(3443, timeline.push_ended(TimelineKind.PUSH_FAILED, 1, "HTTP 502 after 310 ms")),
            line(3433, timeline.push_delivered(2, 10.6)),
            line(1900, timeline.sms("+447700900123"), "Your code: 551203"),
        ]


class FakeEngine:
    """A thread with its own event loop, like the real engine; a context manager."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def __enter__(self) -> FakeEngine:
        started = threading.Event()
        self.loop.call_soon(started.set)
        self._thread.start()
        started.wait(5)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self.loop.close()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(5)

    def announce(self, topic: Topic, *keys: str) -> None:
        """Let the desk announce a change, on the engine's thread."""
        self.loop.call_soon_threadsafe(self.desk.announce, topic, *keys)

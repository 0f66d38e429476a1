"""The desk of a running engine: queries go to the database, commands to the use cases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import NamedTuple, Protocol, TypeVar

from phonefarm.application.access.public_address import PublicAddressKeeper
from phonefarm.application.alerts.alerts import Alerts
from phonefarm.application.desk.attention import attention, needing_by_state
from phonefarm.application.desk.shortages import lasting_shortage, sims_now
from phonefarm.application.log.log_reader import LogReader
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.privacy import Privacy
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.alerts import Alert, AlertPolicy, AlertsOverview, ChannelForm, Delivery
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.health_board import HealthBoard
from phonefarm.application.model.log_entries import (
    CallDetails,
    HealthHistory,
    LogBatch,
    LogQuery,
    LogSummary,
    OrderStanding,
)
from phonefarm.application.model.read_models import (
    Changes,
    Difference,
    Grouping,
    HealthCheck,
    ImportReport,
    MoneyRow,
    Overview,
    PublicAddress,
    Restored,
    SettingField,
    SettingProblem,
    Topic,
)
from phonefarm.application.model.row_queries import NETWORKS, NUMBER_TASKS, PHONES, SIMS, Keys, RowQuery, answered_by
from phonefarm.application.model.setup_state import NumberDraft, PushTest, SetupState, SmsChainResult
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.application.ports.autostart import Autostart
from phonefarm.application.ports.storage import Storage
from phonefarm.application.ports.views import Traffic, Views
from phonefarm.application.setup.guide import SetupGuide
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.application.sims.number_preview import NumberPreview
from phonefarm.application.sims.numbering import Numbering, concerning_numbers
from phonefarm.application.trade.money import Money
from phonefarm.application.trade.rentals import Rentals
from phonefarm.application.trade.sales_gate import Closure
from phonefarm.application.trade.selling_pause import SellingPause
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health
from phonefarm.domain.hubs import SharedLoss
from phonefarm.domain.ids import PhoneId, RentId, SimId, SmsId
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.domain.shortage import working_numbers
from phonefarm.support.clock import Clock

Row = TypeVar("Row")

KEY_SETTING = "api_key"
"""A new key is used at once; the farm restarts for every other setting."""
WAITING_RENTS_SHOWN = 12
MINUTES_SHOWN = 60
LONGEST_LABEL = 60
"""Characters."""
TRAFFIC_CACHED_FOR = timedelta(seconds=2)
_MOST_NEEDS = 200
"""The most waiting rents, held messages and parked pushes that are read for the attention list."""


class SettingsKeeper(Protocol):
    def fields(self) -> Sequence[SettingField]: ...

    def check(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]: ...

    def save(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]: ...


class RestoreNote(Protocol):
    """The note that a restore leaves for the user."""

    def read(self) -> Restored | None: ...

    def forget(self) -> None: ...


class LiveFarmDesk:
    """Implements `FarmDesk`; runs on the engine's loop."""

    def __init__(
        self,
        *,
        storage: Storage,
        announcer: Announcer,
        health: HealthBoard,
        clock: Clock,
        watch: PhoneWatch,
        inventory: SimInventory,
        numbering: Numbering,
        intake: SmsIntake,
        rentals: Rentals,
        pushes: PushWorker,
        privacy: Privacy,
        money: Money,
        settings: SettingsKeeper,
        apply_settings: Callable[[], None],
        restore_note: RestoreNote,
        closure: Callable[[], Closure | None],
        alerts: Alerts,
        pause: SellingPause,
        autostart: Autostart,
        public_address: PublicAddressKeeper,
        ssh_public_key: Callable[[], str],
        log: LogReader,
        setup: SetupGuide,
        number_preview: NumberPreview,
    ) -> None:
        """`closure` returns why nothing may be sold now, or None."""
        self._storage = storage
        self._announcer = announcer
        self._health = health
        self._clock = clock
        self._watch = watch
        self._inventory = inventory
        self._numbering = numbering
        self._intake = intake
        self._rentals = rentals
        self._pushes = pushes
        self._privacy = privacy
        self._money = money
        self._settings = settings
        self._apply_settings = apply_settings
        self._restore_note = restore_note
        self._closure = closure
        self._alerts = alerts
        self._pause = pause
        self._autostart = autostart
        self._public_address = public_address
        self._ssh_public_key = ssh_public_key
        self._log = log
        self._setup = setup
        self._number_preview = number_preview
        self._answers = dict(
            [
                answered_by(NUMBER_TASKS, numbering.tasks),
                answered_by(NETWORKS, numbering.networks),
            ]
        )
        """The queries whose rows need more than the database."""
        self._short_since: datetime | None = None
        self._traffic: tuple[datetime, Traffic] | None = None

    # Reading ---------------------------------------------------------------

    async def overview(self) -> Overview:
        now, noted, short_since = self._clock(), self._traffic, self._short_since
        alarms = _Alarms(checks=self._health.checks(), together=self._watch.left_together(), closure=self._closure())
        selling, paused = self._rentals.selling, self._pause()

        def query(views: Views) -> tuple[Overview, Traffic, datetime | None]:
            traffic = _traffic_at(views, now, noted)
            overview, since = _overview(views, traffic, alarms, short_since, now)
            counts = overview.counts if selling else replace(overview.counts, numbers_on_offer=0)
            return replace(overview, counts=counts, paused=paused), traffic, since

        overview, traffic, self._short_since = await self._storage.read(query)
        if noted is None or traffic is not noted[1]:
            self._traffic = (now, traffic)
        return overview

    async def rows(self, query: RowQuery[Row], keys: Keys = None) -> Sequence[Row]:
        answer = self._answers.get(query)
        rows: Sequence[Row] = await (self._read_stored(query, keys) if answer is None else answer(keys))
        return rows

    async def _read_stored(self, query: RowQuery[Row], keys: Keys) -> list[Row]:
        now = self._clock()
        return await self._storage.read(lambda views: views.rows(query, keys, now))

    async def number_patterns(self) -> Sequence[NumberPattern]:
        return await self._numbering.patterns()

    async def built_in_number_patterns(self) -> Sequence[NumberPattern]:
        return self._numbering.built_in

    async def money(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        return await self._money.account(grouping, begin, end)

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        return await self._money.reconcile(path, begin, end)

    async def restored(self) -> Restored | None:
        return await asyncio.to_thread(self._restore_note.read)

    async def timeline(self, topic: Topic, key: str) -> Sequence[TimelineEntry]:
        subject = Topic.SIMS if topic is Topic.NUMBERS else topic
        return await self._storage.read(lambda views: views.timeline(subject, key))

    async def log_entries(self, query: LogQuery) -> LogBatch:
        return await self._log.entries(query)

    async def log_summary(self, query: LogQuery) -> LogSummary:
        return await self._log.summary(query)

    async def call_details(self, call_id: int) -> CallDetails | None:
        return await self._log.call_details(call_id)

    async def health_history(self) -> HealthHistory:
        return await self._log.health_history()

    async def order_standing(self) -> OrderStanding:
        return await self._log.order_standing()

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        return self._announcer.subscribe(lambda changes: listener(concerning_numbers(changes)))

    # Commands --------------------------------------------------------------

    async def pause_selling(self) -> None:
        await self._pause.pause()

    async def resume_selling(self) -> None:
        await self._pause.resume()

    async def lift_ban(self, sim_id: str) -> None:
        await self._rentals.lift_ban(SimId(sim_id))

    async def set_ban(self, sim_id: str, length: timedelta) -> None:
        await self._rentals.set_ban(SimId(sim_id), length)

    async def hold_back(self, sim_id: str, reason: str) -> None:
        await self._rentals.hold_back(SimId(sim_id), reason)

    async def release(self, sim_id: str) -> None:
        await self._rentals.hold_back(SimId(sim_id), None)

    async def set_number(self, sim_id: str, number: str) -> None:
        await self._inventory.set_number(SimId(sim_id), number)

    async def name_phone(self, phone_id: str, label: str) -> None:
        name = " ".join(label.split())[:LONGEST_LABEL]
        if not await self._storage.write(lambda uow: uow.phones.set_label(PhoneId(phone_id), name)):
            raise KnownError("This phone is not in the database any more.")
        self._announcer.changed(Topic.PHONES, [phone_id])
        for topic in (Topic.SIMS, Topic.RENTS):
            self._announcer.changed(topic, None)

    async def reconnect_phone(self, phone_id: str) -> None:
        await self._watch.reconnect(PhoneId(phone_id))

    async def resend_push(self, sms_id: int) -> None:
        await self._pushes.resend(SmsId(sms_id))

    async def drop_push(self, sms_id: int) -> None:
        await self._pushes.drop(SmsId(sms_id))

    async def release_orphan(self, rent_id: int) -> None:
        await self._rentals.release_orphan(RentId(rent_id))

    async def assign_sim(self, sms_id: int, sim_id: str, *, remember: bool = False) -> None:
        await self._intake.assign_sim(SmsId(sms_id), SimId(sim_id), remember=remember)

    async def forget_sim_rules(self, phone_id: str) -> None:
        await self._intake.forget_rules(PhoneId(phone_id))

    async def accept_number(self, sim_id: str, number: str) -> None:
        await self._numbering.accept(SimId(sim_id), number)

    async def import_numbers(self, path: str) -> ImportReport:
        return await self._numbering.import_table(path)

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        await self._numbering.name_network(mcc_mnc, country, operator)

    async def save_number_patterns(self, patterns: Sequence[NumberPattern]) -> Sequence[SettingProblem]:
        return await self._numbering.save_patterns(patterns)

    async def blocked_senders(self) -> Sequence[BlockedSender]:
        return await self._privacy.senders()

    async def built_in_blocked_senders(self) -> Sequence[BlockedSender]:
        return self._privacy.built_in

    async def save_blocked_senders(self, entries: Sequence[BlockedSender]) -> Sequence[SettingProblem]:
        return await self._privacy.save_senders(entries)

    async def erase_number(self, number: str) -> str:
        return await self._privacy.erase_number(number)

    async def dismiss_restored(self) -> None:
        await asyncio.to_thread(self._restore_note.forget)

    # Alerts ----------------------------------------------------------------

    async def alerts_overview(self) -> AlertsOverview:
        return await self._alerts.overview()

    async def recent_alerts(self) -> Sequence[Alert]:
        return await self._alerts.recent()

    async def save_alert_policy(self, policy: AlertPolicy) -> Sequence[SettingProblem]:
        return await self._alerts.save_policy(policy)

    async def save_alert_channel(self, form: ChannelForm) -> Sequence[SettingProblem]:
        return await self._alerts.save_channel(form)

    async def switch_alert_channel(self, channel_id: str, *, is_on: bool) -> None:
        await self._alerts.switch_channel(channel_id, is_on=is_on)

    async def remove_alert_channel(self, channel_id: str) -> None:
        await self._alerts.remove_channel(channel_id)

    async def test_alert_channel(self, channel_id: str) -> Delivery:
        return await self._alerts.send_test(channel_id)

    async def mark_alerts_seen(self) -> None:
        await self._alerts.mark_seen()

    def subscribe_alerts(self, listener: Callable[[Alert], None]) -> Callable[[], None]:
        return self._announcer.subscribe_alerts(listener)

    # The public address ----------------------------------------------------

    async def public_address(self) -> PublicAddress:
        return self._public_address.address

    async def test_public_address(self) -> Health:
        return (await self._public_address.test()).health

    async def confirm_public_url(self) -> None:
        await self._public_address.confirm_reported()

    async def confirm_ssh_host_key(self, fingerprint: str) -> None:
        await self._public_address.confirm_host_key(fingerprint)

    async def restart_tunnel(self) -> None:
        self._public_address.restart()

    async def ssh_public_key(self) -> str:
        return await asyncio.to_thread(self._ssh_public_key)

    # The way to the first sale ---------------------------------------------

    async def setup(self) -> SetupState:
        return await self._setup.state()

    async def confirm_own_sims(self, *, is_confirmed: bool) -> None:
        await self._setup.confirm(is_confirmed=is_confirmed)

    async def test_push_url(self) -> PushTest:
        return await self._setup.test_push_url()

    async def test_sms(self, sim_id: str) -> SmsChainResult:
        return await self._setup.test_sms(sim_id)

    async def preview_numbers(self, path: str) -> Sequence[NumberDraft]:
        return await self._number_preview.table(path)

    async def check_numbers(self, numbers: Mapping[str, str]) -> Mapping[str, str]:
        return await self._number_preview.typed(numbers)

    # Settings --------------------------------------------------------------

    async def settings(self) -> Sequence[SettingField]:
        return await asyncio.to_thread(self._settings.fields)

    async def check_settings(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        return await asyncio.to_thread(self._settings.check, changes)

    async def starts_at_login(self) -> bool:
        return await asyncio.to_thread(self._autostart.is_on)

    async def set_start_at_login(self, on: bool) -> None:
        await asyncio.to_thread(self._autostart.turn_on if on else self._autostart.turn_off)
        self._announcer.changed(Topic.SETTINGS)

    async def save_settings(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        problems = await asyncio.to_thread(self._settings.save, changes, key_in_file=key_in_file)
        self._announcer.changed(Topic.SETTINGS)
        if KEY_SETTING in changes and not problems:
            await self._setup.forget_push_test()
        is_saved = all(found.name == KEY_SETTING for found in problems)
        if is_saved and any(name != KEY_SETTING for name in changes):
            self._apply_settings()
        return problems


class _Alarms(NamedTuple):
    """Problems that the engine knows and the database does not."""

    checks: tuple[HealthCheck, ...]
    together: Sequence[SharedLoss]
    closure: Closure | None


def _overview(
    views: Views, traffic: Traffic, alarms: _Alarms, short_since: datetime | None, now: datetime
) -> tuple[Overview, datetime | None]:
    """From one snapshot of the database; returns also since when there is a shortage, or None."""
    waiting = views.waiting_rents(_MOST_NEEDS, now)
    phones, sims = views.rows(PHONES, None, now), views.rows(SIMS, None, now)
    here = sims_now(sims, phones)
    shortage, since = lasting_shortage(here, short_since, now)
    needs = attention(
        now=now,
        checks=alarms.checks,
        phones=phones,
        together=alarms.together,
        sims=sims,
        rents=waiting,
        held=views.held_messages(_MOST_NEEDS),
        parked=views.parked_pushes(_MOST_NEEDS),
        closure=alarms.closure,
        shortage=shortage if phones else None,  # without any phone the window shows how to start
    )
    seconds = [seconds for _, seconds in traffic.arrivals]
    overview = Overview(
        at=now,
        counts=views.counts(now),
        checks=alarms.checks,
        attention=needs,
        phones_by_state=views.phones_by_state(),
        phones_needing_by_state=needing_by_state(needs, phones),
        phones_of_farm=sum(phone.is_of_farm(now) for phone in phones),
        numbers_working=working_numbers(here),
        rents_waiting_first_sms=sum(not rent.sms_on_way for rent in waiting),
        rents_sending_first_sms=sum(rent.sms_on_way > 0 for rent in waiting),
        sms_today=traffic.sms_today,
        sms_delivered_today=traffic.sms_delivered_today,
        sms_held=traffic.sms_held,
        oldest_waiting_push_at=views.oldest_open_push_at(),
        next_push_at=views.next_push_due(),
        income_today=traffic.income_today,
        income_month=traffic.income_month,
        arrival_p50_seconds=_percentile(seconds, 50),
        arrival_p99_seconds=_percentile(seconds, 99),
        sms_by_hour=traffic.sms_by_hour,
        income_by_day=traffic.income_by_day,
        arrival_by_minute=_by_minute(traffic, now),
        waiting_rents=tuple(waiting[:WAITING_RENTS_SHOWN]),
    )
    return overview, since


def _traffic_at(views: Views, now: datetime, noted: tuple[datetime, Traffic] | None) -> Traffic:
    """The sums of hours and days, cached for TRAFFIC_CACHED_FOR, so that frequent queries are cheap."""
    if noted is not None and timedelta(0) <= now - noted[0] < TRAFFIC_CACHED_FOR:
        return noted[1]
    return views.traffic(now)


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _by_minute(traffic: Traffic, now: datetime) -> tuple[float | None, ...]:
    minutes: list[list[float]] = [[] for _ in range(MINUTES_SHOWN)]
    for at, seconds in traffic.arrivals:
        ago = int((now - at) / timedelta(minutes=1))
        if 0 <= ago < MINUTES_SHOWN:
            minutes[MINUTES_SHOWN - 1 - ago].append(seconds)
    return tuple(median(values) if values else None for values in minutes)

"""The real desk over a real database, for the tests of the desk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from phonefarm.adapters.adb.sample_inbox import WrittenInbox
from phonefarm.adapters.catalog.market_account import read_account
from phonefarm.adapters.onlinesim.push_channel import OnlinesimPushChannel
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.access.public_address import PublicAddressKeeper, PublicAddressPlan
from phonefarm.application.alerts.alerts import Alerts
from phonefarm.application.desk.live_desk import LiveFarmDesk, RestoreNote, SettingsKeeper
from phonefarm.application.log.log_reader import LogBounds, LogReader
from phonefarm.application.messages.privacy import Privacy
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.health_board import NAMES, HealthBoard
from phonefarm.application.model.read_models import (
    AttentionKind,
    Overview,
    Restored,
    SettingField,
    SettingProblem,
    Topic,
    Verdict,
)
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.application.ports.world import PhoneBridge
from phonefarm.application.setup.guide import SetupGuide
from phonefarm.application.setup.sms_chain import SmsChain
from phonefarm.application.sims.number_preview import NumberPreview
from phonefarm.application.trade.money import Money
from phonefarm.application.trade.sales_gate import Closure
from phonefarm.application.trade.selling_pause import SellingPause
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.health import problem
from phonefarm.domain.tunnels import TunnelKind
from phonefarm.support.tasks import Tasks
from tests.application.stored_farm import NAMES as NETWORK_NAMES
from tests.application.stored_farm import StoredFarm
from tests.fakes.alerts import AlertStage
from tests.fakes.autostart import AutostartInMemory
from tests.fakes.pause_store import PauseInMemory
from tests.fakes.push_channel import ScriptedPushChannel
from tests.fakes.setup_record import NotesInMemory
from tests.fakes.tunnel import FakeOutside, FakeTunnel, KeptTexts

PUSH_URL = "https://onlinesim.example/push"
BUILT_IN_SENDERS = (BlockedSender(pattern="Bank", what="bank"),)


class NoSettings:
    def fields(self) -> Sequence[SettingField]:
        return []

    def check(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        return [SettingProblem(name=name, problem="cannot be changed here") for name in changes]

    def save(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        return [SettingProblem(name=name, problem="cannot be changed here") for name in changes]


class NothingRestored:
    def read(self) -> Restored | None:
        return None

    def forget(self) -> None: ...


class Office:
    """A desk over a farm without a market; it has phones only if a test gives it a bridge."""

    def __init__(
        self,
        database: Database,
        *,
        bridges: Sequence[PhoneBridge] = (),
        settings: SettingsKeeper | None = None,
        restore_note: RestoreNote | None = None,
    ) -> None:
        self.farm = StoredFarm(database)
        tasks = Tasks()
        self.closure: Closure | None = None
        self.alert_stage = AlertStage(tasks, self.farm.clock)
        self.pause = SellingPause(database, PauseInMemory(), self.farm.clock, lambda: None)
        self.applied: list[bool] = []
        self.health = HealthBoard(self.farm.clock, lambda: None)
        for name in NAMES:
            self.health.report(name, Verdict.PASS, problem("well"))
        self.channel = ScriptedPushChannel()
        self.worker = PushWorker(
            database,
            self.channel,
            self.farm.announcer,
            self.farm.clock,
            tasks,
            spacing=timedelta(seconds=10),
            report_market=lambda verdict, detail: None,
        )
        watch = PhoneWatch(
            database,
            bridges,
            self.farm.inventory,
            self.farm.intake,
            self.farm.health,
            self.farm.announcer,
            self.farm.clock,
            tasks,
            poll_seconds=10,
            rent_poll_seconds=5,
            report_server=lambda server, verdict, detail: None,
        )
        self.tunnel = FakeTunnel("https://one.example.com", start_seconds=0.0)
        self.kept = KeptTexts()
        self.public_address = PublicAddressKeeper(
            PublicAddressPlan(kind=TunnelKind.COMMAND, url="", tunnel=self.tunnel),
            FakeOutside(self.tunnel),
            self.kept.reported_url(),
            self.kept.host_keys(),
            self.health,
            self.farm.clock,
            time.monotonic,
            lambda: self.farm.announcer.changed(Topic.OVERVIEW),
        )
        self.privacy = Privacy(
            database,
            self.farm.announcer,
            self.farm.clock,
            BUILT_IN_SENDERS,
            blocks=True,
            keep_texts=timedelta(hours=72),
        )
        self.key_place = ("keyring", "")
        self.notes = NotesInMemory()
        self.setup = self.setup_guide()
        self.desk = LiveFarmDesk(
            storage=database,
            announcer=self.farm.announcer,
            health=self.health,
            clock=self.farm.clock,
            watch=watch,
            inventory=self.farm.inventory,
            numbering=self.farm.numbering,
            intake=self.farm.intake,
            rentals=self.farm.rentals,
            pushes=self.worker,
            money=Money(database, read_account, self.farm.announcer, self.farm.clock),
            privacy=self.privacy,
            settings=settings or NoSettings(),
            restore_note=restore_note or NothingRestored(),
            closure=lambda: self.closure,
            log=LogReader(database, self.farm.clock, LogBounds(days=30, megabytes=200), lambda: 0),
            alerts=Alerts(
                self.alert_stage.facts,
                self.alert_stage.store,
                self.alert_stage.notifier,
                self.alert_stage.secrets,
                self.alert_stage.hidden.append,
                tasks,
                self.farm.clock,
                self.farm.announcer.show_alert,
            ),
            pause=self.pause,
            autostart=AutostartInMemory(),
            apply_settings=lambda: self.applied.append(True),
            public_address=self.public_address,
            ssh_public_key=lambda: "ssh-ed25519 AAAA phonefarm",
            setup=self.setup,
            number_preview=NumberPreview(database, NETWORK_NAMES, self.farm.read_table, self.farm.clock),
        )

    def setup_guide(self, push_url: str = PUSH_URL) -> SetupGuide:
        """As after a start with this push URL."""
        writer = OnlinesimPushChannel(push_url, lambda: "key", "rent")
        chain = SmsChain(self.farm.storage, WrittenInbox(), writer, self.privacy.withholds, self.farm.clock)
        return SetupGuide(
            storage=self.farm.storage,
            announcer=self.farm.announcer,
            clock=self.farm.clock,
            record=self.notes,
            key_place=lambda: self.key_place,
            push_url=push_url,
            channel=self.channel,
            chain=chain,
            address=lambda: self.public_address.address,
            number_tasks=self.farm.numbering.tasks,
        )

    async def overview(self) -> Overview:
        return await self.desk.overview()

    async def needs(self) -> list[AttentionKind]:
        return [need.kind for need in (await self.overview()).attention]

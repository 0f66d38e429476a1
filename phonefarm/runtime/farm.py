"""The composition root: builds the adapters, the use cases and the desk of a running farm."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from pydantic import SecretStr

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.adapters.adb.sample_inbox import WrittenInbox
from phonefarm.adapters.admin.control_file import ControlAccess, ControlFile, new_token
from phonefarm.adapters.admin.endpoints import admin_app
from phonefarm.adapters.asgi import Scope
from phonefarm.adapters.catalog.market_account import read_account
from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.adapters.catalog.number_tables import read_table
from phonefarm.adapters.catalog.numbers_file import NumbersFile
from phonefarm.adapters.http.accept_loop import ignore_failed_accept
from phonefarm.adapters.http.http_connection import Limits, has_disconnected, mark_authenticated, was_delivered
from phonefarm.adapters.http.supervised_server import SupervisedServer
from phonefarm.adapters.onlinesim.push_channel import OnlinesimPushChannel
from phonefarm.adapters.onlinesim.rate_limiter import RateLimiter
from phonefarm.adapters.onlinesim.webhooks import PROBE_PATH, Webhooks
from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.storage.pause_file import PauseFile
from phonefarm.adapters.storage.restore_note import RestoreNote
from phonefarm.adapters.storage.setup_notes import SetupNotesFile
from phonefarm.adapters.storage.sqlite.backup import FOLDER as BACKUPS
from phonefarm.adapters.storage.sqlite.backup import BackupFolder, refuse_a_damaged
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.adapters.storage.sqlite.database_file import database_path
from phonefarm.adapters.tunnel.prober import ProbeIdentity
from phonefarm.adapters.windows.power_request import power_request_of_this_pc
from phonefarm.application.desk.live_desk import LiveFarmDesk
from phonefarm.application.log.self_checks import KeyState
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.privacy import Privacy
from phonefarm.application.messages.push_worker import PushWorker
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.health_board import ADB, ENGINE, MARKET, WEBHOOKS, HealthBoard
from phonefarm.application.model.read_models import Topic, Verdict
from phonefarm.application.phones.health import PhoneHealth
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.application.ports.world import KeyPlace, PhoneBridge, SecretStore
from phonefarm.application.setup.guide import SetupGuide
from phonefarm.application.setup.sms_chain import SmsChain
from phonefarm.application.sims.inventory import SimInventory
from phonefarm.application.sims.number_preview import NumberPreview
from phonefarm.application.sims.numbering import Numbering
from phonefarm.application.trade.money import Money
from phonefarm.application.trade.rentals import Rentals
from phonefarm.application.trade.sales_gate import SalesGate
from phonefarm.application.trade.selling_pause import SellingPause
from phonefarm.application.upkeep.backups import Backups
from phonefarm.application.upkeep.housekeeping import Upkeep
from phonefarm.application.upkeep.staying_awake import StayingAwake, Wakefulness
from phonefarm.application.upkeep.wrong_keys import WrongKeys
from phonefarm.config.settings import Settings, is_a_key, parse_address
from phonefarm.config.settings_editor import SettingsEditor
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.health import problem as health_of_problem
from phonefarm.runtime.alerting import FarmParts, make_alerts
from phonefarm.runtime.autostart import login_start
from phonefarm.runtime.farm_log import FarmLog
from phonefarm.runtime.listeners import Listeners
from phonefarm.runtime.public_access import public_address_keeper, ssh_identity
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import ended_within
from phonefarm.support.file_limit import NO_LIMIT, admin_connections_within, connections_within
from phonefarm.support.logs import SecretFilter
from phonefarm.support.resource_files import RESOURCES
from phonefarm.support.tasks import Tasks

log = structlog.get_logger(__name__)

SERVER_STOP_TIMEOUT_SECONDS = 1.5
PUSH_STOP_TIMEOUT_SECONDS = 3.0
KEY_RETRY_SECONDS = 30.0


def utc_now() -> datetime:
    return datetime.now(UTC)


def monotonic_clock(seconds: Callable[[], float] = time.monotonic) -> Clock:
    """A clock for durations: starts at the current time and ignores later changes of the system clock."""
    origin = utc_now() - timedelta(seconds=seconds())
    return lambda: origin + timedelta(seconds=seconds())


def boottime_seconds() -> float:
    """Monotonic seconds that include the time in which this PC sleeps, where the system has such a clock."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def secret_store(settings: Settings) -> KeyStore:
    return KeyStore(settings.data_dir)


class CurrentKey:
    """The current partner key: from the environment, else from the secret store, which the window may change.

    Calls `on_change` after each change, on the thread that wrote or read the key.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        hidden: SecretFilter,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        from_settings = settings.api_key
        self._environment_key = from_settings.get_secret_value() if isinstance(from_settings, SecretStr) else None
        self._secrets = secrets
        self._hidden = hidden
        self._on_change = on_change
        self._key = self._environment_key
        self.problem: str | None = None
        """Why the store cannot be read; then it is unknown whether there is a key."""
        if self._environment_key is None:
            self._key = self._read_stored_key()
        hidden.add(self._key or "")

    def __call__(self) -> str | None:
        return self._key

    @property
    def kept_in(self) -> str:
        """Where the key is kept; empty where there is none."""
        if self._key is None:
            return ""
        return "environment" if self._environment_key is not None else self._secrets.place.value

    def retry_reading(self) -> bool:
        """Retry reading the store; returns whether it succeeded. Blocks for seconds: do not call it on the loop."""
        key = self._read_stored_key()
        if self.problem is None and self._key is None and key is not None:
            self._use(key)
        return self.problem is None

    # A SecretStore for the window's settings, so that a new key takes effect at once.

    @property
    def place(self) -> KeyPlace:
        return self._secrets.place

    def read_key(self) -> str | None:
        return self._secrets.read_key()

    def write_key(self, key: str) -> None:
        self._hidden.add(key)
        self._secrets.write_key(key)
        self._use(self._environment_key or key)

    def write_key_file(self, key: str) -> None:
        self._hidden.add(key)
        self._secrets.write_key_file(key)
        self._use(self._environment_key or key)

    def _use(self, key: str) -> None:
        self._hidden.add(key)
        self._key = key
        self.problem = None
        self._on_change()

    def _read_stored_key(self) -> str | None:
        """Read the store, and ignore a text that is not a key."""
        try:
            stored = (self._secrets.read_key() or "").strip()
        except KnownError as error:
            if self.problem != str(error):
                log.warning("the partner key cannot be read", cause=str(error))
            self.problem = str(error)
            return None
        self.problem = None
        if stored and not is_a_key(stored):
            log.warning("the stored partner key is not a valid key: enter it again")
        return stored if is_a_key(stored) else None


class Farm:
    """All parts of a farm on one event loop: `start`, then `stop` within five seconds."""

    def __init__(
        self,
        settings: Settings,
        listeners: Listeners,
        hidden: SecretFilter,
        secrets: SecretStore | None = None,
        *,
        file_limit: int = NO_LIMIT,
        wakefulness: Wakefulness | None = None,
        announcer: Announcer | None = None,
        apply_settings: Callable[[], None] = lambda: None,
    ) -> None:
        """`file_limit` is the limit of open files and connections; `wakefulness` replaces this PC's in tests.

        `announcer`: kept by the caller across farms; `apply_settings` is called after settings were saved.
        """
        self._file_limit = file_limit
        self._settings = settings
        self._listeners = listeners
        self._database = Database(settings.resolved_database_url)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._key = CurrentKey(settings, secrets or secret_store(settings), hidden, self._key_changed)
        self._control = ControlAccess(address=listeners.admin_address, token=new_token())
        self._control_file = ControlFile(settings.data_dir)
        hidden.add(self._control.token)
        self._owns_announcer = announcer is None
        self._announcer = announcer or Announcer()
        self._health = HealthBoard(
            utc_now, lambda: self._announcer.changed(Topic.OVERVIEW), lambda check: self._log.calls.note_check(check)
        )
        self._tasks = Tasks(self._report_bug, self._report_recovery)
        self._stop_servers = asyncio.Event()
        self._servers: list[asyncio.Task[None]] = []
        catalog = read_catalog(RESOURCES)
        self._pause = SellingPause(self._database, PauseFile(settings.data_dir), utc_now, self._report_selling)
        self._sales = SalesGate(
            self._database, utc_now, key=self._key_problem, push_url=settings.push_url, paused=self._pause
        )
        self._log = FarmLog(
            settings,
            self._database,
            self._announcer,
            self._health,
            self._sales,
            utc_now,
            current_key=self._key,
            key_state=self._key_state,
        )
        self._orders_clock = monotonic_clock(boottime_seconds)
        self._rentals = Rentals(
            self._database,
            self._announcer,
            utc_now,
            selling=self._sales.is_open,
            tasks=self._tasks,
            retire_after_sale=settings.retire_after_sale,
            steady=self._orders_clock,
        )
        self._inventory = SimInventory(self._database, self._announcer, catalog.names, utc_now)
        self._numbering = Numbering(
            self._database, self._announcer, self._inventory, catalog.names, catalog.patterns, read_table, utc_now
        )
        self._channel = OnlinesimPushChannel(
            settings.push_url,
            self._key,
            settings.sms_id,
            phone=settings.push_phone,
            report=self._log.calls.note_push,
        )
        self._pushes = PushWorker(
            self._database,
            self._channel,
            self._announcer,
            utc_now,
            self._tasks,
            spacing=timedelta(seconds=settings.push_retry_seconds),
            report_market=lambda verdict, found: self._health.report(MARKET, verdict, found),
            refusals_before_parking=settings.push_refusals_before_parking,
        )
        self._privacy = Privacy(
            self._database,
            self._announcer,
            utc_now,
            catalog.blocked_senders,
            blocks=settings.block_senders,
            keep_texts=timedelta(hours=settings.text_hours),
        )
        self._intake = SmsIntake(self._database, self._announcer, utc_now, self._pushes, self._privacy.withholds)
        self._phone_health = PhoneHealth(self._database, self._announcer, utc_now)
        self._watch = self._make_phone_watch()
        self._wrong_keys = WrongKeys(utc_now)
        self._probe_identity = ProbeIdentity()
        self._webhooks = self._make_webhooks(catalog.country_by_dial_code)
        self._public_address = public_address_keeper(
            settings,
            parse_address(listeners.webhooks_address),
            self._probe_identity,
            PROBE_PATH,
            self._health,
            utc_now,
            boottime_seconds,
            lambda: self._announcer.changed(Topic.OVERVIEW),
        )
        self._setup = self._make_setup_guide()
        self._upkeep = self._make_upkeep()
        self._staying_awake = self._make_staying_awake(wakefulness or power_request_of_this_pc())
        backup_folder = BackupFolder(settings.resolved_database_url, settings.data_dir / BACKUPS)
        self._backups = Backups(
            backup_folder,
            self._health,
            utc_now,
            every=timedelta(hours=settings.backup_hours),
            keep=settings.backup_keep,
        )
        self._alerts = make_alerts(
            settings,
            FarmParts(
                overview=lambda: self.desk.overview(),
                storage=self._database,
                health=self._health,
                closure=self._sales.closure,
                wrong_keys=lambda: self._wrong_keys.count,
                newest_backup_at=backup_folder.newest_at,
            ),
            hidden,
            self._tasks,
            utc_now,
            self._announcer,
        )
        self.desk = LiveFarmDesk(
            storage=self._database,
            announcer=self._announcer,
            health=self._health,
            clock=utc_now,
            watch=self._watch,
            inventory=self._inventory,
            numbering=self._numbering,
            intake=self._intake,
            rentals=self._rentals,
            pushes=self._pushes,
            privacy=self._privacy,
            money=Money(self._database, read_account, self._announcer, utc_now),
            settings=SettingsEditor(settings, self._key, hidden),
            apply_settings=apply_settings,
            restore_note=RestoreNote(settings.data_dir),
            closure=self._sales.closure,
            alerts=self._alerts,
            pause=self._pause,
            autostart=login_start(settings),
            public_address=self._public_address,
            ssh_public_key=ssh_identity(settings).public_line,
            log=self._log.reader,
            setup=self._setup,
            number_preview=NumberPreview(self._database, catalog.names, read_table, utc_now),
        )

    @property
    def listeners(self) -> Listeners:
        return self._listeners

    async def start(self) -> None:
        """Open the database and start all tasks; raises KnownError if the database cannot be used."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(ignore_failed_accept)
        await asyncio.to_thread(self._open_database)
        await self._log.start(self._tasks)
        await self._channel.open()
        await self._inventory.resolve_all_sims()
        await self._pushes.recover()
        await self._privacy.start()
        self._health.report(ENGINE, Verdict.PASS, health(HealthKind.RUNNING))
        self._health.report(MARKET, Verdict.PASS, health(HealthKind.NOTHING_PUSHED))
        self._report_selling()
        if self._key.problem is not None:
            self._tasks.keep_going(self._retry_reading_key, "retrying to read the key")
        await self._watch.start()
        self._tasks.keep_going(self._pushes.run, "pushes")
        self._tasks.keep_going(self._upkeep.run, "upkeep")
        self._tasks.keep_going(self._backups.run, "backups")
        self._tasks.keep_going(self._public_address.run, "public address")
        self._tasks.keep_going(self._privacy.run, "erasing old texts")
        self._tasks.keep_going(self._setup.run, "keeping the last call")
        await self._alerts.start()
        self._tasks.keep_going(self._alerts.run, "alerts")
        if self._staying_awake is not None:
            self._tasks.keep_going(self._staying_awake.run, "keeping this PC awake")
        self._servers = [
            self._tasks.keep_going(partial(server.run, self._stop_servers), what)
            for what, server in self._make_servers().items()
        ]
        await asyncio.to_thread(self._open_control)
        log.info("started", webhooks=self._listeners.webhooks_address, admin=self._listeners.admin_address)

    def _open_database(self) -> None:
        url = self._settings.resolved_database_url
        refuse_a_damaged(database_path(url), self._settings.data_dir / BACKUPS)
        self._database.open()

    def _open_control(self) -> None:
        """A farm that the command line cannot reach sells all the same."""
        try:
            self._control_file.write(self._control)
        except KnownError as error:
            log.warning("commands cannot reach this farm", cause=str(error))

    async def stop(self) -> None:
        """Refuse new requests, wait for requests and pushes in flight, then close everything; loses nothing."""
        self._stop_servers.set()
        await asyncio.gather(self._drain_requests(), self._pushes.stop(PUSH_STOP_TIMEOUT_SECONDS))
        await self._log.stop()
        await self._tasks.stop(1.5)
        await self._alerts.stop()
        await self._channel.close()
        if self._owns_announcer:
            self._announcer.close()
        await asyncio.to_thread(self._database.close)
        await asyncio.to_thread(self._control_file.remove, self._control)
        self._listeners.close()
        log.info("stopped")

    def report_settings(self, problem: str | None) -> None:
        """Whether the settings in use are those that were saved last; None if they are."""
        found = health(HealthKind.RUNNING) if problem is None else health_of_problem(problem)
        self._health.report(ENGINE, Verdict.PASS if problem is None else Verdict.FAIL, found, part="settings")

    async def _drain_requests(self) -> None:
        """Let accepted orders get their answers; otherwise their rents would become possible orphans."""
        if self._servers:
            await ended_within(self._servers, SERVER_STOP_TIMEOUT_SECONDS)

    def _make_webhooks(self, country_by_dial_code: Mapping[str, str]) -> Webhooks:
        settings = self._settings
        rate_limiter = RateLimiter(
            calls_per_second=settings.calls_per_second,
            wrong_keys_per_minute=settings.wrong_keys_per_minute,
            now=time.monotonic,
        )
        return Webhooks(
            self._rentals,
            self._key,
            self._orders_clock,
            country_by_dial_code,
            require_bearer=settings.require_bearer,
            no_numbers=settings.no_numbers,
            shared_path=settings.shared_path,
            rate_limiter=rate_limiter,
            mark_authenticated=self._note_market_call,
            was_delivered=was_delivered,
            has_disconnected=has_disconnected,
            count_wrong_key=self._wrong_keys.note,
            probe_proof=self._probe_identity.proof_of,
            reporter=self._log.reporter,
        )

    def _note_market_call(self, scope: Scope) -> None:
        mark_authenticated(scope)
        self._setup.note_call()

    def _make_setup_guide(self) -> SetupGuide:
        chain = SmsChain(self._database, WrittenInbox(), self._channel, self._privacy.withholds, utc_now)
        return SetupGuide(
            storage=self._database,
            announcer=self._announcer,
            clock=utc_now,
            record=SetupNotesFile(self._settings.data_dir),
            key_place=lambda: (self._key.kept_in, self._key.problem or ""),
            push_url=self._settings.push_url,
            channel=self._channel,
            chain=chain,
            address=lambda: self._public_address.address,
            number_tasks=self._numbering.tasks,
        )

    def _make_servers(self) -> dict[str, SupervisedServer]:
        def report_webhooks(problem: str | None) -> None:
            verdict = Verdict.PASS if problem is None else Verdict.FAIL
            found = self._listens if problem is None else health_of_problem(problem)
            self._health.report(WEBHOOKS, verdict, found, part="server")

        def report_admin_port(problem: str | None) -> None:
            verdict = Verdict.PASS if problem is None else Verdict.WARN
            fails = None if problem is None else health(HealthKind.ADMIN_PORT_FAILS, problem=problem)
            self._health.report(ENGINE, verdict, fails or health(HealthKind.ADMIN_PORT_ANSWERS), part="admin port")

        listeners = self._listeners
        return {
            "webhook server": SupervisedServer(
                self._webhooks.app,
                listeners.webhooks,
                "webhook server",
                report_webhooks,
                probe_path=PROBE_PATH,
                limits=Limits(connections=connections_within(self._file_limit, self._settings.most_connections)),
            ),
            "admin server": SupervisedServer(
                partial(admin_app, self.desk, self._wrong_keys, self._control.token),
                listeners.admin,
                "admin port",
                report_admin_port,
                probe_path=PROBE_PATH,
                limits=Limits(connections=admin_connections_within(self._file_limit, Limits().connections)),
            ),
        }

    def _make_phone_watch(self) -> PhoneWatch:
        adb = self._settings.adb_path or None
        bridges: list[PhoneBridge] = [AdbBridge(server, adb=adb) for server in self._settings.adb_server_list]
        return PhoneWatch(
            self._database,
            bridges,
            self._inventory,
            self._intake,
            self._phone_health,
            self._announcer,
            utc_now,
            self._tasks,
            poll_seconds=self._settings.poll_seconds,
            rent_poll_seconds=self._settings.rent_poll_seconds,
            steady=monotonic_clock(),
            report_server=lambda server, verdict, found: self._health.report(ADB, verdict, found, part=server),
        )

    def _make_upkeep(self) -> Upkeep:
        numbers = NumbersFile(Path(self._settings.numbers_file) if self._settings.numbers_file else None)
        return Upkeep(
            self._database,
            self._rentals,
            self._inventory,
            self._announcer,
            self._health,
            numbers.read_if_changed,
            self._check_sales,
            utc_now,
            spacing=timedelta(seconds=self._settings.push_retry_seconds),
        )

    def _make_staying_awake(self, wakefulness: Wakefulness | None) -> StayingAwake | None:
        if wakefulness is None or not self._settings.keep_awake:
            return None
        return StayingAwake(self._database, self._rentals, wakefulness, self._health, utc_now)

    def _key_state(self) -> KeyState:
        if self._settings.api_key is not None:
            return KeyState(place="environment", problem=None)
        return KeyState(place=self._key.place.value if self._key() else "", problem=self._key.problem)

    def _key_problem(self) -> Health | None:
        if self._key():
            return None
        if self._key.problem is not None:
            return health(HealthKind.KEY_UNKNOWN, cause=self._key.problem)
        return health(HealthKind.KEY_MISSING)

    async def _check_sales(self) -> None:
        await self._sales.update_phone_skews()
        self._report_selling()

    async def _retry_reading_key(self) -> None:
        """Poll a keyring that was locked at the start until the user unlocks it."""
        while self._key.problem is not None:
            await asyncio.sleep(KEY_RETRY_SECONDS)
            await asyncio.to_thread(self._key.retry_reading)
        self._report_selling()

    def _key_changed(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._use_new_key)

    def _use_new_key(self) -> None:
        self._report_selling()
        self._tasks.start(self._pushes.use_new_key(), "pushes with a new key")

    def _report_selling(self) -> None:
        problem = self._sales.unchecked_problem()
        if problem is None and (pause := self._pause()) is not None:
            self._health.report(WEBHOOKS, Verdict.WARN, health(HealthKind.SELLING_PAUSED, by=pause.by))
        else:
            verdict = Verdict.PASS if problem is None else Verdict.FAIL
            self._health.report(WEBHOOKS, verdict, problem or self._listens)
        self._announcer.changed(Topic.OVERVIEW)

    @property
    def _listens(self) -> Health:
        return health(HealthKind.LISTENS, port=self._listeners.webhooks_address.rpartition(":")[2])

    def _report_bug(self, task: str, error: BaseException) -> None:
        bug = health(HealthKind.BUG, task=task, error=type(error).__name__)
        self._health.report(ENGINE, Verdict.FAIL, bug, part=task)

    def _report_recovery(self, task: str) -> None:
        self._health.report(ENGINE, Verdict.PASS, health(HealthKind.RUNNING), part=task)

"""A watched adb server with two phones, for the tests of phones."""

from __future__ import annotations

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import PhoneRow, PhoneState, Topic, Verdict
from phonefarm.application.phones.session import SILENCE_TIMEOUT_SECONDS
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.domain.ids import PhoneId, phone_id
from phonefarm.support.tasks import Tasks
from tests.application.stored_farm import StoredFarm
from tests.builders import OTHER_ICCID, OTHER_NUMBER, a_seen_sim
from tests.fakes.phone_bridge import SERVER, ScriptedPhone, ScriptedPhoneBridge
from tests.fakes.storage import BrittleStorage
from tests.timelines import sentences
from tests.waiting import until

POLL = 60.0
"""So long that everything seen sooner was seen because of a hint."""

OTHER_SERVER = "farm-pc:5037"


class Site:
    """A watched adb server with two phones."""

    def __init__(self, database: Database) -> None:
        self.storage = BrittleStorage(database)
        self.farm = StoredFarm(self.storage)
        self.one = ScriptedPhone("R58M123", sims=[a_seen_sim()])
        self.two = ScriptedPhone("ZY22XYZ", sims=[a_seen_sim(OTHER_ICCID, msisdn=OTHER_NUMBER)])
        self.bridge = ScriptedPhoneBridge(self.farm.clock, self.one, self.two)
        self.bugs: list[BaseException] = []
        self.tasks = Tasks(lambda name, error: self.bugs.append(error))
        self.reports: list[tuple[str, Verdict]] = []
        self.watch = self.watch_with(POLL)

    def watch_with(
        self, poll: float, *others: ScriptedPhoneBridge, patience: float = SILENCE_TIMEOUT_SECONDS, hurry: float = 1.0
    ) -> PhoneWatch:
        """A new watch; the former one must not be running."""
        return PhoneWatch(
            self.storage,
            [self.bridge, *others],
            self.farm.inventory,
            self.farm.intake,
            self.farm.health,
            self.farm.announcer,
            self.farm.clock,
            self.tasks,
            poll_seconds=poll,
            rent_poll_seconds=poll,
            report_server=lambda server, verdict, detail: self.reports.append((server, verdict)),
            patience=patience,
            hurry=hurry,
        )

    def other_server(self, *phones: ScriptedPhone) -> ScriptedPhoneBridge:
        return ScriptedPhoneBridge(self.farm.clock, *phones, server=OTHER_SERVER)

    def id_of(self, phone: ScriptedPhone) -> PhoneId:
        return self.bridge.id_of(phone)

    async def state(self, phone: ScriptedPhone, server: str = SERVER) -> PhoneState | None:
        row = (await self.farm.phones()).get(phone_id(phone.serial, server))
        return row.state if row else None

    async def reached(self, phone: ScriptedPhone, state: PhoneState, server: str = SERVER) -> None:
        async def is_so() -> bool:
            return await self.state(phone, server) is state

        await until(is_so)

    async def row(self, phone: ScriptedPhone) -> PhoneRow:
        return (await self.farm.phones())[self.id_of(phone)]

    async def timeline(self, phone: ScriptedPhone) -> list[str]:
        return sentences(await self.farm.timeline(Topic.PHONES, self.id_of(phone)))

    def recover(self, phone: ScriptedPhone) -> None:
        phone.adb_state = "device"
        self.bridge.change()

    async def left(self, phone: ScriptedPhone) -> None:
        """Wait until the watch knows that the phone is not listed, whatever is shown for it."""
        await until(lambda: self.id_of(phone) not in self.watch.present())

    async def both_ready(self) -> None:
        await self.watch.start()
        await self.reached(self.one, PhoneState.READY)
        await self.reached(self.two, PhoneState.READY)

    async def message_count(self) -> int:
        return len(await self.farm.messages())

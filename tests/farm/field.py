"""Runs the app's engine in this process with virtual phones, so that tests can call its desk."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from pydantic import SecretStr

from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.adapters.adb.usb_reset import UsbPorts
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.messages import intake as sms_intake
from phonefarm.application.model.read_models import (
    ActiveCondition,
    Condition,
    Overview,
    PhoneRow,
    PhoneState,
    SimRow,
    SimStanding,
    Topic,
)
from phonefarm.application.model.row_queries import PHONES, SIMS
from phonefarm.application.phones import flap_detector
from phonefarm.application.phones import health as phone_health
from phonefarm.application.phones import session as phone_session
from phonefarm.application.phones import watch as phone_watch
from phonefarm.application.phones.watch import PhoneWatch
from phonefarm.config.settings import load_settings
from phonefarm.domain import flap_damping
from phonefarm.domain import sms as sms_rules
from phonefarm.domain.ids import phone_id
from phonefarm.runtime import farm as bootstrap
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import RentRecord
from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.profiles import Profile
from phonefarm.simulation.sims import OPERATORS, SimFactory, VirtualSim
from phonefarm.simulation.simulation_thread import SimulationThread
from phonefarm.support.logs import SecretFilter
from tests.farm.app_process import KEY
from tests.farm.harness import until
from tests.timelines import sentences

T = TypeVar("T")
AnyFarm = TypeVar("AnyFarm", bound=VirtualFarm)

COUNTRY = "russia"
QUERY_SECONDS = 0.02
READY_TIMEOUT_SECONDS = 40.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Shorter intervals for the app; nothing else is changed."""

    checkup: float = 0.6
    thorough_every: int = 1
    hurry: float = 8.0
    """Divisor of the recovery ladder's intervals: the first step comes after about two seconds."""
    patience: float = 2.0
    steady_after: timedelta = timedelta(seconds=3)
    losses_that_damp: int = flap_damping.LOSSES_THAT_DAMP
    together_within: timedelta = timedelta(seconds=1)
    """The window in which phones that leave count as one event."""
    poll: float = 2.0
    rent_poll: float = 1.0
    usb: UsbPorts | None = None

    def set_by(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(phone_session, "CHECKUP_SECONDS", self.checkup)
        patch.setattr(phone_session, "THOROUGH_EVERY", self.thorough_every)
        patch.setattr(phone_session, "NOT_UP_PAUSE_SECONDS", 0.3)
        patch.setattr(phone_session, "RETRY_PAUSES_SECONDS", (0.3, 0.5))
        patch.setattr(phone_watch, "FLAPS_CHECK_SECONDS", 0.2)
        patch.setattr(phone_watch, "RENTS_CHECK_SECONDS", 0.2)
        patch.setattr(phone_health, "EQUAL_CHECKUPS_SKIPPED_FOR", timedelta(seconds=0.5))
        patch.setattr(flap_damping, "STEADY_AFTER", self.steady_after)
        patch.setattr(flap_damping, "LOSSES_THAT_DAMP", self.losses_that_damp)
        patch.setattr(flap_detector, "TOGETHER_WITHIN", self.together_within)
        # Here a row counts as late after seconds instead of minutes.
        patch.setattr(sms_rules, "SLOWEST_ROW", timedelta(seconds=1))
        patch.setattr(sms_intake, "MOST_MARK_AGE", timedelta(seconds=0.5))
        patch.setattr(bootstrap, "PhoneWatch", partial(PhoneWatch, hurry=self.hurry, patience=self.patience))
        if self.usb is not None:
            patch.setattr(bootstrap, "AdbBridge", partial(AdbBridge, usb=self.usb))


def a_phone(name: str, profile: Profile, *cards: VirtualSim, authorized: bool = True) -> VirtualPhone:
    """A phone with these SIMs, by default one per slot, all of an operator with the phone's name."""
    phone = VirtualPhone(profile, name=name, query_seconds=QUERY_SECONDS, authorized=authorized)
    maker = SimFactory(zlib.crc32(name.encode()))
    operator = replace(OPERATORS[0], name=name)
    for slot, card in enumerate(cards or [maker.make(operator, states_number=False) for _ in range(profile.slots)]):
        phone.insert_sim(card, slot)
    return phone


@dataclass(frozen=True, kw_only=True)
class Field:
    server: str
    farm: SimulationThread[VirtualFarm]
    market: SimulationThread[Market]
    engine: EngineThread
    serials: Mapping[str, str]
    """adb serials by phone name, where they differ from the phone's own serial."""

    def phone(self, name: str) -> VirtualPhone:
        return self.farm.sim.phone(name)

    def act(self, act: Callable[[VirtualPhone], object], name: str) -> None:
        """Call a function on a phone, on its event loop."""
        self.farm.call(lambda farm: act(farm.phone(name)))

    def do(self, act: Callable[[VirtualPhone], Coroutine[Any, Any, T]], name: str) -> T:
        return self.farm.run(lambda farm: act(farm.phone(name)))

    # The app's view.

    def ask(self, question: Callable[[FarmDesk], Coroutine[Any, Any, T]]) -> T:
        return self.engine.ask(question)

    def id_of(self, name: str) -> str:
        return phone_id(self.serials.get(name) or self.phone(name).serial, self.server)

    def row(self, name: str) -> PhoneRow:
        return self.ask(lambda desk: desk.rows(PHONES, [self.id_of(name)]))[0]

    def rows(self) -> dict[str, PhoneRow]:
        """By serial."""
        return {row.serial: row for row in self.ask(lambda desk: desk.rows(PHONES))}

    def state(self, name: str) -> PhoneState | None:
        rows = self.ask(lambda desk: desk.rows(PHONES, [self.id_of(name)]))
        return rows[0].state if rows else None

    def active(self, name: str, condition: Condition) -> ActiveCondition | None:
        return next((active for active in self.row(name).conditions if active.condition is condition), None)

    def sim(self, card: VirtualSim) -> SimRow:
        return self.ask(lambda desk: desk.rows(SIMS, [card.iccid]))[0]

    def timeline(self, name: str) -> list[str]:
        return sentences(self.ask(lambda desk: desk.timeline(Topic.PHONES, self.id_of(name))))

    def overview(self) -> Overview:
        return self.ask(lambda desk: desk.overview())

    def reaches(self, name: str, state: PhoneState, within: float = 20.0) -> PhoneRow:
        until(lambda: self.state(name) is state, within, f"{name} {state}")
        return self.row(name)

    def shows_condition(self, name: str, condition: Condition, within: float = 20.0) -> ActiveCondition:
        until(lambda: self.active(name, condition) is not None, within, f"{name}: {condition}")
        found = self.active(name, condition)
        assert found is not None
        return found

    def is_over(self, name: str, condition: Condition, within: float = 20.0) -> None:
        until(lambda: self.active(name, condition) is None, within, f"{name} without {condition}")

    def until_standing(self, card: VirtualSim, standing: SimStanding) -> None:
        until(lambda: self.sim(card).standing is standing, what=f"{card.iccid} {standing}")

    def until_empty_hints(self, name: str, count: int) -> None:
        until(lambda: self.row(name).hints_without_row == count, what=f"{count} empty hints")

    # The market's view.

    def offered(self, name: str) -> int:
        """The number of a phone's numbers on offer, by GET_SERVICES."""
        return self.market.run(lambda market: market.services()).get(COUNTRY, {}).get(name, 0)

    def is_offered(self, name: str, count: int | None = None) -> None:
        """Wait until `count` of the phone's numbers are on offer; default: all."""
        wanted = len(self.phone(name).sims) if count is None else count
        until(lambda: self.offered(name) == wanted, what=f"{wanted} numbers of {name} on offer")

    def order(self, name: str) -> RentRecord:
        rent = self.market.run(lambda market: market.order(COUNTRY, name))
        assert rent is not None, f"no number of {name} was issued"
        return rent

    def finish(self, rent: RentRecord) -> None:
        assert self.market.run(lambda market: market.finish(rent.rent_id, 3, rent.sum))

    def send(self, msisdn: str, text: str, sender: str = "Telegram") -> None:
        self.farm.run(lambda farm: farm.deliver(msisdn, sender, text))

    def texts(self, rent: RentRecord) -> list[str]:
        """The texts that the market accepted for a rent, in order of arrival."""
        pushes = self.market.sim.record.pushes
        return [str(push.body["text"]) for push in pushes if push.rent_id == rent.rent_id and push.is_accepted]

    def until_texts(self, rent: RentRecord, *texts: str, within: float = 20.0) -> None:
        until(lambda: self.texts(rent) == list(texts), within, f"{texts} at the market")


def now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def run_field(
    folder: Path,
    server: str,
    farm: SimulationThread[AnyFarm],
    pace: Pace,
    *,
    numbers: str | None = None,
    serials: Mapping[str, str] | None = None,
    adb_path: str = "",
) -> Iterator[Field]:
    """Run the engine with the adb server `server`."""
    (folder / "numbers.csv").write_text(numbers or farm.sim.numbers_csv(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, SimulationThread(lambda: Market("", KEY)) as market:
        pace.set_by(patch)
        settings = load_settings(
            data_dir=folder / "data",
            api_key=SecretStr(KEY),
            listen="127.0.0.1:0",
            admin_listen="127.0.0.1:0",
            push_url=market.sim.push_url,
            adb_servers=server,
            adb_path=adb_path,
            numbers_file=str(folder / "numbers.csv"),
            push_retry_seconds=0.5,
            poll_seconds=pace.poll,
            rent_poll_seconds=pace.rent_poll,
        )
        engine = EngineThread(settings, SecretFilter(), MemoryStore(KEY))
        engine.start()
        try:
            market.sim.target_url = f"http://{engine.farm.listeners.webhooks_address}"
            one_farm = cast("SimulationThread[VirtualFarm]", farm)
            yield Field(server=server, farm=one_farm, market=market, engine=engine, serials=serials or {})
        finally:
            engine.stop()


def wait_until_ready(field: Field, names: Sequence[str], within: float = READY_TIMEOUT_SECONDS) -> None:
    """Wait until all these phones are ready."""
    ids = [field.id_of(name) for name in names]

    def not_ready() -> list[str]:
        rows = {row.phone_id: row.state for row in field.ask(lambda desk: desk.rows(PHONES, ids))}
        return [name for name, known in zip(names, ids, strict=True) if rows.get(known) is not PhoneState.READY]

    until(lambda: not not_ready(), within, f"{names} ready")

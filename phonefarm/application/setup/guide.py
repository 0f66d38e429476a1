"""The way from nothing to the first sale: how the seven steps stand, their tests, and what the user confirms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import (
    NumberTask,
    PhoneRow,
    PhoneState,
    PublicAddress,
    SimRow,
    Topic,
    Verdict,
)
from phonefarm.application.model.row_queries import PHONES, SIMS
from phonefarm.application.model.setup_state import Link, LinkResult, PushTest, SetupNotes, SetupState, SmsChainResult
from phonefarm.application.ports.setup import SetupRecord
from phonefarm.application.ports.storage import Storage
from phonefarm.application.ports.views import Views
from phonefarm.application.ports.world import PushChannel, PushMessage
from phonefarm.application.setup.sms_chain import SmsChain
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import SimId
from phonefarm.domain.push_tests import (
    TEST_MSISDN,
    TEST_RENT_ID,
    TEST_SENDER,
    TEST_SMS_ID,
    TEST_TEXT,
    PushAnswer,
    answer_of,
)
from phonefarm.domain.setup_steps import AddressFact, PhoneFact, SetupFacts, minutes_left, setup_steps
from phonefarm.support.clock import Clock

log = structlog.get_logger(__name__)

CALL_KEPT_EVERY = timedelta(minutes=1)
"""The time of the last call may be so much older after a restart."""
_NOT_CONNECTED = frozenset({PhoneState.GONE, PhoneState.DUPLICATE})

KeyPlace = Callable[[], tuple[str, str]]
"""Where the key is kept (empty: nowhere), and why its store cannot be read (empty: it can)."""


class SetupGuide:
    """Answers `FarmDesk.setup` and the tests of the path; `run` keeps the time of the last call."""

    def __init__(
        self,
        *,
        storage: Storage,
        announcer: Announcer,
        clock: Clock,
        record: SetupRecord,
        key_place: KeyPlace,
        push_url: str,
        channel: PushChannel,
        chain: SmsChain,
        address: Callable[[], PublicAddress],
        number_tasks: Callable[[None], Awaitable[Sequence[NumberTask]]],
    ) -> None:
        self._storage = storage
        self._announcer = announcer
        self._clock = clock
        self._record = record
        self._key_place = key_place
        self._push_url = push_url
        self._channel = channel
        self._chain = chain
        self._address = address
        self._number_tasks = number_tasks
        self._notes: SetupNotes | None = None
        self._writing = asyncio.Lock()
        self._last_call_at: datetime | None = None
        self._kept_call_at: datetime | None = None
        self._called = asyncio.Event()

    # How the steps stand -------------------------------------------------------------

    async def state(self) -> SetupState:
        notes = await self._read_notes()
        now = self._clock()

        def query(views: Views) -> tuple[list[PhoneRow], list[SimRow]]:
            return views.rows(PHONES, None, now), views.rows(SIMS, None, now)

        phones, sims = await self._storage.read(query)
        tasks = await self._number_tasks(None)
        has_sold = any(sim.rents_total or sim.last_rented_at for sim in sims)
        seated = [sim for sim in sims if sim.phone_id]
        ready = {phone.phone_id for phone in phones if phone.state is PhoneState.READY}
        key_place, key_problem = self._key_place()
        is_confirmed = notes.confirmed_at is not None or has_sold
        steps = setup_steps(
            SetupFacts(
                key_place=key_place,
                key_problem=key_problem,
                push_url=self._push_url,
                push_test=notes.push_test,
                address=_address_fact(self._address()),
                phones=tuple(_phone_fact(phone) for phone in phones if phone.state not in _NOT_CONNECTED),
                sims=len(seated),
                numbers_known=sum(bool(sim.msisdn) for sim in seated),
                numbers_found=sum(bool(task.found and not task.msisdn) for task in tasks),
                can_test=any(sim.msisdn and sim.rent_id is None and sim.phone_id in ready for sim in seated),
                test_passed_at=notes.test_passed_at,
                test_failed_link=notes.test_failed_link,
                is_confirmed=is_confirmed,
                has_sold=has_sold,
                last_call_at=self._last_call_at or notes.last_call_at,
            )
        )
        return SetupState(
            steps=steps,
            is_confirmed=is_confirmed,
            countries=tuple(sorted({sim.country for sim in seated if sim.country})),
            is_over=has_sold,
            minutes_left=minutes_left(steps),
            push_test=notes.push_test if notes.push_test and notes.push_test.url == self._push_url else None,
        )

    # What the user may do ------------------------------------------------------------

    async def confirm(self, *, is_confirmed: bool) -> None:
        """The user says, or takes back, that the SIMs are their own to rent out. Raises KnownError."""
        await self._note(confirmed_at=self._clock() if is_confirmed else None)

    async def test_push_url(self) -> PushTest:
        """Push once for a rent that cannot exist. Nothing of it is stored but its result. Raises KnownError."""
        if not self._push_url:
            raise KnownError("There is no push URL yet: paste the one that Onlinesim's support gave you.")
        test = await self._push_once()
        await self._note(push_test=test)
        return test

    async def test_sms(self, sim_id: str) -> SmsChainResult:
        """Walk the whole chain with a made-up message on a SIM; leaves no trace. Raises KnownError."""
        links = await self._chain.run(SimId(sim_id))
        if self._push_url and all(result.is_passed for result in links):
            test = await self._push_once()
            if test.answer is not PushAnswer.NOT_SENT:
                links = (*links, LinkResult(link=Link.MARKET, is_passed=test.is_right, push=test))
                await self._note(push_test=test)
        result = SmsChainResult(sim_id=sim_id, links=links)
        passed_at = self._clock() if result.failed_link is None else None
        await self._note(test_passed_at=passed_at, test_failed_link=result.failed_link)
        return result

    async def forget_push_test(self) -> None:
        """Another key is used: what was tested with the former one holds no more."""
        await self._note(push_test=None)

    async def _push_once(self) -> PushTest:
        message = PushMessage(
            sms_id=TEST_SMS_ID, rent_id=TEST_RENT_ID, msisdn=TEST_MSISDN, sender=TEST_SENDER, text=TEST_TEXT
        )
        begun = time.monotonic()
        answer, detail = answer_of(await self._channel.push(message))
        milliseconds = round((time.monotonic() - begun) * 1000)
        return PushTest(url=self._push_url, at=self._clock(), answer=answer, detail=detail, milliseconds=milliseconds)

    # Calls of the market -------------------------------------------------------------

    def note_call(self) -> None:
        """A call with the right key has come; on the engine's loop."""
        is_first = self._last_call_at is None
        self._last_call_at = self._clock()
        if is_first or self._kept_call_at is None or self._last_call_at - self._kept_call_at >= CALL_KEPT_EVERY:
            self._called.set()

    async def run(self) -> None:
        """Keep the time of the last call, until cancelled."""
        while True:
            await self._called.wait()
            self._called.clear()
            self._kept_call_at = self._last_call_at
            try:
                await self._note(last_call_at=self._last_call_at)
            except KnownError as error:
                log.warning("the time of the last call cannot be kept", cause=str(error))

    # Notes ---------------------------------------------------------------------------

    async def _read_notes(self) -> SetupNotes:
        if self._notes is None:
            async with self._writing:
                if self._notes is None:
                    self._notes = await asyncio.to_thread(self._record.read)
        return self._notes

    async def _note(self, **changes: object) -> None:
        await self._read_notes()
        async with self._writing:
            assert self._notes is not None
            notes = replace(self._notes, **changes)  # type: ignore[arg-type]
            if notes == self._notes:
                return
            await asyncio.to_thread(self._record.write, notes)
            self._notes = notes
        self._announcer.changed(Topic.OVERVIEW)


def _phone_fact(phone: PhoneRow) -> PhoneFact:
    return PhoneFact(label=phone.label, is_ready=phone.state is PhoneState.READY, remedy=phone.remedy)


def _address_fact(address: PublicAddress) -> AddressFact:
    return AddressFact(
        kind=address.kind,
        url=address.url,
        reported_url=address.reported_url,
        is_answered=address.verdict is Verdict.PASS,
        has_failed=address.verdict is Verdict.FAIL,
        health=address.health,
    )

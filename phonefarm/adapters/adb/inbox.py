"""Looks at one phone's inbox: whole windows in hex, or one column at a time where the provider takes no hex()."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.inbox_texts import InboxTexts
from phonefarm.adapters.adb.phone_calls import LARGEST_WINDOW, Answers, PhoneCalls, off_the_loop
from phonefarm.adapters.adb.provider import AnswerRefused, exception
from phonefarm.adapters.adb.sim_of_row import RowSims
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.application.ports.world import PhoneUnreachable, Probe
from phonefarm.domain.errors import KnownError
from phonefarm.domain.sms import SmsRow

WINDOW_WITHIN = 20.0
PROOF_WITHIN = 15.0
PROOF_GOOD_FOR = 60.0
"""Seconds for which an inbox that was proven empty need not prove it again: a proof costs a query more."""
EXPECTED_WITHIN = 10.0


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows of the inbox, newest row id first, and the phone's clock as the call began."""

    rows: tuple[SmsRow, ...]
    phone_clock: float | None
    clock_seen_at: float | None
    asked_at: float
    """Loop time before which a message must have come to be among the rows for sure."""


class InboxReader:
    def __init__(self, calls: PhoneCalls, probe: Probe) -> None:
        self._calls = calls
        self._texts = InboxTexts(calls)
        self._proven_empty_at = float("-inf")
        self.row_sims = RowSims(probe.facts, probe.slot_column)

    @staticmethod
    def query(probe: Probe, *, newest: int, skip: int = 0) -> str:
        ask = sms_query.window_query if probe.reads_hex else sms_query.numbers_query
        return ask(probe, newest=newest, skip=skip)

    async def read(self, probe: Probe, *, newest: int, skip: int, expecting: bool = False) -> Window:
        """The window, whole; PhoneUnreachable if not, SmsWithheld if an empty one is not an empty inbox.

        `expecting`: a message was announced, so that its texts are asked for along with the window.
        """
        query = self.query(probe, newest=newest, skip=skip)
        if expecting and not skip and not probe.reads_hex:
            answers, texts = await self._ask_at_once(query, probe)
        else:
            answers, texts = await self._calls.run(query, within=WINDOW_WITHIN, most=LARGEST_WINDOW), ()
        rows = (await self._parsed(answers, probe))[:newest]
        if not rows:
            if skip or expecting or self._now() - self._proven_empty_at > PROOF_GOOD_FOR:
                await self._prove_empty(probe, skip)
                if not skip:
                    self._proven_empty_at = self._now()
            return self._window((), answers)
        self._proven_empty_at = float("-inf")  # an inbox that held something and is empty now proves it anew
        if not probe.reads_hex:
            if texts:
                self._texts.expect(rows[0], texts, probe)
            rows = await self._texts.filled_in(rows)
        return self._window(self.row_sims.settle(rows), answers)

    @staticmethod
    def _window(rows: Sequence[SmsRow], answers: Answers) -> Window:
        return Window(
            rows=tuple(rows),
            phone_clock=answers.phone_clock,
            clock_seen_at=answers.clock_seen_at,
            asked_at=answers.asked_at,
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _ask_at_once(self, query: str, probe: Probe) -> tuple[Answers, Sequence[Answers]]:
        """The window, and (or nothing, if anything went wrong with them) the newest row's texts."""
        window, *texts = await asyncio.gather(
            self._calls.run(query, within=WINDOW_WITHIN, most=LARGEST_WINDOW),
            *(self._calls.run(text_query, within=EXPECTED_WITHIN) for text_query in InboxTexts.newest_queries(probe)),
            return_exceptions=True,
        )
        if isinstance(window, BaseException):
            raise window
        whole = []
        for text in texts:
            if isinstance(text, KnownError):
                return window, ()
            if isinstance(text, BaseException):
                raise text
            whole.append(text)
        return window, whole

    async def _parsed(self, answers: Answers, probe: Probe) -> list[RawRow]:
        text = answers.sections[0].text
        parse = sms_query.parse_window if probe.reads_hex else sms_query.parse_numbers
        try:
            return await off_the_loop(lambda: parse(text, probe), len(text))
        except AnswerRefused as error:
            raise self._refused(answers, error) from error

    def _refused(self, answers: Answers, error: AnswerRefused) -> PhoneUnreachable:
        """Only for answers without SMS text in them."""
        self._calls.check_denied(answers.stderr, answers.sections[0].text)
        return self._calls.unreadable(exception(answers.stderr) or str(error))

    async def _prove_empty(self, probe: Probe, skip: int) -> None:
        """Nothing found may mean nothing shown: a count tells which."""
        answers = await self._calls.run(sms_query.proof_query(probe), within=PROOF_WITHIN)
        try:
            count = sms_query.parse_proof(answers.sections[0].text, probe)
        except AnswerRefused as error:
            raise self._refused(answers, error) from error
        if count is None:
            self._calls.check_denied(answers.stderr)
            if probe.counts or not skip:
                raise self._calls.withheld("every query comes back empty, even a count")
        elif probe.counts and count > skip:
            raise PhoneUnreachable(f"The inbox of phone {shown(self._calls.serial)} changed while it was read.")

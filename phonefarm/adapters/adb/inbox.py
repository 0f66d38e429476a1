"""Reads one phone's inbox: a window in hex, or one column at a time if the provider does not support hex()."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.inbox_texts import InboxTexts
from phonefarm.adapters.adb.phone_calls import MAX_WINDOW_BYTES, Answers, PhoneCalls, run_off_loop
from phonefarm.adapters.adb.provider import AnswerRefused, find_exception
from phonefarm.adapters.adb.sim_of_row import RowSims
from phonefarm.adapters.adb.smart_socket import printable
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.application.ports.world import PhoneUnreachable, Probe
from phonefarm.domain.errors import KnownError
from phonefarm.domain.sms import SmsRow

WINDOW_TIMEOUT_SECONDS = 20.0
PROOF_TIMEOUT_SECONDS = 15.0
EMPTY_PROOF_LIFETIME_SECONDS = 60.0
"""How long a proof that the inbox is empty holds; each proof costs another query."""
NEWEST_TEXT_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows of the inbox, newest row id first, and the phone's clock when the call began."""

    rows: tuple[SmsRow, ...]
    phone_clock: float | None
    """Unix time."""
    clock_seen_at: float | None
    """Loop time at which it arrived."""
    asked_at: float
    """Loop time of the query. Invariant: every message stored before it is among the rows."""


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
        """The complete window. Raises PhoneUnreachable, or SmsWithheld if an empty window does not mean an empty inbox.

        `expecting`: a message was announced, so the newest texts are queried at the same time.
        """
        query = self.query(probe, newest=newest, skip=skip)
        if expecting and not skip and not probe.reads_hex:
            answers, texts = await self._ask_with_texts(query, probe)
        else:
            answers, texts = await self._calls.run(query, within=WINDOW_TIMEOUT_SECONDS, max_bytes=MAX_WINDOW_BYTES), ()
        rows = (await self._parse(answers, probe))[:newest]
        if not rows:
            if skip or expecting or self._now() - self._proven_empty_at > EMPTY_PROOF_LIFETIME_SECONDS:
                await self._check_empty(probe, skip)
                if not skip:
                    self._proven_empty_at = self._now()
            return self._window((), answers)
        self._proven_empty_at = float("-inf")  # if it becomes empty again, that needs a new proof
        if not probe.reads_hex:
            if texts:
                self._texts.add_newest(rows[0], texts, probe)
            rows = await self._texts.fill_in(rows)
        return self._window(self.row_sims.resolve(rows), answers)

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

    async def _ask_with_texts(self, query: str, probe: Probe) -> tuple[Answers, Sequence[Answers]]:
        """The window, and the newest row's texts, or none if any of their queries failed."""
        text_queries = InboxTexts.newest_queries(probe)
        window, *texts = await asyncio.gather(
            self._calls.run(query, within=WINDOW_TIMEOUT_SECONDS, max_bytes=MAX_WINDOW_BYTES),
            *(self._calls.run(text_query, within=NEWEST_TEXT_TIMEOUT_SECONDS) for text_query in text_queries),
            return_exceptions=True,
        )
        if isinstance(window, BaseException):
            raise window
        complete = []
        for text in texts:
            if isinstance(text, KnownError):
                return window, ()
            if isinstance(text, BaseException):
                raise text
            complete.append(text)
        return window, complete

    async def _parse(self, answers: Answers, probe: Probe) -> list[RawRow]:
        text = answers.sections[0].text
        parse = sms_query.parse_window if probe.reads_hex else sms_query.parse_numbers
        try:
            return await run_off_loop(partial(parse, text, probe), len(text))
        except AnswerRefused as error:
            raise self._refusal(answers, error) from error

    def _refusal(self, answers: Answers, error: AnswerRefused) -> PhoneUnreachable:
        """Only for answers without SMS text, since the error quotes them."""
        self._calls.raise_if_denied(answers.stderr, answers.sections[0].text)
        return self._calls.unreadable_error(find_exception(answers.stderr) or str(error))

    async def _check_empty(self, probe: Probe, skip: int) -> None:
        """Raise unless a count confirms that there are no (further) rows: a phone may hide them."""
        answers = await self._calls.run(sms_query.proof_query(probe), within=PROOF_TIMEOUT_SECONDS)
        try:
            count = sms_query.parse_proof(answers.sections[0].text, probe)
        except AnswerRefused as error:
            raise self._refusal(answers, error) from error
        if count is None:
            self._calls.raise_if_denied(answers.stderr)
            if probe.counts or not skip:
                raise self._calls.withheld_error("every query comes back empty, even a count")
        elif probe.counts and count > skip:
            raise PhoneUnreachable(f"The inbox of phone {printable(self._calls.serial)} changed while it was read.")

"""Looks at one phone's inbox: whole windows in hex, or one column at a time where the provider takes no hex()."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.phone_calls import Answers, PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused, exception
from phonefarm.adapters.adb.sim_of_row import RowSims
from phonefarm.adapters.adb.smart_socket import shown
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.application.interfaces import PhoneUnreachable, Probe
from phonefarm.domain.sms import SmsRow

WINDOW_WITHIN = 20.0
PROOF_WITHIN = 15.0
TEXTS_WITHIN = 45.0
TEXTS_PER_CALL = 5
REMEMBERED_TEXTS = 1_000


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows of the inbox, newest row id first, and the phone's clock as the call began."""

    rows: tuple[SmsRow, ...]
    phone_clock: float | None
    clock_seen_at: float | None


class InboxReader:
    def __init__(self, calls: PhoneCalls, probe: Probe) -> None:
        self._calls = calls
        self._texts: OrderedDict[tuple[int, int, int], tuple[str, str]] = OrderedDict()
        self.row_sims = RowSims(probe.facts, probe.slot_column)

    async def read(self, probe: Probe, *, newest: int, skip: int) -> Window:
        """The window, whole; PhoneUnreachable if not, SmsWithheld if an empty one is not an empty inbox."""
        ask = sms_query.window_query if probe.reads_hex else sms_query.numbers_query
        answers = await self._calls.run(ask(probe, newest=newest, skip=skip), within=WINDOW_WITHIN)
        rows = self._parsed(answers, probe)[:newest]
        if not rows:
            await self._prove_empty(probe, skip)
        elif not probe.reads_hex:
            rows = await self._with_texts(rows)
        return Window(
            rows=self.row_sims.settle(rows),
            phone_clock=answers.phone_clock,
            clock_seen_at=answers.clock_seen_at,
        )

    def _parsed(self, answers: Answers, probe: Probe) -> list[RawRow]:
        text = answers.sections[0].text
        try:
            parse = sms_query.parse_window if probe.reads_hex else sms_query.parse_numbers
            return parse(text, probe)
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

    async def _with_texts(self, rows: Sequence[RawRow]) -> list[RawRow]:
        missing = [raw for raw in rows if _key(raw) not in self._texts]
        for start in range(0, len(missing), TEXTS_PER_CALL):
            await self._fetch_texts(missing[start : start + TEXTS_PER_CALL])
        whole = []
        for raw in rows:
            sender, body = self._texts[_key(raw)]
            self._texts.move_to_end(_key(raw))
            whole.append(replace(raw, row=replace(raw.row, sender=sender, body=body)))
        while len(self._texts) > REMEMBERED_TEXTS:
            self._texts.popitem(last=False)
        return whole

    async def _fetch_texts(self, rows: Sequence[RawRow]) -> None:
        commands = [sms_query.column_query(name, raw.row) for raw in rows for name in ("address", "body")]
        answers = await self._calls.run(*commands, within=TEXTS_WITHIN)
        texts = [section.text for section in answers.sections]
        try:
            for place, raw in enumerate(rows):
                sender = sms_query.parse_column(texts[2 * place], "address")
                body = sms_query.parse_column(texts[2 * place + 1], "body")
                self._texts[_key(raw)] = (sender, body)
        except AnswerRefused as error:
            raise self._calls.unreadable(str(error)) from error


def _key(raw: RawRow) -> tuple[int, int, int]:
    return raw.row.row_id, raw.row.date_ms, raw.row.date_sent_ms

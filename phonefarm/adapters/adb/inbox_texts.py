"""Texts of inbox rows on phones whose provider takes no hex(): one column of one row a query, remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.phone_calls import LARGEST_WINDOW, Answers, PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.application.ports.world import Probe

TEXTS_WITHIN = 45.0
TEXTS_PER_CALL = 5
REMEMBERED_TEXTS = 1_000
_COLUMNS = ("address", "body")
_Key = tuple[int, int, int]


class InboxTexts:
    def __init__(self, calls: PhoneCalls) -> None:
        self._calls = calls
        self._texts: OrderedDict[_Key, tuple[str, str]] = OrderedDict()

    @staticmethod
    def newest_queries(probe: Probe) -> list[str]:
        """Queries for the newest row's texts, whichever row that is; asked beside the window, they cost no time."""
        return [sms_query.newest_text_query(column, probe) for column in _COLUMNS]

    def expect(self, newest: RawRow, answers: Sequence[Answers], probe: Probe) -> None:
        """Take the answers to `newest_queries` for the window's newest row, if they are about that very row."""
        try:
            found = [
                sms_query.parse_newest_text(answer.sections[0].text, column, probe)
                for answer, column in zip(answers, _COLUMNS, strict=True)
            ]
        except AnswerRefused:
            return  # asked again by its id
        if all((text.row_id, text.date_ms) == (newest.row.row_id, newest.row.date_ms) for text in found):
            sender, body = found
            self._texts[_key(newest)] = (sender.text, body.text)

    async def filled_in(self, rows: Sequence[RawRow]) -> list[RawRow]:
        missing = [raw for raw in rows if _key(raw) not in self._texts]
        for start in range(0, len(missing), TEXTS_PER_CALL):
            await self._fetch(missing[start : start + TEXTS_PER_CALL])
        whole = []
        for raw in rows:
            sender, body = self._texts[_key(raw)]
            self._texts.move_to_end(_key(raw))
            whole.append(replace(raw, row=replace(raw.row, sender=sender, body=body)))
        while len(self._texts) > REMEMBERED_TEXTS:
            self._texts.popitem(last=False)
        return whole

    async def _column(self, name: str, rows: Sequence[RawRow]) -> Sequence[str]:
        commands = [sms_query.column_query(name, raw.row) for raw in rows]
        answers = await self._calls.run(*commands, within=TEXTS_WITHIN, most=LARGEST_WINDOW)
        return [section.text for section in answers.sections]

    async def _fetch(self, rows: Sequence[RawRow]) -> None:
        senders, bodies = await asyncio.gather(*(self._column(name, rows) for name in _COLUMNS))
        try:
            for raw, sender, body in zip(rows, senders, bodies, strict=True):
                self._texts[_key(raw)] = (
                    sms_query.parse_column(sender, "address"),
                    sms_query.parse_column(body, "body"),
                )
        except AnswerRefused as error:
            raise self._calls.unreadable(str(error)) from error


def _key(raw: RawRow) -> _Key:
    return raw.row.row_id, raw.row.date_ms, raw.row.date_sent_ms

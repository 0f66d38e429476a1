"""Texts of inbox rows from providers without hex(): one query per column and row, cached."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.phone_calls import MAX_WINDOW_BYTES, Answers, PhoneCalls
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.sms_query import RawRow
from phonefarm.application.ports.world import Probe

TEXTS_TIMEOUT_SECONDS = 45.0
TEXTS_PER_CALL = 5
MAX_CACHED_TEXTS = 1_000
_COLUMNS = ("address", "body")
_Key = tuple[int, int, int]


class InboxTexts:
    def __init__(self, calls: PhoneCalls) -> None:
        self._calls = calls
        self._texts: OrderedDict[_Key, tuple[str, str]] = OrderedDict()

    @staticmethod
    def newest_queries(probe: Probe) -> list[str]:
        """Queries for the newest row's texts, to be run in parallel with that for the window."""
        return [sms_query.newest_text_query(column, probe) for column in _COLUMNS]

    def add_newest(self, newest: RawRow, answers: Sequence[Answers], probe: Probe) -> None:
        """Cache the answers to `newest_queries` if they belong to `newest`; a newer row may have arrived in between."""
        try:
            found = [
                sms_query.parse_newest_text(answer.sections[0].text, column, probe)
                for answer, column in zip(answers, _COLUMNS, strict=True)
            ]
        except AnswerRefused:
            return  # fetched by row id later
        if all((text.row_id, text.date_ms) == (newest.row.row_id, newest.row.date_ms) for text in found):
            sender, body = found
            self._texts[_key(newest)] = (sender.text, body.text)

    async def fill_in(self, rows: Sequence[RawRow]) -> list[RawRow]:
        missing = [raw for raw in rows if _key(raw) not in self._texts]
        for start in range(0, len(missing), TEXTS_PER_CALL):
            await self._fetch(missing[start : start + TEXTS_PER_CALL])
        complete = []
        for raw in rows:
            sender, body = self._texts[_key(raw)]
            self._texts.move_to_end(_key(raw))
            complete.append(replace(raw, row=replace(raw.row, sender=sender, body=body)))
        while len(self._texts) > MAX_CACHED_TEXTS:
            self._texts.popitem(last=False)
        return complete

    async def _read_column(self, name: str, rows: Sequence[RawRow]) -> Sequence[str]:
        commands = [sms_query.column_query(name, raw.row) for raw in rows]
        answers = await self._calls.run(*commands, within=TEXTS_TIMEOUT_SECONDS, max_bytes=MAX_WINDOW_BYTES)
        return [section.text for section in answers.sections]

    async def _fetch(self, rows: Sequence[RawRow]) -> None:
        senders, bodies = await asyncio.gather(*(self._read_column(name, rows) for name in _COLUMNS))
        try:
            for raw, sender, body in zip(rows, senders, bodies, strict=True):
                self._texts[_key(raw)] = (
                    sms_query.parse_column(sender, "address"),
                    sms_query.parse_column(body, "body"),
                )
        except AnswerRefused as error:
            raise self._calls.unreadable_error(str(error)) from error


def _key(raw: RawRow) -> _Key:
    return raw.row.row_id, raw.row.date_ms, raw.row.date_sent_ms

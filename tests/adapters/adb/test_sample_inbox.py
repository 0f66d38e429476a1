"""A made-up message passes the parser for real answers, whatever its letters."""

from __future__ import annotations

import pytest

from phonefarm.adapters.adb.sample_inbox import WrittenInbox
from tests.builders import NOON, ms


@pytest.mark.parametrize("text", ["", "Code: 4821", "Проверка 测试 😀", "a, b=c\nRow: 1"])
@pytest.mark.parametrize("sub_id", [None, 0, 7])
def test_message_comes_back_as_it_was_written(text: str, sub_id: int | None) -> None:
    row = WrittenInbox().read(sub_id=sub_id, sender="phonefarm", text=text, at=NOON)

    assert (row.sender, row.body, row.sub_id) == ("phonefarm", text, sub_id)
    assert (row.date_ms, row.date_sent_ms) == (ms(NOON), ms(NOON))

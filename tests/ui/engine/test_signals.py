"""PySide6 keeps its reference counts: one release lost a reference to True at each signal, and aborted later."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal

MANY = 10_000


class Bell(QObject):
    rang = Signal(bool)
    noticed = Signal(object)


def test_ten_thousand_signals_lose_no_reference_to_true_or_none() -> None:
    bell = Bell()
    heard: list[object] = []
    bell.rang.connect(heard.append)
    bell.noticed.connect(heard.append)
    before = sys.getrefcount(True), sys.getrefcount(None)

    for _ in range(MANY):
        bell.rang.emit(True)
        bell.noticed.emit(None)

    after = sys.getrefcount(True), sys.getrefcount(None)
    assert len(heard) == 2 * MANY
    # `heard` itself holds MANY of each; no reference may have been lost.
    assert after[0] >= before[0]
    assert after[1] >= before[1]

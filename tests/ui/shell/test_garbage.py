"""Garbage is collected on the window's thread, whichever thread made it."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject

from ui.shell.garbage import GarbageCollector


class Knot:
    def __init__(self) -> None:
        self.itself = self


def make_and_drop_many() -> None:
    for _ in range(5000):
        Knot()


def test_nothing_is_collected_on_another_thread(qapp: QObject) -> None:
    threads: list[str] = []
    root = QObject()
    collector = GarbageCollector(root)
    knot = Knot()
    weakref.finalize(knot, lambda: threads.append(threading.current_thread().name))
    collector.start()
    del knot

    other = threading.Thread(target=make_and_drop_many)
    other.start()
    other.join()
    assert threads == []
    collector.collect()
    gc.collect()

    assert threads == ["MainThread"]
    collector.stop()

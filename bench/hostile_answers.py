"""Time and memory for parsing hostile answers of phones, with the old patterns and the current ones.

The old patterns repeat a group of two hexadecimal digits and let blanks span lines. Each measurement runs in a fresh
process. The standstill is the longest delay of a timer with a period of 1 ms on the event loop that parses the answer.
Memory is the peak allocation of the parser, without the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from phonefarm.adapters.adb import sms_query
from phonefarm.adapters.adb.hints import parse_hint
from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.adapters.adb.phone_calls import run_off_loop
from phonefarm.adapters.adb.provider import AnswerRefused, split_rows
from phonefarm.application.ports.world import Probe
from phonefarm.domain.phones import PhoneFacts

MEBIBYTE = 1024 * 1024
PROBE = Probe(facts=PhoneFacts(sdk=34), reads_hex=True)
_DIGITS = r"(?:[0-9A-F]{2})*"
_OLD_ROW = re.compile(
    r"Row: (?P<row>[0-9]{1,6}) _id=(?P<id>-?[0-9]{1,19}), d=[0-9]+, s=[0-9]+, u=[0-9]+, n=(?P<n>[0-9]{1,9}|NULL)"
    rf", a=(?P<a>{_DIGITS}), b=(?P<b>{_DIGITS})"
)
_OLD_PARCEL = re.compile(r"^\s*0x[0-9a-f]{8}: ((?:[0-9a-f]{8} )+) *'", re.MULTILINE)
_OLD_HINT = re.compile(r"InboundSmsHandler.*\bDelivering SMS to\b")


def _old_window(text: str) -> object:
    return [_OLD_ROW.fullmatch(line) for line in split_rows(text)]


def _window(text: str) -> object:
    return sms_query.parse_window(text, PROBE)


def rows(size: int) -> str:
    """Eight rows with as much text as a phone can print in one answer."""
    body = "61" * (size // 16)
    return "".join(
        f"Row: {row} _id={9 - row}, d=31, s=30, u=31, n={len(body) // 2}, a=31, b={body}\n" for row in range(8)
    )


def one_row(size: int) -> str:
    return f"Row: 0 _id=9, d=31, s=30, u=31, n=1, a={'6' * size}\n"


ANSWERS: dict[str, tuple[Callable[[int], str], int, Callable[[str], object], Callable[[str], object]]] = {
    "inbox, eight huge rows": (rows, 8 * MEBIBYTE, _old_window, _window),
    "inbox, digits without end": (one_row, 8 * MEBIBYTE, _old_window, _window),
    "parcel of empty lines": (
        lambda size: "Result: Parcel(" + "\n" * size,
        32 * 1024,
        _OLD_PARCEL.findall,
        parse_parcel_text,
    ),
    "a line of the radio log": (
        lambda size: "InboundSmsHandler " * (size // 18),
        64 * 1024,
        _OLD_HINT.search,
        parse_hint,
    ),
}
"""For each answer: its generator, size in bytes, old parser and current parser."""


def measure(name: str, is_ours: bool) -> dict[str, float]:
    make, size, old, ours = ANSWERS[name]
    text, work = make(size), ours if is_ours else old
    started = time.perf_counter()
    with contextlib.suppress(AnswerRefused):
        work(text)
    seconds = time.perf_counter() - started
    standstill = asyncio.run(_standstill(text, work, is_ours))
    return {"seconds": seconds, "memory": _memory(text, work), "standstill": standstill}


def _memory(text: str, work: Callable[[str], object]) -> int:
    tracemalloc.start()
    with contextlib.suppress(AnswerRefused):
        work(text)
    return tracemalloc.get_traced_memory()[1]


async def _standstill(text: str, work: Callable[[str], object], is_ours: bool) -> float:
    longest, is_over = 0.0, False

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not is_over:
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await asyncio.sleep(0.01)
        with contextlib.suppress(AnswerRefused):
            await run_off_loop(lambda: work(text), len(text) if is_ours else 0)
        is_over = True
    return longest


def in_fresh_process(name: str, is_ours: bool) -> dict[str, float]:
    arguments = [sys.executable, "-m", "bench.hostile_answers", "--measure", name, *(["--ours"] if is_ours else [])]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8", check=True, cwd=Path(__file__).parents[1])
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--measure", choices=sorted(ANSWERS), help=argparse.SUPPRESS)
    options.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure, chosen.ours)))
        return
    print(f"{'answer':<28} {'size':>8} {'way':<5} {'ms':>9} {'MiB':>8} {'x size':>7} {'standstill ms':>14}")
    for name, (make, size, _, _) in ANSWERS.items():
        figures = {way: in_fresh_process(name, way == "ours") for way in ("old", "ours")}
        length = len(make(size))
        for way, found in figures.items():
            print(
                f"{name:<28} {length // 1024:>4} KiB {way:<5} {found['seconds'] * 1000:>9.1f} "
                f"{found['memory'] / MEBIBYTE:>8.1f} {found['memory'] / length:>7.1f} "
                f"{found['standstill'] * 1000:>14.1f}"
            )
        old, ours = figures["old"], figures["ours"]
        print(
            f"{'':<28} old / ours: time {old['seconds'] / ours['seconds']:.1f}, standstill "
            f"{old['standstill'] / ours['standstill']:.1f}, memory {old['memory'] / max(ours['memory'], 1):.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

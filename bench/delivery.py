"""From the reading of an inbox to the market: a burst, a steady stream and a backlog, with durable commits.

The database, the intake, the outbox, the push channel and the webhooks are the real ones on one loop; the sink
is a process of its own. In the same run, over the same sink: one commit and one request a message, one after the
other, as one would write it first; and Kannel, where it is installed, with its fake SMSC and a spool on disk, once
as it comes and once with a spool as durable as our commits (its figure is what its smsbox gives to the sink).
While bursts over a long history follow each other, another process orders and finishes numbers (`bench._orders`).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from bench._kannel import is_installed, kannel, makes_durable, messages
from bench._outbox import Outbox, outbox, queue_up, reading_of
from bench._sink import PATH
from bench.parts import KEY, Spread, get, post, process, until
from phonefarm.domain.heard import NOTHING_HEARD
from phonefarm.domain.ids import PhoneId
from phonefarm.domain.sms import Reading

RENTED = 200
ASKED_EVERY = 0.02
"""Seconds between two looks at how far a way has come: the same for each."""
MOST_A_SECOND = 15_000
"""More messages are not delivered in a second."""


def texts(kind: str, count: int) -> list[str]:
    return [f"{kind} {number}" for number in range(count)]


async def until_taken(sink: str, count: int, within: float) -> None:
    deadline = time.monotonic() + within
    while (await asyncio.to_thread(get, f"{sink}/count"))["count"] < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} messages were not at the sink within {within:g} s")
        await asyncio.sleep(ASKED_EVERY)


async def until_recorded(parts: Outbox) -> None:
    """Until the farm has noted the last 200."""
    while await asyncio.to_thread(parts.has_open_pushes):  # noqa: ASYNC110 - a database
        await asyncio.sleep(0.01)


def leave_nothing_behind() -> None:
    """What one way has left in the system's memory goes to the disk now, and not at the cost of the next one."""
    if sys.platform != "win32":
        os.sync()


async def burst(parts: Outbox, sink: str, count: int) -> float:
    """SMS a second, from the first reading to the last message at the sink and on the books."""
    return await burst_of(parts, sink, readings_of(list((await parts.rent(min(RENTED, count))).values()), count))


def readings_of(phones: Sequence[PhoneId], count: int, first_row: int = 1) -> list[Reading]:
    """One of each phone, with its share of so many new messages."""
    todo = texts(f"burst {first_row}", count)
    share = -(-count // len(phones))
    return [
        reading_of(phone, todo[place * share : (place + 1) * share], first_row) for place, phone in enumerate(phones)
    ]


async def burst_of(parts: Outbox, sink: str, readings: Sequence[Reading]) -> float:
    count = sum(len(reading.rows) for reading in readings)
    await asyncio.to_thread(post, f"{sink}/forget", {})
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for reading in readings:
            group.create_task(parts.intake.accept(reading, NOTHING_HEARD))
            await asyncio.sleep(0)  # each phone answers by itself
    await until_taken(sink, count, 300)
    await until_recorded(parts)
    return count / (time.perf_counter() - begun)


async def backlog(parts: Outbox, path: Path, sink: str, count: int) -> tuple[float, int]:
    """SMS a second while a backlog is drained, and how many came out of the order of their number."""
    post(f"{sink}/forget", {})
    rents = await parts.rent(RENTED)
    await asyncio.to_thread(queue_up, path, list(rents), count)
    begun = time.perf_counter()
    parts.pushes.wake()
    await until_taken(sink, count, 600)
    await until_recorded(parts)
    rate = count / (time.perf_counter() - begun)
    taken = list(await asyncio.to_thread(get, f"{sink}/times"))
    places: dict[str, int] = {}
    swapped = 0
    for text in taken:
        _, number, place = text.split()
        swapped += int(place) < places.get(number, -1)
        places[number] = int(place)
    return rate, swapped


async def steady(parts: Outbox, sink: str, seconds: float, rate: float) -> list[float]:
    """Seconds from the reading to the sink's receipt of each message, at so many a second."""
    post(f"{sink}/forget", {})
    phones = list((await parts.rent(50)).values())
    begun = time.perf_counter()
    given: dict[str, float] = {}

    async def one(number: int) -> None:
        text = f"steady {number}"
        reading = reading_of(phones[number % len(phones)], [text], first_row=1_000 + number)
        given[text] = time.time()
        await parts.intake.accept(reading, NOTHING_HEARD)

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(begun + number / rate - time.perf_counter(), 0))
            group.create_task(one(number))
    await until_taken(sink, len(given), 60)
    taken = await asyncio.to_thread(get, f"{sink}/times")
    return [taken[text] - at for text, at in given.items()]


@contextmanager
def naive_outbox(folder: Path, sink: str) -> Iterator[Callable[[str], None]]:
    """What gives a text to the sink as one would write it first: insert and commit, post, update and commit."""
    with closing(sqlite3.connect(folder / "naive.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS outbox (text TEXT PRIMARY KEY, sent INTEGER DEFAULT 0)")

        def give(text: str) -> None:
            with connection:
                connection.execute("INSERT INTO outbox (text) VALUES (?)", (text,))
            body = json.dumps({"text": text, "key": KEY}).encode()
            request = urllib.request.Request(sink + PATH, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            with connection:
                connection.execute("UPDATE outbox SET sent = 1 WHERE text = ?", (text,))

        yield give


def one_by_one(folder: Path, sink: str, count: int) -> float:
    """SMS a second, each after the other."""
    post(f"{sink}/forget", {})
    with naive_outbox(folder, sink) as give:
        begun = time.perf_counter()
        for text in texts("naive", count):
            give(text)
        return count / (time.perf_counter() - begun)


def steady_one_by_one(folder: Path, sink: str, seconds: float, rate: float) -> list[float]:
    """As `steady`; a message that comes while another is under way waits, which `rate` leaves no occasion for."""
    post(f"{sink}/forget", {})
    given: dict[str, float] = {}
    with naive_outbox(folder, sink) as give:
        begun = time.perf_counter()
        for number, text in enumerate(texts("naive steady", int(seconds * rate))):
            time.sleep(max(begun + number / rate - time.perf_counter(), 0))
            given[text] = time.time()
            give(text)
    taken = get(f"{sink}/times")
    return [taken[text] - at for text, at in given.items()]


def by_kannel(folder: Path, sink: str, count: int, *, durable: bool) -> float | None:
    """SMS a second that Kannel gives to the sink; equal texts, so the sink counts requests. None: cannot be had."""
    home = folder / ("durable" if durable else "as it comes")
    (home / "spool").mkdir(parents=True)
    if durable and not makes_durable(home / "spool"):
        return None
    with kannel(home, sink) as port:
        time.sleep(1.0)
        post(f"{sink}/forget", {})
        begun = time.perf_counter()
        with messages(port, count):
            until(lambda: get(f"{sink}/requests")["count"] >= count, 300, ASKED_EVERY)
        return count / (time.perf_counter() - begun)


async def orders_during(parts: Outbox, sink: str, count: int, seconds: float) -> tuple[Spread, float]:
    """GET_NUMBER's answer times from another process while one burst after the other goes out; and their rate.

    All that the phones will say is made up before: the bursts and the orders have the loop to themselves.
    """
    phones = list((await parts.rent(RENTED)).values())
    enough = 1 + int(seconds * MOST_A_SECOND / count)
    bursts = [readings_of(phones, count, first_row=1 + number * count) for number in range(enough)]
    gc.freeze()
    words = [sys.executable, "-m", "bench._orders", parts.webhooks, "--seconds", str(seconds)]
    child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()  # it orders from now on
    rates: list[float] = []
    async with asyncio.TaskGroup() as group:
        ended = group.create_task(child.stdout.read())
        for readings in bursts:
            if ended.done():
                break
            rates.append(await burst_of(parts, sink, readings))
    assert len(rates) < len(bursts), "the last orders came when nothing was delivered any more"
    await child.wait()
    return Spread.of(json.loads(ended.result())), median(rates)


async def measured(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    """Each way in turn, round after round: the machine's moods meet them all."""
    rates: dict[str, list[float]] = {}
    async with outbox(folder, sink + PATH, sims=(chosen.rounds + 1) * RENTED + 50) as parts:
        for number in range(chosen.rounds):
            home = folder / str(number)
            home.mkdir()
            await asyncio.to_thread(leave_nothing_behind)
            rates.setdefault("phonefarm", []).append(await burst(parts, sink, chosen.messages))
            for way, rate in await asyncio.to_thread(list, others(home, sink, chosen.messages)):
                rates.setdefault(way, []).append(rate)
        await asyncio.to_thread(leave_nothing_behind)
        spread = Spread.of(await steady(parts, sink, chosen.seconds, 50))
        naive = Spread.of(await asyncio.to_thread(steady_one_by_one, folder, sink, chosen.seconds, 50))
    ours = rates.pop("phonefarm")
    print(f"burst of {chosen.messages}, median of {chosen.rounds}: phonefarm {median(ours):.0f} SMS/s", flush=True)
    for way, theirs in rates.items():
        ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
        print(f"{way}: {median(theirs):.0f} SMS/s; phonefarm / it: {ratio:.2f}", flush=True)
    for way, its in (("phonefarm", spread), ("one commit and one request a message", naive)):
        times = f"p50 {1000 * its.p50:.1f} ms, p99 {1000 * its.p99:.1f} ms"
        print(f"50/s for {chosen.seconds:g} s, {way}: {times}", flush=True)


def others(folder: Path, sink: str, count: int) -> Iterator[tuple[str, float]]:
    leave_nothing_behind()
    yield "one commit and one request a message", one_by_one(folder, sink, min(count, 1_000))
    if not is_installed():
        print("Kannel is not installed (Debian: apt install kannel kannel-extras): not measured", flush=True)
        return
    for durable, spool in ((True, "written through to the disk"), (False, "as it comes, without fsync")):
        leave_nothing_behind()
        rate = by_kannel(folder, sink, count, durable=durable)
        if rate is not None:
            yield f"Kannel, spool {spool}", rate


async def measured_backlog(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    async with outbox(folder, sink + PATH, sims=2 * RENTED) as parts:
        rate, swapped = await backlog(parts, folder / "bench.db", sink, chosen.backlog)
        print(f"backlog of {chosen.backlog}: {rate:.0f} SMS/s, {swapped} out of the order of their number", flush=True)


async def measured_with_history(folder: Path, sink: str, chosen: argparse.Namespace) -> None:
    async with outbox(folder, sink + PATH, sims=2_000, history=chosen.history) as parts:
        spread, rate = await orders_during(parts, sink, chosen.messages, 60)
        print(
            f"2,000 SIMs, {chosen.history} history rows, during bursts of {chosen.messages} ({rate:.0f} SMS/s): "
            f"GET_NUMBER p50 {1000 * spread.p50:.1f} ms, p99 {1000 * spread.p99:.1f} ms",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--messages", type=int, default=5_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--history", type=int, default=1_000_000)
    options.add_argument("--backlog", type=int, default=100_000)
    chosen = options.parse_args(arguments)
    with process(["-m", "bench._sink"]) as (line, _):
        sink = line.strip()
        for measure in (measured, measured_backlog, measured_with_history):
            with tempfile.TemporaryDirectory(prefix="phonefarm-bench-", ignore_cleanup_errors=True) as folder:
                asyncio.run(measure(Path(folder), sink, chosen))


if __name__ == "__main__":
    main()

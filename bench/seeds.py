"""Deterministic simulation: thousands of seeded runs with random orders, phones, crashes and faults.

Everything runs in memory on a virtual clock: use cases, rules and SQL are the real ones, phones and market are
simulated. Invariants, checked against the market's record: no SMS of a rent is lost, none is accepted twice unless a
crash or a lost answer left an attempt open, none is pushed to another rent. A failing seed can be replayed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator

from bench.seeded.run import RunResult, run_seed


def results(seeds: range, processes: int) -> Iterator[RunResult]:
    if processes == 1:
        yield from map(run_seed, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(run_seed, seeds, chunksize=8)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--runs", type=int, default=1_000)
    options.add_argument("--first", type=int, default=0, help="seed of the first run")
    options.add_argument("--seed", type=int, help="replay one seed")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.runs)
    if chosen.seed is not None:
        seeds, chosen.processes = range(chosen.seed, chosen.seed + 1), 1
    started = time.monotonic()
    runs = sent = accepted = crashes = attempts = uncertain = repeats = 0
    failing: list[int] = []
    for result in results(seeds, chosen.processes):
        runs += 1
        sent, accepted, crashes = sent + result.sent, accepted + result.taken, crashes + result.crashes
        attempts, uncertain = attempts + result.attempts, uncertain + result.uncertain
        repeats += result.repeats
        if result.faults:
            failing.append(result.seed)
            print(f"seed {result.seed} FAILED: {'; '.join(result.faults[:5])}", flush=True)
    print(f"{runs} runs in {time.monotonic() - started:.0f} s: {sent} SMS, {crashes} crashes, {attempts} attempts")
    print(
        f"{accepted} accepted by the market, {repeats} of them twice, after an attempt that a crash or a lost answer "
        "left open"
    )
    print(f"{uncertain} uncertain attempts in the database; faults in {len(failing)} runs")
    if failing:
        print(f"replay one with: python3 farm.py bench seeds --seed {failing[0]}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())

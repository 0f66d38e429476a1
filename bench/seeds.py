"""The farm through random markets, phones, crashes and faults, by the thousand; a failing seed replays alone.

Everything runs on a virtual clock in memory: the use cases, the rules and the SQL are the real ones, phones and
market are made up. The market's record is the judge: no SMS of a rent lost, none taken twice without an attempt
that a crash or a lost answer left open, none shown to another rent.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator

from bench.seeded.run import Verdict, judged


def verdicts(seeds: range, processes: int) -> Iterator[Verdict]:
    if processes == 1:
        yield from map(judged, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(judged, seeds, chunksize=8)


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
    begun = time.monotonic()
    runs = sent = taken = crashes = attempts = uncertain = repeats = 0
    failing: list[int] = []
    for verdict in verdicts(seeds, chosen.processes):
        runs += 1
        sent, taken, crashes = sent + verdict.sent, taken + verdict.taken, crashes + verdict.crashes
        attempts, uncertain = attempts + verdict.attempts, uncertain + verdict.uncertain
        repeats += verdict.repeats
        if verdict.faults:
            failing.append(verdict.seed)
            print(f"seed {verdict.seed} FAILED: {'; '.join(verdict.faults[:5])}", flush=True)
    print(f"{runs} runs in {time.monotonic() - begun:.0f} s: {sent} SMS, {crashes} crashes, {attempts} attempts")
    print(
        f"{taken} taken by the market, {repeats} of them twice, for an attempt that a crash or a lost answer left open"
    )
    print(f"{uncertain} uncertain attempts on the books; faults in {len(failing)} runs")
    if failing:
        print(f"replay one with: python3 farm.py bench seeds --seed {failing[0]}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())

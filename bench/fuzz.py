"""Fuzzes the parsers of phone and adb output: none may crash, be slow, or return data that is not in the input.

Runs are deterministic: the same seed gives the same finding at the same execution.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench._mutation import mutate
from bench._parsers import DECLARED, PARSERS, corpus

SLOW_SECONDS = 1.0
"""CPU time; hundreds of phones each give an answer per minute."""
MAX_SEEDS = 400
"""Texts per parser that are kept because they gave a new kind of answer."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    parser: str
    execution: int
    what: str
    text: str


def execute(parser: str, text: str) -> tuple[object, str]:
    """Run a parser; returns the kind of answer and the problem (empty if there is none)."""
    started = time.thread_time()
    kind, problem = _run_parser(parser, text)
    spent = time.thread_time() - started
    return kind, problem or (f"took {spent:.1f} s" if spent > SLOW_SECONDS else "")


def _run_parser(parser: str, text: str) -> tuple[object, str]:
    try:
        return repr(PARSERS[parser](text))[:200], ""
    except DECLARED as refused:
        return str(refused)[:60], ""
    except Exception as error:  # noqa: BLE001 - every exception is a finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        return None, f"{type(error).__name__}: {str(error)[:200]} ({Path(place.filename).name}:{place.lineno})"


class Fuzzer:
    """Mutates dumps, and texts that gave new kinds of answers."""

    def __init__(self, seed: int, only: str | None = None) -> None:
        self._rng = random.Random(seed)
        self._pools = {parser: texts or [""] for parser, texts in corpus().items()}
        self._kinds: dict[str, set[object]] = {parser: set() for parser in PARSERS}
        self._parsers = [only] if only else sorted(PARSERS)
        self._reported: set[tuple[str, str]] = set()
        self.executions = 0

    def findings(self, should_continue: Callable[[int], bool]) -> Iterator[Finding]:
        """Yield each kind of finding once, while `should_continue(executions)` is true."""
        while should_continue(self.executions):
            parser = self._rng.choice(self._parsers)
            text = self._next_text(parser)
            self.executions += 1
            kind, problem = execute(parser, text)
            if problem:
                if (parser, problem) not in self._reported:
                    self._reported.add((parser, problem))
                    yield Finding(parser=parser, execution=self.executions, what=problem, text=text)
            elif kind not in self._kinds[parser] and len(self._pools[parser]) < MAX_SEEDS:
                self._kinds[parser].add(kind)
                self._pools[parser].append(text)

    def _next_text(self, parser: str) -> str:
        lender = parser if self._rng.random() < 0.7 else self._rng.choice(sorted(self._pools))
        return mutate(self._rng, self._rng.choice(self._pools[parser]), self._rng.choice(self._pools[lender]))


def _save(finding: Finding) -> Path:
    with tempfile.NamedTemporaryFile(prefix=f"fuzz-{finding.parser}-", suffix=".txt", delete=False) as file:
        file.write(finding.text.encode())
    return Path(file.name)


def replay(parser: str, path: Path) -> int:
    kind, problem = execute(parser, path.read_bytes().decode("utf-8"))
    print(problem or f"nothing wrong: {kind}")
    return 1 if problem else 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--executions", type=int, help="instead of seconds")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=sorted(PARSERS), help="one parser instead of all")
    options.add_argument("--replay", metavar="FILE", type=Path, help="feed this file to the parser named by --only")
    chosen = options.parse_args()
    if chosen.replay is not None:
        if chosen.only is None:
            options.error("--replay needs --only PARSER")
        return replay(chosen.only, chosen.replay)
    fuzzer = Fuzzer(chosen.seed, chosen.only)
    most: float = float("inf") if chosen.executions is None else chosen.executions
    deadline = time.monotonic() + (chosen.seconds if chosen.executions is None else float("inf"))

    def should_continue(executions: int) -> bool:
        return executions < most and time.monotonic() < deadline

    count = 0
    for finding in fuzzer.findings(should_continue):
        count += 1
        print(f"{finding.parser}, execution {finding.execution}: {finding.what}")
        print(f"    python3 farm.py bench fuzz --only {finding.parser} --replay {_save(finding)}", flush=True)
    print(f"{fuzzer.executions} executions of {len(PARSERS)} parsers, seed {chosen.seed}: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())

"""Feeds every parser of phone and adb answers with spoilt dumps: none may fail, be slow, or find what was not printed.

The run is decided by its seed: the same seed comes upon the same finding at the same execution.
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

from bench._mutation import mutated
from bench._parsers import DECLARED, PARSERS, corpus

SLOW_SECONDS = 1.0
"""Of the processor's time; one answer comes each minute from each of hundreds of phones."""
MOST_SEEDS = 400
"""Texts kept for a parser because they led to an answer of a new kind."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    parser: str
    execution: int
    what: str
    text: str


def execute(parser: str, text: str) -> tuple[object, str]:
    """The kind of answer, and what is wrong with it (empty if nothing is)."""
    begun = time.thread_time()
    kind, wrong = _fed(parser, text)
    spent = time.thread_time() - begun
    return kind, wrong or (f"took {spent:.1f} s" if spent > SLOW_SECONDS else "")


def _fed(parser: str, text: str) -> tuple[object, str]:
    try:
        return repr(PARSERS[parser](text))[:200], ""
    except DECLARED as refused:
        return str(refused)[:60], ""
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        place = traceback.extract_tb(error.__traceback__)[-1]
        return None, f"{type(error).__name__}: {str(error)[:200]} ({Path(place.filename).name}:{place.lineno})"


class Fuzzer:
    """Mutates dumps, and texts that have led to new kinds of answers."""

    def __init__(self, seed: int, only: str | None = None) -> None:
        self._rng = random.Random(seed)
        self._pools = {parser: texts or [""] for parser, texts in corpus().items()}
        self._kinds: dict[str, set[object]] = {parser: set() for parser in PARSERS}
        self._parsers = [only] if only else sorted(PARSERS)
        self._known: set[tuple[str, str]] = set()
        self.executions = 0

    def findings(self, going_on: Callable[[int], bool]) -> Iterator[Finding]:
        """One of each kind, while `going_on(executions)`."""
        while going_on(self.executions):
            parser = self._rng.choice(self._parsers)
            text = self._text(parser)
            self.executions += 1
            kind, wrong = execute(parser, text)
            if wrong:
                if (parser, wrong) not in self._known:
                    self._known.add((parser, wrong))
                    yield Finding(parser=parser, execution=self.executions, what=wrong, text=text)
            elif kind not in self._kinds[parser] and len(self._pools[parser]) < MOST_SEEDS:
                self._kinds[parser].add(kind)
                self._pools[parser].append(text)

    def _text(self, parser: str) -> str:
        lender = parser if self._rng.random() < 0.7 else self._rng.choice(sorted(self._pools))
        return mutated(self._rng, self._rng.choice(self._pools[parser]), self._rng.choice(self._pools[lender]))


def _kept(finding: Finding) -> Path:
    with tempfile.NamedTemporaryFile(prefix=f"fuzz-{finding.parser}-", suffix=".txt", delete=False) as file:
        file.write(finding.text.encode())
    return Path(file.name)


def replay(parser: str, path: Path) -> int:
    kind, wrong = execute(parser, path.read_bytes().decode("utf-8"))
    print(wrong or f"nothing wrong: {kind}")
    return 1 if wrong else 0


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

    def going_on(executions: int) -> bool:
        return executions < most and time.monotonic() < deadline

    count = 0
    for finding in fuzzer.findings(going_on):
        count += 1
        print(f"{finding.parser}, execution {finding.execution}: {finding.what}")
        print(f"    python3 farm.py bench fuzz --only {finding.parser} --replay {_kept(finding)}", flush=True)
    print(f"{fuzzer.executions} executions of {len(PARSERS)} parsers, seed {chosen.seed}: {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())

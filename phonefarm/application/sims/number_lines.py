"""Sentences about the lines of a table of numbers that were left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from phonefarm.application.ports.records.numbers import LineProblem


def describe_problems(problems: Iterable[LineProblem]) -> tuple[str, ...]:
    """One sentence for each cause, with all its lines: `line 3: …`, `lines 4, 7-9: …`."""
    lines: dict[str, list[int]] = {}
    for problem in problems:
        lines.setdefault(problem.problem, []).append(problem.line)
    by_first = sorted((sorted(set(numbers)), cause) for cause, numbers in lines.items())
    return tuple(
        f"{'line' if len(numbers) == 1 else 'lines'} {_ranges(numbers)}: {cause}" for numbers, cause in by_first
    )


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers, with runs as first and last: `4, 7-9`."""
    breaks = [place for place, (one, next_one) in enumerate(pairwise(numbers), 1) if next_one != one + 1]
    starts, ends = [0, *breaks], [*breaks, len(numbers)]
    runs = [(numbers[start], numbers[end - 1]) for start, end in zip(starts, ends, strict=True)]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def count_left_out(problems: Sequence[LineProblem]) -> str:
    return f"{len(problems)} line left out" if len(problems) == 1 else f"{len(problems)} lines left out"

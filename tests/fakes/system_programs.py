"""Programs of the system, such as `systemctl`, that note how they were called and end as a test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from phonefarm.adapters.autostart.system_program import Ran


@dataclass
class SystemPrograms:
    """Every call succeeds in silence, except those that begin with the words of `answers`."""

    answers: dict[tuple[str, ...], Ran] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def answer(self, *words: str, exit_code: int, output: str = "") -> None:
        self.answers[words] = Ran(exit_code=exit_code, output=output)

    def __call__(self, command: Sequence[str]) -> Ran:
        call = tuple(command)
        self.calls.append(call)
        for words, ran in self.answers.items():
            if call[: len(words)] == words:
                return ran
        return Ran(exit_code=0, output="")

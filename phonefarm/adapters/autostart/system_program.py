"""Runs a program of the system, such as `systemctl`, with a deadline."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phonefarm.domain.errors import KnownError
from phonefarm.support.os_errors import cause_of

DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a program ended."""

    exit_code: int
    output: str

    @property
    def reason(self) -> str:
        """Its last line, for a sentence."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1].rstrip(".") if lines else f"it ended with {self.exit_code}"


RunProgram = Callable[[Sequence[str]], Ran]


def run_program(command: Sequence[str], deadline_seconds: float = DEADLINE_SECONDS) -> Ran:
    """Raises KnownError if the program is missing or does not end in time."""
    try:
        done = subprocess.run(  # noqa: S603 - programs of the system, with words of ours
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=deadline_seconds,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except FileNotFoundError as error:
        raise KnownError(f"This system has no {command[0]}, which is needed for a service.") from error
    except subprocess.TimeoutExpired as error:
        raise KnownError(
            f"{' '.join(command[:2])} did not end within {deadline_seconds:g} s. Try again, or restart this computer."
        ) from error
    except OSError as error:
        raise KnownError(f"{command[0]} cannot be run: {cause_of(error)}.") from error
    return Ran(exit_code=done.returncode, output=done.stdout.decode(errors="replace"))


def succeed(run: RunProgram, command: Sequence[str], what: str) -> Ran:
    """Raises KnownError if the program says that it failed; `what` begins the sentence."""
    ran = run(command)
    if ran.exit_code != 0:
        raise KnownError(f"{what}: {' '.join(command)} says “{ran.reason}”.")
    return ran

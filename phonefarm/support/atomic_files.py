"""Atomic replacement of files, with retries while another program (a scanner, a viewer, an editor) holds one.

Windows neither replaces nor removes an open file; most programs close it within a second.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from phonefarm.domain.errors import KnownError

ATTEMPTS = 41
PAUSE_SECONDS = 0.05
"""Between two attempts: two seconds in all."""
_ACCESS_DENIED = 5
_IN_USE = frozenset({32, 33, 1224})
"""Windows' error codes for a file that is open, partly locked, or mapped by another program."""


class FileHeld(KnownError):
    """Another program has kept the file open during all attempts."""


def replace_file(source: Path, target: Path) -> None:
    """`os.replace`, retried for up to two seconds; it blocks its thread. Raises FileHeld, OSError."""
    _with_retries(lambda: os.replace(source, target), target if target.exists() else source)


def remove_file(path: Path) -> None:
    """Remove the file if it exists, with the retries of `replace_file`. Raises FileHeld, OSError."""
    _with_retries(lambda: path.unlink(missing_ok=True), path)


def discard_draft(draft: Path) -> None:
    """Remove the draft if possible; otherwise the next start removes it."""
    with suppress(OSError):
        draft.unlink()


@contextmanager
def atomic_write(target: Path, draft: Path) -> Iterator[None]:
    """Write `draft` in the body: it replaces the target at the end, or is removed if the body fails."""
    try:
        yield
        replace_file(draft, target)
    except BaseException:
        discard_draft(draft)
        raise


def _with_retries(act: Callable[[], None], path: Path) -> None:
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            act()
        except OSError as error:
            if not _is_held(error, path):
                raise
            if not attempts_left:
                raise FileHeld(_held_sentence(error, path)) from error
            sleep(PAUSE_SECONDS)
        else:
            return


def _held_sentence(error: OSError, path: Path) -> str:
    sentence = f"{path} is held open by another program: close it there and try again."
    if getattr(error, "winerror", None) == _ACCESS_DENIED:  # Windows uses it for both
        sentence += " If nothing has it open, you may not replace it: check the permissions of the file and its folder."
    return sentence


def _is_held(error: OSError, path: Path) -> bool:
    """Whether Windows refused because the file is open. Its "access denied" also means a read-only file."""
    code = getattr(error, "winerror", None)
    return code in _IN_USE or (code == _ACCESS_DENIED and _is_writable_file(path))


def _is_writable_file(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IWRITE)

"""Files that are whole or not there, also while another program (a scanner, a viewer, an editor) holds one of them.

Windows neither replaces nor removes a file that somebody has open; mostly it is let go of within a second.
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
"""Two seconds in all."""
_ACCESS_DENIED = 5
_IN_USE = frozenset({32, 33, 1224})
"""What Windows says of a file that is open, locked in part, or mapped by another program."""


class FileHeld(KnownError):
    """Another program has kept the file open for as long as it was waited for."""


def replace(source: Path, target: Path) -> None:
    """`os.replace`, tried again for two seconds: call it on a thread that may wait. Raises FileHeld, OSError."""
    _patiently(lambda: os.replace(source, target), target if target.exists() else source)


def remove(path: Path) -> None:
    """Gone afterwards, if it was there at all. As patient as `replace`."""
    _patiently(lambda: path.unlink(missing_ok=True), path)


def drop(draft: Path) -> None:
    """Remove what nobody misses; what cannot be removed now is a leftover that the next start clears away."""
    with suppress(OSError):
        draft.unlink()


@contextmanager
def written_whole(target: Path, draft: Path) -> Iterator[None]:
    """Write `draft` within: it takes the target's name at the end, or goes and leaves the target as it was."""
    try:
        yield
        replace(draft, target)
    except BaseException:
        drop(draft)
        raise


def _patiently(act: Callable[[], None], path: Path) -> None:
    for left in reversed(range(ATTEMPTS)):
        try:
            act()
        except OSError as error:
            if not _is_held(error, path):
                raise
            if not left:
                raise FileHeld(_sentence(error, path)) from error
            sleep(PAUSE_SECONDS)
        else:
            return


def _sentence(error: OSError, path: Path) -> str:
    said = f"{path} is held open by another program: close it there and try again."
    if getattr(error, "winerror", None) == _ACCESS_DENIED:  # Windows' word for both
        said += " If nothing has it open, you may not replace it: look at the rights of the file and its folder."
    return said


def _is_held(error: OSError, path: Path) -> bool:
    """Only Windows refuses for that reason; of an open target it says "access denied", as of a read-only one."""
    code = getattr(error, "winerror", None)
    return code in _IN_USE or (code == _ACCESS_DENIED and _is_writable_file(path))


def _is_writable_file(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IWRITE)

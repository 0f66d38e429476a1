"""Writes THIRD_PARTY_NOTICES: the packages in the executable, and their licences.

Lists the packages of the lock that are installed in this environment, which are those that a build bundles.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "runtime.txt"
TEXTS = ROOT / "resources" / "licences"

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_LICENCE_FILE = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.IGNORECASE)
_COPYLEFT = "GPL"
"""Licences whose full text is always included: Qt's package on Windows has only the commercial licence."""
_RULE = "=" * 80


def notices(lock: Path = LOCK) -> str:
    parts = [_HEAD, _python_notice(), _adb_notice()]
    parts += [_package_notice(package) for package in installed(lock.read_text("utf-8"))]
    return f"\n{_RULE}\n".join(parts)


def installed(lock: str) -> Iterator[Distribution]:
    """The installed packages of the lock; those for other systems are skipped."""
    for name in sorted(set(_LOCKED.findall(lock)), key=str.lower):
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue


_HEAD = """THIRD-PARTY NOTICES

The executable of phonefarm holds the programs below. Each belongs to its authors and is used under its licence.
Qt and PySide6 are used under the LGPL, version 3: their libraries lie as files of their own beside the executable and
may be replaced by others that are built from their sources, which https://code.qt.io holds.
"""


def _python_notice() -> str:
    text = next(
        (file.read_text("utf-8") for file in _python_licence_files() if file.is_file()), "See docs.python.org/license."
    )
    return f"Python {sys.version.split()[0]}\nLicence: Python Software Foundation License, version 2\n\n{text}"


def _python_licence_files() -> Iterator[Path]:
    for folder in (Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))):
        yield folder / "LICENSE.txt"


def _adb_notice() -> str:
    text = (TEXTS / "Apache-2.0.txt").read_text("utf-8")
    return f"Android Debug Bridge (adb)\nThe Android Open Source Project. Licence: Apache-2.0\n\n{text}"


def _package_notice(package: Distribution) -> str:
    meta = package.metadata
    licence, texts = _licence(package), [*_texts_of_package(package)]
    if not texts or _COPYLEFT in licence:
        texts += _texts_of_licence(licence)
    return "\n\n".join([f"{meta['Name']} {package.version}\nLicence: {licence}", *texts])


def _licence(package: Distribution) -> str:
    meta = package.metadata
    for licence in (*(meta.get_all("License-Expression") or []), *(meta.get_all("License") or [])):
        if "\n" not in licence:
            return str(licence)
    classified = [line.rpartition(" :: ")[2] for line in meta.get_all("Classifier") or [] if line.startswith("License")]
    return ", ".join(classified) or "as in its text below"


def _texts_of_package(package: Distribution) -> Iterator[str]:
    for file in package.files or []:
        if ".dist-info/" in file.as_posix() and _LICENCE_FILE.search(file.as_posix()):
            yield Path(str(package.locate_file(file))).read_text("utf-8", errors="replace")


def _texts_of_licence(name: str) -> Iterator[str]:
    """The texts of a licence; the LGPL also needs the text of the GPL, which it extends."""
    for file in sorted(TEXTS.glob("*.txt"), reverse=True):
        if file.stem in name or (file.stem == "GPL-3.0" and "LGPL-3.0" in name):
            yield file.read_text("utf-8")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(notices(), "utf-8")

"""Time and memory for reading decompression bombs: our reader against the libraries without limits.

Each file is read in a separate process, to measure its peak memory, with `--seconds` as the limit of CPU time.
"""

from __future__ import annotations

import argparse
import csv
import io
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from openpyxl import Workbook, load_workbook

from phonefarm.adapters.catalog.number_tables import read_entries
from phonefarm.domain.errors import KnownError

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
_HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_TAIL = "</sheetData></worksheet>"
_SST = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_STYLES = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'

_TEXTS_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml" />'
)

PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "rows": (SHEET, lambda: _HEAD + "<row><c><v>1</v></c></row>" * 2_900_000 + _TAIL),
    "shared strings": (TEXTS, lambda: _SST + "<si><t>x</t></si>" * 4_400_000 + "</sst>"),
    "styles": (STYLES, lambda: _STYLES + '<xf numFmtId="0" fontId="0"/>' * 2_700_000 + "</cellXfs></styleSheet>"),
}


def write_bombs(folder: Path) -> list[Path]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["iccid", "number"])
    sound = io.BytesIO()
    book.save(sound)
    written = []
    for name, (part, content) in PARTS.items():
        path = folder / f"{name}.xlsx"
        with zipfile.ZipFile(sound) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for other in source.namelist():
                if part == TEXTS and other == "[Content_Types].xml":
                    made.writestr(other, source.read(other).replace(b"</Types>", _TEXTS_TYPE + b"</Types>"))
                elif other != part:
                    made.writestr(other, source.read(other))
            made.writestr(part, content())
        written.append(path)
    lines = folder / "newlines.csv"
    lines.write_text("\n" * 9_900_000, encoding="utf-8")
    return [*written, lines]


def read_with_phonefarm(path: Path) -> None:
    try:
        read_entries(path)
    except KnownError as error:
        print(error)


def read_with_libraries(path: Path) -> None:
    """The naive way, without limits."""
    if path.suffix == ".csv":
        lines = path.read_text(encoding="utf-8").splitlines()
        list(enumerate(csv.reader(io.StringIO("\n".join(lines)))))
        return
    book = load_workbook(path, read_only=True)
    for sheet in book.worksheets:
        list(sheet.iter_rows(max_col=64, values_only=True))


WAYS: dict[str, Callable[[Path], None]] = {"phonefarm": read_with_phonefarm, "libraries": read_with_libraries}


def measure(way: str, path: Path, within: float) -> tuple[float, float]:
    """CPU seconds and peak MB; for a reading that hit the limit, the values at that time."""
    words = [sys.executable, "-m", "bench.import_bombs", "--read", way, str(path)]
    started = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.PIPE, encoding="utf-8", preexec_fn=lambda: _limit_cpu(within))
    output, _ = child.communicate()
    took = time.monotonic() - started
    peak = float(output.rpartition("peak ")[2] or "nan")
    return took, peak


def _peak_mb() -> float:
    """Peak memory of this program; getrusage would include the program that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _limit_cpu(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=float, default=120, help="limit of CPU seconds per file")
    options.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args(arguments)
    if chosen.read:
        way, path = chosen.read
        WAYS[way](Path(path))
        print(f"peak {_peak_mb():.0f}")
        return
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-") as folder:
        for path in write_bombs(Path(folder)):
            size = path.stat().st_size / 1000
            ours, theirs = (measure(way, path, chosen.seconds) for way in WAYS)
            print(
                f"{path.name} ({size:.0f} KB): phonefarm {ours[0]:.1f} s, {ours[1]:.0f} MB; "
                f"libraries alone {theirs[0]:.1f} s, {theirs[1]:.0f} MB; ratio of times {theirs[0] / ours[0]:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

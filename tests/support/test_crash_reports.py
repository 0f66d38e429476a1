"""A native crash leaves a report with the stacks of all threads, which the next start announces once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from phonefarm.support.crash_reports import crash_sentence, newest_report
from tests.checkout import CHECKOUT

CRASHING = """
import faulthandler, sys
from pathlib import Path
from phonefarm.support.crash_reports import crash_reports

def crash_with(text_of_a_message):
    with crash_reports(Path(sys.argv[1])):
        faulthandler._sigsegv()

crash_with("planted-text")
"""
QUIET = """
import sys
from pathlib import Path
from phonefarm.support.crash_reports import crash_reports
with crash_reports(Path(sys.argv[1])) as report:
    print(report)
"""


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], env=environment, capture_output=True, text=True, timeout=60
    )


def test_crash_report_has_no_locals_and_is_announced_once(tmp_path: Path) -> None:
    assert run(CRASHING, tmp_path).returncode != 0

    report = Path(run(QUIET, tmp_path).stdout.splitlines()[-1])
    again = run(QUIET, tmp_path).stdout.strip()

    text = report.read_text(encoding="utf-8")
    assert "Segmentation fault" in text or "access violation" in text
    assert "in crash_with" in text
    assert "planted-text" not in text
    assert again == "None"
    assert str(report) in crash_sentence(report)


def test_normal_end_leaves_no_report(tmp_path: Path) -> None:
    run(QUIET, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_killed_process_leaves_no_report(tmp_path: Path) -> None:
    run(CRASHING.replace("faulthandler._sigsegv()", "import os; os._exit(9)"), tmp_path)

    assert run(QUIET, tmp_path).stdout.strip() == "None"
    assert list(tmp_path.iterdir()) == []


def test_report_of_a_running_process_is_kept(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", QUIET + "    sys.stdout.flush(); sys.stdin.read()", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdout is not None
        assert started.stdout.readline().strip() == "None"

        run(QUIET, tmp_path)

        assert len(list(tmp_path.glob("crash-*.running"))) == 1
        started.communicate("", timeout=30)


def test_folder_that_cannot_be_created_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert "None" in run(QUIET, tmp_path / "file" / "logs").stdout


def test_only_the_newest_reports_are_kept(tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"crash-20260101-{number:06}-ab.txt").write_text("Fatal Python error", encoding="utf-8")

    run(QUIET, tmp_path)

    assert len(list(tmp_path.glob("crash-*.txt"))) == 10


def test_newest_report_is_found_with_its_time(tmp_path: Path) -> None:
    for seconds, name in ((1_000_000, "crash-20260101-000000-aa.txt"), (2_000_000, "crash-20260102-000000-bb.txt")):
        (tmp_path / name).write_text("stacks")
        os.utime(tmp_path / name, (seconds, seconds))

    report = newest_report(tmp_path)

    assert report is not None
    assert (report[0].name, report[1].timestamp()) == ("crash-20260102-000000-bb.txt", 2_000_000)
    assert newest_report(tmp_path / "none") is None

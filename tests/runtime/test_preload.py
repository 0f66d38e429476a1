"""No imports after the start of a second thread: an import concurrent to shiboken's can abort the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT


def late_imports(*words: str) -> list[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.imports_after_start", *words],
        env=kept | {"QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("late import")]


def test_engine_imports_nothing_after_its_thread_has_started() -> None:
    assert late_imports("engine") == []


@pytest.mark.farm
@pytest.mark.parametrize("look", ["--headless", "--screenshots"])
def test_demo_imports_nothing_after_its_first_thread(look: str, tmp_path: Path) -> None:
    words = [look] if look == "--headless" else [look, str(tmp_path)]

    assert late_imports("command", "demo", "--phones", "2", "--seconds", "5", *words) == []

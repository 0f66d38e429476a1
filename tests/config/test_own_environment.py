"""Our settings, including the partner key, are not passed to child processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from phonefarm.config import own_environment
from phonefarm.config.own_environment import take_own_environment
from phonefarm.config.settings import load_settings
from tests.farm.app_process import AppProcess
from tests.farm.harness import until

KEY = "planted-partner-key-5e1f"


@pytest.fixture(autouse=True)
def _nothing_taken_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_environment, "_taken", {})


def test_removed_variables_are_still_settings_and_reach_no_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PHONEFARM_API_KEY", KEY)

    take_own_environment()

    settings = load_settings()
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(sorted(os.environ))"], capture_output=True, text=True, timeout=30
    )
    assert settings.data_dir == tmp_path
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == KEY
    assert "PHONEFARM" not in child.stdout
    assert not any(name.startswith("PHONEFARM") for name in os.environ)


@pytest.mark.farm
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for adb's program")
def test_adb_server_that_we_start_does_not_get_the_key(tmp_path: Path, unused_tcp_port: int) -> None:
    seen = tmp_path / "environment of adb"
    program = tmp_path / "adb"
    program.write_text(
        f"#!/bin/sh\nenv > {shlex.quote(str(seen))}.new\nmv {shlex.quote(str(seen))}.new "
        f"{shlex.quote(str(seen))}\nexit 1\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    app = AppProcess(
        tmp_path / "data", {"API_KEY": KEY, "ADB_PATH": str(program), "ADB_SERVERS": f"127.0.0.1:{unused_tcp_port}"}
    )
    app.start()
    try:
        until(seen.exists, 30, "a start of adb")
        assert "PATH=" in seen.read_text(encoding="utf-8")
        assert "PHONEFARM" not in seen.read_text(encoding="utf-8")
    finally:
        app.stop()

"""Fixtures shared by the runtime's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A temporary data folder, and an adb server that does not run and cannot be started."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    return load_settings(
        data_dir=tmp_path / "farm",
        listen="127.0.0.1:0",
        admin_listen="127.0.0.1:0",
        adb_servers=f"127.0.0.1:{unused_tcp_port}",
        adb_path=str(tmp_path / "no adb here"),
        push_retry_seconds=0.05,
    )

"""`phonefarm setup` talks to the farm that runs, else to one of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonefarm.config.settings import load_settings, settings_file, write_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.setup_session import farm_session
from phonefarm.support.logs import SecretFilter


@pytest.fixture(autouse=True)
def data(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that stand in the file, as on a user's PC; the key comes from the environment, no keyring is asked."""
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PHONEFARM_API_KEY", "a-key-for-tests")
    write_settings(
        settings_file(load_settings()),
        {
            "listen": "127.0.0.1:0",
            "admin_listen": "127.0.0.1:0",
            "adb_servers": f"127.0.0.1:{unused_tcp_port}",
            "adb_path": str(tmp_path / "no adb here"),
            "keep_awake": False,
        },
    )


def test_running_farm_is_asked_and_applies_what_is_saved() -> None:
    engine = EngineThread(load_settings(), SecretFilter())
    engine.start()
    try:
        with farm_session(load_settings(), SecretFilter()) as ask:
            ask("setup-confirm", {"confirmed": True})
            problems = ask("setup-save", {"changes": {"push_url": "https://onlinesim.example/push"}})["problems"]
            push = next(step for step in ask("setup", {})["steps"] if step["name"] == "push url")

        assert engine.ask(lambda desk: desk.setup()).is_confirmed
    finally:
        engine.stop()

    assert problems == []
    assert push["fact"] == "Not tested yet"


def test_without_a_farm_one_runs_for_as_long_as_the_commands() -> None:
    with farm_session(load_settings(), SecretFilter()) as ask:
        ask("setup-confirm", {"confirmed": True})

    with farm_session(load_settings(), SecretFilter()) as ask:
        assert ask("setup", {})["confirmed"]

"""`phonefarm setup` on a real engine with a virtual market: the questions lead from nothing to a tested farm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.commands.setup import Ask, as_lines, walk
from phonefarm.config.settings import Settings, load_settings, settings_file, write_settings
from phonefarm.runtime.engine_thread import EngineThread
from phonefarm.runtime.setup_session import commands_of
from phonefarm.simulation.market import Market
from phonefarm.simulation.simulation_thread import SimulationThread
from phonefarm.support.logs import SecretFilter

KEY = "a-partner-key-for-tests"


class ScriptedTerminal:
    """Answers each question whose beginning it knows; Enter for the others."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers
        self.said: list[str] = []
        self.secret_questions: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask(self, question: str, *, is_secret: bool = False) -> str:
        if is_secret:
            self.secret_questions.append(question)
        return next((answer for begin, answer in self._answers.items() if question.startswith(begin)), "")

    @property
    def text(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
def market() -> Iterator[SimulationThread[Market]]:
    with SimulationThread(lambda: Market("", KEY)) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path / "data"))
    settings = load_settings()
    write_settings(
        settings_file(settings),
        {
            "listen": "127.0.0.1:0",
            "admin_listen": "127.0.0.1:0",
            "adb_servers": f"127.0.0.1:{unused_tcp_port}",
            "adb_path": str(tmp_path / "no adb here"),
            "keep_awake": False,
        },
    )
    return load_settings()


@pytest.fixture
def engine(settings: Settings) -> Iterator[EngineThread]:
    engine = EngineThread(settings, SecretFilter(), MemoryStore(None))
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def ask(engine: EngineThread) -> Ask:
    return commands_of(engine)


def states(ask: Ask) -> dict[str, str]:
    return {step["name"]: step["state"] for step in ask("setup", {})["steps"]}


def test_questions_lead_to_a_farm_whose_key_url_and_address_are_tested(
    engine: EngineThread, ask: Ask, market: SimulationThread[Market]
) -> None:
    terminal = ScriptedTerminal(
        {
            "Are the SIM cards yours": "yes",
            "Onlinesim key": KEY,
            "Push URL": market.sim.push_url,
            "Tunnel": "url",
            "Public URL": f"http://{engine.farm.listeners.webhooks_address}",
            "Has the support got them": "yes",
        }
    )

    is_ready = walk(ask, terminal)

    found = states(ask)
    assert not is_ready  # no phone is there
    assert (found["key"], found["push url"], found["public address"]) == ("done", "done", "done")
    assert ask("setup", {})["confirmed"]
    assert "NO_OPERATION" in terminal.text
    assert "/getNumberRent" in terminal.text
    assert terminal.secret_questions == ["Onlinesim key (not shown)"]
    assert KEY not in terminal.text


def test_wrong_key_is_told_by_the_test_of_the_push_url(ask: Ask, market: SimulationThread[Market]) -> None:
    terminal = ScriptedTerminal({"Onlinesim key": "another-key", "Push URL": market.sim.push_url})

    walk(ask, terminal)

    assert "HTTP 401: the key is refused" in terminal.text
    assert states(ask)["key"] == "failed"


def test_enter_leaves_everything_as_it_is(ask: Ask) -> None:
    before = ask("setup", {})

    walk(ask, ScriptedTerminal({}))

    assert ask("setup", {}) == before


def test_bad_url_is_named_and_not_kept(ask: Ask) -> None:
    terminal = ScriptedTerminal({"Push URL": "http://onlinesim.example/push"})

    walk(ask, terminal)

    assert "must start with https" in terminal.text
    assert states(ask)["push url"] == "waiting"


def test_state_is_a_line_for_each_step(ask: Ask) -> None:
    lines = as_lines(ask("setup", {}))

    assert len(lines) == 8
    assert "not confirmed yet" in lines[0]
    assert lines[1].endswith("1. Onlinesim key: Paste the key that Onlinesim gave you")

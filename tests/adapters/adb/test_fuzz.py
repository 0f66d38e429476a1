"""Every parser on every dump and on mutated ones; the fuzzer is deterministic by its seed."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import fuzz
from bench._parsers import DECLARED, DUMPS, PARSERS, WILD, corpus, kind_of

CORPUS = corpus()
RUN_SECONDS = 2.0
MADE_TO_BE_REFUSED = ("siminfo_", "sms_", "noise_")
"""Real dumps of plain text that anybody may send as an SMS: never accepted as an answer to our queries."""


@pytest.mark.parametrize("path", sorted(DUMPS.glob("*.txt")), ids=lambda path: path.stem)
def test_each_dump_is_understood_by_its_parser(path: Path) -> None:
    PARSERS[kind_of(path)](path.read_text("utf-8"))


def test_every_parser_has_a_seed_dump() -> None:
    assert {kind for kind, texts in corpus().items() if not texts} == set()


@pytest.mark.skipif(not WILD.is_dir(), reason="the real dumps are not beside the repository")
@pytest.mark.parametrize("path", sorted(WILD.glob("*")), ids=lambda path: path.stem)
def test_every_real_dump_is_read_by_its_parser(path: Path) -> None:
    text = path.read_text("utf-8").partition("\n")[2]
    parser = PARSERS[kind_of(path)]

    if path.name.startswith(MADE_TO_BE_REFUSED):
        with pytest.raises(DECLARED):
            parser(text)
    else:
        parser(text)


@pytest.mark.parametrize("parser", sorted(PARSERS))
@given(hostile=st.text(max_size=60), dump=st.integers(0, 99), place=st.integers(0, 4000))
def test_hostile_text_in_a_dump_is_refused_or_read_as_text(parser: str, hostile: str, dump: int, place: int) -> None:
    text = CORPUS[parser][dump % len(CORPUS[parser])]
    at = place % (len(text) + 1)

    with suppress(*DECLARED):
        PARSERS[parser](text[:at] + hostile + text[at:])


def test_a_short_run_over_all_parsers_finds_nothing() -> None:
    fuzzer = fuzz.Fuzzer(seed=1)
    deadline = time.monotonic() + RUN_SECONDS

    assert list(fuzzer.findings(lambda _: time.monotonic() < deadline)) == []
    assert fuzzer.executions > 100


def a_careless_parser(text: str) -> object:
    return int(text.split()[0].partition(".")[0])


def test_fuzzer_finds_a_careless_parser_deterministically(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARSERS, "uptime", a_careless_parser)
    found = [next(fuzz.Fuzzer(seed=7, only="uptime").findings(lambda done: done < 10_000)) for _ in range(2)]

    assert found[0] == found[1]
    assert "Error" in found[0].what


def test_a_slow_answer_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SLOW_SECONDS", -1.0)

    assert "took" in fuzz.execute("uptime", "1.00 1.00\n")[1]


def test_a_finding_is_kept_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "finding.txt"
    path.write_text("350735.47 234388.90\n")

    assert fuzz.replay("uptime", path) == 0
    assert "nothing wrong" in capsys.readouterr().out

"""Problems of settings: every wrong value of every setting is told in our own plain words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from pydantic import ValidationError

from phonefarm.application.model.read_models import SettingKind
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.setting_kinds import kind_of
from phonefarm.config.setting_problems import problems_in
from phonefarm.config.settings import Settings

OF_THE_USER = [name for name in Settings.model_fields if name != "data_dir"]
WRONG: list[Any] = [
    "",
    " ",
    "soon",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "0",
    "0.0001",
    "99999999999999999999999999",
    "7.5",
    "9" * 5000,
    "ключ",
    "a\nb",
    "a b",
    "://",
    "http://[",
    "https://a..b/",
    "@",
    "a@b:99999",
    "1.2.3.4:99999",
    "[::1",
    "/getNumberRent",
    "(",
    "postgresql://x",
    None,
    -5,
    0,
    7.5,
    float("nan"),
    float("inf"),
    10**30,
    True,
    [],
    [1, "a"],
    {},
    {"a": 1},
    b"\xff\xfe",
]
OURS = re.compile(r"(must|needs|is needed|names the same|port 0) ?.*")
OF_A_LIBRARY = re.compile(
    r"Input|valid |Value error|parse|boolean|instance|should|expected|\bint\b|\bstr\b|finite|greater|less than|unable",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def _no_settings_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))


def problems_of(name: str, value: Any) -> dict[str, str]:
    try:
        Settings(**{name: value})
    except ValidationError as error:
        return problems_in(error, Settings.model_fields)
    return {}


def is_plain(problem: str) -> bool:
    words = problem.replace("regular expression", "")
    return bool(OURS.fullmatch(words)) and not OF_A_LIBRARY.search(words) and len(problem) < 130


@pytest.mark.parametrize("name", OF_THE_USER)
def test_every_wrong_value_is_told_in_plain_words_at_its_setting(name: str) -> None:
    refused = 0
    for value in WRONG:
        for at, problem in problems_of(name, value).items():
            refused += 1
            assert at == name, value
            assert is_plain(problem), (value, problem)

    assert refused > 0, "no value was wrong, so the test shows nothing"


@given(name=st.sampled_from(OF_THE_USER), text=st.text(max_size=40))
@trials(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_accepted_or_refused_in_plain_words(name: str, text: str) -> None:
    for problem in problems_of(name, text).values():
        assert is_plain(problem), problem
        assert len(text.strip()) < 8 or text not in problem


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("poll_seconds", "soon", "must be a number between 1 and 300"),
        ("poll_seconds", 301, "must be a number between 1 and 300"),
        ("poll_seconds", [], "must be a number between 1 and 300"),
        ("backup_keep", "7.5", "must be a whole number between 1 and 1000"),
        ("push_retry_seconds", 0, "must be a number above 0 and at most 600"),
        ("backup_hours", "nan", "must be a number between 0.25 and 168"),
        ("keep_awake", "perhaps", "must be true or false"),
        ("sms_id", "phone", "must be rent or message"),
        ("listen", 8080, "must be text; in the file, text in quotation marks"),
        ("api_key", 5, "must be text; in the file, text in quotation marks"),
    ],
)
def test_problem_says_what_would_be_right(name: str, value: Any, problem: str) -> None:
    assert problems_of(name, value) == {name: problem}


def test_each_setting_that_a_tunnel_lacks_is_told_at_that_setting() -> None:
    assert problems_of("tunnel", "ssh") == dict.fromkeys(
        ("ssh_server", "public_url"), "is needed for this kind of tunnel"
    )


def test_addresses_that_clash_are_told_at_one_of_them() -> None:
    assert problems_of("listen", "127.0.0.1:8081") == {"admin_listen": "must differ from the address of the webhooks"}


def test_every_kind_of_setting_is_tried() -> None:
    assert {kind_of(Settings.model_fields[name]) for name in OF_THE_USER} == set(SettingKind)

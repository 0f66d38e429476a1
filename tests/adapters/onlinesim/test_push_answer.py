"""The outcome of each kind of answer to a push."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.onlinesim.answer_body import BodyText
from phonefarm.adapters.onlinesim.push_answer import outcome_of
from phonefarm.domain.pushes import (
    Accepted,
    Failed,
    FailureKind,
    FinalRefusal,
    KeyRefused,
    PushOutcome,
    SoftRefusal,
    TooMany,
    Unclear,
)

TOOK = timedelta(milliseconds=310)


def judged(status: int, text: str, *, is_readable: bool = True, **headers: str) -> PushOutcome:
    by_name = {name.replace("_", "-"): value for name, value in headers.items()}
    return outcome_of(status, BodyText(text, is_readable), by_name, TOOK)


SHAPES: list[Callable[[str], str]] = [
    lambda token: token,
    lambda token: token.lower(),
    lambda token: f" {token}\r\n",
    lambda token: json.dumps(token),
    lambda token: json.dumps({"status": "ERROR", "error": token}),
    lambda token: json.dumps({"status": token}),
    lambda token: json.dumps({"response": token.lower()}),
    lambda token: json.dumps({"message": f" {token} "}),
    lambda token: json.dumps({"code": token, "status": 1}),
    lambda token: json.dumps({"error": {"code": token}}),
    lambda token: json.dumps({"response": {"errors": [{"message": token}]}}),
    lambda token: json.dumps([{"status": "ERROR", "error": token}]),
    lambda token: json.dumps([token]),
    lambda token: f"ERROR: {token}",
    lambda token: json.dumps({"status": f"error - {token}"}),
]
TOKENS: list[tuple[str, PushOutcome]] = [
    ("NO_OPERATION", FinalRefusal(token="NO_OPERATION")),
    ("NO_OP", FinalRefusal(token="NO_OPERATION")),
    ("BAD_SERVICE", FinalRefusal(token="BAD_SERVICE")),
    ("IGNORED", SoftRefusal(token="IGNORED")),
    ("SERVICE_BAN", SoftRefusal(token="SERVICE_BAN")),
    ("TOO_MANY_ATTEMPTS", TooMany()),
]


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape("T")[:24])
@pytest.mark.parametrize(("token", "outcome"), TOKENS, ids=lambda value: value if isinstance(value, str) else "")
def test_known_token_in_any_shape_overrides_any_status(
    token: str, outcome: PushOutcome, shape: Callable[[str], str], status: int
) -> None:
    assert judged(status, shape(token)) == outcome


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "{}",
        "[]",
        "null",
        "5",
        '{"status":"SUCCESS"}',
        '{"status":"OK","error":null}',
        '{"status":"SUCCESS","error":""}',
        '{"status":"SUCCESS","error":"0","errors":[]}',
        '{"status":200,"error":{"code":0,"message":""}}',
        '{"status":"NO_ERROR","success":true}',
        '{"status":5}',
        '{"status":"ER',
        '{"status":"SUCCESS","message":"repeats are ignored"}',
        "<ok/>",
    ],
)
def test_200_without_an_explicit_error_is_accepted(text: str) -> None:
    assert judged(200, text) == Accepted()


CUT_AND_WELL = [
    '{"status":"SUCC',
    '{"status":"SUCCESS","error":"n',
    '{"status":"SUCCESS","error":nul',
    '{"status":"SUCCESS","error":',
    '{"status":"SUCCESS","text":"ERROR',
    '{"status":"SUCCESS","sms":{"text":"x","phoneFrom":"NO_OPERATION',
    '{"status":"SUCCESS","text":"a \\',
    '{"status":"SUCCESS","text":"\\u04',
    '{"status":"SUCCESS"}{"status":"OK"}',
    "[" * 5000 + '"OK"',
]


@pytest.mark.parametrize("text", CUT_AND_WELL, ids=lambda text: text[:40])
def test_cut_or_malformed_200_without_an_error_is_accepted(text: str) -> None:
    assert judged(200, text) == Accepted()


@pytest.mark.parametrize(
    "text",
    [
        '{"status":"ERROR","error":"db do',
        '{"status":"ERROR',
        '{"data":{"id":1},"status" : "error", "list":[1,',
        '{"error":{"code":17,',
        '{"errors":["db down"',
        '{"success":false,',
        '{"status":500,"x":"',
        "{'status':'ERROR'}",
        "{status:ERROR}",
        '{"status":"ERROR",}',
        '{"status":"SUCCESS"}\n{"status":"ERROR"}',
        'Warning: mysql gone in x.php\n{"status":"ERROR"}',
        'callback({"status":"ERROR"});',
        "status=ERROR&error=db+down",
        "Result: failed",
        "<response><status>ERROR</status></response>",
    ],
)
def test_cut_or_malformed_200_with_an_error_is_retried(text: str) -> None:
    outcome = judged(200, text)

    assert isinstance(outcome, Failed)
    assert judged(200, text, is_readable=False) == outcome


CUT_AROUND_A_TOKEN = ['{"status":"ERROR","error":"%s","x":"', '{"a":[1,2],"response":"%s', 'log\n{"code":"%s"}']


@pytest.mark.parametrize(("token", "outcome"), TOKENS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("text", CUT_AROUND_A_TOKEN)
def test_known_token_counts_in_a_cut_answer(token: str, outcome: PushOutcome, text: str) -> None:
    assert judged(200, text % token) == outcome


def test_unreadable_200_is_unclear() -> None:
    assert judged(200, "\x8b\x02\x80", is_readable=False) == Unclear()
    assert isinstance(judged(500, "\x8b\x02\x80", is_readable=False), Failed)


@pytest.mark.parametrize(
    "text",
    [
        "ERROR",
        "\ufeffError: try later",
        "ERROR " + "x" * 300,
        '"ERROR"',
        '{"status":"ERROR"}',
        '{"status":"error","error":"db down"}',
        '{"status":"INTERNAL_ERROR"}',
        '{"status":"failed"}',
        '{"status":"Failure"}',
        '{"status":500}',
        '{"status":"503"}',
        '{"status":false}',
        '{"success":false}',
        '{"success":"false"}',
        '{"Error":"db down"}',
        '{"status":"SUCCESS","error":"db down"}',
        '{"error":true}',
        '{"error":{"code":17}}',
        '{"errors":["db down"]}',
        '{"response":"ERROR"}',
        '{"message":"Error: db down"}',
        '[{"status":"error"}]',
        '{"data":{"result":[{"success":false}]}}',
        "<!DOCTYPE html><title>Sign in</title>",
        "<html><body>Down for repairs</body></html>",
        "\n<!-- proxy --><HTML>",
    ],
)
def test_200_with_an_error_is_retried(text: str) -> None:
    outcome = judged(200, text)

    assert outcome == Failed(
        kind=FailureKind.ERROR,
        http_status=200,
        detail="HTTP 200 with an error in the body after 310 ms",
        is_answer="<" not in text[:2],
    )


KEY_TOKENS = ["ERROR_WRONG_KEY", "ERROR_NO_KEY", "ACCOUNT_BLOCKED", "API_ACCESS_DISABLED", "API_ACCESS_IP"]


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
@pytest.mark.parametrize("token", KEY_TOKENS)
@pytest.mark.parametrize("shape", [*SHAPES, lambda token: json.dumps({"detail": {"why": token}})])
def test_account_token_in_any_field_means_a_refused_key_whatever_the_status(
    token: str, shape: Callable[[str], str], status: int
) -> None:
    assert judged(status, shape(token)) == KeyRefused(http_status=status)


@pytest.mark.parametrize("words", ["ERROR_NO_KEY", "NO_OPERATION", "ERROR", "IGNORED"])
def test_echoed_message_text_does_not_count_as_an_error(words: str) -> None:
    echo: dict[str, Any] = {"text": words, "phoneFrom": words}

    assert judged(200, json.dumps({"status": "SUCCESS"} | echo)) == Accepted()
    assert judged(200, json.dumps({"status": "SUCCESS", "sms": echo})) == Accepted()


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 404, 418, 500, 502, 503])
@pytest.mark.parametrize("text", ["", '{"status":"SUCCESS"}', "<html>NO_OPERATION</html>" * 20])
def test_any_other_status_is_retried(status: int, text: str) -> None:
    is_answer = status not in (502, 503) and "<html>" not in text

    assert judged(status, text) == Failed(
        kind=FailureKind.ERROR, http_status=status, detail=f"HTTP {status} after 310 ms", is_answer=is_answer
    )


@pytest.mark.parametrize("status", [401, 403])
def test_refused_key_has_an_outcome_of_its_own(status: int) -> None:
    assert judged(status, '{"response":"ERROR_WRONG_KEY"}') == KeyRefused(http_status=status)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("30", 30),
        (" 7 ", 7),
        ("0", 0),
        ("0" * 5000 + "7", 7),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 50, 10**6),
        ("9" * 5000, 10**6),
        ("-" + "9" * 5000, None),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds(value: str, wait: int | None) -> None:
    expected = None if wait is None else timedelta(seconds=wait)

    assert judged(429, "", retry_after=value) == TooMany(retry_after=expected)


def test_retry_after_as_a_date() -> None:
    outcome = judged(429, "", retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))

    assert isinstance(outcome, TooMany)
    assert outcome.retry_after is not None
    assert timedelta(seconds=80) < outcome.retry_after <= timedelta(seconds=90)


@pytest.mark.parametrize(
    "value",
    [
        "Fri, 31 Dec 1999 23:59:59 +99999999999",
        "Fri, 31 Dec 1999 23:59:59 +9999",
        "Fri, 31 Dec 1999 23:59:59 -0000",
        "Fri, 31 Dec 99999999999999999999999 23:59:59 GMT",
        "Fri, 31 Dec 1999 99:99:99 GMT",
        "Fri, 31 Dec 1999 23:59:59 +" + "9" * 5000,
    ],
)
def test_retry_after_with_an_impossible_date_is_none(value: str) -> None:
    assert judged(429, "", retry_after=value) == TooMany()


@given(st.integers(100, 599), st.text(max_size=300), st.text(max_size=40))
def test_no_answer_raises(status: int, text: str, retry_after: str) -> None:
    judged(status, text, retry_after=retry_after)
    judged(status, "[" * 5000 + text)

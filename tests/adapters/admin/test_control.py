"""The control channel obeys whoever has the token, and nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from quart import Quart
from quart.testing.utils import sentinel

from phonefarm.adapters.admin.control import COMMANDS, MOST_BODY_BYTES, Command, Values, add_control
from phonefarm.adapters.admin.control_file import ControlAccess, ControlFile, new_token
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.domain.errors import KnownError
from phonefarm.domain.tunnels import TunnelKind
from tests.fakes.desk import FakeDesk
from tests.fakes.farms import busy_farm

TOKEN = "token-7f3a-of-this-start"
RIGHT = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(busy_farm())


async def tell(
    desk: FakeDesk,
    command: str = "pause",
    body: str | bytes = "{}",
    *,
    headers: dict[str, str] = RIGHT,
    method: str = "POST",
    token: str = TOKEN,
    commands: dict[str, Command] | None = None,
) -> tuple[int, Any]:
    quart = Quart(__name__, static_folder=None)
    add_control(quart, desk, token, COMMANDS if commands is None else commands)
    client = quart.test_client()
    answer = await client.open(f"/control/{command}", method=method, headers=headers, data=body, json=sentinel)
    text = await answer.get_data(as_text=True)
    return answer.status_code, json.loads(text) if text.startswith("{") else text


async def test_pause_and_resume_reach_the_desk_and_are_answered_with_how_it_stands(desk: FakeDesk) -> None:
    _, paused = await tell(desk, "pause")
    status, resumed = await tell(desk, "resume")

    assert desk.commands == [("pause_selling",), ("resume_selling",)]
    assert paused == {
        "paused": True,
        "since": desk.farm.now.isoformat(),
        "by": "the user",
        "numbers_on_offer": paused["numbers_on_offer"],
        "rents_open": desk.farm.overview().counts.rents_open,
    }
    assert (status, resumed["paused"], resumed["since"]) == (200, False, None)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer tok\u00e9n"}, 401),
        ({"Origin": "http://127.0.0.1:8081"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "http://evil.example/"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Cookie": "a=b"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
    ],
)
async def test_caller_without_the_token_or_with_the_signs_of_a_browser_is_refused(
    desk: FakeDesk, change: dict[str, str], status: int
) -> None:
    found, body = await tell(desk, headers=RIGHT | change)

    assert found == status
    assert set(body) == {"error"}
    assert TOKEN not in body["error"]
    assert desk.commands == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_commands(desk: FakeDesk, method: str) -> None:
    status, _ = await tell(desk, method=method)

    assert status in (200, 405) if method == "OPTIONS" else status == 405
    assert desk.commands == []


async def test_farm_without_a_token_obeys_nobody(desk: FakeDesk) -> None:
    status, _ = await tell(desk, token="", headers=RIGHT | {"Authorization": "Bearer "})

    assert status == 401
    assert desk.commands == []


async def test_unknown_command_is_told_only_to_who_has_the_token(desk: FakeDesk) -> None:
    assert (await tell(desk, "nonsense"))[0] == 404
    assert (await tell(desk, "nonsense", headers=RIGHT | {"Authorization": "Bearer x"}))[0] == 401


@pytest.mark.parametrize("body", ["[]", "{", "1", '"pause"', b"\xff", "[" * 50_000])
async def test_body_that_is_no_object_is_refused(desk: FakeDesk, body: str | bytes) -> None:
    status, answer = await tell(desk, body=body)

    assert (status, answer) == (400, {"error": "The body must be a JSON object."})
    assert desk.commands == []


async def test_body_that_is_too_large_is_refused(desk: FakeDesk) -> None:
    status, _ = await tell(desk, body=json.dumps({"x": "y" * MOST_BODY_BYTES}))

    assert status == 413
    assert desk.commands == []


async def test_values_of_a_command_go_in_and_out_as_json(desk: FakeDesk) -> None:
    async def echo(_desk: FarmDesk, values: Values) -> Values:
        return {"heard": values}

    assert await tell(desk, "echo", '{"who": "Gä"}', commands={"echo": echo}) == (200, {"heard": {"who": "Gä"}})
    assert await tell(desk, "echo", "", commands={"echo": echo}) == (200, {"heard": {}})


async def test_what_the_desk_refuses_is_a_sentence(desk: FakeDesk) -> None:
    desk.refusal = KnownError("The disk is full.")

    assert await tell(desk) == (409, {"error": "The disk is full."})


async def test_bug_is_told_by_its_kind_and_never_by_its_words(desk: FakeDesk) -> None:
    desk.refusal = ZeroDivisionError("holds a secret")

    status, body = await tell(desk)

    assert status == 500
    assert body == {"error": "A bug in phonefarm (ZeroDivisionError). The log has the details."}


def test_access_is_read_as_it_was_written(tmp_path: Any) -> None:
    access = ControlAccess(address="127.0.0.1:8081", token=new_token())
    file = ControlFile(tmp_path)

    file.write(access)

    assert ControlFile(tmp_path).read() == access
    assert access.token not in repr(access)
    file.remove(access)
    assert file.read() is None


def test_farm_that_ends_late_leaves_the_access_of_its_successor(tmp_path: Any) -> None:
    first, second = (ControlAccess(address="127.0.0.1:8081", token=new_token()) for _ in range(2))
    file = ControlFile(tmp_path)
    file.write(first)
    file.write(second)

    file.remove(first)

    assert file.read() == second


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"address": "127.0.0.1:8081"}',
        '{"address": "192.168.1.2:8081", "token": "t"}',
        '{"address": "evil.example:80", "token": "t"}',
        '{"address": "127.0.0.1:8081@evil.example:80", "token": "t"}',
        '{"address": "127.0.0.1", "token": "t"}',
        '{"address": "127.0.0.1:8081/x", "token": "t"}',
    ],
)
def test_file_that_names_no_port_of_this_pc_is_not_used(tmp_path: Any, text: str) -> None:
    (tmp_path / "control.json").write_text(text, encoding="utf-8")

    assert ControlFile(tmp_path).read() is None


def test_tokens_differ() -> None:
    assert len({new_token() for _ in range(20)}) == 20


async def test_tunnel_status_and_test_tell_how_onlinesim_reaches_the_farm(desk: FakeDesk) -> None:
    desk.address = replace(
        desk.address, kind=TunnelKind.SSH, url="https://farm.example.com", reported_url="https://old.example.com"
    )

    _, status = await tell(desk, "tunnel-status")
    _, tested = await tell(desk, "tunnel-test")

    assert (status["tunnel"], status["url"], status["told_onlinesim"]) == (
        "ssh",
        "https://farm.example.com",
        "https://old.example.com",
    )
    assert (tested["answers"], tested["detail"]) == (True, "answers in 84 ms")
    assert desk.commands == [("test_public_address",)]

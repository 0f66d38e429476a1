"""The control API can cause every fault, and the phone's description shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from phonefarm.simulation import phone_actions
from phonefarm.simulation.control import ControlServer, phone_routes
from phonefarm.simulation.farm import VirtualFarm


class Remote:
    """A phone behind the control API."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def act(self, action: str, **body: Any) -> dict[str, Any]:
        async with self._session.post(f"{self._url}/phones/phone-000/{action}", json=body) as response:
            assert response.status == 200, await response.text()
            described: dict[str, Any] = await response.json()
            return described

    async def refused(self, action: str, **body: Any) -> int:
        async with self._session.post(f"{self._url}/phones/phone-000/{action}", json=body) as response:
            return response.status


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with (
        VirtualFarm(1, query_seconds=0.0) as farm,
        ControlServer(phone_routes(farm), ("127.0.0.1", 0)) as control,
        aiohttp.ClientSession() as session,
    ):
        yield Remote(control.url, session)


@pytest.mark.parametrize(
    ("action", "body", "shown"),
    [
        ("battery", {"level": 12, "charging": False}, {"battery": 12, "charging": False}),
        ("temperature", {"celsius": 47.5}, {"temperature": 47.5}),
        ("storage", {"free_bytes": 90_000_000}, {"free_bytes": 90_000_000}),
        ("storage", {}, {"free_bytes": 8_000_000}),
        ("airplane", {}, {"airplane_mode": True}),
        ("boot", {}, {"booting": True}),
        ("lock", {}, {"locked": True}),
        ("withhold", {}, {"withholds_sms": True}),
        ("sms-app", {"package": None}, {"sms_app": None, "sms_app_works": False}),
        ("sms-app-enabled", {"on": False}, {"sms_app_works": False}),
        ("codes-delay", {"seconds": 90}, {"codes_delayed_for": 90}),
        ("hints", {"on": False}, {"sends_hints": False}),
        ("restore", {"count": 20}, {"inbox": 20, "sms_delivered": 0}),
        ("flap", {"times": 2, "on_seconds": 0, "off_seconds": 0}, {"plugged": True}),
    ],
)
async def test_an_action_shows_in_the_description(
    remote: Remote, action: str, body: dict[str, Any], shown: dict[str, Any]
) -> None:
    described = await remote.act(action, **body)

    assert {name: described[name] for name in shown} == shown


@pytest.mark.parametrize(
    ("action", "body", "shown"),
    [
        ("signal", {"slot": 1, "level": 1}, {"signal": 1}),
        ("network-type", {"slot": 1, "type": "EDGE"}, {"network_type": "EDGE"}),
        ("roaming", {"slot": 1, "numeric": "26203"}, {"roaming": True}),
        ("service", {"slot": 1, "state": "no service"}, {"service": "no service", "network_type": "Unknown"}),
        ("slot-state", {"slot": 1, "state": "PUK_REQUIRED"}, {"state": "PUK_REQUIRED", "service": "emergency only"}),
    ],
)
async def test_an_action_on_a_slot_leaves_the_other_alone(
    remote: Remote, action: str, body: dict[str, Any], shown: dict[str, Any]
) -> None:
    first, second = (await remote.act(action, **body))["sims"]

    assert {name: second[name] for name in shown} == shown
    assert (first["service"], first["signal"], first["roaming"]) == ("in service", 3, False)


async def test_actions_can_be_undone(remote: Remote) -> None:
    healthy = await remote.act("unlock")
    await remote.act("lock")
    await remote.act("withhold")
    await remote.act("storage")
    await remote.act("roaming", numeric="26203")

    for action, body in (("unlock", {}), ("allow", {}), ("storage", {"full": False}), ("roaming", {"numeric": None})):
        described = await remote.act(action, **body)

    assert described == healthy


async def test_a_firmware_update_changes_the_fingerprint(remote: Remote) -> None:
    before = await remote.act("unlock")

    after = await remote.act("firmware")

    assert before["fingerprint"] != after["fingerprint"]


async def test_impossible_actions_are_refused(remote: Remote) -> None:
    assert await remote.refused("signal", level=7) == 400
    assert await remote.refused("service", state="fine") == 400
    assert await remote.refused("roaming", numeric="00000") == 400
    assert await remote.refused("battery") == 400
    assert await remote.refused("signal", slot=5, level=1) == 404


def test_every_action_is_described() -> None:
    described = phone_actions.__doc__ or ""

    assert [name for name in phone_actions.ACTIONS if name not in described] == []

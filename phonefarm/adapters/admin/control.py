"""POST /control/<command>: commands from the owner's command line to the running farm.

Who knows the token may command. It stands in a file that only the farm's owner can read, so neither another user of
this PC nor a page in a browser has it. What only a browser sends is refused besides.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from phonefarm.adapters.admin.setup_commands import SETUP_COMMANDS
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import HealthKind, Overview, PublicAddress
from phonefarm.domain.errors import KnownError
from phonefarm.wording.health import health_text

log = structlog.get_logger(__name__)

PATH = "/control/"
MOST_BODY_BYTES = 64 * 1024
BROWSER_HEADERS = ("Origin", "Referer", "Cookie", "Sec-Fetch-Site", "Sec-Fetch-Mode")

Values = Mapping[str, Any]
"""A JSON object."""
Command = Callable[[FarmDesk, Values], Awaitable[Values]]
"""Runs a command: takes its values and returns those of the answer. Raises KnownError."""


async def _pause(desk: FarmDesk, _values: Values) -> Values:
    await desk.pause_selling()
    return selling(await desk.overview())


async def _resume(desk: FarmDesk, _values: Values) -> Values:
    await desk.resume_selling()
    return selling(await desk.overview())


async def _tunnel_status(desk: FarmDesk, _values: Values) -> Values:
    return public_address(await desk.public_address())


async def _tunnel_test(desk: FarmDesk, _values: Values) -> Values:
    """Probes from outside now; raises KnownError where there is no URL yet."""
    found = await desk.test_public_address()
    address = public_address(await desk.public_address())
    return {**address, "answers": found.kind is HealthKind.PUBLIC_ADDRESS_ANSWERS, "detail": health_text(found)}


COMMANDS: Mapping[str, Command] = {
    "pause": _pause,
    "resume": _resume,
    "tunnel-status": _tunnel_status,
    "tunnel-test": _tunnel_test,
    **SETUP_COMMANDS,
}
"""The commands by name."""


def selling(overview: Overview) -> Values:
    """Whether the farm sells, for the command line."""
    paused = overview.paused
    return {
        "paused": paused is not None,
        "since": None if paused is None else paused.since.isoformat(),
        "by": None if paused is None else paused.by,
        "numbers_on_offer": overview.counts.numbers_on_offer,
        "rents_open": overview.counts.rents_open,
    }


def public_address(address: PublicAddress) -> Values:
    """How Onlinesim reaches the webhooks, for the command line."""
    return {
        "tunnel": address.kind.value,
        "url": address.url,
        "told_onlinesim": address.reported_url,
        "status": address.verdict.value,
        "detail": health_text(address.health),
        "answered_at": None if address.answered_at is None else address.answered_at.isoformat(),
        "restarts": address.restarts,
        "ssh_host_key": address.host_key,
    }


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def add_control(quart: Quart, desk: FarmDesk, token: str, commands: Mapping[str, Command] = COMMANDS) -> None:
    """Adds the route to the admin port's application; with an empty token every call is refused."""
    quart.config.update(MAX_CONTENT_LENGTH=MOST_BODY_BYTES)

    @quart.post(f"{PATH}<name>")
    async def control(name: str) -> Response:
        try:
            _authenticate(token)
            command = commands.get(name)
            if command is None:
                raise _Refused(404, "This phonefarm does not know the command: it may be older than yours.")
            return _json(200, await command(desk, await _values()))
        except _Refused as refused:
            return _json(refused.status, {"error": str(refused)})
        except KnownError as error:
            return _json(409, {"error": str(error)})
        except HTTPException:
            raise
        except Exception as error:
            log.exception("a bug in a command", command=name)
            return _json(500, {"error": f"A bug in phonefarm ({type(error).__name__}). The log has the details."})


def _authenticate(token: str) -> None:
    headers = request.headers
    if any(name in headers for name in BROWSER_HEADERS):
        raise _Refused(403, "Browsers are not answered here.")
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Refused(415, "The content type must be application/json.")
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), token.encode())
    if not (token and scheme.lower() == "bearer" and is_right):
        raise _Refused(401, "The token is wrong.")


async def _values() -> Values:
    """An empty body is an empty object."""
    raw = await request.get_data(as_text=False)
    try:
        values = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise _Refused(400, "The body must be a JSON object.")
    return values


def _json(status: int, values: Values) -> Response:
    body = json.dumps(values, ensure_ascii=False)
    return Response(body, status=status, content_type="application/json; charset=utf-8")

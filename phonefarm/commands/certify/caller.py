"""The examiner's own calls: raw, timed, with whatever a market might send; nothing is checked here."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from phonefarm.simulation.market import FINISH, NUMBER, SERVICES
from phonefarm.simulation.partner import USER_AGENT
from phonefarm.support.deadlines import within
from phonefarm.support.os_errors import cause_of

ANSWER_TIMEOUT_SECONDS = 10.0
JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back; `body` is None where it was no JSON object."""

    http_status: int
    content_type: str
    body: dict[str, Any] | None
    seconds: float

    @property
    def is_success(self) -> bool:
        return self.body is not None and self.body.get("status") == "SUCCESS"


class NoReply(Exception):
    """Nothing usable came within the market's ten seconds; says why."""


class Caller:
    """Speaks to one farm's webhooks as Onlinesim does, and remembers which rents it opened."""

    def __init__(self, url: str, key: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=None)
        self.opened: dict[int, str] = {}
        """Number by id of the rents that are still to be finished."""
        self.seconds: list[float] = []
        """Time to answer of every order."""

    async def services(self, **changes: Any) -> Reply:
        return await self.post(SERVICES, {"action": "GET_SERVICES", **changes})

    async def order(self, **changes: Any) -> Reply:
        """GET_NUMBER; a rent that was issued is remembered until it is finished."""
        fields = {"action": "GET_NUMBER", "service": "rent", "sum": 320, **changes}
        reply = await self.post(NUMBER, fields)
        self.seconds.append(reply.seconds)
        body = reply.body or {}
        if reply.is_success and type(body.get("activationId")) is int:
            self.opened[body["activationId"]] = str(body.get("number"))
        return reply

    async def finish(self, rent_id: Any, status: Any = 1, **changes: Any) -> Reply:
        """FINISH_ACTIVATION; status 1, 'not ordered', costs a number nothing."""
        fields = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": rent_id, "status": status}
        reply = await self.post(FINISH, {**fields, **changes})
        if reply.is_success:
            self.opened.pop(rent_id, None)
        return reply

    async def finish_all(self) -> list[int]:
        """Give every number back; returns the rents that the farm would not close."""
        for rent_id in list(self.opened):
            await self.finish(rent_id)
        return sorted(self.opened)

    async def post(self, path: str, fields: dict[str, Any]) -> Reply:
        """One request as JSON with the key, unless `fields` has another one; raises NoReply."""
        headers = {"Content-Type": JSON_TYPE, "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        payload = json.dumps({"key": self._key, **fields}).encode()
        begun = time.monotonic()
        try:
            async with (
                within(ANSWER_TIMEOUT_SECONDS),
                self._session.post(
                    self._url + path, data=payload, headers=headers, timeout=self._timeout, allow_redirects=False
                ) as answer,
            ):
                text = await answer.text()
                seconds = time.monotonic() - begun
                return Reply(
                    http_status=answer.status,
                    content_type=answer.headers.get("Content-Type", ""),
                    body=_object(text),
                    seconds=seconds,
                )
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            raise NoReply(f"{path}: {_what_went_wrong(error)}") from error


def _object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _what_went_wrong(error: Exception) -> str:
    """The connector of aiohttp wraps what the system said, and tells the number alone."""
    match error:
        case TimeoutError():
            return f"no answer within {ANSWER_TIMEOUT_SECONDS:g} s"
        case aiohttp.ClientConnectorError():
            return f"no connection: {cause_of(error.os_error)}"
        case OSError():
            return cause_of(error)
    return str(error) or type(error).__name__

"""Raw, timed webhook calls with any fields; does not check the answers."""

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
    """An HTTP response; `body` is None if it is not a JSON object."""

    http_status: int
    content_type: str
    body: dict[str, Any] | None
    seconds: float

    @property
    def is_success(self) -> bool:
        return self.body is not None and self.body.get("status") == "SUCCESS"


class NoReply(Exception):
    """No valid response within the market's ten seconds; the message is the reason."""


class Caller:
    """Calls one farm's webhooks like Onlinesim, and remembers the rents that it opened."""

    def __init__(self, url: str, key: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=None)
        self.opened: dict[int, str] = {}
        """Numbers of the unfinished rents, by rent id."""
        self.seconds: list[float] = []
        """The response time of each order."""

    async def services(self, **changes: Any) -> Reply:
        return await self.post(SERVICES, {"action": "GET_SERVICES", **changes})

    async def order(self, **changes: Any) -> Reply:
        """GET_NUMBER; remembers an issued rent until it is finished."""
        fields = {"action": "GET_NUMBER", "service": "rent", "sum": 320, **changes}
        reply = await self.post(NUMBER, fields)
        self.seconds.append(reply.seconds)
        body = reply.body or {}
        if reply.is_success and type(body.get("activationId")) is int:
            self.opened[body["activationId"]] = str(body.get("number"))
        return reply

    async def finish(self, rent_id: Any, status: Any = 1, **changes: Any) -> Reply:
        """FINISH_ACTIVATION; status 1, 'not ordered', has no effect on the number."""
        fields = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": rent_id, "status": status}
        reply = await self.post(FINISH, {**fields, **changes})
        if reply.is_success:
            self.opened.pop(rent_id, None)
        return reply

    async def finish_all(self) -> list[int]:
        """Finish all open rents; returns those that the farm did not close."""
        for rent_id in list(self.opened):
            await self.finish(rent_id)
        return sorted(self.opened)

    async def post(self, path: str, fields: dict[str, Any]) -> Reply:
        """POST JSON with the key, which `fields` may override; raises NoReply."""
        headers = {"Content-Type": JSON_TYPE, "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        payload = json.dumps({"key": self._key, **fields}).encode()
        started = time.monotonic()
        try:
            async with (
                within(ANSWER_TIMEOUT_SECONDS),
                self._session.post(
                    self._url + path, data=payload, headers=headers, timeout=self._timeout, allow_redirects=False
                ) as answer,
            ):
                text = await answer.text()
                seconds = time.monotonic() - started
                return Reply(
                    http_status=answer.status,
                    content_type=answer.headers.get("Content-Type", ""),
                    body=_parse_object(text),
                    seconds=seconds,
                )
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeDecodeError) as error:
            raise NoReply(f"{path}: {_describe(error)}") from error


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _describe(error: Exception) -> str:
    """Unwrap aiohttp's connector error, whose own text has only the error number."""
    match error:
        case TimeoutError():
            return f"no answer within {ANSWER_TIMEOUT_SECONDS:g} s"
        case aiohttp.ClientConnectorError():
            return f"no connection: {cause_of(error.os_error)}"
        case OSError():
            return cause_of(error)
    return str(error) or type(error).__name__

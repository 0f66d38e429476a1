"""A minimal correct partner: a list of numbers, three webhooks, and single push attempts."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

JSON = "application/json; charset=utf-8"


class FakePartner:
    """Serves `numbers` (all mts, russia); `answers[path]` overrides the answer of a webhook."""

    def __init__(self, key: str, numbers: Sequence[str]) -> None:
        self.answers: dict[str, Any] = {}
        self.url = ""
        self.push_url = ""
        self._key = key
        self._numbers = list(numbers)
        self._rents: dict[int, str] = {}
        self._finished: set[int] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> FakePartner:
        application = web.Application()
        application.router.add_post("/getServicesRent", self._services)
        application.router.add_post("/getNumberRent", self._number)
        application.router.add_post("/finishActivationRent", self._finish)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        assert self._runner is not None
        await self._session.close()
        await self._runner.cleanup()

    def message(self, rent_id: int, text: str, **changed: Any) -> dict[str, Any]:
        return {
            "smsId": rent_id,
            "phoneFrom": "Shop",
            "phone": self._rents.get(rent_id, "79150000000"),
            "text": text,
            "action": "PUSH_SMS",
            "key": self._key,
            "service": "rent",
        } | changed

    async def push(self, message: dict[str, Any]) -> int | None:
        """Make one attempt; returns the HTTP status, or None without an answer."""
        return (await self.attempt(message))[0]

    async def attempt(self, message: dict[str, Any]) -> tuple[int | None, str]:
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with self._session.post(
                self.push_url, json=message, headers={"Content-Type": JSON, "User-Agent": "small"}, timeout=timeout
            ) as response:
                return response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError):
            return None, ""

    async def receive_sms(self, msisdn: str, sender: str, text: str) -> None:
        """Push an SMS to a rented number until it is accepted or finally refused."""
        rent_id = next((rent for rent, number in self._rents.items() if number == msisdn), None)
        for _ in range(20):
            if rent_id is None or rent_id in self._finished:
                return
            if await self.push(self.message(rent_id, text, phoneFrom=sender)) in (200, 404):
                return

    def _free_numbers(self) -> list[str]:
        taken = {number for rent, number in self._rents.items() if rent not in self._finished}
        return [number for number in self._numbers if number not in taken]

    async def _services(self, request: web.Request) -> web.Response:
        count = len(self._free_numbers())
        operators = {"any": {"rent": count}, "mts": {"rent": count}}
        return self._respond(request, {"countryList": [{"country": "russia", "operatorMap": operators}]})

    async def _number(self, request: web.Request) -> web.Response:
        free = self._free_numbers()
        if not free:
            return self._respond(request, {"status": "ERROR", "error": "NO_NUMBERS"})
        rent_id = len(self._rents) + 1
        self._rents[rent_id] = free[0]
        return self._respond(request, {"number": int(free[0]), "activationId": rent_id})

    async def _finish(self, request: web.Request) -> web.Response:
        rent_id = (await request.json())["activationId"]
        if rent_id not in self._rents:
            return self._respond(request, {"status": "ERROR", "error": "unknown"})
        self._finished.add(rent_id)
        return self._respond(request, {})

    def _respond(self, request: web.Request, answer: dict[str, Any]) -> web.Response:
        said = self.answers.get(request.path, {"status": "SUCCESS"} | answer)
        return web.json_response(said)

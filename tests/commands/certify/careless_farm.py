"""A farm that follows the contract, except for the faults that a test names."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web

JSON = "application/json; charset=utf-8"
NUMBERS = ("79281234501", "79281234502", "79391234503", "79391234504")


class CarelessFarm:
    """`async with CarelessFarm("double issue") as farm:` answers at `farm.url`."""

    def __init__(self, *faults: str, key: str = "right") -> None:
        self.url = ""
        self.push_url = ""
        self._faults = frozenset(faults)
        self._key = key
        self._rents: dict[int, str] = {}
        self._finished: set[int] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> CarelessFarm:
        application = web.Application()
        for path, handler in (
            ("/getServicesRent", self._services),
            ("/getNumberRent", self._number),
            ("/finishActivationRent", self._finish),
        ):
            application.router.add_post(path, self._with_key_check(handler))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def has(self, fault: str) -> bool:
        return fault in self._faults

    async def send(self, number: str, sender: str, text: str) -> None:
        """Receive an SMS and push it once, or as often as the faults demand."""
        rent_id = next(rent for rent, taken in self._rents.items() if taken == number and rent not in self._finished)
        body = {
            "smsId": str(rent_id) if self.has("smsId as string") else rent_id,
            "phoneFrom": sender,
            "phone": number,
            "text": text,
            "action": "PUSH_SMS",
            "key": self._key,
            "service": "rent",
        }
        headers = {"Content-Type": JSON, "User-Agent": "careless", "Authorization": f"Bearer {self._key}"}
        async with aiohttp.ClientSession() as session:
            for _ in range(3 if self.has("pushes for ever") else 1):
                await session.post(self.push_url, json=body, headers=headers)

    def _with_key_check(self, handler: Any) -> Any:
        async def answer(request: web.Request) -> web.Response:
            body = json.loads(await request.text())
            if body.get("key") != self._key and not self.has("any key"):
                return self._respond({"status": "ERROR", "error": "wrong key"}, 401)
            said: dict[str, Any] = handler(body)
            return self._respond({"status": "SUCCESS"} | said)

        return answer

    def _respond(self, body: dict[str, Any], status: int = 200) -> web.Response:
        kind = "text/html" if self.has("wrong content type") else JSON
        return web.Response(text=json.dumps(body), status=status, headers={"Content-Type": kind})

    def _free_numbers(self) -> list[str]:
        taken = {number for rent, number in self._rents.items() if rent not in self._finished}
        return [number for number in NUMBERS if number not in taken]

    def _services(self, _: dict[str, Any]) -> dict[str, Any]:
        count = len(self._free_numbers()) + (1 if self.has("offers too many") else 0)
        total = count + 1 if self.has("wrong sum") else count
        return {"countryList": [{"country": "russia", "operatorMap": {"any": {"rent": total}, "mts": {"rent": count}}}]}

    def _number(self, body: dict[str, Any]) -> dict[str, Any]:
        refused = {"status": "ERROR", "error": "refused"}
        if not self.has("takes any type") and (
            type(body.get("sum")) not in (int, float)
            or not isinstance(body.get("exceptionPhoneSet", []), list)
            or not isinstance(body.get("country", ""), str | int)
        ):
            return refused
        if str(body.get("service")).lower() != "rent" and not self.has("any service"):
            return refused
        country = str(body.get("country", "")).strip().lower()
        if country not in ("", "russia", "7") and not self.has("any country"):
            return {"status": "ERROR", "error": "NO_NUMBERS"}
        excluded = body.get("exceptionPhoneSet", [])
        prefixes = () if self.has("ignores prefixes") else tuple(str(prefix).strip("+") for prefix in excluded)
        free = [number for number in self._free_numbers() if not (prefixes and number.startswith(prefixes))]
        if self.has("double issue"):
            free = list(NUMBERS)
        if not free:
            return {"status": "ERROR", "error": "NO_NUMBERS"}
        rent_id = len(self._rents) + 1
        self._rents[rent_id] = free[0]
        return {"number": free[0] if self.has("number as string") else int(free[0]), "activationId": rent_id}

    def _finish(self, body: dict[str, Any]) -> dict[str, Any]:
        rent_id, status = body.get("activationId"), body.get("status")
        if not self.has("takes any type") and (type(rent_id) is not int or type(status) is not int or status > 5):
            return {"status": "ERROR", "error": "wrong type"}
        known = int(str(rent_id))
        if known not in self._rents:
            return {} if self.has("knows every id") else {"status": "ERROR", "error": "unknown"}
        if known in self._finished and self.has("finishes once"):
            return {"status": "ERROR", "error": "finished before"}
        self._finished.add(known)
        return {}

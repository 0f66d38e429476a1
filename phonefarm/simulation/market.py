"""A virtual Onlinesim: receives pushes, orders numbers, finishes rents and records everything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType

import aiohttp
from aiohttp import web

from phonefarm.simulation.answers import AnswerPolicy
from phonefarm.simulation.market_record import FinishRecord, MarketRecord, RentRecord, now
from phonefarm.simulation.partner import (
    ANSWER_TIMEOUT_SECONDS,
    SUCCESS,
    Partner,
    issue_faults,
    offer_counts,
    offer_faults,
)
from phonefarm.simulation.push_endpoint import MAX_BODY_BYTES, PushEndpoint

PUSH_PATH = "/v1/PUSH_SMS_RENT"
SERVICES, NUMBER, FINISH = "/getServicesRent", "/getNumberRent", "/finishActivationRent"
SHUTDOWN_TIMEOUT_SECONDS = 0.2


class Market:
    """`async with Market("http://127.0.0.1:8080", "key") as market:`; the partner pushes to `market.push_url`."""

    def __init__(
        self,
        target_url: str,
        key: str,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        policy: AnswerPolicy | None = None,
        sms_id_is_rent: bool = True,
        sends_bearer: bool = True,
        gzips: bool = False,
        answer_within: float = ANSWER_TIMEOUT_SECONDS,
    ) -> None:
        self.target_url = target_url
        self.record = MarketRecord()
        self.policy = policy or AnswerPolicy()
        self._key = key
        self._listen = listen
        self._sends_bearer = sends_bearer
        self._gzips = gzips
        self._answer_within = answer_within
        self._open_orders: set[object] = set()
        self._orders_changed = asyncio.Condition()
        self._push_endpoint = PushEndpoint(
            self.record, self.policy, key, self._wait_for_open_orders, sms_id_is_rent=sms_id_is_rent
        )
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._address = ("", 0)

    async def __aenter__(self) -> Market:
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_post(PUSH_PATH, self._push_endpoint.handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._listen).start()
        self._address = self._runner.addresses[0][:2]
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def push_url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}{PUSH_PATH}"

    async def wait_for_pushes(self, count: int, within: float = 10.0) -> None:
        """Return once `count` pushes were received; raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            await self._push_endpoint.wait_for_pushes(count)

    # Calls to the partner.

    async def services(self) -> dict[str, dict[str, int]]:
        """GET_SERVICES: numbers on offer by country and operator; empty if the answer is invalid."""
        answer = await self._partner.call(SERVICES, {"action": "GET_SERVICES"})
        faults = offer_faults(answer)
        for fault in faults:
            self.record.add_violation(SERVICES, fault)
        return {} if faults else offer_counts(answer)

    async def order(
        self,
        country: str | None = None,
        operator: str | None = "any",
        *,
        price: float = 320,
        without_prefixes: Sequence[int] = (),
    ) -> RentRecord | None:
        """GET_NUMBER: the rent, or None if no number was issued. Raises PartnerFailed if there is no valid answer."""
        fields: dict[str, object] = {"action": "GET_NUMBER", "service": "rent", "sum": price}
        if country is not None:
            fields["country"] = country
        if operator is not None:
            fields["operator"] = operator
        if without_prefixes:
            fields["exceptionPhoneSet"] = list(without_prefixes)
        ticket = object()
        self._open_orders.add(ticket)
        try:
            answer = await self._partner.call(NUMBER, fields)
            return self._record_rent(answer, country or "", operator or "any", price, without_prefixes)
        finally:
            self._open_orders.discard(ticket)
            async with self._orders_changed:
                self._orders_changed.notify_all()

    async def finish(self, rent_id: int, status: int, total: float | None = None) -> bool:
        """FINISH_ACTIVATION: whether the partner answered SUCCESS. For the market the rent is over either way."""
        rent = self.record.rents.get(rent_id)
        fields: dict[str, object] = {
            "action": "FINISH_ACTIVATION",
            "activationId": rent_id,
            "status": status,
            "service": "rent",
        }
        if total is not None:
            fields["sum"] = total
        entry = now()
        succeeded = False
        if rent is not None:
            rent.finishes.append(FinishRecord(at=entry, status=status, sum=total, succeeded=False))
            place = len(rent.finishes) - 1
        try:
            answer = await self._partner.call(FINISH, fields)
            succeeded = answer.get("status") == SUCCESS
        finally:
            if rent is not None:
                rent.finishes[place] = FinishRecord(at=entry, status=status, sum=total, succeeded=succeeded)
        if rent is not None and not succeeded:
            self.record.add_violation(FINISH, f"rent {rent_id}, status {status}: answered {answer}")
        return succeeded

    def _record_rent(
        self, answer: dict[str, object], country: str, operator: str, price: float, without: Sequence[int]
    ) -> RentRecord | None:
        faults = issue_faults(answer)
        if answer.get("status") != SUCCESS or faults:
            self._add_violations(faults)
            return None
        rent = RentRecord(
            rent_id=int(str(answer["activationId"])),
            msisdn=str(answer["number"]),
            country=country,
            operator=operator,
            sum=price,
            ordered_at=now(),
        )
        if rent.rent_id in self.record.rents:
            faults.append(f"activationId {rent.rent_id} was issued before")
        if self.record.open_rent_of(rent.msisdn) is not None:
            faults.append(f"{rent.msisdn} is already rented")
        faults += [
            f"{rent.msisdn} starts with the excluded {prefix}" for prefix in without if _has_prefix(rent, prefix)
        ]
        self._add_violations(faults)
        self.record.rents.setdefault(rent.rent_id, rent)
        return rent

    def _add_violations(self, faults: list[str]) -> None:
        for fault in faults:
            self.record.add_violation(NUMBER, fault)

    async def _wait_for_open_orders(self) -> None:
        waiting = set(self._open_orders)
        async with asyncio.timeout(self._answer_within * 2), self._orders_changed:
            await self._orders_changed.wait_for(lambda: waiting.isdisjoint(self._open_orders))

    @property
    def _partner(self) -> Partner:
        assert self._session is not None, "enter the market first"
        return Partner(
            self.target_url,
            self._key,
            self.record,
            self._session,
            sends_bearer=self._sends_bearer,
            gzips=self._gzips,
            answer_within=self._answer_within,
        )


def _has_prefix(rent: RentRecord, prefix: int) -> bool:
    return rent.msisdn.startswith(str(prefix))

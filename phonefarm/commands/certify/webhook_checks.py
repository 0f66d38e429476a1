"""Acceptance checks of the webhooks: offer, orders, finishes, types and response times."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import phonenumbers

from phonefarm.commands.certify.caller import JSON_TYPE, Caller, Reply
from phonefarm.commands.certify.examination import Check, Failed, Skipped, require
from phonefarm.simulation.partner import issue_faults, offer_counts, offer_faults

PARALLEL = 30
SLOWEST_ISSUE_SECONDS = 3.0
"""The longest time for issuing a number; the market gives up after ten seconds."""
UNKNOWN_RENT_ID = 9_007_199_254_740_001


class WebhookChecks:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def all(self) -> list[tuple[str, Check]]:
        return [
            ("GET_SERVICES names each country with 'any' as the sum of its operators", self._check_offer),
            ("a wrong key is refused with HTTP 401, the same for every wrong key", self._check_wrong_key),
            ("an issued number is an integer with its dial code, the id an integer below 2^53", self._check_types),
            ("30 equal orders at once get different numbers", self._check_parallel_orders),
            ("every number that was offered is issued, and then none", self._check_offer_is_honest),
            ("no number with an excluded prefix is issued", self._check_prefixes),
            ("a country is understood by name in any spelling and by dial code", self._check_countries),
            ("an unknown country gets no number of another one", self._check_unknown_country),
            ("a repeated FINISH is answered SUCCESS and changes nothing", self._check_repeated_finish),
            ("FINISH of an unknown id is answered ERROR", self._check_unknown_finish),
            ("values of a wrong type are refused and change nothing", self._check_wrong_types),
            ("unknown fields are tolerated", self._check_unknown_fields),
            ("a service other than rent is refused", self._check_other_service),
            ("answers say Content-Type application/json; charset=utf-8", self._check_content_type),
            ("an order is answered within 3 s", self._check_response_time),
        ]

    async def _check_offer(self) -> str:
        reply = await self._caller.services()
        require(reply.http_status == 200, f"HTTP {reply.http_status} instead of 200")
        faults = offer_faults(reply.body or {})
        require(not faults, "; ".join(faults))
        counts = offer_counts(reply.body or {})
        return f"{sum(country['any'] for country in counts.values())} numbers in {len(counts)} countries"

    async def _check_wrong_key(self) -> str:
        replies = [await self._caller.services(key=key) for key in ("wrong", "x" * 64)]
        for reply in replies:
            require(not reply.is_success, "a wrong key was taken for the right one")
            require(reply.http_status in (401, 403), f"HTTP {reply.http_status} instead of 401")
        require(replies[0].body == replies[1].body, "two wrong keys get different answers")
        return f"HTTP {replies[0].http_status}"

    async def _check_types(self) -> str:
        async with _Orders(self._caller) as orders:
            body = await orders.issue()
            faults = issue_faults(body)
            require(not faults, "; ".join(faults))
            number = f"+{body['number']}"
            require(_is_number(number), f"{number} is no possible international number")
            return f"{number}, id {body['activationId']}"

    async def _check_parallel_orders(self) -> str:
        async with _Orders(self._caller):
            replies = await asyncio.gather(*(self._caller.order() for _ in range(PARALLEL)))
            issued = [reply.body for reply in replies if reply.is_success and reply.body is not None]
            numbers = [body["number"] for body in issued]
            ids = [body["activationId"] for body in issued]
            require(len(set(numbers)) == len(numbers), "one number was issued twice")
            require(len(set(ids)) == len(ids), "one id was issued twice")
            for reply in replies:
                require(reply.http_status == 200, f"HTTP {reply.http_status} instead of 200")
                require(not (not reply.is_success and "number" in (reply.body or {})), "a refusal names a number")
            if not issued:
                raise Skipped("no number was on offer")
            return f"{len(issued)} of {PARALLEL} got a number, all different"

    async def _check_offer_is_honest(self) -> str:
        offered = await self._count_offered()
        if not offered:
            raise Skipped("no number is on offer")
        async with _Orders(self._caller):
            issued = 0
            while (await self._caller.order()).is_success:
                issued += 1
                require(issued <= offered, f"{offered} were offered and more are issued")
            require(issued == offered, f"{offered} were offered and {issued} could be issued")
            require(await self._count_offered() == 0, "all are issued and some are still offered")
        require(await self._count_offered() == offered, "numbers that were given back are not offered again")
        return f"{offered} offered, {offered} issued, {offered} offered again"

    async def _check_prefixes(self) -> str:
        async with _Orders(self._caller) as orders:
            number = str((await orders.issue())["number"])
        for length in (1, 4, len(number)):
            prefix = number[:length]
            async with _Orders(self._caller):
                for excluded in ([int(prefix)], [prefix], [f"+{prefix}"]):
                    reply = await self._caller.order(exceptionPhoneSet=excluded)
                    issued = str((reply.body or {}).get("number", ""))
                    require(not issued.startswith(prefix), f"{issued} was issued with {excluded} excluded")
        return f"excluded {number[:1]}, {number[:4]} and the whole number"

    async def _check_countries(self) -> str:
        country = await self._find_country()
        dial_code = None
        async with _Orders(self._caller) as orders:
            number = str((await orders.issue(country=country))["number"])
            dial_code = phonenumbers.parse(f"+{number}").country_code
        for spelling in (country.upper(), country.replace("_", " "), f" {country} ", dial_code, str(dial_code)):
            async with _Orders(self._caller) as orders:
                await orders.issue(country=spelling)
        return f"{country}, {country.upper()}, {dial_code}"

    async def _check_unknown_country(self) -> str:
        async with _Orders(self._caller):
            for country in ("atlantis", 999, "999"):
                reply = await self._caller.order(country=country)
                require(not reply.is_success, f"a number was issued for the country {country!r}")
        return "atlantis and 999 get none"

    async def _check_repeated_finish(self) -> str:
        async with _Orders(self._caller) as orders:
            rent_id = (await orders.issue())["activationId"]
            offered = await self._count_offered()
            for count in (1, 2, 3):
                reply = await self._caller.finish(rent_id)
                require(reply.is_success, f"FINISH number {count} was answered {reply.body}")
            require(await self._count_offered() == offered + 1, "the number is not free again, or more than once")
        return "three times SUCCESS, the number free once"

    async def _check_unknown_finish(self) -> str:
        reply = await self._caller.finish(UNKNOWN_RENT_ID)
        require(reply.http_status == 200, f"HTTP {reply.http_status} instead of 200")
        require(not reply.is_success, "an id that was never issued is answered SUCCESS")
        return str((reply.body or {}).get("error", "ERROR"))

    async def _check_wrong_types(self) -> str:
        async with _Orders(self._caller) as orders:
            rent_id = (await orders.issue())["activationId"]
            offered = await self._count_offered()
            wrong: Sequence[tuple[Any, Any]] = ((str(rent_id), 1), (rent_id, "1"), (rent_id, True), (rent_id, 99))
            for activation, status in wrong:
                reply = await self._caller.finish(activation, status)
                require(not reply.is_success, f"activationId {activation!r} with status {status!r} was accepted")
            for changes in ({"sum": "320"}, {"sum": None}, {"exceptionPhoneSet": "7"}, {"country": ["x"]}):
                reply = await self._caller.order(**changes)
                require(not reply.is_success, f"an order with {changes} was accepted")
            require(await self._count_offered() == offered, "a refused request changed the offer")
        return "strings for integers, true for 1, a status of 99"

    async def _check_unknown_fields(self) -> str:
        async with _Orders(self._caller) as orders:
            await orders.issue(currency=643, something={"new": [1, None]})
        require((await self._caller.services(version="2")).is_success, "GET_SERVICES with an unknown field was refused")
        return "currency, version and an object"

    async def _check_other_service(self) -> str:
        async with _Orders(self._caller) as orders:
            reply = await self._caller.order(service="vk")
            require(not reply.is_success, "an order for the service vk got a number")
            await orders.issue(service="RENT")
        return "vk is refused, RENT is understood"

    async def _check_content_type(self) -> str:
        replies: list[Reply] = [await self._caller.services(), await self._caller.finish(UNKNOWN_RENT_ID)]
        for reply in replies:
            found = reply.content_type.lower().replace(" ", "")
            require(found == JSON_TYPE.replace(" ", ""), f"Content-Type is {reply.content_type!r}")
        return JSON_TYPE

    async def _check_response_time(self) -> str:
        seconds = sorted(self._caller.seconds)
        if not seconds:
            raise Skipped("no order was made")
        require(seconds[-1] < SLOWEST_ISSUE_SECONDS, f"the slowest of {len(seconds)} orders took {seconds[-1]:.2f} s")
        return f"{len(seconds)} orders, median {seconds[len(seconds) // 2]:.3f} s, slowest {seconds[-1]:.3f} s"

    async def _count_offered(self) -> int:
        counts = await self._offer_counts()
        return sum(country["any"] for country in counts.values())

    async def _find_country(self) -> str:
        for country, counts in (await self._offer_counts()).items():
            if counts["any"]:
                return country
        raise Skipped("no number is on offer")

    async def _offer_counts(self) -> dict[str, dict[str, int]]:
        body = (await self._caller.services()).body or {}
        faults = offer_faults(body)
        if faults:
            raise Failed("; ".join(faults))
        return offer_counts(body)


class _Orders:
    """Orders numbers, and finishes all rents at the exit of the context."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def __aenter__(self) -> _Orders:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._caller.finish_all()

    async def issue(self, **changes: Any) -> dict[str, Any]:
        """The body of an issued order. Raises Skipped if nothing is on offer, Failed if the changed order got none."""
        reply = await self._caller.order(**changes)
        if reply.is_success and reply.body is not None:
            return reply.body
        if not changes:
            raise Skipped("no number is on offer")
        raise Failed(f"an order with {changes} got no number: {reply.body}")


def _is_number(text: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False

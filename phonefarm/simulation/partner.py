"""The market's calls to the partner's three webhooks, and strict checks of the answers."""

from __future__ import annotations

import time
from typing import Any

import aiohttp

from phonefarm.simulation.answers import CONTENT_TYPE
from phonefarm.simulation.market_record import CallRecord, MarketRecord, now

USER_AGENT = "Onlinesim-virtual/1.0"
ANSWER_TIMEOUT_SECONDS = 10.0
SUCCESS = "SUCCESS"
ID_LIMIT = 2**53


class PartnerFailed(Exception):
    """The partner gave no valid answer within the protocol's ten seconds."""


class Partner:
    """One partner, at its registered address and with its key."""

    def __init__(
        self,
        url: str,
        key: str,
        record: MarketRecord,
        session: aiohttp.ClientSession,
        *,
        sends_bearer: bool = True,
        gzips: bool = False,
        answer_within: float = ANSWER_TIMEOUT_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._record = record
        self._session = session
        self._headers = {"Content-Type": CONTENT_TYPE, "User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
        if sends_bearer:
            self._headers["Authorization"] = f"Bearer {key}"
        self._compress = "gzip" if gzips else None
        self._timeout = aiohttp.ClientTimeout(total=answer_within)

    async def call(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        """POST a request and return the answer's JSON object; raises PartnerFailed, and records violations."""
        at, started = now(), time.monotonic()
        status: int | None = None
        answer: Any = None
        failure = ""
        try:
            request = self._session.post(
                self._url + path,
                json={**fields, "key": self._key},
                headers=self._headers,
                timeout=self._timeout,
                compress=self._compress,
            )
            async with request as response:
                status = response.status
                self._check_content_type(path, response.headers.get("Content-Type", ""))
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            failure = f"{type(error).__name__}: {error}"
            if isinstance(error, ValueError):
                self._record.add_violation(path, f"HTTP {status} with a body that is not JSON")
        self._record.calls.append(
            CallRecord(
                at=at,
                path=path,
                request=fields,
                http_status=status,
                answer=answer,
                seconds=time.monotonic() - started,
                failure=failure,
            )
        )
        if failure:
            raise PartnerFailed(f"{path}: {failure}")
        return self._check_answer(path, status, answer)

    def _check_content_type(self, path: str, content_type: str) -> None:
        if content_type.lower().replace(" ", "") != CONTENT_TYPE.replace(" ", ""):
            self._record.add_violation(path, f"Content-Type is {content_type!r}")

    def _check_answer(self, path: str, status: int | None, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            self._record.add_violation(path, "the answer is not a JSON object")
            raise PartnerFailed(f"{path}: the answer is not a JSON object")
        if status != 200:
            self._record.add_violation(path, f"HTTP {status}")
        if not isinstance(answer.get("status"), str):
            self._record.add_violation(path, "status is not a string")
        return answer


def is_integer(value: object) -> bool:
    return type(value) is int


def offer_faults(answer: dict[str, Any]) -> list[str]:
    """Violations in an answer to GET_SERVICES."""
    if answer.get("status") != SUCCESS:
        return [f"status is {answer.get('status')}"]
    countries = answer.get("countryList")
    if not isinstance(countries, list):
        return ["countryList is not an array"]
    return [fault for country in countries for fault in _country_faults(country)]


def _country_faults(country: Any) -> list[str]:
    if not isinstance(country, dict) or not isinstance(country.get("country"), str):
        return ["an entry of countryList has no country"]
    name, operators = country["country"], country.get("operatorMap")
    if not isinstance(operators, dict) or "any" not in operators:
        return [f"{name}: no operatorMap with any"]
    rents: dict[str, int] = {}
    for operator, entry in operators.items():
        rent = entry.get("rent") if isinstance(entry, dict) else None
        if type(rent) is not int or rent < 0:
            return [f"{name}, {operator}: rent is not an integer of 0 or more"]
        rents[operator] = rent
    total = sum(rent for operator, rent in rents.items() if operator != "any")
    return [] if rents["any"] == total else [f"{name}: any is {rents['any']}, the sum is {total}"]


def offer_counts(answer: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Numbers on offer by country and operator, from a valid answer."""
    return {
        country["country"]: {operator: entry["rent"] for operator, entry in country["operatorMap"].items()}
        for country in answer["countryList"]
    }


def issue_faults(answer: dict[str, Any]) -> list[str]:
    """Violations in the fields of an answer to GET_NUMBER."""
    if answer.get("status") != SUCCESS:
        return [f"{name} in a refusal" for name in ("number", "activationId") if name in answer]
    faults = [
        f"{name} is {type(answer.get(name)).__name__}, not an integer"
        for name in ("number", "activationId")
        if not is_integer(answer.get(name))
    ]
    if not faults and not 1 <= answer["activationId"] < ID_LIMIT:
        faults.append(f"activationId {answer['activationId']} is out of range")
    return faults

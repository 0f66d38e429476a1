"""Calls the webhooks on a real Hypercorn with whatever their OpenAPI description allows, and with what it forbids.

The calls are schemathesis'. What the description allows must be taken, what it forbids must be refused, every answer
must be one that the description knows, and nothing may fail unhandled.
"""

from __future__ import annotations

import argparse
import asyncio
import codecs
import contextlib
import gzip
import json
import logging
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import schemathesis
import schemathesis.specs.openapi.schemas  # else at its first use, among other threads
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from phonefarm.adapters.http.http_connection import has_disconnected, mark_authenticated, was_delivered
from phonefarm.adapters.http.server import bind, serve_until
from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.openapi import document
from phonefarm.adapters.onlinesim.rate_limiter import RateLimiter
from phonefarm.adapters.onlinesim.webhooks import (
    FINISH_PATH,
    MAX_BODY_BYTES,
    NUMBER_PATH,
    SERVICES_PATH,
    Webhooks,
)
from phonefarm.adapters.storage.sqlite.database import Database
from tests.application.stored_farm import StoredFarm

KEY = "a-partner-key-for-calling"
NUMBERS = 60
CALLS_A_CASE = 4
ROUND = 1000
"""Hypothesis keeps what it has tried: so many calls a round keep that small."""
SECONDS_BETWEEN_CALLS = 60.0
"""On the farm's clock, so that rents grow overdue and bans end."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REFUSED = range(400, 430)
LIKELY: dict[str, list[Any]] = {
    "country": ["russia", " RUSSIA ", 7, "+7", "any", "", None, "germany", 49, 999],
    "operator": ["mts", "M-T S", "any", "", None, "beeline"],
}
SHARED_PATH = "/shared"
ACTIONS = {wire.GET_SERVICES: SERVICES_PATH, wire.GET_NUMBER: NUMBER_PATH, wire.FINISH_ACTIVATION: FINISH_PATH}
PACKED = {
    "CONTENT-TYPE": 'text/plain; charset="windows-1251"',
    "cOnTeNt-EnCoDiNg": "gzip",
    "ACCEPT-encoding": "br;q=0.1, gzip",
    "X-Forwarded-For": "203.0.113.7",
}
WITH_BEARER = {"authorization": f"bearer {KEY}", "Content-Type": "application/json", "Accept-Encoding": "identity"}


class _Ear(logging.Handler):
    """Hears what the server itself could not handle."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@dataclass
class Shop:
    """The webhooks over a farm of SIMs, served on a thread of its own."""

    farm: StoredFarm
    url: str
    unhandled: list[str]
    open_rents: list[int] = field(default_factory=list)


@contextlib.contextmanager
def open_shop(database: Database) -> Iterator[Shop]:
    loop, stop, ear = asyncio.new_event_loop(), asyncio.Event(), _Ear()
    listener = bind("127.0.0.1", 0, "webhook server")
    farm = StoredFarm(database)
    rate_limiter = RateLimiter(calls_per_second=1e9, wrong_keys_per_minute=1e9, now=time.monotonic)
    webhooks = Webhooks(
        farm.rentals,
        lambda: KEY,
        farm.clock,
        {"7": "russia", "49": "germany"},
        require_bearer=False,
        shared_path=SHARED_PATH,
        rate_limiter=rate_limiter,
        mark_authenticated=mark_authenticated,
        was_delivered=was_delivered,
        has_disconnected=has_disconnected,
    )
    loop.set_exception_handler(lambda _loop, context: ear.heard.append(str(context)))

    async def serve() -> None:
        await farm.phones_with_sims(NUMBERS)
        await serve_until(webhooks.app(), listener, stop)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="webhook server")
    logging.getLogger("hypercorn.error").addHandler(ear)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as in the engine: caller and server share this process
    try:
        yield Shop(farm=farm, url=f"http://127.0.0.1:{listener.getsockname()[1]}", unhandled=ear.heard)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        sys.setswitchinterval(interval)
        loop.close()
        listener.close()
        logging.getLogger("hypercorn.error").removeHandler(ear)


@dataclass
class Tally:
    """How the calls ended, by path, whether they were allowed, and status."""

    ends: Counter[tuple[str, bool, int]] = field(default_factory=Counter)
    issued: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.ends.total()


class Caller:
    def __init__(self, shop: Shop) -> None:
        load_all_checks()
        self.tally = Tally()
        self._shop = shop
        self._http = requests.Session()
        allowed = [result.ok() for result in _schema(_with_small_extras(document(KEY))).get_all_operations()]
        forbidden = [result.ok() for result in _schema(document(KEY)).get_all_operations()]
        self._calls = st.one_of(
            *(operation.as_strategy(GenerationMode.POSITIVE) for operation in allowed),
            *(operation.as_strategy(GenerationMode.POSITIVE) for operation in allowed if operation.method == "post"),
            *(operation.as_strategy(GenerationMode.NEGATIVE) for operation in forbidden if operation.method == "post"),
        )

    def make(self, calls: int, first_seed: int) -> Tally:
        """Make about so many calls; the same seed makes the same ones."""
        round_number = 0
        while self.tally.calls < calls:
            self._make_round(min(ROUND, calls - self.tally.calls), first_seed + round_number)
            round_number += 1
        self._http.close()
        self.tally.faults += [f"unhandled: {text}" for text in self._shop.unhandled]
        return self.tally

    def _make_round(self, calls: int, round_seed: int) -> None:
        @seed(round_seed)
        @settings(
            max_examples=max(calls // CALLS_A_CASE, 1),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self._calls, st.integers(0, 3))
        def call(case: Any, luck: int) -> None:
            self._call(case, luck)

        call()

    def _call(self, case: Any, luck: int) -> None:
        allowed = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
        if allowed and case.path == FINISH_PATH and luck and self._shop.open_rents:
            case.body["activationId"] = self._shop.open_rents[-luck:][0]  # else every one would be unknown
        if allowed and isinstance(case.body, dict):
            _write_integers_without_fraction(case.body)
        for answer in self._answers(case):
            self._judge(case, allowed, answer)

    def _answers(self, case: Any) -> Iterator[requests.Response]:
        """The same call in four shapes, where it has a body: to invent a case costs more than to make its calls."""
        clock = self._shop.farm.clock
        clock.forward(SECONDS_BETWEEN_CALLS)
        yield case.call(base_url=self._shop.url, session=self._http)
        if not isinstance(case.body, dict | list | str | int | float | None):
            return
        body = json.dumps(case.body).encode()
        clock.forward(SECONDS_BETWEEN_CALLS)
        yield self._http.post(self._shop.url + case.path, data=gzip.compress(body, 1), headers=PACKED)
        if not _asks_for_another(case):
            clock.forward(SECONDS_BETWEEN_CALLS)
            yield self._http.post(self._shop.url + SHARED_PATH, data=body, headers=WITH_BEARER)
        if len(body) < MAX_BODY_BYTES:  # else the answer comes, and the connection ends, while it is being sent
            clock.forward(SECONDS_BETWEEN_CALLS)
            yield self._http.post(self._shop.url + case.path, data=_in_chunks(codecs.BOM_UTF8 + body))

    def _judge(self, case: Any, allowed: bool, answer: Any) -> None:
        self.tally.ends[case.path, allowed, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            self.tally.faults += [f"{case.path} {case.body!r}: {failure}" for failure in failures.exceptions]
        if answer.status_code != 200 if allowed else answer.status_code not in REFUSED:
            said = "refused" if allowed else "not refused"
            self.tally.faults.append(f"{case.path} {case.body!r} is {said}: {answer.status_code} {answer.text}")
        self._note_rents(case, answer)

    def _note_rents(self, case: Any, answer: Any) -> None:
        if answer.status_code != 200:
            return
        said = answer.json()
        if case.path == NUMBER_PATH and said["status"] == "SUCCESS":
            self.tally.issued += 1
            self._shop.open_rents.append(said["activationId"])
            del self._shop.open_rents[:-NUMBERS]


def _asks_for_another(case: Any) -> bool:
    """Whether the case is forbidden where it goes only because its action is another path's: not so where all meet."""
    try:
        return isinstance(case.body, dict) and ACTIONS[wire.action_of(case.body)] != case.path
    except wire.BadRequest:
        return False


def _in_chunks(body: bytes) -> Iterator[bytes]:
    """Sent without saying its length, torn apart anywhere."""
    middle = len(body) // 2
    yield body[:middle]
    yield body[middle:]


def _schema(description: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(description)


def _with_small_extras(description: dict[str, Any]) -> dict[str, Any]:
    """Unknown fields that are small, as most of the time would go into large ones; countries that have numbers."""
    for path in description["paths"].values():
        if "post" in path:
            schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
            schema["additionalProperties"] = {"type": ["integer", "boolean", "null"]}
            for name, values in LIKELY.items():
                if name in schema["properties"]:
                    schema["properties"][name] = {"anyOf": [{"enum": values}, {"type": "string", "maxLength": 12}]}
    return description


def _write_integers_without_fraction(body: dict[str, Any]) -> None:
    """To JSON Schema 5.0 is an integer; to us, as to who tests wire types, it is not."""

    def whole(value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value

    for name in ("activationId", "country", "status"):
        if name in body:
            body[name] = whole(body[name])
    if isinstance(prefixes := body.get("exceptionPhoneSet"), list):
        body["exceptionPhoneSet"] = [whole(prefix) for prefix in prefixes]


def call_webhooks(calls: int, first_seed: int, folder: Path) -> Tally:
    database = Database(f"sqlite:///{folder / 'contract.db'}")
    database.open()
    try:
        with open_shop(database) as shop:
            return Caller(shop).make(calls, first_seed)
    finally:
        database.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--calls", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-") as folder:
        tally = call_webhooks(chosen.calls, chosen.seed, Path(folder))
    spent = time.monotonic() - begun
    for (path, allowed, status), number in sorted(tally.ends.items()):
        print(f"{path:<22} {'allowed' if allowed else 'forbidden':<10} {status}  {number:>8,}")
    for fault in tally.faults[:20]:
        print(f"FAULT {fault}")
    print(
        f"{tally.calls:,} calls in {spent:.0f} s ({tally.calls / spent:.0f}/s), {tally.issued:,} numbers issued, "
        f"{len(tally.faults)} faults"
    )
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())

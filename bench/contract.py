"""Property-based test of the webhooks on a real Hypercorn against their OpenAPI description.

Schemathesis generates the calls. Valid calls must be accepted, invalid ones refused, every answer must conform to the
description, and no exception may be unhandled.
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
import schemathesis.specs.openapi.schemas  # else imported lazily, while other threads run
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
CALLS_PER_CASE = 4
CALLS_PER_ROUND = 1000
"""Hypothesis keeps all tried examples in memory; rounds limit their number."""
SECONDS_BETWEEN_CALLS = 60.0
"""On the farm's clock, so that rents become overdue and bans end."""
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REFUSED = range(400, 430)
LIKELY_VALUES: dict[str, list[Any]] = {
    "country": ["russia", " RUSSIA ", 7, "+7", "any", "", None, "germany", 49, 999],
    "operator": ["mts", "M-T S", "any", "", None, "beeline"],
}
SHARED_PATH = "/shared"
ACTIONS = {wire.GET_SERVICES: SERVICES_PATH, wire.GET_NUMBER: NUMBER_PATH, wire.FINISH_ACTIVATION: FINISH_PATH}
GZIP_HEADERS = {
    "CONTENT-TYPE": 'text/plain; charset="windows-1251"',
    "cOnTeNt-EnCoDiNg": "gzip",
    "ACCEPT-encoding": "br;q=0.1, gzip",
    "X-Forwarded-For": "203.0.113.7",
}
BEARER_HEADERS = {"authorization": f"bearer {KEY}", "Content-Type": "application/json", "Accept-Encoding": "identity"}


class _ErrorCollector(logging.Handler):
    """Collects the errors that the server did not handle."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.collected: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.collected.append(self.format(record))


@dataclass
class ServedFarm:
    """The webhooks of a farm with SIMs, served on a separate thread."""

    farm: StoredFarm
    url: str
    unhandled: list[str]
    open_rents: list[int] = field(default_factory=list)


@contextlib.contextmanager
def serve_farm(database: Database) -> Iterator[ServedFarm]:
    loop, stop, errors = asyncio.new_event_loop(), asyncio.Event(), _ErrorCollector()
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
    loop.set_exception_handler(lambda _loop, context: errors.collected.append(str(context)))

    async def serve() -> None:
        await farm.phones_with_sims(NUMBERS)
        await serve_until(webhooks.app(), listener, stop)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="webhook server")
    logging.getLogger("hypercorn.error").addHandler(errors)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as in the engine: caller and server share this process
    try:
        yield ServedFarm(farm=farm, url=f"http://127.0.0.1:{listener.getsockname()[1]}", unhandled=errors.collected)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        sys.setswitchinterval(interval)
        loop.close()
        listener.close()
        logging.getLogger("hypercorn.error").removeHandler(errors)


@dataclass
class Tally:
    """Numbers of calls by path, validity and status."""

    counts: Counter[tuple[str, bool, int]] = field(default_factory=Counter)
    issued: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.counts.total()


class Caller:
    def __init__(self, served: ServedFarm) -> None:
        load_all_checks()
        self.tally = Tally()
        self._served = served
        self._http = requests.Session()
        allowed = [result.ok() for result in _schema(_with_small_extras(document(KEY))).get_all_operations()]
        forbidden = [result.ok() for result in _schema(document(KEY)).get_all_operations()]
        self._calls = st.one_of(
            *(operation.as_strategy(GenerationMode.POSITIVE) for operation in allowed),
            *(operation.as_strategy(GenerationMode.POSITIVE) for operation in allowed if operation.method == "post"),
            *(operation.as_strategy(GenerationMode.NEGATIVE) for operation in forbidden if operation.method == "post"),
        )

    def make(self, calls: int, first_seed: int) -> Tally:
        """Make about `calls` calls; the same seed makes the same calls."""
        round_number = 0
        while self.tally.calls < calls:
            self._make_round(min(CALLS_PER_ROUND, calls - self.tally.calls), first_seed + round_number)
            round_number += 1
        self._http.close()
        self.tally.faults += [f"unhandled: {text}" for text in self._served.unhandled]
        return self.tally

    def _make_round(self, calls: int, round_seed: int) -> None:
        @seed(round_seed)
        @settings(
            max_examples=max(calls // CALLS_PER_CASE, 1),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self._calls, st.integers(0, 3))
        def call(case: Any, choice: int) -> None:
            self._call(case, choice)

        call()

    def _call(self, case: Any, choice: int) -> None:
        allowed = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
        if allowed and case.path == FINISH_PATH and choice and self._served.open_rents:
            case.body["activationId"] = self._served.open_rents[-choice:][0]  # else all ids would be unknown
        if allowed and isinstance(case.body, dict):
            _write_integers_without_fraction(case.body)
        for answer in self._answers(case):
            self._check_answer(case, allowed, answer)

    def _answers(self, case: Any) -> Iterator[requests.Response]:
        """Make the call in up to four encodings, as generating a case costs more than a call."""
        clock = self._served.farm.clock
        clock.forward(SECONDS_BETWEEN_CALLS)
        yield case.call(base_url=self._served.url, session=self._http)
        if not isinstance(case.body, dict | list | str | int | float | None):
            return
        body = json.dumps(case.body).encode()
        clock.forward(SECONDS_BETWEEN_CALLS)
        yield self._http.post(self._served.url + case.path, data=gzip.compress(body, 1), headers=GZIP_HEADERS)
        if not _belongs_to_another_path(case):
            clock.forward(SECONDS_BETWEEN_CALLS)
            yield self._http.post(self._served.url + SHARED_PATH, data=body, headers=BEARER_HEADERS)
        if len(body) < MAX_BODY_BYTES:  # else the server answers and closes while the body is being sent
            clock.forward(SECONDS_BETWEEN_CALLS)
            yield self._http.post(self._served.url + case.path, data=_in_chunks(codecs.BOM_UTF8 + body))

    def _check_answer(self, case: Any, allowed: bool, answer: Any) -> None:
        self.tally.counts[case.path, allowed, answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            self.tally.faults += [f"{case.path} {case.body!r}: {failure}" for failure in failures.exceptions]
        if answer.status_code != 200 if allowed else answer.status_code not in REFUSED:
            verdict = "refused" if allowed else "not refused"
            self.tally.faults.append(f"{case.path} {case.body!r} is {verdict}: {answer.status_code} {answer.text}")
        self._note_rents(case, answer)

    def _note_rents(self, case: Any, answer: Any) -> None:
        if answer.status_code != 200:
            return
        body = answer.json()
        if case.path == NUMBER_PATH and body["status"] == "SUCCESS":
            self.tally.issued += 1
            self._served.open_rents.append(body["activationId"])
            del self._served.open_rents[:-NUMBERS]


def _belongs_to_another_path(case: Any) -> bool:
    """Whether the case is only invalid because its action belongs to another path; the shared path accepts it."""
    try:
        return isinstance(case.body, dict) and ACTIONS[wire.action_of(case.body)] != case.path
    except wire.BadRequest:
        return False


def _in_chunks(body: bytes) -> Iterator[bytes]:
    """Yield the body in two chunks, for a chunked request without Content-Length."""
    middle = len(body) // 2
    yield body[:middle]
    yield body[middle:]


def _schema(description: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(description)


def _with_small_extras(description: dict[str, Any]) -> dict[str, Any]:
    """Restrict unknown fields to small values, to save time, and suggest countries that have numbers."""
    for path in description["paths"].values():
        if "post" in path:
            schema = path["post"]["requestBody"]["content"]["application/json"]["schema"]
            schema["additionalProperties"] = {"type": ["integer", "boolean", "null"]}
            for name, values in LIKELY_VALUES.items():
                if name in schema["properties"]:
                    schema["properties"][name] = {"anyOf": [{"enum": values}, {"type": "string", "maxLength": 12}]}
    return description


def _write_integers_without_fraction(body: dict[str, Any]) -> None:
    """Write 5.0 as 5: JSON Schema accepts both as an integer, but the webhooks only accept 5."""

    def as_integer(value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value

    for name in ("activationId", "country", "status"):
        if name in body:
            body[name] = as_integer(body[name])
    if isinstance(prefixes := body.get("exceptionPhoneSet"), list):
        body["exceptionPhoneSet"] = [as_integer(prefix) for prefix in prefixes]


def call_webhooks(calls: int, first_seed: int, folder: Path) -> Tally:
    database = Database(f"sqlite:///{folder / 'contract.db'}")
    database.open()
    try:
        with serve_farm(database) as served:
            return Caller(served).make(calls, first_seed)
    finally:
        database.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--calls", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="phonefarm-bench-") as folder:
        tally = call_webhooks(chosen.calls, chosen.seed, Path(folder))
    spent = time.monotonic() - started
    for (path, allowed, status), number in sorted(tally.counts.items()):
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

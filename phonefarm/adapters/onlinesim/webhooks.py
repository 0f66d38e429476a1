"""Our three webhooks: check the key, parse strictly, run one unit of work, answer within the deadline."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import re
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import cast

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from phonefarm.adapters.asgi import Application, Scope
from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.rate_limiter import RateLimiter
from phonefarm.adapters.onlinesim.response_delivery import ISSUED, ResponseDeliveryMiddleware
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.rents import ANSWER_WITHIN
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import within

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_SECONDS = 5.0
SERVICES_PATH, NUMBER_PATH, FINISH_PATH = "/getServicesRent", "/getNumberRent", "/finishActivationRent"
PROBE_PATH = "/probe"
_NONCE = re.compile("[0-9a-f]{16,64}")
OWN_PATHS = frozenset({SERVICES_PATH, NUMBER_PATH, FINISH_PATH, PROBE_PATH})
CALLS_PER_SECOND = 200.0
WRONG_KEYS_PER_MINUTE = 60.0
JSON_TYPE = "application/json; charset=utf-8"

CurrentKey = Callable[[], str | None]
Handler = Callable[[wire.Body, datetime], Awaitable[wire.Body]]
"""The answer to a request's body; the instant is when the request began."""


def _do_nothing(*_: object) -> None:
    return


class Webhooks:
    """The market's three calls, on top of the use cases of `Rentals`."""

    def __init__(
        self,
        rentals: Rentals,
        current_key: CurrentKey,
        steady: Clock,
        country_by_dial_code: Mapping[str, str],
        *,
        require_bearer: bool,
        was_delivered: Callable[[Scope], bool],
        has_disconnected: Callable[[Scope], bool],
        no_numbers: wire.NoNumbersMode = "error",
        shared_path: str = "",
        rate_limiter: RateLimiter | None = None,
        mark_authenticated: Callable[[Scope], None] = _do_nothing,
        count_wrong_key: Callable[[], None] = _do_nothing,
        probe_proof: Callable[[str], str] = lambda _nonce: "",
    ) -> None:
        """`shared_path`: one more path for all three calls, distinguished by `action`.

        `steady`: a monotonic clock, the same by which `rentals` decides whether an order is too late.
        `mark_authenticated` is called for each request with the key, `count_wrong_key` for each without.
        `probe_proof` gives the proof of a nonce that only this process can give.
        `was_delivered` and `has_disconnected`: see `ResponseDeliveryMiddleware`.
        """
        self._rentals = rentals
        self._current_key = current_key
        self._steady = steady
        self._country_by_dial_code = country_by_dial_code
        self._require_bearer = require_bearer
        self._no_numbers: wire.NoNumbersMode = no_numbers
        self._rate_limiter = rate_limiter or RateLimiter(
            calls_per_second=CALLS_PER_SECOND, wrong_keys_per_minute=WRONG_KEYS_PER_MINUTE, now=time.monotonic
        )
        self._mark_authenticated = mark_authenticated
        self._was_delivered = was_delivered
        self._has_disconnected = has_disconnected
        self._count_wrong_key = count_wrong_key
        self._probe_proof = probe_proof
        self._handlers: dict[str, Handler] = {
            SERVICES_PATH: self._get_services,
            NUMBER_PATH: self._get_number,
            FINISH_PATH: self._finish,
        }
        if shared_path:
            self._handlers[shared_path] = self._by_action

    def app(self) -> ResponseDeliveryMiddleware:
        """The ASGI application: three routes (four with the shared one), the self-probe, and nothing else."""
        quart = Quart(__name__, static_folder=None)
        # Quart's own timeouts fire before bytes that have arrived are read; HttpConnection limits sending.
        quart.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)
        for path, handler in self._handlers.items():
            quart.add_url_rule(
                path,
                path,
                self._route(handler),
                methods=["POST"],
                provide_automatic_options=False,
                strict_slashes=False,  # a trailing slash is accepted
            )
        quart.add_url_rule(PROBE_PATH, PROBE_PATH, self._answer_probe, methods=["GET"], provide_automatic_options=False)
        quart.register_error_handler(HTTPException, _answer_http_error)
        quart.register_error_handler(Exception, _answer_bug)
        quart.after_request(_compress)
        return ResponseDeliveryMiddleware(
            cast(Application, quart),
            answered=self._rentals.answered,
            lost=self._rentals.answer_lost,
            given_up=self._rentals.withdraw,
            was_delivered=self._was_delivered,
            has_disconnected=self._has_disconnected,
        )

    async def _answer_probe(self) -> Response:
        """Tells that the port answers and, where a nonce is given, that this very process does."""
        nonce = request.args.get("nonce", "")
        if not _NONCE.fullmatch(nonce):
            return _json({"status": "SUCCESS"})
        return _json({"status": "SUCCESS", "proof": self._probe_proof(nonce)})

    def _route(self, handler: Handler) -> Callable[[], Awaitable[Response]]:
        async def respond() -> Response:
            begun_at = self._steady()  # before the body, which may be slow: the market's timeout is running
            try:
                async with within(ANSWER_WITHIN.total_seconds()):
                    body = await self._authenticated_body()
                    return _json(await handler(body, begun_at))
            except wire.BadRequest as refusal:
                return _json(wire.error_answer(refusal.reason), refusal.status, refusal.headers)
            except StorageFailing as error:
                log.error("a webhook could not be answered", cause=str(error))
                return _json(wire.error_answer("temporarily unavailable"), 503)
            except TimeoutError:
                log.error("a webhook missed its deadline", path=request.path)
                return _json(wire.error_answer("temporarily unavailable"), 503)

        return respond

    async def _authenticated_body(self) -> wire.Body:
        """The parsed body of a request with the key; every request without it gets the same 401.

        Beyond its rate limit, an unauthenticated address gets a 429 and its connection is closed. It is not made to
        wait: it would only hold more connections.
        """
        try:
            raw = await _read_body()
            body = wire.parse_body(_decompress(raw, request.headers.get("Content-Encoding", "")))
            self._check_key(body)
        except wire.BadRequest:
            if wait := self._rate_limiter.retry_after_unauthenticated(request.remote_addr or ""):
                raise _too_many_requests(wait, Connection="close") from None
            raise
        self._mark_authenticated(_scope())
        if wait := self._rate_limiter.retry_after_authenticated():
            log.warning("calls with the key exceed the rate limit", path=request.path)
            raise _too_many_requests(wait)
        return body

    def _check_key(self, body: wire.Body) -> None:
        """The body and each Authorization header must contain our key; a setting requires the header."""
        key = self._current_key() or ""
        in_body = body.get("key")
        headers = request.headers.getlist("Authorization")
        # Invariant: every comparison runs, so that the time does not depend on which of them fails.
        is_body_right = _equal_in_constant_time(in_body if isinstance(in_body, str) else "", key)
        matches = [_is_bearer(header, key) for header in headers]
        are_headers_right = all(matches) and bool(headers or not self._require_bearer)
        if not (key and is_body_right and are_headers_right):
            self._count_wrong_key()
            raise wire.BadRequest("wrong key", 401)

    async def _by_action(self, body: wire.Body, begun_at: datetime) -> wire.Body:
        paths = {
            wire.GET_SERVICES: SERVICES_PATH,
            wire.GET_NUMBER: NUMBER_PATH,
            wire.FINISH_ACTIVATION: FINISH_PATH,
        }
        return await self._handlers[paths[wire.action_of(body)]](body, begun_at)

    async def _get_services(self, body: wire.Body, _begun_at: datetime) -> wire.Body:
        wire.expect_action(body, wire.GET_SERVICES, service=False)
        return wire.services_answer(await self._rentals.offer())

    async def _get_number(self, body: wire.Body, begun_at: datetime) -> wire.Body:
        wire.expect_action(body, wire.GET_NUMBER, service=True)
        parsed = wire.parse_number_order(body, self._country_by_dial_code)
        issued = await self._rentals.issue(parsed.order, parsed.expected, begun_at)
        if issued is None:
            return wire.no_numbers_answer(self._no_numbers)
        _scope()[ISSUED] = issued.rent_id
        log.info("number issued", rent_id=issued.rent_id)
        return wire.number_answer(issued.msisdn, issued.rent_id)

    async def _finish(self, body: wire.Body, _begun_at: datetime) -> wire.Body:
        wire.expect_action(body, wire.FINISH_ACTIVATION, service=True)
        finish = wire.parse_finish(body)
        is_known = await self._rentals.finish(finish.rent_id, finish.status, finish.total)
        log.info("finish", rent_id=finish.rent_id, status=int(finish.status), known=is_known)
        return {"status": "SUCCESS"} if is_known else wire.error_answer("unknown activationId")


def _decompress(raw: bytes, encoding: str) -> bytes:
    """The body, decompressed if it is gzip, up to `MAX_BODY_BYTES`."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "x-gzip"):
        raise wire.BadRequest("the body may be packed with gzip only", 415)
    decompressor = zlib.decompressobj(wbits=31)
    try:
        body = decompressor.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise wire.BadRequest("the body is not gzip") from None
    if len(body) > MAX_BODY_BYTES:
        raise wire.BadRequest("the body is too large", 413)
    if not decompressor.eof or decompressor.unused_data:
        raise wire.BadRequest("the body is not gzip")
    return body


async def _read_body() -> bytes:
    try:
        async with within(BODY_TIMEOUT_SECONDS):
            return cast(bytes, await request.get_data(cache=False, as_text=False))
    except TimeoutError:
        raise RequestTimeout from None


async def _answer_http_error(error: HTTPException) -> Response:
    reasons = {
        RequestEntityTooLarge.code: "the body is too large",
        RequestTimeout.code: "the body came too slowly",
        405: "only POST is served here",
        404: "no such path",
    }
    code = error.code or 500
    return _json(wire.error_answer(reasons.get(code, "refused")), code)


async def _answer_bug(error: Exception) -> Response:
    log.error("a bug in phonefarm", exc_info=error)
    return _json(wire.error_answer("internal error"), 500)


def _json(body: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, dict(headers or {}), content_type=JSON_TYPE)


async def _compress(response: Response) -> Response:
    """Gzip the response if the request names gzip in Accept-Encoding; `*` alone is not enough."""
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip") > 0 and "gzip" in request.headers.get("Accept-Encoding", "").lower():
        response.set_data(gzip.compress(await response.get_data(as_text=False), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _scope() -> Scope:
    return cast(Scope, request.scope)


def _too_many_requests(wait: int, **headers: str) -> wire.BadRequest:
    return wire.BadRequest("too many requests", 429, {"Retry-After": str(wait), **headers})


def _is_bearer(header: str, key: str) -> bool:
    scheme, _, given = header.partition(" ")
    is_right = _equal_in_constant_time(given.strip(), key)
    return is_right and scheme.lower() == "bearer"


def _equal_in_constant_time(given: str, wanted: str) -> bool:
    """Compares digests, so that the time does not depend on the length either."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(wanted.encode("utf-8", "surrogatepass")).digest(),
    )

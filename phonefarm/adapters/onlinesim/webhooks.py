"""Our three webhooks: key first, then strict parsing, one unit of work, an answer within the deadline."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, cast

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.answer_watch import ISSUED, AnswerWatch, Scope
from phonefarm.adapters.onlinesim.gate import Gate
from phonefarm.application.ports.storage import StorageFailing
from phonefarm.application.trade.rentals import Rentals
from phonefarm.domain.rents import ANSWER_WITHIN
from phonefarm.support.clock import Clock
from phonefarm.support.deadlines import within

log = structlog.get_logger(__name__)

MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 5.0
SERVICES_PATH, NUMBER_PATH, FINISH_PATH = "/getServicesRent", "/getNumberRent", "/finishActivationRent"
PROBE_PATH = "/probe"
OWN_PATHS = frozenset({SERVICES_PATH, NUMBER_PATH, FINISH_PATH, PROBE_PATH})
CALLS_PER_SECOND = 200.0
WRONG_KEYS_PER_MINUTE = 60.0
JSON_TYPE = "application/json; charset=utf-8"

CurrentKey = Callable[[], str | None]
Handler = Callable[[wire.Body, datetime], Awaitable[wire.Body]]
"""Answers a body that came with a request begun at the instant given."""


class Webhooks:
    """The three calls of the market over the rent use cases."""

    def __init__(
        self,
        rentals: Rentals,
        current_key: CurrentKey,
        steady: Clock,
        country_by_dial_code: Mapping[str, str],
        *,
        require_bearer: bool,
        has_left: Callable[[Scope], bool],
        has_hung_up: Callable[[Scope], bool],
        no_numbers: wire.NoNumbersMode = "error",
        shared_path: str = "",
        gate: Gate | None = None,
        prove: Callable[[Scope], None] = lambda _scope: None,
        note_wrong_key: Callable[[], None] = lambda: None,
    ) -> None:
        """`shared_path`: one more path, where all three calls are told apart by their `action`.

        `steady`: a clock that nobody sets, the one by which `rentals` judges whether an order is too late.
        `prove` is told of the requests that bring the key; `has_left` and `has_hung_up` say what became of
        an answer.
        `note_wrong_key` is told of each call that is refused for its key.
        """
        self._rentals = rentals
        self._current_key = current_key
        self._steady = steady
        self._country_by_dial_code = country_by_dial_code
        self._require_bearer = require_bearer
        self._no_numbers: wire.NoNumbersMode = no_numbers
        self._gate = gate or Gate(
            calls_per_second=CALLS_PER_SECOND, wrong_keys_per_minute=WRONG_KEYS_PER_MINUTE, now=time.monotonic
        )
        self._prove = prove
        self._has_left = has_left
        self._has_hung_up = has_hung_up
        self._note_wrong_key = note_wrong_key
        self._handlers: dict[str, Handler] = {
            SERVICES_PATH: self._get_services,
            NUMBER_PATH: self._get_number,
            FINISH_PATH: self._finish,
        }
        if shared_path:
            self._handlers[shared_path] = self._by_action

    def app(self) -> AnswerWatch:
        """The ASGI application: three routes (four with the shared one), the self-probe and nothing else."""
        quart = Quart(__name__, static_folder=None)
        # Quart's own deadlines would be judged before what has come; the connection watches how answers leave.
        quart.config.update(MAX_CONTENT_LENGTH=MOST_BODY_BYTES, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)
        for path, handler in self._handlers.items():
            quart.add_url_rule(
                path,
                path,
                self._route(handler),
                methods=["POST"],
                provide_automatic_options=False,
                strict_slashes=False,  # a slash at the end changes nothing
            )
        quart.add_url_rule(PROBE_PATH, PROBE_PATH, _probe, methods=["GET"], provide_automatic_options=False)
        quart.register_error_handler(HTTPException, _refused_by_http)
        quart.register_error_handler(Exception, _bug)
        quart.after_request(_packed)
        return AnswerWatch(
            quart,
            answered=self._rentals.answered,
            lost=self._rentals.answer_lost,
            given_up=self._rentals.withdraw,
            has_left=self._has_left,
            has_hung_up=self._has_hung_up,
        )

    def _route(self, handler: Handler) -> Callable[[], Awaitable[Response]]:
        async def respond() -> Response:
            begun_at = self._steady()  # before the body, which may dawdle: the market's own clock is running
            try:
                async with within(ANSWER_WITHIN.total_seconds()):
                    body = await self._body_of_known_caller()
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

    async def _body_of_known_caller(self) -> wire.Body:
        """What a caller with the key says; whoever has not the key is told so, each the same.

        A stranger who has used up its measure gets a shorter answer and its connection is closed: to make it wait
        would only let it hold more connections. It never costs a caller with the key anything.
        """
        try:
            raw = await _whole_body()
            body = wire.parse_body(_unpacked(raw, request.headers.get("Content-Encoding", "")))
            self._check_key(body)
        except wire.BadRequest:
            if wait := self._gate.wait_of_stranger(request.remote_addr or ""):
                raise _too_many(wait, Connection="close") from None
            raise
        self._prove(_scope())
        if wait := self._gate.wait_with_key():
            log.warning("more calls than the setting allows", path=request.path)
            raise _too_many(wait)
        return body

    def _check_key(self, body: wire.Body) -> None:
        """The key in the body must be ours; each header, if there is one (or must be), has to say the same."""
        key = self._current_key() or ""
        in_body = body.get("key")
        headers = request.headers.getlist("Authorization")
        body_is_right = _same(in_body if isinstance(in_body, str) else "", key)
        headers_are_right = [_is_bearer(header, key) for header in headers]
        headers_are_fine = all(headers_are_right) and bool(headers or not self._require_bearer)
        if not (key and body_is_right and headers_are_fine):
            self._note_wrong_key()
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
        wanted = wire.number_order(body, self._country_by_dial_code)
        issued = await self._rentals.issue(wanted.order, wanted.expected, begun_at)
        if issued is None:
            return wire.no_numbers_answer(self._no_numbers)
        _scope()[ISSUED] = issued.rent_id
        log.info("number issued", rent_id=issued.rent_id)
        return wire.number_answer(issued.msisdn, issued.rent_id)

    async def _finish(self, body: wire.Body, _begun_at: datetime) -> wire.Body:
        wire.expect_action(body, wire.FINISH_ACTIVATION, service=True)
        order = wire.finish_order(body)
        known = await self._rentals.finish(order.rent_id, order.status, order.total)
        log.info("finish", rent_id=order.rent_id, status=int(order.status), known=known)
        return {"status": "SUCCESS"} if known else wire.error_answer("unknown activationId")


def _unpacked(raw: bytes, encoding: str) -> bytes:
    """The body as it was before the caller packed it with gzip, if so; never more than the cap."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "x-gzip"):
        raise wire.BadRequest("the body may be packed with gzip only", 415)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, MOST_BODY_BYTES + 1)
    except zlib.error:
        raise wire.BadRequest("the body is not gzip") from None
    if len(body) > MOST_BODY_BYTES:
        raise wire.BadRequest("the body is too large", 413)
    if not unpacker.eof or unpacker.unused_data:
        raise wire.BadRequest("the body is not gzip")
    return body


async def _whole_body() -> bytes:
    try:
        async with within(BODY_SECONDS):
            return cast(bytes, await request.get_data(cache=False, as_text=False))
    except TimeoutError:
        raise RequestTimeout from None


async def _probe() -> Response:
    return _json({"status": "SUCCESS"})


async def _refused_by_http(error: HTTPException) -> Response:
    reasons = {
        RequestEntityTooLarge.code: "the body is too large",
        RequestTimeout.code: "the body came too slowly",
        405: "only POST is served here",
        404: "no such path",
    }
    code = error.code or 500
    return _json(wire.error_answer(reasons.get(code, "refused")), code)


async def _bug(error: Exception) -> Response:
    log.error("a bug in phonefarm", exc_info=error)
    return _json(wire.error_answer("internal error"), 500)


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, dict(headers or {}), content_type=JSON_TYPE)


async def _packed(response: Response) -> Response:
    """The answer with gzip for who says that it takes it."""
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip") > 0 and "gzip" in request.headers.get("Accept-Encoding", "").lower():
        response.set_data(gzip.compress(await response.get_data(as_text=False), mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _scope() -> MutableMapping[str, Any]:
    return cast(MutableMapping[str, Any], request.scope)


def _too_many(wait: int, **headers: str) -> wire.BadRequest:
    return wire.BadRequest("too many requests", 429, {"Retry-After": str(wait), **headers})


def _is_bearer(header: str, key: str) -> bool:
    scheme, _, given = header.partition(" ")
    is_right = _same(given.strip(), key)
    return is_right and scheme.lower() == "bearer"


def _same(given: str, wanted: str) -> bool:
    """Equal, in a time that tells nothing of either text, its length included."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(wanted.encode("utf-8", "surrogatepass")).digest(),
    )

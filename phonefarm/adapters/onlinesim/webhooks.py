"""Our three webhooks: key first, then strict parsing, one unit of work, an answer within the deadline."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, cast

import structlog
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.answer_watch import ISSUED, AnswerWatch
from phonefarm.application.interfaces import Clock
from phonefarm.application.rentals import Rentals
from phonefarm.application.storage import StorageFailing
from phonefarm.domain.rents import ANSWER_WITHIN

log = structlog.get_logger(__name__)

MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 5
PROBE_PATH = "/probe"
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
        clock: Clock,
        country_by_dial_code: Mapping[str, str],
        *,
        require_bearer: bool,
    ) -> None:
        self._rentals = rentals
        self._current_key = current_key
        self._clock = clock
        self._country_by_dial_code = country_by_dial_code
        self._require_bearer = require_bearer

    def app(self) -> AnswerWatch:
        """The ASGI application: three routes, the self-probe and nothing else."""
        quart = Quart(__name__, static_folder=None)
        quart.config.update(MAX_CONTENT_LENGTH=MOST_BODY_BYTES, BODY_TIMEOUT=BODY_SECONDS)
        for path, handler in (
            ("/getServicesRent", self._get_services),
            ("/getNumberRent", self._get_number),
            ("/finishActivationRent", self._finish),
        ):
            quart.add_url_rule(path, path, self._route(handler), methods=["POST"], provide_automatic_options=False)
        quart.add_url_rule(PROBE_PATH, PROBE_PATH, _probe, methods=["GET"], provide_automatic_options=False)
        quart.register_error_handler(HTTPException, _refused_by_http)
        quart.register_error_handler(Exception, _bug)
        return AnswerWatch(quart, self._rentals.answered)

    def _route(self, handler: Handler) -> Callable[[], Awaitable[Response]]:
        async def respond() -> Response:
            begun_at = self._clock()  # before the body, which may dawdle: the market's own clock is running
            try:
                async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                    raw = cast(bytes, await request.get_data(cache=False, as_text=False))
                    body = wire.parse_body(_unpacked(raw, request.headers.get("Content-Encoding", "")))
                    self._check_key(body)
                    return _json(await handler(body, begun_at))
            except wire.BadRequest as refusal:
                return _json(wire.error_answer(refusal.reason), refusal.status)
            except StorageFailing as error:
                log.error("a webhook could not be answered", cause=str(error))
                return _json(wire.error_answer("temporarily unavailable"), 503)
            except TimeoutError:
                log.error("a webhook missed its deadline", path=request.path)
                return _json(wire.error_answer("temporarily unavailable"), 503)

        return respond

    def _check_key(self, body: wire.Body) -> None:
        """The key in the body must be ours; a header, if there is one (or must be), has to say the same."""
        key = self._current_key() or ""
        in_body = body.get("key")
        header = request.headers.get("Authorization")
        body_is_right = _same(in_body if isinstance(in_body, str) else "", key)
        scheme, _, in_header = (header or "").partition(" ")
        header_is_right = scheme.lower() == "bearer" and _same(in_header.strip(), key)
        header_is_fine = header_is_right if header is not None else not self._require_bearer
        if not (key and body_is_right and header_is_fine):
            raise wire.BadRequest("wrong key", 401)

    async def _get_services(self, body: wire.Body, _begun_at: datetime) -> wire.Body:
        wire.expect_action(body, "GET_SERVICES", service=False)
        return wire.services_answer(await self._rentals.offer())

    async def _get_number(self, body: wire.Body, begun_at: datetime) -> wire.Body:
        wire.expect_action(body, "GET_NUMBER", service=True)
        wanted = wire.number_order(body, self._country_by_dial_code)
        issued = await self._rentals.issue(wanted.order, wanted.expected, begun_at)
        if issued is None:
            return wire.error_answer("NO_NUMBERS")
        cast(MutableMapping[str, Any], request.scope)[ISSUED] = issued.rent_id
        log.info("number issued", rent_id=issued.rent_id)
        return wire.number_answer(issued.msisdn, issued.rent_id)

    async def _finish(self, body: wire.Body, _begun_at: datetime) -> wire.Body:
        wire.expect_action(body, "FINISH_ACTIVATION", service=True)
        order = wire.finish_order(body)
        known = await self._rentals.finish(order.rent_id, order.status, order.total)
        log.info("finish", rent_id=order.rent_id, status=int(order.status), known=known)
        return {"status": "SUCCESS"} if known else wire.error_answer("unknown activationId")


def _unpacked(raw: bytes, encoding: str) -> bytes:
    """The body as it was before the caller packed it with gzip, if so; never more than the cap."""
    if encoding.strip().lower() in ("", "identity"):
        return raw
    if encoding.strip().lower() != "gzip":
        raise wire.BadRequest("the body may be packed with gzip only", 415)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(raw, MOST_BODY_BYTES + 1)
    except zlib.error:
        raise wire.BadRequest("the body is not gzip") from None
    if len(body) > MOST_BODY_BYTES:
        raise wire.BadRequest("the body is too large", 413)
    if not unpacker.eof:
        raise wire.BadRequest("the body is not gzip")
    return body


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


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status=status, content_type=JSON_TYPE)


def _same(given: str, wanted: str) -> bool:
    """Equal, in a time that tells nothing of either text, its length included."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest(),
        hashlib.sha256(wanted.encode("utf-8", "surrogatepass")).digest(),
    )

"""HTTP control API for virtual phones and the virtual market in another process; loopback only."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import web

from phonefarm.simulation.answers import Outcome, PlannedAnswer, Shape
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.market import Market
from phonefarm.simulation.partner import PartnerFailed
from phonefarm.simulation.phone_actions import ACTIONS, Body


class ControlServer:
    """Serves routes on a loopback address."""

    def __init__(self, routes: web.RouteTableDef, listen: tuple[str, int]) -> None:
        if not ipaddress.ip_address(listen[0]).is_loopback:
            raise ValueError(f"the control listens on loopback only, not on {listen[0]}")
        application = web.Application(middlewares=[_errors_as_json])
        application.add_routes(routes)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        self._listen = listen
        self.url = ""

    async def __aenter__(self) -> ControlServer:
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._listen).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except KeyError as error:
        return web.json_response({"error": f"the body has no {error}"}, status=400)
    except LookupError as error:
        return web.json_response({"error": str(error)}, status=404)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except PartnerFailed as error:
        return web.json_response({"error": str(error)}, status=502)


async def _json_body(request: web.Request) -> Body:
    body = await request.json() if request.can_read_body else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


def phone_routes(farm: VirtualFarm) -> web.RouteTableDef:
    """GET /phones, /stats, /numbers.csv; POST /sms, /phones/NAME/ACTION; `phone_actions` lists the actions."""
    routes = web.RouteTableDef()

    @routes.get("/phones")
    async def phones(_: web.Request) -> web.Response:
        return web.json_response([phone.describe() for phone in farm.phones])

    @routes.get("/stats")
    async def stats(_: web.Request) -> web.Response:
        return web.json_response(farm.stats())

    @routes.get("/numbers.csv")
    async def numbers(_: web.Request) -> web.Response:
        return web.Response(text=farm.numbers_csv(), content_type="text/csv")

    @routes.post("/sms")
    async def sms(request: web.Request) -> web.Response:
        body = await _json_body(request)
        if "msisdn" in body:
            phone, slot = farm.find(str(body["msisdn"]))
        else:
            phone, slot = farm.phone(str(body["phone"])), int(body.get("slot", 0))
        stored = await phone.deliver_sms(str(body["sender"]), str(body["text"]), slot)
        return web.json_response({"serial": phone.serial, "row_id": stored.row_id, "date_ms": stored.date_ms})

    @routes.post("/phones/{phone}/{action}")
    async def act(request: web.Request) -> web.Response:
        phone = farm.phone(request.match_info["phone"])
        action = ACTIONS.get(request.match_info["action"])
        if action is None:
            raise LookupError(f"no action {request.match_info['action']}; there are {', '.join(sorted(ACTIONS))}")
        await action(phone, await _json_body(request))
        return web.json_response(phone.describe())

    return routes


def _planned_answer(answer: str | Body) -> PlannedAnswer:
    """Parse the name of an outcome, or an object with outcome, shape, http_status and retry_after."""
    if isinstance(answer, str):
        return PlannedAnswer(outcome=Outcome(answer))
    return PlannedAnswer(
        outcome=Outcome(answer["outcome"]),
        shape=Shape(answer.get("shape", Shape.ERROR)),
        http_status=answer.get("http_status"),
        retry_after=answer.get("retry_after"),
    )


def market_routes(market: Market) -> web.RouteTableDef:
    """GET /record, /summary; POST /order, /finish, /policy."""
    routes = web.RouteTableDef()

    @routes.get("/record")
    async def record(_: web.Request) -> web.Response:
        return web.json_response(market.record.as_json())

    @routes.get("/summary")
    async def summary(_: web.Request) -> web.Response:
        return web.json_response(market.record.counts())

    @routes.get("/services")
    async def services(_: web.Request) -> web.Response:
        return web.json_response(await market.services())

    @routes.post("/order")
    async def order(request: web.Request) -> web.Response:
        body = await _json_body(request)
        rent = await market.order(
            body.get("country"),
            body.get("operator", "any"),
            price=body.get("sum", 320),
            without_prefixes=body.get("exceptionPhoneSet", ()),
        )
        if rent is None:
            return web.json_response({"issued": False})
        return web.json_response({"issued": True, "rent_id": rent.rent_id, "msisdn": rent.msisdn})

    @routes.post("/finish")
    async def finish(request: web.Request) -> web.Response:
        body = await _json_body(request)
        return web.json_response(
            {"success": await market.finish(int(body["rent_id"]), int(body["status"]), body.get("sum"))}
        )

    @routes.post("/policy")
    async def policy(request: web.Request) -> web.Response:
        body = await _json_body(request)
        market.policy.script(*(_planned_answer(answer) for answer in body.get("script", ())))
        if "chances" in body:
            market.policy.chances = {Outcome(name): float(chance) for name, chance in body["chances"].items()}
        return web.json_response({"scripted_left": market.policy.scripted_left, "chances": market.policy.chances})

    return routes

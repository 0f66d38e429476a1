"""A local stand-in for Onlinesim that accepts everything at once and remembers when each text came; a process."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

PATH = "/v1/PUSH_SMS_RENT"


def application() -> web.Application:
    arrived: dict[str, float] = {}
    requests = [0]

    async def push(request: web.Request) -> web.Response:
        at = time.time()
        body = await request.json()
        arrived.setdefault(body["text"], at)
        return web.json_response({"status": "SUCCESS"})

    async def plain(request: web.Request) -> web.Response:
        """As an SMS gateway tells a web service of a message: text in the query."""
        arrived.setdefault(request.query["text"], time.time())
        requests[0] += 1
        return web.Response(text="")

    async def plain_count(_: web.Request) -> web.Response:
        return web.json_response({"count": requests[0]})

    async def count(_: web.Request) -> web.Response:
        return web.json_response({"count": len(arrived)})

    async def times(_: web.Request) -> web.Response:
        return web.json_response(arrived)

    async def forget(_: web.Request) -> web.Response:
        arrived.clear()
        requests[0] = 0
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.post(PATH, push), web.get("/plain", plain), web.get("/count", count)])
    app.add_routes([web.get("/requests", plain_count)])
    app.add_routes([web.get("/times", times), web.post("/forget", forget)])
    return app


async def main() -> None:
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

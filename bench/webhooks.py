"""Latency of GET_SERVICES and GET_NUMBER while the window's thread blocks for 200 ms in each second.

Three apps run one after the other on the same virtual phones: the engine thread with an idle window, the same with a
blocked window, and the naive design with everything on the window's event loop, also blocked. The load is open-loop:
one request each 1/RATE s, even if earlier ones are unanswered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import aiohttp

from bench._environment import KEY, Phones, Spread, serving_app, virtual_phones

WAYS = (
    ("engine thread, window idle", ("-m", "bench.stalled_window", "engine-thread", "idle")),
    ("engine thread, window stalled", ("-m", "bench.stalled_window", "engine-thread", "stalled")),
    ("window's loop, stalled", ("-m", "bench.stalled_window", "window-loop", "stalled")),
)
HEADERS = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "bench"}


async def call(http: aiohttp.ClientSession, url: str, **fields: object) -> dict[str, object]:
    async with http.post(url, data=json.dumps({"key": KEY, **fields}), headers=HEADERS) as answer:
        body: dict[str, object] = await answer.json()
        return body


async def load(webhooks: str, seconds: float, rate: float) -> tuple[list[float], list[float]]:
    """Latencies in seconds from each request's due time to its answer: (GET_SERVICES, GET_NUMBER)."""
    services: list[float] = []
    numbers: list[float] = []

    async def get_services(since: float) -> None:
        await call(http, f"{webhooks}/getServicesRent", action="GET_SERVICES")
        services.append(time.perf_counter() - since)

    async def get_number(since: float) -> None:
        issued = await call(http, f"{webhooks}/getNumberRent", action="GET_NUMBER", service="rent", sum=100)
        numbers.append(time.perf_counter() - since)
        if issued["status"] == "SUCCESS":
            finish = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": issued["activationId"]}
            await call(http, f"{webhooks}/finishActivationRent", **finish, status=1)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as http, asyncio.TaskGroup() as group:
        started = time.perf_counter()
        for number in range(int(seconds * rate)):
            due = started + number / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            since = min(due, time.perf_counter())  # timers on Windows may fire early
            group.create_task((get_services if number % 2 else get_number)(since))
    return services, numbers


def measure(phones: Phones, module: tuple[str, ...], seconds: float, rate: float) -> tuple[Spread, Spread]:
    with serving_app(phones, "http://127.0.0.1:9/v1/PUSH_SMS_RENT", module) as app:
        app.until_ready(len(phones.serials))
        services, numbers = asyncio.run(load(app.webhooks, seconds, rate))
        return Spread.of(services), Spread.of(numbers)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rate", type=float, default=50, help="requests per second")
    options.add_argument("--phones", type=int, default=8)
    chosen = options.parse_args()
    print(f"{chosen.rate:g} requests/s for {chosen.seconds:g} s, {chosen.phones} phones, milliseconds")
    print(f"{'':<30} {'GET_SERVICES p50':>17} {'p99':>7} {'GET_NUMBER p50':>16} {'p99':>7}")
    p99: list[float] = []
    with virtual_phones(chosen.phones, 0.4) as phones:
        for name, module in WAYS:
            services, numbers = measure(phones, module, chosen.seconds, chosen.rate)
            figures = [1000 * value for value in (services.p50, services.p99, numbers.p50, numbers.p99)]
            print("{:<30} {:>17.1f} {:>7.1f} {:>16.1f} {:>7.1f}".format(name, *figures), flush=True)
            p99.append(numbers.p99)
    print(f"GET_NUMBER p99, window's loop / engine thread, both stalled: {p99[2] / p99[1]:.1f}")


if __name__ == "__main__":
    main()

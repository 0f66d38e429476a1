"""Latency from an SMS stored on a phone to its push at the market: the app against a naive loop.

The naive loop is the obvious implementation: one thread per phone, which every 3 s runs one `content query` of the
newest rows through adbutils, searches it for `body=` and posts each new text at once.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import adbutils

from bench._environment import KEY, Phones, Spread, serving_app, until, virtual_phones

NAIVE_POLL_SECONDS = 3.0
QUERY = "content query --uri content://sms/inbox --projection _id:address:date:body --sort '_id DESC LIMIT 5'"
BODY = re.compile(r"body=(bench \d+)")


class Sink:
    """Answers pushes with SUCCESS and records the first arrival of each text."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.monotonic()
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sink.arrived.setdefault(body["text"], at)
                answer = b'{"status":"SUCCESS"}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/PUSH_SMS_RENT"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def measure(phones: Phones, numbers: list[str], sink: Sink, messages: int, gap: float, first: int) -> list[float]:
    """Send `messages` texts, one every `gap` seconds on average; returns their latencies in seconds."""
    chance = random.Random(first)
    sent: dict[str, float] = {}
    for number in range(first, first + messages):
        text = f"bench {number}"
        sent[text] = phones.send(chance.choice(numbers), text)
        time.sleep(chance.uniform(0.5, 1.5) * gap)
    until(lambda: all(text in sink.arrived for text in sent), 60)
    return [sink.arrived[text] - at for text, at in sent.items()]


def measure_app(phones: Phones, messages: int, gap: float) -> list[float]:
    sink = Sink()
    try:
        with serving_app(phones, sink.url) as app:
            app.until_ready(len(phones.serials))
            rented: list[str] = []
            while len(rented) < 200 and (rent := app.order()) is not None:
                rented.append(rent[1])
            return measure(phones, rented, sink, messages, gap, first=1)
    finally:
        sink.close()


def measure_naive_loop(phones: Phones, messages: int, gap: float) -> list[float]:
    sink = Sink()
    stop = threading.Event()
    client = adbutils.AdbClient("127.0.0.1", phones.adb_port)
    loops = [threading.Thread(target=_naive, args=(client, serial, sink.url, stop)) for serial in phones.serials]
    try:
        for loop in loops:
            loop.start()
        time.sleep(2 * NAIVE_POLL_SECONDS)
        return measure(phones, list(phones.numbers), sink, messages, gap, first=1_000_000)
    finally:
        stop.set()
        for loop in loops:
            loop.join(30)
        sink.close()


def _naive(client: adbutils.AdbClient, serial: str, push_url: str, stop: threading.Event) -> None:
    device = client.device(serial=serial)
    seen = set(BODY.findall(str(device.shell(QUERY))))
    stop.wait(random.uniform(0, NAIVE_POLL_SECONDS))
    while not stop.is_set():
        started = time.monotonic()
        for text in BODY.findall(str(device.shell(QUERY))):
            if text not in seen:
                seen.add(text)
                body = json.dumps({"text": text, "key": KEY}).encode()
                urllib.request.urlopen(urllib.request.Request(push_url, body), timeout=10).read()
        stop.wait(max(NAIVE_POLL_SECONDS - (time.monotonic() - started), 0))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--phones", type=int, nargs="+", default=[12, 100])
    options.add_argument("--messages", type=int, default=120)
    options.add_argument("--gap", type=float, default=0.25, help="seconds between messages")
    options.add_argument("--query-seconds", type=float, default=0.4)
    chosen = options.parse_args()
    ways: dict[str, Callable[[Phones, int, float], list[float]]] = {
        "phonefarm": measure_app,
        "naive loop, 3 s": measure_naive_loop,
    }
    print(f"stored on the phone to push received; a query costs {chosen.query_seconds:g} s")
    print(f"{'phones':>6}  {'way':<16} {'SMS':>5} {'p50':>8} {'p99':>8} {'max':>8}")
    for count in chosen.phones:
        with virtual_phones(count, chosen.query_seconds) as phones:
            spreads = {name: Spread.of(way(phones, chosen.messages, chosen.gap)) for name, way in ways.items()}
        for name, spread in spreads.items():
            figures = f"{spread.p50:>7.2f}s {spread.p99:>7.2f}s {spread.maximum:>7.2f}s"
            print(f"{count:>6}  {name:<16} {spread.count:>5} {figures}", flush=True)
        app, naive = spreads.values()
        print(
            f"{count:>6}  naive / phonefarm: p50 {naive.p50 / app.p50:.1f}, p99 {naive.p99 / app.p99:.1f}", flush=True
        )


if __name__ == "__main__":
    main()

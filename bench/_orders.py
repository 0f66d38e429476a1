"""Orders numbers like Onlinesim from a separate process and measures the response times.

A response time starts when a request is sent on an open connection. On Linux it ends at the kernel's timestamp of the
answer, as the real caller is on another machine and does not compete for a core of this one. The load is open-loop:
one request each 1/RATE s, even if earlier ones are unanswered.
"""

from __future__ import annotations

import argparse
import json
import queue
import socket
import struct
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools

from bench._environment import KEY

CALLER_THREADS = 32
HAS_TIMESTAMPS = sys.platform == "linux" and sys.maxsize > 2**32
_HEADERS = "User-Agent: bench\r\nContent-Type: application/json; charset=utf-8\r\n"
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


def _now() -> float:
    """The time on the clock of the kernel's timestamps, where available."""
    return time.time() if HAS_TIMESTAMPS else time.perf_counter()


class TimedAnswer(NamedTuple):
    body: dict[str, Any]
    seconds: float
    """From the request to the answer."""


class _Answer:
    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.is_complete = False

    def feed(self, data: bytes) -> None:
        if not data:
            raise ConnectionResetError("the answer broke off")
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, 30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if HAS_TIMESTAMPS:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def post(self, path: str, **fields: object) -> TimedAnswer:
        body = json.dumps({"key": KEY, **fields})
        head = f"POST {path} HTTP/1.1\r\nHost: farm\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
        request = (head + body).encode()
        answer = _Answer()
        started = at = _now()
        self._socket.sendall(request)
        while not answer.is_complete:
            data, at = self._receive()
            answer.feed(data)
        return TimedAnswer(json.loads(answer.body), at - started)

    def _receive(self) -> tuple[bytes, float]:
        """The received bytes and their time of arrival."""
        if not HAS_TIMESTAMPS:
            return self._socket.recv(65536), _now()
        data, notes, _, _ = self._socket.recvmsg(65536, socket.CMSG_SPACE(_TIMESPEC.size))
        if not data:
            return data, _now()
        ((_, _, stamp),) = notes
        seconds, nanoseconds = _TIMESPEC.unpack(stamp)
        return data, seconds + nanoseconds / 1e9


class Orders:
    """Calls the webhooks on persistent connections."""

    def __init__(self, webhooks: str) -> None:
        parts = urlsplit(webhooks)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)
        self._idle_connections: queue.SimpleQueue[_Connection] = queue.SimpleQueue()
        self.order_seconds: list[float] = []
        """The response time of each GET_NUMBER."""

    def get_services(self) -> None:
        self._post("/getServicesRent", action="GET_SERVICES")

    def get_number(self) -> None:
        issued = self._post("/getNumberRent", action="GET_NUMBER", service="rent", sum=100)
        self.order_seconds.append(issued.seconds)
        if issued.body["status"] == "SUCCESS":
            finish = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": issued.body["activationId"]}
            self._post("/finishActivationRent", **finish, status=1)

    def _post(self, path: str, **fields: object) -> TimedAnswer:
        try:
            connection = self._idle_connections.get_nowait()
        except queue.Empty:
            connection = _Connection(self._address)
        answered = connection.post(path, **fields)
        self._idle_connections.put(connection)
        return answered


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("webhooks", help="address of the farm's webhooks")
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--rate", type=float, default=20, help="requests per second; every second one is a GET_NUMBER")
    chosen = options.parse_args(arguments)
    orders = Orders(chosen.webhooks)
    print("begins", flush=True)
    with ThreadPoolExecutor(CALLER_THREADS) as callers:
        started = time.perf_counter()
        pending = []
        for number in range(int(chosen.seconds * chosen.rate)):
            time.sleep(max(started + number / chosen.rate - time.perf_counter(), 0))
            pending.append(callers.submit(orders.get_services if number % 2 else orders.get_number))
        for call in pending:
            call.result()
    print(json.dumps(orders.order_seconds))


if __name__ == "__main__":
    main()

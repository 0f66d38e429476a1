"""Orders numbers as Onlinesim does, from a process of its own, and says how long each answer took.

A time goes from the sending of a request on a connection that stands, to its answer: on Linux, to when the system had
it for us, for the real caller sits on another machine and does not wait for a core of this one. Requests come
open-loop, one each 1/RATE s, whether or not the last was answered.
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

from bench.parts import KEY

CALLERS = 32
IS_STAMPED = sys.platform == "linux" and sys.maxsize > 2**32
_HEADERS = "User-Agent: bench\r\nContent-Type: application/json; charset=utf-8\r\n"
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


def _now() -> float:
    """By the clock that stamps answers, where one does."""
    return time.time() if IS_STAMPED else time.perf_counter()


class Answered(NamedTuple):
    body: dict[str, Any]
    after: float
    """Seconds from the request."""


class _Answer:
    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.is_whole = False

    def feed(self, data: bytes) -> None:
        if not data:
            raise ConnectionResetError("the answer broke off")
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, 30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if IS_STAMPED:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def post(self, path: str, **fields: object) -> Answered:
        body = json.dumps({"key": KEY, **fields})
        head = f"POST {path} HTTP/1.1\r\nHost: farm\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
        request = (head + body).encode()
        answer = _Answer()
        begun = at = _now()
        self._socket.sendall(request)
        while not answer.is_whole:
            data, at = self._received()
            answer.feed(data)
        return Answered(json.loads(answer.body), at - begun)

    def _received(self) -> tuple[bytes, float]:
        """What came, and when."""
        if not IS_STAMPED:
            return self._socket.recv(65536), _now()
        data, notes, _, _ = self._socket.recvmsg(65536, socket.CMSG_SPACE(_TIMESPEC.size))
        if not data:
            return data, _now()
        ((_, _, stamp),) = notes
        seconds, nanoseconds = _TIMESPEC.unpack(stamp)
        return data, seconds + nanoseconds / 1e9


class Orders:
    """GET_NUMBER and FINISH_ACTIVATION in turn with GET_SERVICES, on kept connections."""

    def __init__(self, webhooks: str) -> None:
        parts = urlsplit(webhooks)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)
        self._kept: queue.SimpleQueue[_Connection] = queue.SimpleQueue()
        self.answered_after: list[float] = []
        """Seconds, of each GET_NUMBER."""

    def get_services(self) -> None:
        self._post("/getServicesRent", action="GET_SERVICES")

    def get_number(self) -> None:
        issued = self._post("/getNumberRent", action="GET_NUMBER", service="rent", sum=100)
        self.answered_after.append(issued.after)
        if issued.body["status"] == "SUCCESS":
            finish = {"action": "FINISH_ACTIVATION", "service": "rent", "activationId": issued.body["activationId"]}
            self._post("/finishActivationRent", **finish, status=1)

    def _post(self, path: str, **fields: object) -> Answered:
        try:
            connection = self._kept.get_nowait()
        except queue.Empty:
            connection = _Connection(self._address)
        answered = connection.post(path, **fields)
        self._kept.put(connection)
        return answered


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("webhooks", help="address of the farm's webhooks")
    options.add_argument("--seconds", type=float, default=30)
    options.add_argument("--rate", type=float, default=20, help="requests a second, every second one a GET_NUMBER")
    chosen = options.parse_args(arguments)
    orders = Orders(chosen.webhooks)
    print("begins", flush=True)
    with ThreadPoolExecutor(CALLERS) as callers:
        begun = time.perf_counter()
        asked = []
        for number in range(int(chosen.seconds * chosen.rate)):
            time.sleep(max(begun + number / chosen.rate - time.perf_counter(), 0))
            asked.append(callers.submit(orders.get_services if number % 2 else orders.get_number))
        for one in asked:
            one.result()
    print(json.dumps(orders.answered_after))


if __name__ == "__main__":
    main()

"""A stand-in for Onlinesim in a separate process; accepts all pushes and records when each text first arrived.

It does as little as possible per request, as it shares the machine with the measured process.
"""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import parse_qs

import httptools

PATH = "/v1/PUSH_SMS_RENT"


class ReceivedPushes:
    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        """The first arrival of each text."""
        self.plain_requests = 0
        """Requests with the text in the query string."""

    def answer(self, path: str, query: str, body: bytes, arrived_at: float) -> object:
        match path:
            case _ if path == PATH:
                self.at.setdefault(json.loads(body)["text"], arrived_at)
                return {"status": "SUCCESS"}
            case "/plain":  # the format of SMS gateways
                self.at.setdefault(parse_qs(query)["text"][0], arrived_at)
                self.plain_requests += 1
                return {}
            case "/count":
                return {"count": len(self.at)}
            case "/requests":
                return {"count": self.plain_requests}
            case "/times":
                return self.at
            case "/forget":
                self.at.clear()
                self.plain_requests = 0
                return {}
        raise LookupError(path)


class Connection(asyncio.Protocol):
    """A persistent connection; pipelined requests are answered in order."""

    def __init__(self, received: ReceivedPushes) -> None:
        self._received = received
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._arrived_at = 0.0
        self._url = self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._arrived_at = time.time()
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._transport is not None
        path, _, query = self._url.decode().partition("?")
        body = json.dumps(self._received.answer(path, query, self._body, self._arrived_at)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)
        if not self._parser.should_keep_alive():
            self._transport.close()


async def main() -> None:
    taken = ReceivedPushes()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(taken), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""A local stand-in for Onlinesim that accepts everything at once and remembers when each text came; a process.

It does next to nothing for a request: it shares the machine with what is measured.
"""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import parse_qs

import httptools

PATH = "/v1/PUSH_SMS_RENT"


class Taken:
    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        """When each text came first."""
        self.plain = 0
        """Requests with their text in the query."""

    def answer(self, path: str, query: str, body: bytes, came_at: float) -> object:
        match path:
            case _ if path == PATH:
                self.at.setdefault(json.loads(body)["text"], came_at)
                return {"status": "SUCCESS"}
            case "/plain":  # as an SMS gateway tells a web service of a message
                self.at.setdefault(parse_qs(query)["text"][0], came_at)
                self.plain += 1
                return {}
            case "/count":
                return {"count": len(self.at)}
            case "/requests":
                return {"count": self.plain}
            case "/times":
                return self.at
            case "/forget":
                self.at.clear()
                self.plain = 0
                return {}
        raise LookupError(path)


class Caller(asyncio.Protocol):
    """A kept connection; whoever speaks ahead is answered in turn."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._came_at = 0.0
        self._url = self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came_at = time.time()
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
        body = json.dumps(self._taken.answer(path, query, self._body, self._came_at)).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)
        if not self._parser.should_keep_alive():
            self._transport.close()


async def main() -> None:
    taken = Taken()
    server = await asyncio.get_running_loop().create_server(lambda: Caller(taken), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""Servers on this PC that take alerts: one for mail, one for HTTP. They can refuse, fail and hang."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any


@dataclass
class MailSink:
    """An SMTP server that keeps what it gets."""

    port: int = 0
    password: str = "app-password"
    refuses_recipients: bool = False
    hangs: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    connections: int = 0

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.hangs:
            await reader.read()  # until the caller has had enough
            return

        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 sink")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                say("250-sink")
                say("250 AUTH PLAIN")
            elif word == "AUTH":
                given = base64.b64decode(line.split()[2]).split(b"\0")[-1].decode()
                say("235 welcome" if given == self.password else f"535 5.7.8 {given} is no password of mine")
            elif word == "RCPT" and self.refuses_recipients:
                say("550 5.1.1 no such user")
            elif word == "DATA":
                say("354 go on")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                mail = message_from_string(text, policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 fine")
            await writer.drain()


@dataclass
class HttpSink:
    """Takes POSTs and answers with `status`; `location` makes it lead elsewhere."""

    port: int = 0
    status: int = 200
    location: str = ""
    body: str = "{}"
    hangs: bool = False
    paths: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.hangs:
            await reader.read()
            return
        request = (await reader.readline()).decode().split()
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        self.paths.append(request[1])
        self.headers.append(headers)
        with suppress(ValueError):
            self.bodies.append(json.loads(content))
        location = f"Location: {self.location}\r\n" if self.location else ""
        body = self.body.encode()
        head = f"HTTP/1.1 {self.status} X\r\n{location}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)


@asynccontextmanager
async def listening(sink: MailSink | HttpSink) -> AsyncIterator[None]:
    """`sink` answers on a port of its own within."""
    talks = set[asyncio.Task[Any]]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await sink.talk(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller left
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

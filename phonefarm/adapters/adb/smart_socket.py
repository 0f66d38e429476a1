"""The adb server's smart socket: one request a connection, a deadline for each whole call, the world's errors only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.name_lookup import NameLookup
from phonefarm.application.ports.world import PhoneUnreachable, ServerDown
from phonefarm.domain.errors import KnownError
from phonefarm.support import deadlines
from phonefarm.support.os_errors import cause_of

CONNECT_WITHIN = 5.0
READ_BUFFER = 256 * 1024
LONGEST_REQUEST = 0xFFFF
_HEX4 = re.compile(rb"[0-9a-fA-F]{4}")
_SHOWN_SERIAL = 60
_SHOWN_REASON = 200


class ProtocolBroken(ServerDown):
    """What answers does not speak the adb server's language, or lost its thread."""


class ServerSilent(ServerDown):
    """Something listens there and does not answer: another server cannot be started in its place."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """How one phone is named to the server: by its serial, or by its connection's number where others share that."""

    serial: str
    transport_id: int | None = None

    @property
    def transport(self) -> str:
        if self.transport_id is None:
            return f"host:transport:{self.serial}"
        return f"host:transport-id:{self.transport_id}"

    def request(self, what: str) -> str:
        """A question to the server about the phone."""
        if self.transport_id is None:
            return f"host-serial:{self.serial}:{what}"
        return f"host-transport-id:{self.transport_id}:{what}"


class Conversation:
    """An open connection to the adb server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self, text: str) -> None:
        """Send one request and take its OKAY; FAIL becomes Refused."""
        payload = text.encode("utf-8", "surrogateescape")
        if len(payload) > LONGEST_REQUEST:
            raise Refused("the request is too long for adb")
        self._writer.write(b"%04x" % len(payload) + payload)
        await self._writer.drain()
        status = await self.exactly(4)
        if status == b"OKAY":
            return
        if status == b"FAIL":
            raise Refused(await self.block())
        raise ProtocolBroken(f"What listens there is no adb server: it answered {status!r}.")

    def send(self, data: bytes) -> None:
        """Send a few bytes and do not wait for their leaving."""
        self._writer.write(data)

    async def block(self) -> str:
        """A text behind its length in four hex digits."""
        return await self.text(await self.length())

    async def length(self) -> int:
        digits = await self.exactly(4)
        if not _HEX4.fullmatch(digits):
            raise ProtocolBroken(f"The adb server's answer lost its thread: {digits!r} is no length.")
        return int(digits, 16)

    async def length_within(self, seconds: float) -> int:
        """The length of the next text; QuietLongEnough if none has begun, which loses nothing."""
        deadline = deadlines.within(seconds)
        try:
            async with deadline:
                return await self.length()
        except TimeoutError as error:
            if deadline.expired():
                raise QuietLongEnough from error
            raise

    async def text(self, length: int) -> str:
        return (await self.exactly(length)).decode("utf-8", "replace")

    async def exactly(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def some(self) -> bytes:
        """Whatever has come; empty at the end."""
        return await self._reader.read(READ_BUFFER)

    def close(self) -> None:
        self._writer.transport.abort()


class QuietLongEnough(Exception):
    """Nothing came for a while, which may be well."""


class Refused(Exception):
    """The server said FAIL, in these words."""


class SmartSocket:
    """Requests to one adb server; each call opens its own connection."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._lookup = NameLookup(host, port)

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    async def version(self, *, within: float) -> int:
        text = await self.ask("host:version", within=within)
        try:
            return int(text, 16)
        except ValueError as error:
            raise ProtocolBroken(f"What listens on {self.name} is no adb server.") from error

    async def ask(self, request: str, *, within: float, serial: str | None = None) -> str:
        """The text that answers a `host…` request; errors are the phone's where it is about a `serial`."""
        errors = self.server_errors(within=within) if serial is None else phone_errors(serial, within=within)
        async with errors:
            with closing(await self.connect()) as talk:
                await self._request(talk, request, serial)
                return await talk.block()

    async def open_service(self, address: Address, service: str) -> Conversation:
        """A connection on which the phone's `service` has begun; deadline and errors are the caller's."""
        talk = await self.connect()
        try:
            await self._request(talk, address.transport, address.serial)
            await talk.request(service)
        except BaseException:
            talk.close()
            raise
        return talk

    async def _request(self, talk: Conversation, request: str, serial: str | None) -> None:
        """Of an absent phone adb says what another device lacks, a permission: the list tells whose it is."""
        try:
            await talk.request(request)
        except Refused as error:
            if serial is None or not str(error).startswith(_NO_PERMISSION) or await self._lacks_permission(serial):
                raise
            raise Refused(f"device '{serial}' not found") from error

    async def _lacks_permission(self, serial: str) -> bool:
        listed = parse_device_list(await self.ask("host:devices", within=CONNECT_WITHIN))
        return any(device.serial == serial and device.adb_state.startswith("no permissions") for device in listed)

    async def connect(self) -> Conversation:
        """A fresh connection, the caller's to close; ServerDown if none can be had soon."""
        try:
            async with deadlines.within(CONNECT_WITHIN):
                line = await self._lookup.connect()
                reader, writer = await asyncio.open_connection(sock=line, limit=READ_BUFFER)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise ServerDown(f"No adb server answers on {self.name} ({_reason(error)}).") from error
        return Conversation(reader, writer)

    @asynccontextmanager
    async def server_errors(self, *, within: float) -> AsyncIterator[None]:
        """Turn what goes wrong inside into ServerDown, lateness included; not to be held over a yield."""
        try:
            async with deadlines.within(within):
                yield
        except Refused as error:
            raise ServerDown(f"The adb server on {self.name} refused: {_one_line(str(error))}.") from error
        except TimeoutError as error:
            raise ServerSilent(f"The adb server on {self.name} did not answer within {within:g} s.") from error
        except (OSError, EOFError) as error:
            raise ServerDown(f"The adb server on {self.name} ended the conversation.") from error


@asynccontextmanager
async def phone_errors(serial: str, *, within: float) -> AsyncIterator[None]:
    """Turn what goes wrong inside into PhoneUnreachable, lateness included; ServerDown passes as it is."""
    try:
        async with deadlines.within(within):
            yield
    except Refused as error:
        raise refusal(serial, str(error)) from error
    except TimeoutError as error:
        raise PhoneUnreachable(f"Phone {shown(serial)} did not answer within {within:g} s.") from error
    except (OSError, EOFError) as error:
        raise PhoneUnreachable(f"Phone {shown(serial)}: the answer was cut.") from error


def refusal(serial: str, words: str) -> KnownError:
    """What a FAIL text about a phone means for the person."""
    phone = f"Phone {shown(serial)}"
    said = words.replace(f"'{serial}'", "''")  # a serial may spell any of these words
    for form, meaning in _REFUSALS:
        if form.match(said):
            return PhoneUnreachable(f"{phone} {meaning}")
    return PhoneUnreachable(f"{phone}: adb says: {_one_line(words)}.")


_NO_PERMISSION = "insufficient permissions for device"
_REFUSALS = tuple(
    (re.compile(form), meaning)
    for form, meaning in (
        ("device unauthorized", "is not authorised: confirm 'Allow USB debugging' on its screen."),
        ("device still authorizing", "is being authorised: confirm 'Allow USB debugging' on its screen if it asks."),
        ("device still connecting", "is just being connected."),
        ("device offline", "is offline: adb lists it but cannot speak with it."),
        ("device (?:'' )?not found", "is not connected."),
        ("no permissions", "cannot be opened by this user: a udev rule or a driver is missing."),
        (_NO_PERMISSION, "cannot be opened by this user: a udev rule or a driver is missing."),
        ("more than one (?:device|emulator)", "shares its serial with another phone: unplug one of them."),
        (r"closed\s*\Z", "refused the command."),
    )
)
"""How adb's own messages begin. The system's words, which it passes on, speak of closed connections too."""


def shown(serial: str) -> str:
    """A serial as it may stand in a message: one line, no longer than needed."""
    text = "".join(char if char.isprintable() else "?" for char in serial)
    return text if len(text) <= _SHOWN_SERIAL else f"{text[:_SHOWN_SERIAL]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_SHOWN_REASON].rstrip(".") or "no reason given"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_WITHIN:g} s"
    said = cause_of(error) if isinstance(error, OSError) else str(error)
    return _one_line(said[:1].lower() + said[1:])

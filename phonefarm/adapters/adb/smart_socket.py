"""Client of the adb server's smart socket: one request per connection, one timeout per call, only known errors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from phonefarm.adapters.adb.adb_connection import READ_BUFFER_BYTES, AdbConnection, ProtocolError, RequestRefused
from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.name_lookup import NameLookup
from phonefarm.application.ports.world import PhoneUnreachable, ServerDown
from phonefarm.domain.errors import KnownError
from phonefarm.support import deadlines
from phonefarm.support.os_errors import cause_of

CONNECT_TIMEOUT_SECONDS = 5.0
_MAX_SERIAL_CHARS = 60
_MAX_REASON_CHARS = 200


class ServerSilent(ServerDown):
    """Something listens on the port and does not answer, so no other server can be started there."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """How to name one phone to the server: by its serial, or by its transport id if the serial is ambiguous."""

    serial: str
    transport_id: int | None = None

    @property
    def transport(self) -> str:
        if self.transport_id is None:
            return f"host:transport:{self.serial}"
        return f"host:transport-id:{self.transport_id}"

    def request(self, what: str) -> str:
        """A `host` request about the phone."""
        if self.transport_id is None:
            return f"host-serial:{self.serial}:{what}"
        return f"host-transport-id:{self.transport_id}:{what}"


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
            raise ProtocolError(f"What listens on {self.name} is no adb server.") from error

    async def ask(self, request: str, *, within: float, serial: str | None = None) -> str:
        """The answer to a `host…` request. With a `serial`, errors are PhoneUnreachable, else ServerDown."""
        errors = self.server_errors(within=within) if serial is None else phone_errors(serial, within=within)
        async with errors:
            with closing(await self.connect()) as connection:
                await self._request(connection, request, serial)
                return await connection.read_block()

    async def open_service(self, address: Address, service: str) -> AdbConnection:
        """A connection with the phone's `service` started. The caller handles timeout and errors, and closes it."""
        connection = await self.connect()
        try:
            await self._request(connection, address.transport, address.serial)
            await connection.request(service)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _request(self, connection: AdbConnection, request: str, serial: str | None) -> None:
        """For an absent phone, adb reports a missing permission of some other device; the device list tells which."""
        try:
            await connection.request(request)
        except RequestRefused as error:
            if serial is None or not str(error).startswith(_NO_PERMISSION) or await self._lacks_permission(serial):
                raise
            raise RequestRefused(f"device '{serial}' not found") from error

    async def _lacks_permission(self, serial: str) -> bool:
        listed = parse_device_list(await self.ask("host:devices", within=CONNECT_TIMEOUT_SECONDS))
        return any(device.serial == serial and device.adb_state.startswith("no permissions") for device in listed)

    async def connect(self) -> AdbConnection:
        """A new connection, which the caller closes; raises ServerDown."""
        try:
            async with deadlines.within(CONNECT_TIMEOUT_SECONDS):
                client = await self._lookup.connect()
                reader, writer = await asyncio.open_connection(sock=client, limit=READ_BUFFER_BYTES)
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
            raise ServerDown(f"No adb server answers on {self.name} ({_reason(error)}).") from error
        return AdbConnection(reader, writer)

    @asynccontextmanager
    async def server_errors(self, *, within: float) -> AsyncIterator[None]:
        """Turn errors and the timeout inside into ServerDown. Do not hold it across a yield."""
        try:
            async with deadlines.within(within):
                yield
        except RequestRefused as error:
            raise ServerDown(f"The adb server on {self.name} refused: {_one_line(str(error))}.") from error
        except TimeoutError as error:
            raise ServerSilent(f"The adb server on {self.name} did not answer within {within:g} s.") from error
        except (OSError, EOFError) as error:
            raise ServerDown(f"The adb server on {self.name} closed the connection.") from error


@asynccontextmanager
async def phone_errors(serial: str, *, within: float) -> AsyncIterator[None]:
    """Turn errors and the timeout inside into PhoneUnreachable; ServerDown passes unchanged."""
    try:
        async with deadlines.within(within):
            yield
    except RequestRefused as error:
        raise refusal(serial, str(error)) from error
    except TimeoutError as error:
        raise PhoneUnreachable(f"Phone {printable(serial)} did not answer within {within:g} s.") from error
    except (OSError, EOFError) as error:
        raise PhoneUnreachable(f"Phone {printable(serial)}: the answer was cut.") from error


def refusal(serial: str, words: str) -> KnownError:
    """The text of a FAIL about a phone, in words for the user."""
    phone = f"Phone {printable(serial)}"
    text = words.replace(f"'{serial}'", "''")  # a serial may contain any of these words
    for form, meaning in _REFUSALS:
        if form.match(text):
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
"""Beginnings of adb's own messages; system messages that it passes on contain "closed" too."""


def printable(serial: str) -> str:
    """A serial for messages: one line, limited in length."""
    text = "".join(char if char.isprintable() else "?" for char in serial)
    return text if len(text) <= _MAX_SERIAL_CHARS else f"{text[:_MAX_SERIAL_CHARS]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_REASON_CHARS].rstrip(".") or "no reason given"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_TIMEOUT_SECONDS:g} s"
    text = cause_of(error) if isinstance(error, OSError) else str(error)
    return _one_line(text[:1].lower() + text[1:])

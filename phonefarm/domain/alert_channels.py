"""The channels of the alerts: their kinds, what must be entered for each, and why a delivery failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from phonefarm.domain.fields import Fields


class ChannelKind(StrEnum):
    DESKTOP = "desktop"
    """A notice of the window or its tray icon."""
    TELEGRAM = "telegram"
    EMAIL = "email"
    DISCORD = "discord"
    NTFY = "ntfy"
    WEBHOOK = "webhook"
    OTHER = "other"
    """Any URL that apprise understands."""


@dataclass(frozen=True, kw_only=True)
class FormField:
    name: str
    is_secret: bool = False
    is_optional: bool = False


def _field(name: str, *, is_secret: bool = False, is_optional: bool = False) -> FormField:
    return FormField(name=name, is_secret=is_secret, is_optional=is_optional)


FORMS: Mapping[ChannelKind, tuple[FormField, ...]] = {
    ChannelKind.DESKTOP: (),
    ChannelKind.TELEGRAM: (_field("token", is_secret=True), _field("chat")),
    ChannelKind.EMAIL: (
        _field("server"),
        _field("user", is_optional=True),
        _field("password", is_secret=True, is_optional=True),
        _field("recipient"),
        _field("sender", is_optional=True),
    ),
    ChannelKind.DISCORD: (_field("url", is_secret=True),),
    ChannelKind.NTFY: (
        _field("topic"),
        _field("server", is_optional=True),
        _field("token", is_secret=True, is_optional=True),
    ),
    ChannelKind.WEBHOOK: (_field("url", is_secret=True),),
    ChannelKind.OTHER: (_field("url", is_secret=True),),
}
NTFY_SERVER = "https://ntfy.sh"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where alerts go, without its secrets."""

    channel_id: str
    kind: ChannelKind
    name: str
    is_on: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    """What was entered and is no secret."""
    target: str = ""
    """What tells the user which one it is: a chat, an address, a host."""


class DeliveryFault(StrEnum):
    """Why an alert did not arrive; the fields of a kind are in brackets."""

    ADDRESS_WRONG = "address wrong"
    """What was entered cannot be an address of this service."""
    HOST_UNKNOWN = "host unknown"
    CONNECTION_REFUSED = "connection refused"
    SILENT = "silent"
    """(seconds)"""
    CERTIFICATE = "certificate"
    LOGIN_REFUSED = "login refused"
    """(code)"""
    NOT_FOUND = "not found"
    """(code)"""
    TOO_MANY = "too many"
    """(code)"""
    SERVER_ERROR = "server error"
    """(code)"""
    REJECTED = "rejected"
    """(code)"""
    RECIPIENT_REFUSED = "recipient refused"
    """(code)"""
    SECRET_MISSING = "secret missing"
    SECRET_UNREADABLE = "secret unreadable"
    NO_WINDOW = "no window"
    STILL_BUSY = "still busy"
    """The attempt before has not come back."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one attempt."""

    seconds: float
    fault: DeliveryFault | None = None
    """None: the service has confirmed it."""
    fields: Fields = field(default_factory=dict)

    @property
    def arrived(self) -> bool:
        return self.fault is None


class FormProblem(StrEnum):
    """What is wrong with an entered value."""

    MISSING = "missing"
    TOKEN = "token"
    SERVER = "server"
    ADDRESS = "address"
    DISCORD_URL = "discord url"
    WEB_URL = "web url"
    TOPIC = "topic"
    CHAT = "chat"
    NOT_UNDERSTOOD = "not understood"


_TOKEN = re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}")
_CHAT = re.compile(r"-?\d+|@[A-Za-z0-9_]{4,}")
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_SERVER = re.compile(r"[A-Za-z0-9_.-]+(:\d{1,5})?")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DISCORD = re.compile(r"https://(ptb\.|canary\.)?discord(app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]+/?")


def form_problems(kind: ChannelKind, values: Mapping[str, str]) -> dict[str, FormProblem]:
    """By field; `values` are stripped. A secret that is kept already must be among them."""
    problems = {
        field.name: FormProblem.MISSING
        for field in FORMS[kind]
        if not field.is_optional and not values.get(field.name, "")
    }
    wrong = {
        name: problem
        for name, is_right, problem in _CHECKS[kind]
        if (value := values.get(name, "")) and not is_right(value)
    }
    return problems | wrong


def _is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and text.isprintable()


def _is_server(text: str) -> bool:
    return bool(_SERVER.fullmatch(text)) and 0 < int(text.partition(":")[2] or 1) < 65536


Check = Callable[[str], bool]


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda text: pattern.fullmatch(text) is not None


_CHECKS: Mapping[ChannelKind, tuple[tuple[str, Check, FormProblem], ...]] = {
    ChannelKind.DESKTOP: (),
    ChannelKind.TELEGRAM: (
        ("token", _matches(_TOKEN), FormProblem.TOKEN),
        ("chat", _matches(_CHAT), FormProblem.CHAT),
    ),
    ChannelKind.EMAIL: (
        ("server", _is_server, FormProblem.SERVER),
        ("recipient", _matches(_ADDRESS), FormProblem.ADDRESS),
        ("sender", _matches(_ADDRESS), FormProblem.ADDRESS),
    ),
    ChannelKind.DISCORD: (("url", _matches(_DISCORD), FormProblem.DISCORD_URL),),
    ChannelKind.NTFY: (
        ("topic", _matches(_TOPIC), FormProblem.TOPIC),
        ("server", _is_web_url, FormProblem.WEB_URL),
    ),
    ChannelKind.WEBHOOK: (("url", _is_web_url, FormProblem.WEB_URL),),
    ChannelKind.OTHER: (),
}


def target_of(kind: ChannelKind, values: Mapping[str, str]) -> str:
    """What may be shown of an address: never a token, a password or a path."""
    match kind:
        case ChannelKind.TELEGRAM:
            return values.get("chat", "")
        case ChannelKind.EMAIL:
            return values.get("recipient", "")
        case ChannelKind.NTFY:
            return values.get("topic", "")
        case ChannelKind.WEBHOOK:
            return urlsplit(values.get("url", "")).hostname or ""
        case ChannelKind.OTHER:
            scheme, colon, _ = values.get("url", "").partition("://")
            return scheme if colon and scheme.isalnum() else ""
        case _:
            return ""


DESKTOP_CHANNEL = Channel(channel_id="desktop", kind=ChannelKind.DESKTOP, name="Desktop notice")
"""Always there; it can be switched off."""


def with_desktop(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The channels, and the desktop's among them."""
    found = tuple(channels)
    is_there = any(channel.channel_id == DESKTOP_CHANNEL.channel_id for channel in found)
    return found if is_there else (DESKTOP_CHANNEL, *found)

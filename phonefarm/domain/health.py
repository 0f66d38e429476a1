"""The health of a part of the engine: a kind and its plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from phonefarm.domain.fields import Fields, PlainValue


class HealthKind(StrEnum):
    """The fields of each kind are in brackets."""

    NOT_STARTED = "not started"
    PROBLEM = "problem"
    """A KnownError, with its message (problem)."""
    RUNNING = "running"
    IN_ORDER = "in order"
    BUG = "bug"
    """(task, error)"""
    LISTENS = "listens"
    """(port)"""
    ADMIN_PORT_ANSWERS = "admin port answers"
    ADMIN_PORT_FAILS = "admin port fails"
    """(problem)"""
    ADB_ANSWERS = "adb answers"
    """(version)"""
    NUMBERS_READ = "numbers read"
    """The numbers file (count, unused, objection, left_out, reasons)."""

    NOTHING_PUSHED = "nothing pushed"
    ACCEPTS = "accepts"
    REFUSED_ONE = "refused one"
    """(token)"""
    UNREADABLE = "unreadable"
    """Its answer to a message could not be read."""
    PUSH_FAILED = "push failed"
    """It has not lasted long enough to be an outage."""
    UNREACHABLE = "unreachable"
    """(cause)"""
    ERRORS = "errors"
    """(http_status)"""
    RENT_UNKNOWN = "rent unknown"
    """The market does not know a rent that is open here."""
    KEY_REFUSED = "key refused"
    """(http_status)"""

    KEY_MISSING = "key missing"
    KEY_UNKNOWN = "key unknown"
    """The keyring cannot be read (cause)."""
    PUSH_URL_MISSING = "push url missing"
    SELLING_PAUSED = "selling paused"
    """(by)"""
    CLOCK_TOO_EARLY = "clock too early"
    """(date)"""
    CLOCK_BEHIND = "clock behind"
    """(minutes, phones)"""
    CLOCK_AHEAD = "clock ahead"
    """(minutes, phones)"""

    PUBLIC_ADDRESS_MISSING = "public address missing"
    TUNNEL_STARTING = "tunnel starting"
    PUBLIC_ADDRESS_ANSWERS = "public address answers"
    """(milliseconds)"""
    PUBLIC_HOST_UNKNOWN = "public host unknown"
    """(host)"""
    PUBLIC_ADDRESS_SILENT = "public address silent"
    """No connection, or no answer in time (cause)."""
    PUBLIC_CERTIFICATE_WRONG = "public certificate wrong"
    """(cause)"""
    PUBLIC_ADDRESS_ERRORS = "public address errors"
    """(http_status)"""
    PUBLIC_ADDRESS_FOREIGN = "public address foreign"
    """Something else answers there."""
    TUNNEL_WITHOUT_URL = "tunnel without url"
    """(program)"""
    TUNNEL_PROGRAM_MISSING = "tunnel program missing"
    """(program)"""
    TUNNEL_PROGRAM_ENDED = "tunnel program ended"
    """(program, code, last_line)"""
    SSH_SERVER_SILENT = "ssh server silent"
    """(server, cause)"""
    SSH_KEY_REFUSED = "ssh key refused"
    """The server does not accept the program's key (server)."""
    SSH_HOST_KEY_NEW = "ssh host key new"
    """The user has not confirmed the server's key (server, fingerprint)."""
    SSH_HOST_KEY_CHANGED = "ssh host key changed"
    """(server, fingerprint)"""
    SSH_FORWARD_REFUSED = "ssh forward refused"
    """(server, port)"""
    SSH_ENDED = "ssh ended"
    """(server, cause)"""


@dataclass(frozen=True, kw_only=True)
class Health:
    kind: HealthKind
    fields: Fields = field(default_factory=dict)


def health(kind: HealthKind, **fields: PlainValue) -> Health:
    return Health(kind=kind, fields=fields)


def problem(text: str) -> Health:
    return health(HealthKind.PROBLEM, problem=text)

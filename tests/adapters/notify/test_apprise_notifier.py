"""Alerts sent for real: to a mail server and an HTTP server of this PC, which take, refuse, fail and hang."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from phonefarm.adapters.notify.apprise_library import service_of
from phonefarm.adapters.notify.apprise_notifier import AppriseNotifier
from phonefarm.adapters.notify.channel_urls import apprise_url
from phonefarm.adapters.notify.failures import failure_in
from phonefarm.application.model.alerts import Alert, Channel, ChannelKind, Delivery, DeliveryFault, MessageKind
from tests.builders import NOON
from tests.fakes.alert_sinks import HttpSink, MailSink, listening
from tests.waiting import until

ALERT = Alert(
    at=NOON,
    kind=MessageKind.FIRST,
    title="phonefarm: Hub 1-1.4: 6 phones unplugged together",
    body="14:21 · #031, #032\nCheck the power & the cable <of the hub>.",
)
TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


def channel(kind: ChannelKind, **fields: str) -> Channel:
    return Channel(channel_id="c1", kind=kind, name="mine", fields=fields)


async def sent(kind: ChannelKind, fields: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> Delivery:
    return await AppriseNotifier(5.0).deliver(channel(kind, **fields), secrets or {}, ALERT)


def mail_fields(sink: MailSink, **more: str) -> dict[str, str]:
    return {"server": sink.server, "user": "me@example.org", "recipient": "farm@example.org"} | more


async def test_mail_arrives_as_it_was_written() -> None:
    async with listening(sink := MailSink()):
        delivery = await sent(ChannelKind.EMAIL, mail_fields(sink), {"password": sink.password})

    (mail,) = sink.mails
    assert delivery.arrived
    assert mail["Subject"] == ALERT.title
    assert "me@example.org" in mail["From"]
    assert "farm@example.org" in mail["To"]
    assert "Check the power & the cable <of the hub>." in mail.get_content()


async def test_mail_needs_neither_user_nor_sender() -> None:
    async with listening(sink := MailSink()):
        delivery = await sent(ChannelKind.EMAIL, {"server": sink.server, "recipient": "farm@example.org"})

    assert delivery.arrived
    assert "farm@example.org" in sink.mails[0]["From"]


@pytest.mark.parametrize(
    ("changes", "password", "fault", "code"),
    [
        ({}, "wrong", DeliveryFault.LOGIN_REFUSED, 535),
        ({"refuses_recipients": True}, "app-password", DeliveryFault.RECIPIENT_REFUSED, 550),
    ],
)
async def test_mail_that_is_refused_says_why(
    changes: dict[str, Any], password: str, fault: DeliveryFault, code: int
) -> None:
    async with listening(sink := MailSink(**changes)):
        delivery = await sent(ChannelKind.EMAIL, mail_fields(sink), {"password": password})

    assert (delivery.fault, delivery.fields.get("code")) == (fault, code)
    assert sink.mails == []


async def test_webhook_gets_title_and_message_as_json() -> None:
    async with listening(sink := HttpSink()):
        delivery = await sent(ChannelKind.WEBHOOK, {}, {"url": f"{sink.url}/hooks/farm?room=7&key=abc"})

    (body,) = sink.bodies
    assert delivery.arrived
    assert (body["title"], body["message"]) == (ALERT.title, ALERT.body)
    assert sink.paths == ["/hooks/farm?room=7&key=abc"]


async def test_ntfy_gets_topic_and_token() -> None:
    async with listening(sink := HttpSink()):
        fields = {"topic": "my-farm", "server": sink.url}
        delivery = await sent(ChannelKind.NTFY, fields, {"token": "tk_abcdef"})

    (body,) = sink.bodies
    assert delivery.arrived
    assert (body["topic"], body["title"]) == ("my-farm", ALERT.title)
    assert sink.headers[0]["authorization"] == "Bearer tk_abcdef"


async def test_any_apprise_url_is_a_channel() -> None:
    async with listening(sink := HttpSink()):
        delivery = await sent(ChannelKind.OTHER, {}, {"url": f"form://127.0.0.1:{sink.port}/x"})

    assert delivery.arrived
    assert sink.paths == ["/x"]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (500, DeliveryFault.SERVER_ERROR),
        (401, DeliveryFault.LOGIN_REFUSED),
        (404, DeliveryFault.NOT_FOUND),
        (429, DeliveryFault.TOO_MANY),
        (400, DeliveryFault.REJECTED),
    ],
)
async def test_service_that_does_not_take_it_says_why(status: int, fault: DeliveryFault) -> None:
    async with listening(sink := HttpSink(status=status)):
        delivery = await sent(ChannelKind.WEBHOOK, {}, {"url": sink.url})

    assert (delivery.fault, delivery.fields) == (fault, {"code": status})


async def test_who_leads_elsewhere_has_not_taken_it() -> None:
    async with listening(other := HttpSink()), listening(sink := HttpSink(status=302, location=other.url)):
        delivery = await sent(ChannelKind.WEBHOOK, {}, {"url": sink.url})

    assert not delivery.arrived
    assert other.connections == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kind", [ChannelKind.WEBHOOK, ChannelKind.EMAIL])
async def test_port_where_nobody_listens_is_told(kind: ChannelKind) -> None:
    port = free_port()

    delivery = await sent(
        kind, {"server": f"127.0.0.1:{port}", "recipient": "a@b.org"}, {"url": f"http://127.0.0.1:{port}"}
    )

    assert delivery.fault is DeliveryFault.CONNECTION_REFUSED


@pytest.mark.parametrize("kind", [ChannelKind.WEBHOOK, ChannelKind.EMAIL])
async def test_service_that_hangs_is_left_at_the_deadline_and_holds_one_thread(kind: ChannelKind) -> None:
    web, mail = HttpSink(hangs=True), MailSink(hangs=True)
    async with listening(web), listening(mail):
        notifier = AppriseNotifier(0.2)
        target = channel(kind, server=mail.server, recipient="a@b.org")
        secrets = {"url": web.url}

        first = await notifier.deliver(target, secrets, ALERT)
        second = await notifier.deliver(target, secrets, ALERT)

        assert (first.fault, second.fault) == (DeliveryFault.SILENT, DeliveryFault.STILL_BUSY)
        assert web.connections + mail.connections == 1
        threads = [thread for thread in threading.enumerate() if thread.name == "alert"]
        assert all(thread.daemon for thread in threads)
    await until(lambda: not any(thread.name == "alert" for thread in threading.enumerate()))


async def test_service_that_is_silent_for_longer_than_apprise_waits_is_told_as_such() -> None:
    async with listening(sink := HttpSink(hangs=True)):
        url = f"json://127.0.0.1:{sink.port}/?rto=0.2"
        delivery = await sent(ChannelKind.OTHER, {}, {"url": url})

    assert delivery.fault is DeliveryFault.SILENT


@pytest.mark.parametrize("url", ["nonsense", "foo://bar", "tgram://bad/1", "slack://"])
async def test_url_that_apprise_does_not_understand_is_told(url: str) -> None:
    delivery = await sent(ChannelKind.OTHER, {}, {"url": url})

    assert delivery.fault is DeliveryFault.ADDRESS_WRONG
    assert not AppriseNotifier().understands(ChannelKind.OTHER, {"url": url})


@pytest.mark.parametrize(
    ("kind", "values", "service"),
    [
        (ChannelKind.TELEGRAM, {"token": TOKEN, "chat": "-1001234567890"}, "NotifyTelegram"),
        (ChannelKind.TELEGRAM, {"token": TOKEN, "chat": "@my_farm"}, "NotifyTelegram"),
        (ChannelKind.DISCORD, {"url": "https://discord.com/api/webhooks/1234567890/AbC-d_e"}, "NotifyDiscord"),
        (ChannelKind.NTFY, {"topic": "farm"}, "NotifyNtfy"),
        (ChannelKind.EMAIL, {"server": "smtp.gmail.com", "recipient": "a@b.org"}, "NotifyEmail"),
        (ChannelKind.WEBHOOK, {"url": "https://u:p@h.org/a?b=c"}, "NotifyJSON"),
    ],
)
def test_forms_make_urls_that_apprise_understands(kind: ChannelKind, values: dict[str, str], service: str) -> None:
    assert type(service_of(apprise_url(kind, values))).__name__ == service


@pytest.mark.parametrize(
    ("server", "port", "mode"),
    [
        ("smtp.example.org", 587, "starttls"),
        ("smtp.example.org:465", 465, "ssl"),
        ("smtp.example.org:25", 25, "starttls"),
        ("127.0.0.1:2525", 2525, "insecure"),
    ],
)
def test_password_of_a_mailbox_travels_encrypted_but_on_this_pc(server: str, port: int, mode: str) -> None:
    values = {"server": server, "user": "me@example.org", "password": "p/w @:?&#%", "recipient": "a@b.org"}

    service: Any = service_of(apprise_url(ChannelKind.EMAIL, values))

    assert (service.smtp_host, service.port) == (server.partition(":")[0], port)
    assert service.secure_mode == mode
    assert (service.user, service.password) == ("me@example.org", "p/w @:?&#%")


@dataclass
class RootLog(logging.Handler):
    """What reaches the log of the program."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    __hash__ = logging.Handler.__hash__


@pytest.fixture
def root_log() -> Iterator[RootLog]:
    root, handler = logging.getLogger(), RootLog()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


async def test_neither_log_nor_result_holds_a_token(root_log: RootLog) -> None:
    async with listening(sink := HttpSink(status=500, body="no planted-token here")):
        deliveries = [
            await sent(ChannelKind.WEBHOOK, {}, {"url": f"{sink.url}/planted-token"}),
            await sent(ChannelKind.OTHER, {}, {"url": "foo://planted-token"}),
            await sent(ChannelKind.OTHER, {}, {"url": "tgram://planted-token/1"}),
        ]

    assert "planted-token" not in "".join(root_log.lines)
    assert "planted-token" not in repr(deliveries)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("Socket Exception: <urlopen error [Errno -2] Name or service not known>", DeliveryFault.HOST_UNKNOWN),
        ("Socket Exception: HTTPSConnectionPool: NameResolutionError: Failed to resolve", DeliveryFault.HOST_UNKNOWN),
        ("Socket Exception: [Errno 11001] getaddrinfo failed", DeliveryFault.HOST_UNKNOWN),
        ("SSLError(SSLCertVerificationError(1, 'certificate verify failed'))", DeliveryFault.CERTIFICATE),
        ("[WinError 10061] No connection could be made", DeliveryFault.CONNECTION_REFUSED),
        ("Connection unexpectedly closed", DeliveryFault.CONNECTION_REFUSED),
        ("Socket Exception: timed out", DeliveryFault.SILENT),
        ("Failed to send Telegram notification: Unauthorized, error=401.", DeliveryFault.LOGIN_REFUSED),
        ("Socket Exception: (535, b'5.7.8 Username and Password not accepted')", DeliveryFault.LOGIN_REFUSED),
        ("something else", DeliveryFault.UNKNOWN),
    ],
)
def test_causes_are_read_from_what_apprise_says(line: str, fault: DeliveryFault) -> None:
    assert failure_in(["A Connection error occurred sending it.", line], 4.0)[0] is fault

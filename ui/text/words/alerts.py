"""The words of the alerts: rules as sentences with their numbers inside, channels and their forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.application.model.alerts import (
    AlertMessage,
    Cause,
    ChannelKind,
    ChannelRow,
    MessageKind,
    RuleKind,
    Unit,
)
from phonefarm.application.model.read_models import Fields
from phonefarm.wording.alerts import alert_body, alert_title, delivery_text
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.words.core import tr

Kind = RuleKind

RULES = {
    Kind.NOTHING_FOR_SALE: "Nothing is for sale for {0}",
    Kind.PHONES_LOST: "{0} or a hub unplugged within {1}",
    Kind.TUNNEL_DOWN: "The tunnel is down for {0}",
    Kind.MARKET_DOWN: "Onlinesim cannot be reached for {0}",
    Kind.KEY_REFUSED: "Onlinesim refuses the key",
    Kind.WRONG_KEYS: "At least {0} with a wrong key within {1}",
    Kind.LAST_CHANCE: "A number is one failure from a ban",
    Kind.NO_ORDERS: "No order for longer than usual, at least {0}",
    Kind.PUSH_QUEUE: "An SMS waits in the push queue for {0}",
    Kind.DISK: "Free disk below {0}",
    Kind.CLOCK: "Clock of this PC wrong by {0}",
    Kind.BACKUP: "A backup failed or is older than {0}",
    Kind.CRASH: "phonefarm crashed at its last run",
}
"""`{0}` and `{1}` are the spin boxes of its thresholds."""
UNITS = {
    Unit.SECONDS: " s",
    Unit.MINUTES: " min",
    Unit.HOURS: " h",
    Unit.PHONES: " phones",
    Unit.CALLS: " calls",
    Unit.GIGABYTES: " GB",
}
CHANNELS = {
    ChannelKind.DESKTOP: "Desktop notice",
    ChannelKind.TELEGRAM: "Telegram",
    ChannelKind.EMAIL: "E-mail",
    ChannelKind.DISCORD: "Discord",
    ChannelKind.NTFY: "ntfy",
    ChannelKind.WEBHOOK: "Webhook",
    ChannelKind.OTHER: "Any apprise URL",
}
CHANNEL_HELP = {
    ChannelKind.DESKTOP: "",
    ChannelKind.TELEGRAM: "Create a bot with @BotFather, write to it, and enter its token and your chat's id.",
    ChannelKind.EMAIL: "The mailbox that the alerts are sent from, and where to. Many providers want an app password.",
    ChannelKind.DISCORD: "In the settings of a channel: Integrations, Webhooks, Copy webhook URL.",
    ChannelKind.NTFY: "A topic is as good as a password: choose one that nobody guesses. No server: ntfy.sh.",
    ChannelKind.WEBHOOK: "Gets a POST with JSON: title, message, type.",
    ChannelKind.OTHER: "A URL as apprise documents it, such as slack://, pover://, matrix:// or signal://.",
}
FIELDS = {
    "token": "Token",
    "chat": "Chat",
    "server": "Server",
    "user": "User",
    "password": "Password",
    "recipient": "To",
    "sender": "From",
    "url": "URL",
    "topic": "Topic",
}
PLACEHOLDERS = {
    (ChannelKind.TELEGRAM, "token"): "123456789:AAE…",
    (ChannelKind.TELEGRAM, "chat"): "-1001234567890",
    (ChannelKind.EMAIL, "server"): "smtp.example.org:587",
    (ChannelKind.EMAIL, "user"): "me@example.org",
    (ChannelKind.EMAIL, "recipient"): "me@example.org",
    (ChannelKind.EMAIL, "sender"): "as the user",
    (ChannelKind.DISCORD, "url"): "https://discord.com/api/webhooks/…",
    (ChannelKind.NTFY, "topic"): "my-farm-8c41",
    (ChannelKind.NTFY, "server"): "https://ntfy.sh",
    (ChannelKind.NTFY, "token"): "if the server wants one",
    (ChannelKind.WEBHOOK, "url"): "https://…",
    (ChannelKind.OTHER, "url"): "slack://…",
}
KEPT = "kept; enter a new one to replace it"


@dataclass(frozen=True)
class Said:
    """A sentence and its tone."""

    text: str
    tone: Tone = Tone.IDLE


def channel_state(row: ChannelRow, now: datetime) -> Said:
    """How a channel did lately, in one sentence."""
    channel, result = row.channel, row.result
    if not channel.is_on:
        return Said(tr("Off"))
    if result.failing_since is not None and result.last is not None:
        cause = delivery_text(channel.kind, result.last, tr)
        since = formats.since(result.failing_since, now)
        return Said(tr("Not delivered {since}: {cause}").format(since=since, cause=cause), Tone.BAD)
    if result.arrived_at is None:
        return Said(tr("Nothing sent yet"))
    at = formats.day_time(result.arrived_at, now)
    if channel.kind is ChannelKind.DESKTOP:
        return Said(tr("Last one {at}").format(at=at), Tone.OK)
    template = tr("Test arrived {at}, in {seconds} s") if result.was_test else tr("Last one {at}, in {seconds} s")
    return Said(template.format(at=at, seconds=f"{result.seconds:.1f}"), Tone.OK)


def example_alert(now: datetime) -> tuple[str, str]:
    """Title and text of an alert as it would arrive."""
    values: Fields = {
        "hub": "1-1.4",
        "phones": 6,
        "named": "#031, #032, #033",
        "more": 3,
        "waiting": 2,
        "left": 68,
    }
    cause = Cause(kind=Kind.PHONES_LOST, key="hub", since=now - timedelta(minutes=1), values=values)
    message = AlertMessage(kind=MessageKind.FIRST, at=now, causes=(cause,))
    return alert_title(message, tr), alert_body(message, tr)

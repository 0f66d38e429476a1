"""The words of the alerts: what is sent, and what a delivery that failed means."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from phonefarm.domain.alert_channels import ChannelKind, Delivery, DeliveryFault, FormProblem
from phonefarm.domain.alert_rules import RuleKind
from phonefarm.domain.alerts import AlertMessage, Cause, Ended, MessageKind
from phonefarm.wording.health import health_text

Translate = Callable[[str], str]

PREFIX = "phonefarm: "
MOST_LINES = 12
"""A message is read on a phone."""
_LONG_DIGITS = re.compile(r"\+?(?<!\d)(?!\d{4}-\d\d-\d\d\b)\d(?:[ \u00a0().-]{0,2}\d){6,}")
_KEPT_DIGITS = 4

Kind = RuleKind

TITLES = {
    Kind.NOTHING_FOR_SALE: "Nothing is for sale",
    Kind.PHONES_LOST: "{phones} phones unplugged",
    Kind.TUNNEL_DOWN: "The tunnel is down",
    Kind.MARKET_DOWN: "Onlinesim cannot be reached",
    Kind.KEY_REFUSED: "Onlinesim refuses the key",
    Kind.WRONG_KEYS: "{calls} calls with a wrong key",
    Kind.LAST_CHANCE: "A number is one failure from a ban",
    Kind.NO_ORDERS: "No order for longer than usual",
    Kind.PUSH_QUEUE: "SMS wait in the push queue",
    Kind.DISK: "The disk is nearly full",
    Kind.CLOCK: "The clock of this PC is wrong",
    Kind.BACKUP: "The backup fails",
    Kind.CRASH: "Crash at the last run",
    Kind.CHANNEL_FAILING: "Alerts by “{name}” do not arrive",
}
HUB_TITLE = "Hub {hub}: {phones} phones unplugged together"
TOGETHER_TITLE = "{phones} phones unplugged together"
CHANCES_TITLE = "{count} numbers are one failure from a ban"
OLD_BACKUP_TITLE = "The last backup is {hours} h old"
ADVICE = {
    Kind.NOTHING_FOR_SALE: "Open phonefarm: the overview says what to do.",
    Kind.PHONES_LOST: "Check the power and the cable of what they hang on.",
    Kind.TUNNEL_DOWN: "Onlinesim cannot order. phonefarm goes on trying; check this PC's internet and the tunnel.",
    Kind.MARKET_DOWN: "SMS wait and are sent as soon as it takes them.",
    Kind.KEY_REFUSED: "Nothing is delivered. Enter the key that Onlinesim knows in the settings.",
    Kind.WRONG_KEYS: "The key was changed on one side only, or a stranger tries. Nothing was answered to them.",
    Kind.LAST_CHANCE: "One more unused rent withholds it for 24 h. Check its SIM, or pause it.",
    Kind.NO_ORDERS: "Ask Onlinesim whether it has your offer; phonefarm could take orders all the time.",
    Kind.PUSH_QUEUE: "Customers wait. The page Push queue says why.",
    Kind.DISK: "Free some space: a full disk stops the sales.",
    Kind.CLOCK: "Set it, best from the internet: rents are judged by it.",
    Kind.BACKUP: "Check the disk and the folder of the backups.",
    Kind.CRASH: "It runs again, and nothing that was stored is lost. Send the report to who looks after phonefarm.",
    Kind.CHANNEL_FAILING: "Open the settings of the alerts and send a test.",
}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def alert_title(message: AlertMessage, translate: Translate = str) -> str:
    """One line, without any whole number."""
    causes = message.causes or tuple(end.cause for end in message.ended)
    match message.kind:
        case MessageKind.TEST:
            said = translate("This is a test")
        case MessageKind.TOGETHER:
            said = translate("{count} things need you since the night").format(count=len(causes))
        case _:
            said = _title_of(causes, translate)
    templates = {MessageKind.RECOVERY: "Resolved: {said}", MessageKind.REMINDER: "Still: {said}"}
    template = templates.get(message.kind)
    said = translate(template).format(said=said) if template else said
    return without_numbers(f"{PREFIX}{said}")


def alert_body(message: AlertMessage, translate: Translate = str, zone: tzinfo | None = None) -> str:
    """Some lines of plain text: since when, what, what to do; never the text of an SMS."""
    if message.kind is MessageKind.TEST:
        return translate("If you read this, alerts of your farm reach you here.")
    if message.ended:
        is_named = len(message.ended) > 1
        lines = [_of_end(end, message.at, translate, zone, is_named=is_named) for end in message.ended]
    else:
        lines = _of_causes(message.causes, message.at, translate, zone)
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], translate("and {left} more").format(left=left)]
    return without_numbers("\n".join(lines))


def without_numbers(text: str) -> str:
    """Whatever looks like a phone number or an ICCID is cut to its last digits: a phone may be named by its number."""

    def cut(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        return f"…{digits[-_KEPT_DIGITS:]}"

    return _LONG_DIGITS.sub(cut, text)


def _title_of(causes: Sequence[Cause], translate: Translate) -> str:
    titles = list(dict.fromkeys(cause_title(cause, translate) for cause in causes))
    kinds = {cause.kind for cause in causes}
    if kinds == {Kind.LAST_CHANCE} and len(causes) > 1:
        return translate(CHANCES_TITLE).format(count=len(causes))
    if len(titles) > 1:
        return translate("{first}, and {more} more").format(first=titles[0], more=len(titles) - 1)
    return titles[0] if titles else ""


def cause_title(cause: Cause, translate: Translate = str) -> str:
    template = TITLES[cause.kind]
    if cause.kind is Kind.PHONES_LOST and cause.values.get("hub"):
        template = HUB_TITLE
    elif cause.kind is Kind.PHONES_LOST and cause.values.get("is_together"):
        template = TOGETHER_TITLE
    elif cause.kind is Kind.BACKUP and "hours" in cause.values:
        template = OLD_BACKUP_TITLE
    return translate(template).format(**cause.values)


def _of_causes(causes: Sequence[Cause], now: datetime, translate: Translate, zone: tzinfo | None) -> list[str]:
    """A line for each with its time, and the advice once for each kind."""
    lines = list[str]()
    several = len({cause_title(cause) for cause in causes}) > 1
    for kind in dict.fromkeys(cause.kind for cause in causes):
        for cause in (cause for cause in causes if cause.kind is kind):
            detail = _detail(cause, translate)
            title = cause_title(cause, translate) if several else ""
            parts = [_when(cause.since, now, zone), title, detail]
            lines.append(" · ".join(part for part in parts if part))
        lines.append(translate(ADVICE[kind]))
    return lines


def _of_end(end: Ended, now: datetime, translate: Translate, zone: tzinfo | None, *, is_named: bool) -> str:
    took = _span(end.at - end.cause.since, translate)
    said = translate("{title}: over at {when}, after {took}" if is_named else "Over at {when}, after {took}")
    return said.format(title=cause_title(end.cause, translate), when=_when(end.at, now, zone), took=took)


def _detail(cause: Cause, translate: Translate) -> str:
    values = cause.values
    match cause.kind:
        case Kind.PHONES_LOST:
            return _of_phones(cause, translate)
        case Kind.LAST_CHANCE:
            return translate("number …{tail}").format(tail=values["tail"])
        case Kind.NOTHING_FOR_SALE if values.get("phones"):
            return translate("{phones} phones are unplugged").format(phones=values["phones"])
        case Kind.NO_ORDERS:
            usual = _span(timedelta(minutes=float(values["usual_minutes"])), translate)
            return translate("at this time {usual} would be usual").format(usual=usual)
        case Kind.PUSH_QUEUE:
            return translate("{waiting} waiting").format(waiting=values["waiting"])
        case Kind.DISK:
            return translate("{free_gigabytes} GB free").format(**values)
        case Kind.CLOCK:
            ahead = "{seconds} s ahead of the phones" if values["is_ahead"] else "{seconds} s behind the phones"
            return translate(ahead).format(**values)
        case Kind.WRONG_KEYS:
            return translate("within {minutes} min").format(**values)
        case _:
            return "" if cause.health is None else health_text(cause.health, translate)


def _of_phones(cause: Cause, translate: Translate) -> str:
    values = cause.values
    named = str(values["named"])
    if values["more"]:
        named = translate("{named} and {more} more").format(named=named, more=values["more"])
    waiting, left = int(values["waiting"]), int(values["left"])
    parts = [named]
    if waiting:
        one, many = "1 customer is waiting", "{waiting} customers are waiting"
        parts.append(translate(one if waiting == 1 else many).format(waiting=waiting))
    parts.append(
        translate("{left} numbers still work").format(left=left) if left else translate("nothing is left for sale")
    )
    return ". ".join(part for part in parts if part)


def _when(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    """`14:21`, with the day in front where it was another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


def _span(length: timedelta, translate: Translate) -> str:
    total = max(0, int(length.total_seconds()))
    if total < 60:
        return translate("{s} s").format(s=total)
    if total < 3600:
        return translate("{m} min").format(m=total // 60)
    if total < 86400:
        return translate("{h} h {m:02} min").format(h=total // 3600, m=total // 60 % 60)
    return translate("{d} d {h} h").format(d=total // 86400, h=total // 3600 % 24)


# Deliveries -----------------------------------------------------------------

Fault = DeliveryFault

FAULTS = {
    Fault.ADDRESS_WRONG: "What was entered is no address of this service. Check it for missing characters.",
    Fault.HOST_UNKNOWN: "There is no such server, or this PC has no internet. Check its name.",
    Fault.CONNECTION_REFUSED: "The server takes no connection. Check its port, and whether a firewall blocks it.",
    Fault.SILENT: "The server has not answered for {seconds} s. Check its name and port; a firewall may swallow it.",
    Fault.CERTIFICATE: "The server's certificate is not valid, so nothing was sent. Check its name and this PC's date.",
    Fault.LOGIN_REFUSED: "The service refuses the login ({code}). Check user and password or token.",
    Fault.NOT_FOUND: "The service does not know this address ({code}). It may have been deleted: make a new one.",
    Fault.TOO_MANY: "The service says that too much is sent ({code}). It is tried again later.",
    Fault.SERVER_ERROR: "The service has a fault of its own ({code}). It is tried again later.",
    Fault.REJECTED: "The service does not take it ({code}). Check what was entered.",
    Fault.RECIPIENT_REFUSED: "The mail server refuses sender or recipient ({code}). Check both addresses.",
    Fault.SECRET_MISSING: "Its password or token is not in the keyring any more. Enter it again.",
    Fault.SECRET_UNREADABLE: "The keyring does not give its password or token. Unlock it, or enter it again.",
    Fault.NO_WINDOW: "No window is open that could show it.",
    Fault.STILL_BUSY: "The attempt before has not come back yet. It is tried again later.",
    Fault.UNKNOWN: "The service did not confirm it, and does not say why. Check what was entered.",
}
FAULTS_OF_KINDS = {
    (ChannelKind.TELEGRAM, Fault.LOGIN_REFUSED): "Telegram refuses the bot's token ({code}). Copy it anew from "
    "@BotFather.",
    (ChannelKind.TELEGRAM, Fault.NOT_FOUND): "Telegram does not know the bot's token ({code}). Copy it anew from "
    "@BotFather.",
    (ChannelKind.TELEGRAM, Fault.REJECTED): "Telegram does not know the chat ({code}). Write something to the bot "
    "first, and check the chat's id.",
    (ChannelKind.EMAIL, Fault.LOGIN_REFUSED): "The mail server refuses the password ({code}). Many providers want an "
    "app password here.",
    (ChannelKind.EMAIL, Fault.SILENT): "The mail server has not answered for {seconds} s. Check its port: mostly 587 "
    "or 465.",
    (ChannelKind.DISCORD, Fault.NOT_FOUND): "Discord does not know the webhook ({code}). It may have been deleted: "
    "make a new one in the channel's settings.",
    (ChannelKind.NTFY, Fault.LOGIN_REFUSED): "The ntfy server wants a token for this topic ({code}). Enter one that "
    "may write to it.",
    (ChannelKind.OTHER, Fault.ADDRESS_WRONG): "apprise does not understand this URL. Compare it with the example of "
    "the service.",
}


def delivery_text(kind: ChannelKind, delivery: Delivery, translate: Translate = str) -> str:
    """`arrived in 0.6 s`, or the cause and what usually helps."""
    if delivery.fault is None:
        return translate("arrived in {seconds:.1f} s").format(seconds=delivery.seconds)
    template = FAULTS_OF_KINDS.get((kind, delivery.fault), FAULTS[delivery.fault])
    return translate(template).format(**{"code": "", "seconds": round(delivery.seconds)} | dict(delivery.fields))


FORM_PROBLEMS = {
    FormProblem.MISSING: "This is needed.",
    FormProblem.TOKEN: "A bot token looks like 123456789:AAE…: copy it whole from @BotFather.",
    FormProblem.CHAT: "A chat is a number such as 123456789 or -1001234567890, or a public @name.",
    FormProblem.SERVER: "A mail server is a name, with a port if needed: smtp.example.org:587.",
    FormProblem.ADDRESS: "This is no e-mail address: it looks like name@example.org.",
    FormProblem.DISCORD_URL: "A Discord webhook begins with https://discord.com/api/webhooks/: copy it whole.",
    FormProblem.WEB_URL: "A web address begins with https:// or http://.",
    FormProblem.TOPIC: "A topic consists of letters, digits, - and _, without blanks.",
    FormProblem.NOT_UNDERSTOOD: "apprise does not understand this URL. It looks like slack://token/channel.",
}


def form_problem_text(problem: FormProblem, translate: Translate = str) -> str:
    return translate(FORM_PROBLEMS[problem])

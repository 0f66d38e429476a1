"""The apprise URLs of the channels that have a form of their own."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from phonefarm.application.model.alerts import NTFY_SERVER, ChannelKind
from phonefarm.domain.hosts import is_loopback

SUBMISSION_PORT = 587
TLS_PORT = 465


def apprise_url(kind: ChannelKind, values: Mapping[str, str]) -> str:
    """Holds the channel's secrets: not to be shown, logged or kept."""
    match kind:
        case ChannelKind.TELEGRAM:
            return f"tgram://{values['token']}/{quote(values['chat'], safe='@-')}/?preview=no&detect=no"
        case ChannelKind.EMAIL:
            return _mail_url(values)
        case ChannelKind.NTFY:
            return _ntfy_url(values)
        case ChannelKind.WEBHOOK:
            scheme, _, rest = values["url"].partition("://")
            parts = urlsplit(values["url"])
            query = "".join(f"&-{pair}" for pair in parts.query.split("&") if pair)  # apprise's mark of its own words
            address = rest.partition("?")[0].partition("#")[0]
            return f"{'jsons' if scheme == 'https' else 'json'}://{address}?method=post{query}"
        case _:
            return values["url"]


def _mail_url(values: Mapping[str, str]) -> str:
    """Encrypted everywhere but on this PC: at once on the port for that, else after the greeting."""
    host, _, port_text = values["server"].partition(":")
    port = int(port_text or SUBMISSION_PORT)
    mode = "ssl" if port == TLS_PORT else "insecure" if is_loopback(host) else "starttls"
    user, recipient = values.get("user", ""), values["recipient"]
    sender = values.get("sender") or (user if "@" in user else recipient)
    words = {"from": sender, "to": recipient, "mode": mode, "smtp": host, "name": "phonefarm", "format": "text"}
    if user:
        words |= {"user": user, "pass": values.get("password", "")}
    return f"{'mailto' if mode == 'insecure' else 'mailtos'}://{host}:{port}?{urlencode(words, quote_via=quote)}"


def _ntfy_url(values: Mapping[str, str]) -> str:
    parts = urlsplit(values.get("server") or NTFY_SERVER)
    scheme = "ntfys" if parts.scheme == "https" else "ntfy"
    words = {"mode": "private", "image": "no"}
    if token := values.get("token"):
        words |= {"token": token, "auth": "token"}
    return f"{scheme}://{parts.netloc}/{values['topic']}?{urlencode(words, quote_via=quote)}"

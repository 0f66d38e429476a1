"""The words of the public address: what it says, and the message for Onlinesim's support."""

from __future__ import annotations

from phonefarm.application.model.read_models import PublicAddress, TunnelKind, Verdict
from phonefarm.wording.health import health_text
from ui.style.tokens import Tone
from ui.text.words.core import Word, tr

ADDRESS_STATES = {
    Verdict.PASS: Word("Works", Tone.OK),
    Verdict.WARN: Word("Checking", Tone.WARN),
    Verdict.FAIL: Word("Failed", Tone.BAD),
}
NO_ADDRESS = Word("Not set", Tone.IDLE)
TUNNELS = {
    TunnelKind.NONE: "None",
    TunnelKind.URL: "A URL of my own",
    TunnelKind.SSH: "My server over SSH",
    TunnelKind.CLOUDFLARED: "cloudflared, quick",
    TunnelKind.CLOUDFLARED_NAMED: "cloudflared, named",
    TunnelKind.NGROK: "ngrok",
    TunnelKind.TUNA: "tuna",
    TunnelKind.LOCALTONET: "localtonet",
    TunnelKind.COMMAND: "Another program",
}
PATHS = ("/getServicesRent", "/getNumberRent", "/finishActivationRent")
SUPPORT_MESSAGE = """Hello! Please set these addresses for the rent of my numbers:
GET_SERVICES: {services}
GET_NUMBER: {number}
FINISH_ACTIVATION: {finish}"""
"""To Onlinesim's support, who know the calls by these names."""


def address_state(address: PublicAddress) -> Word:
    return NO_ADDRESS if address.kind is TunnelKind.NONE else ADDRESS_STATES[address.verdict]


def address_sentence(address: PublicAddress) -> str:
    """What the last probe found, in the user's language, with a capital and a full stop."""
    text = health_text(address.health, tr)
    return f"{text[:1].upper()}{text[1:]}."


def support_message(url: str) -> str:
    """The three addresses as one message to copy."""
    services, number, finish = (url.rstrip("/") + path for path in PATHS)
    return tr(SUPPORT_MESSAGE).format(services=services, number=number, finish=finish)

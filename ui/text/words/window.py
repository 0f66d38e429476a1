"""The words of the window itself: pages, settings, health checks, problems of the engine."""

from __future__ import annotations

from phonefarm.application.model.read_models import HealthCheck, Topic, Verdict
from phonefarm.wording.health import health_text
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words.core import Word, tr

CHECK_NAMES = {
    "webhooks": "Webhooks",
    "tunnel": "Tunnel",
    "market": "Onlinesim",
    "adb": "adb",
    "storage": "Database",
    "engine": "Engine",
    "calls": "Calls from Onlinesim",
    "disk": "Disk",
    "clock": "Clock",
    "keyring": "Keyring",
    "backups": "Backups",
}
VERDICTS = {
    Verdict.PASS: Word("works", Tone.OK),
    Verdict.WARN: Word("warning", Tone.WARN),
    Verdict.FAIL: Word("failed", Tone.BAD),
}

PAGES = {
    Topic.OVERVIEW: "Overview",
    Topic.LOG: "Health and log",
    Topic.PHONES: "Phones",
    Topic.SIMS: "SIMs",
    Topic.NUMBERS: "Numbers",
    Topic.RENTS: "Rents",
    Topic.MESSAGES: "Messages",
    Topic.PUSHES: "Push queue",
    Topic.BANS: "Bans",
    Topic.MONEY: "Money",
    Topic.SETTINGS: "Settings",
}
ENGINE_GONE = "The engine has stopped: close this window and start phonefarm again."
ENGINE_SILENT = "The engine has not answered for {seconds} s: try again, or restart phonefarm if this continues."
BUG = "A bug in phonefarm: {what} failed ({kind}). The log has the details."


def check_sentence(check: HealthCheck) -> str:
    """`Webhooks: port 8080`; without a detail, the verdict."""
    name = tr(CHECK_NAMES.get(check.name, check.name))
    return f"{name}: {one_line(health_text(check.health, tr), 80) or VERDICTS[check.verdict].label()}"

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
SETTINGS = {
    "api_key": "API key",
    "push_url": "Push URL",
    "push_retry_seconds": "Retry a push after (seconds)",
    "sms_id": "Content of smsId",
    "require_bearer": "Require Authorization header",
    "listen": "Webhooks listen on",
    "admin_listen": "Health and metrics listen on",
    "tunnel": "Way to this PC",
    "public_url": "Public URL",
    "ssh_server": "SSH server",
    "ssh_forward": "Address on the SSH server",
    "tunnel_name": "Name of the cloudflared tunnel",
    "tunnel_command": "Tunnel command",
    "tunnel_url_pattern": "URL pattern",
    "adb_servers": "adb servers",
    "adb_path": "adb program",
    "numbers_file": "Numbers file",
    "poll_seconds": "Read idle phones every (seconds)",
    "rent_poll_seconds": "Read rented phones every (seconds)",
    "push_phone": "Number format in a push",
    "push_refusals_before_parking": "Refusals before an SMS is stopped",
    "no_numbers": "Answer when no number matches",
    "retire_after_sale": "Pause a number after its first sale",
    "shared_path": "One path for all calls",
    "calls_per_second": "Max valid requests per second",
    "wrong_keys_per_minute": "Max invalid requests per minute and address",
    "most_connections": "Max connections",
    "log_days": "Keep calls in the log for (days)",
    "log_megabytes": "Size of the log (MB)",
    "block_senders": "Withhold blocked senders",
    "text_hours": "Erase texts after (hours)",
    "data_dir": "Data folder",
    "database_url": "Database",
    "keep_awake": "Keep this PC awake while it sells",
    "backup_hours": "Make a backup every (hours)",
    "backup_keep": "Backups kept",
}
"""A setting without a name here shows its key, with spaces."""

ENGINE_GONE = "The engine has stopped: close this window and start phonefarm again."
ENGINE_SILENT = "The engine has not answered for {seconds} s: try again, or restart phonefarm if this continues."
BUG = "A bug in phonefarm: {what} failed ({kind}). The log has the details."


def setting_name(name: str) -> str:
    return tr(SETTINGS.get(name, name.replace("_", " ").capitalize()))


def check_sentence(check: HealthCheck) -> str:
    """`Webhooks: port 8080`; without a detail, the verdict."""
    name = tr(CHECK_NAMES.get(check.name, check.name))
    return f"{name}: {one_line(health_text(check.health, tr), 80) or VERDICTS[check.verdict].label()}"

"""The words of the Settings page: names of settings, their choices and units."""

from __future__ import annotations

from ui.text.words.core import tr

SETTINGS = {
    "api_key": "Onlinesim key",
    "push_url": "Push URL",
    "push_retry_seconds": "Retry a push after",
    "sms_id": "Id in a push",
    "require_bearer": "Require Authorization header",
    "listen": "Webhooks listen on",
    "admin_listen": "Health and metrics listen on",
    "tunnel": "Way to this PC",
    "public_url": "Public URL",
    "ssh_server": "SSH server",
    "ssh_forward": "Address on the SSH server",
    "tunnel_name": "Name of the Cloudflare tunnel",
    "tunnel_command": "Tunnel command",
    "tunnel_url_pattern": "URL pattern",
    "adb_servers": "adb servers",
    "adb_path": "adb program",
    "numbers_file": "Numbers file",
    "poll_seconds": "Read idle phones every",
    "rent_poll_seconds": "Read rented phones every",
    "push_phone": "Number in a push",
    "push_refusals_before_parking": "Stop an SMS after",
    "no_numbers": "When no number matches",
    "retire_after_sale": "Pause a number after its first sale",
    "shared_path": "One path for all calls",
    "calls_per_second": "Valid requests at most",
    "wrong_keys_per_minute": "Wrong keys at most",
    "most_connections": "Connections at most",
    "block_senders": "Withhold blocked senders",
    "text_hours": "Erase texts after",
    "data_dir": "Data folder",
    "database_url": "Database",
    "keep_awake": "Keep this PC awake while it sells",
    "backup_hours": "Make a backup every",
    "backup_keep": "Keep at most",
    "log_days": "Keep calls for",
    "log_megabytes": "Size of the log",
}
"""A setting without a name here shows its key, with spaces."""

CHOICES = {
    ("sms_id", "rent"): "Id of the rent",
    ("sms_id", "message"): "Id of the message",
    ("push_phone", "string"): "As text",
    ("push_phone", "integer"): "As a number",
    ("no_numbers", "error"): "Error NO_NUMBERS",
    ("no_numbers", "status"): "Status NO_NUMBERS",
    ("tunnel", "none"): "None yet",
    ("tunnel", "url"): "A URL of your own",
    ("tunnel", "ssh"): "Your server over SSH",
    ("tunnel", "cloudflared"): "Cloudflare, quick tunnel",
    ("tunnel", "cloudflared named"): "Cloudflare, named tunnel",
    ("tunnel", "ngrok"): "ngrok",
    ("tunnel", "tuna"): "tuna",
    ("tunnel", "localtonet"): "localtonet",
    ("tunnel", "command"): "Another program",
}
"""By setting and value; a choice without words here is shown as it is stored."""


def setting_name(name: str) -> str:
    return tr(SETTINGS.get(name, name.replace("_", " ").capitalize()))


def choice_label(name: str, value: str) -> str:
    return tr(CHOICES.get((name, value), value))


def problem_sentence(problem: str) -> str:
    """What is wrong with a field, as the sentence under it."""
    said = tr(problem)
    return said[:1].upper() + said[1:]

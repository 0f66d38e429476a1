"""The groups of the Settings page, and which settings they show."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ui.text.words import tr


class SettingGroup(StrEnum):
    """The groups, in their order; the value is the name in English."""

    SELLING = "Selling"
    PUBLIC_ADDRESS = "Public address"
    PHONES = "Phones"
    ALERTS = "Alerts"
    PRIVACY = "Privacy"
    BACKUP = "Backup"
    LOOK = "Look"
    ADVANCED = "Advanced"

    def label(self) -> str:
        return tr(self.value)


GROUPS: dict[SettingGroup, tuple[str, ...]] = {
    SettingGroup.SELLING: (
        "api_key",
        "push_url",
        "push_retry_seconds",
        "push_refusals_before_parking",
        "retire_after_sale",
        "no_numbers",
        "require_bearer",
        "calls_per_second",
    ),
    SettingGroup.PUBLIC_ADDRESS: (
        "tunnel",
        "public_url",
        "ssh_server",
        "ssh_forward",
        "tunnel_name",
        "tunnel_command",
        "tunnel_url_pattern",
        "listen",
        "shared_path",
    ),
    SettingGroup.PHONES: ("adb_servers", "adb_path", "numbers_file", "poll_seconds", "rent_poll_seconds"),
    SettingGroup.ALERTS: (),
    SettingGroup.PRIVACY: ("block_senders", "text_hours", "log_days", "log_megabytes"),
    SettingGroup.BACKUP: ("backup_hours", "backup_keep"),
    SettingGroup.LOOK: (),
    SettingGroup.ADVANCED: (
        "keep_awake",
        "sms_id",
        "push_phone",
        "wrong_keys_per_minute",
        "most_connections",
        "admin_listen",
        "database_url",
        "data_dir",
    ),
}
TUNNELS_WITH = {
    "public_url": ("url", "ssh", "cloudflared named", "ngrok", "tuna", "localtonet", "command"),
    "ssh_server": ("ssh",),
    "ssh_forward": ("ssh",),
    "tunnel_name": ("cloudflared named",),
    "tunnel_command": ("command",),
    "tunnel_url_pattern": ("command",),
}
"""Settings that concern these kinds of tunnel only."""


def is_of_use(name: str, values: Mapping[str, str]) -> bool:
    """Whether a setting has an effect while the others have these values."""
    return name not in TUNNELS_WITH or values.get("tunnel") in (None, *TUNNELS_WITH[name])


def group_of(name: str) -> SettingGroup:
    """A setting without a group is an advanced one."""
    return next((group for group, names in GROUPS.items() if name in names), SettingGroup.ADVANCED)

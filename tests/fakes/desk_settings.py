"""The settings of the fake desk."""

from __future__ import annotations

from typing import Any

from phonefarm.application.model.read_models import SettingField, SettingKind


def a_setting(**changes: Any) -> SettingField:
    whole: dict[str, Any] = {
        "name": "push_url",
        "environment": "PHONEFARM_PUSH_URL",
        "value": "",
        "default": "",
        "source": "default",
        "help": "Full URL of PUSH_SMS_RENT; must be set to sell.",
        "kind": SettingKind.ADDRESS,
    }
    return SettingField(**(whole | changes))


def some_settings() -> list[SettingField]:
    return [
        a_setting(value="https://onlinesim.io/api/push_sms_rent", source="file"),
        a_setting(
            name="api_key",
            kind=SettingKind.SECRET,
            environment="PHONEFARM_API_KEY",
            source="keyring",
            help="The partner key of your Onlinesim account.",
            secret=True,
        ),
        a_setting(
            name="push_retry_seconds",
            kind=SettingKind.NUMBER,
            environment="PHONEFARM_PUSH_RETRY_SECONDS",
            value="10",
            default="10",
            help="Time between two attempts.",
            unit="s",
            minimum=0,
            maximum=600,
        ),
        a_setting(
            name="backup_keep",
            kind=SettingKind.NUMBER,
            environment="PHONEFARM_BACKUP_KEEP",
            value="30",
            default="20",
            source="file",
            help="The oldest goes when a new one is made.",
            unit="backups",
            minimum=1,
            maximum=1000,
            is_whole=True,
        ),
        a_setting(
            name="sms_id",
            kind=SettingKind.CHOICE,
            environment="PHONEFARM_SMS_ID",
            value="rent",
            default="rent",
            help="What smsId carries.",
            choices=("rent", "message"),
        ),
        a_setting(
            name="require_bearer",
            kind=SettingKind.SWITCH,
            environment="PHONEFARM_REQUIRE_BEARER",
            value="false",
            default="false",
            help="Also demand the Authorization header.",
            choices=("false", "true"),
        ),
        a_setting(
            name="listen",
            kind=SettingKind.ADDRESS,
            is_fixed=True,
            environment="PHONEFARM_LISTEN",
            value="0.0.0.0:8080",
            default="127.0.0.1:8080",
            source="environment",
            help="Webhooks: the only port that a tunnel may show.",
        ),
        a_setting(
            name="adb_servers",
            kind=SettingKind.ADDRESS,
            environment="PHONEFARM_ADB_SERVERS",
            value="127.0.0.1:5037",
            default="127.0.0.1:5037",
            help="Comma list host:port; a local one is started if absent.",
        ),
        a_setting(
            name="numbers_file",
            kind=SettingKind.PATH,
            environment="PHONEFARM_NUMBERS_FILE",
            help="CSV iccid,msisdn,country,operator,label; read at start and on change.",
        ),
        a_setting(
            name="block_senders",
            kind=SettingKind.SWITCH,
            environment="PHONEFARM_BLOCK_SENDERS",
            value="true",
            default="true",
            help="Withhold messages of banks, payment services and government; the list is editable.",
            choices=("true", "false"),
        ),
        a_setting(
            name="text_hours",
            kind=SettingKind.NUMBER,
            unit="h",
            minimum=1,
            maximum=8760,
            environment="PHONEFARM_TEXT_HOURS",
            value="72",
            default="72",
            help="Hours after its delivery at which an SMS's text is erased.",
        ),
    ]

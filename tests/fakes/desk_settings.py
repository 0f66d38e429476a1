"""The settings of the fake desk."""

from __future__ import annotations

from typing import Any

from phonefarm.application.model.read_models import SettingField


def a_setting(**changes: Any) -> SettingField:
    whole: dict[str, Any] = {
        "name": "push_url",
        "environment": "PHONEFARM_PUSH_URL",
        "value": "",
        "default": "",
        "source": "default",
        "help": "Full URL of PUSH_SMS_RENT; must be set to sell.",
    }
    return SettingField(**(whole | changes))


def some_settings() -> list[SettingField]:
    return [
        a_setting(value="https://onlinesim.io/api/push_sms_rent", source="file"),
        a_setting(
            name="api_key",
            environment="PHONEFARM_API_KEY",
            source="keyring",
            help="The partner key of your Onlinesim account.",
            secret=True,
        ),
        a_setting(
            name="sms_id",
            environment="PHONEFARM_SMS_ID",
            value="rent",
            default="rent",
            help="What smsId carries.",
            choices=("rent", "message"),
        ),
        a_setting(
            name="require_bearer",
            environment="PHONEFARM_REQUIRE_BEARER",
            value="false",
            default="false",
            help="Also demand the Authorization header.",
            choices=("false", "true"),
        ),
        a_setting(
            name="listen",
            environment="PHONEFARM_LISTEN",
            value="0.0.0.0:8080",
            default="127.0.0.1:8080",
            source="environment",
            help="Webhooks: the only port that a tunnel may show.",
        ),
        a_setting(
            name="adb_servers",
            environment="PHONEFARM_ADB_SERVERS",
            value="127.0.0.1:5037",
            default="127.0.0.1:5037",
            help="Comma list host:port; a local one is started if absent.",
        ),
        a_setting(
            name="numbers_file",
            environment="PHONEFARM_NUMBERS_FILE",
            help="CSV iccid,msisdn,country,operator,label; read at start and on change.",
        ),
        a_setting(
            name="block_senders",
            environment="PHONEFARM_BLOCK_SENDERS",
            value="true",
            default="true",
            help="Withhold messages of banks, payment services and government; the list is editable.",
            choices=("true", "false"),
        ),
        a_setting(
            name="text_hours",
            environment="PHONEFARM_TEXT_HOURS",
            value="72",
            default="72",
            help="Hours after its delivery at which an SMS's text is erased.",
        ),
    ]

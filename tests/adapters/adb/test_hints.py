"""Log lines that announce an SMS, in the forms of all releases."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.hints import logcat_command, parse_hint
from phonefarm.application.ports.world import Hint

A, S, E = Hint.ARRIVING, Hint.STORED, Hint.ENDED
GSM = "1700000000.123  1001  1422 D GsmInboundSmsHandler: "


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("RILJ    : [UNSL]< UNSOL_RESPONSE_NEW_SMS", A),
        ("1700000000.123  1001  1422 D RILJ    : [UNSL]< UNSOL_RESPONSE_NEW_SMS [PHONE0]", A),
        ("11-22 03:04:05.678  1001  1422 D RILJ: [UNSL]< UNSOL_RESPONSE_CDMA_NEW_SMS", A),
        ("D RILJ: [UNSL]< UNSOL_RESPONSE_NEW_SMS_ON_SIM", None),
        ("D RILJ: [UNSL]< UNSOL_RESPONSE_NEW_SMS_STATUS_REPORT", None),
        (GSM + "Idle state processing message type 1", A),
        (GSM + "Idle state processing message type 8", A),
        (GSM + "IdleState.processMessage: processing EVENT_INJECT_SMS", A),
        ("1.2 1 2 D MtkGsmInboundSmsHandler-1: IdleState.processMessage: processing EVENT_INJECT_SMS", A),
        ("1.2 1 2 D MtkGsmInboundSmsHandler-0: Delivering SMS to: com.android.mms .SmsReceiver", S),
        ("1.2 1 2 E GsmInboundSmsHandler: Slow ordered broadcast completion time: 6021 ms", E),
        (
            "1.2 1 2 E GsmInboundSmsHandler: Slow ordered broadcast completion time for "
            "android.provider.Telephony.SMS_DELIVER: 6021 ms",
            S,
        ),
        (
            "1.2 1 2 E GsmInboundSmsHandler: Slow ordered broadcast completion time for "
            "android.provider.Telephony.SMS_RECEIVED: 6021 ms",
            E,
        ),
        ("1.2 1 2 E SomeApp: Slow ordered broadcast completion time for x.SMS_DELIVER: 6021 ms", None),
        (GSM + "Idle state processing message type 5", None),
        (GSM + "Idle state processing message type 12", None),
        (GSM + "IdleState.processMessage: processing EVENT_NEW_SMS", A),
        ("1.2 1 2 D CdmaInboundSmsHandler: IdleState.processMessage: processing EVENT_NEW_SMS", A),
        (GSM + "Delivering SMS to: com.google.android.apps.messaging com.google.Receiver", S),
        (GSM + "ordered broadcast completed in: 43 ms", E),
        (GSM + "Ordered broadcast completed for android.provider.Telephony.SMS_DELIVER in: 43 ms", S),
        (GSM + "successful broadcast, deleting from raw table.", E),
        (GSM + "Deleted 1 rows from raw table.", E),
        (GSM + "entering Idle state", None),
        ("1.2 1 2 D SomeApp: ordered broadcast completed in: 43 ms", None),
        ("--------- beginning of radio", None),
        ("", None),
    ],
)
def test_hint_of_each_line(line: str, hint: Hint | None) -> None:
    assert parse_hint(line) is hint


@given(st.text(max_size=200))
def test_no_line_raises(line: str) -> None:
    parse_hint(line)


@pytest.mark.parametrize(
    "message",
    [
        "[UNSL]< UNSOL_RESPONSE_NEW_SMS",
        "Idle state processing message type 1",
        "IdleState.processMessage: processing EVENT_NEW_SMS",
        "IdleState.processMessage: processing EVENT_INJECT_SMS",
        "Idle state processing message type 8",
        "Slow ordered broadcast completion time for android.provider.Telephony.SMS_DELIVER: 6021 ms",
        "Slow ordered broadcast completion time: 6021 ms",
        "Delivering SMS to: com.app",
        "ordered broadcast completed in: 43 ms",
        "Ordered broadcast completed for android.provider.Telephony.SMS_DELIVER in: 43 ms",
        "successful broadcast, deleting from raw table.",
        "Deleted 1 rows from raw table.",
    ],
)
def test_filter_on_the_phone_matches_messages_without_tags(message: str) -> None:
    found = re.search(r"--regex '([^']+)'", logcat_command(34))

    assert found is not None
    assert re.search(found[1], message)


@pytest.mark.parametrize("junk", ["InboundSmsHandler", "InboundSmsHandler Delivering SMS t", "NEW_SMS"])
def test_only_the_beginning_of_an_endless_line_is_read(junk: str) -> None:
    endless = junk * (1_000_000 // len(junk))

    assert parse_hint(endless) is None
    assert parse_hint(f"D RILJ: [UNSL]< UNSOL_RESPONSE_NEW_SMS {endless}") is Hint.ARRIVING


def test_phones_before_android_7_are_filtered_by_tag() -> None:
    assert "--regex" not in logcat_command(23)


@pytest.mark.parametrize(
    "tag",
    ["RILJ", "GsmInboundSmsHandler", "CdmaInboundSmsHandler", "MtkGsmInboundSmsHandler-0", "MtkGsmInboundSmsHandler-1"],
)
def test_each_tag_is_listed_since_logcat_has_no_wildcard(tag: str) -> None:
    assert f" {tag}:D " in logcat_command(22)
    assert "GsmInboundSmsHandler" in logcat_command(23)

"""The demo's result: its summary line, and when it is clean."""

from __future__ import annotations

from typing import Any

import pytest

from phonefarm.application.model.read_models import MessageRow, PushState, SmsStanding
from phonefarm.commands.demo.run import DemoResult, waiting_in_app
from phonefarm.simulation.delivery_audit import Summary
from tests.builders import NOON


def a_summary(**changes: int) -> Summary:
    whole = {
        "rents": 5,
        "sms_received": 9,
        "stray": 2,
        "delivered": 4,
        "refused": 2,
        "waiting": 1,
        "lost": 0,
        "late": 0,
        "misdirected": 0,
        "repeated_after_200": 0,
        "violations": 0,
    }
    return Summary(**(whole | changes))


def a_message(**changes: Any) -> MessageRow:
    whole: dict[str, Any] = {
        "sms_id": 1,
        "msisdn": "79281234567",
        "sim_id": "sim",
        "phone_id": "phone",
        "phone_label": "phone",
        "sender": "Shop",
        "text": "text",
        "arrived_at": NOON,
        "standing": SmsStanding.FOR_RENT,
        "rent_id": 1,
        "push_state": PushState.WAITING,
        "delivered_after_seconds": None,
    }
    return MessageRow(**(whole | changes))


def test_summary_line_accounts_for_every_sms() -> None:
    assert DemoResult(summary=a_summary(), seconds=30).as_lines() == (
        "rents 5, SMS received 9 (of these stray 2), delivered 4, refused 2, waiting 1, lost 0, repeated after a 200: 0"
    )


def test_waiting_messages_are_no_fault() -> None:
    assert DemoResult(summary=a_summary(waiting=3), seconds=30).is_clean


@pytest.mark.parametrize("fault", ["lost", "misdirected", "repeated_after_200", "violations"])
def test_each_fault_spoils_the_demo(fault: str) -> None:
    """Waiting messages must not hide a lost one."""
    assert not DemoResult(summary=a_summary(**{fault: 1, "waiting": 5}), seconds=None).is_clean


@pytest.mark.parametrize("nothing", [{"rents": 0, "delivered": 0}, {"delivered": 0}])
def test_long_demo_without_deliveries_fails(nothing: dict[str, int]) -> None:
    summary = a_summary(**nothing)

    assert not DemoResult(summary=summary, seconds=10).is_clean
    assert "no SMS of a rent reached the market" in DemoResult(summary=summary, seconds=10).as_lines()
    assert DemoResult(summary=summary, seconds=9.9).is_clean
    assert DemoResult(summary=summary, seconds=None).is_clean


def test_message_waits_in_the_app_while_its_push_is_open_or_it_is_held() -> None:
    messages = [a_message(text=state, push_state=state) for state in PushState]
    messages.append(a_message(text="held", msisdn="", standing=SmsStanding.HELD, push_state=None))
    messages.append(a_message(text="stray", standing=SmsStanding.NO_RENT, push_state=None))

    found = waiting_in_app(messages)

    assert {text for _, _, text in found} == {"waiting", "sending", "held"}
    assert ("", "Shop", "held") in found

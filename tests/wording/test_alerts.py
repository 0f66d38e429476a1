"""What an alert says, and what it never says."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest

from phonefarm.domain.alert_channels import ChannelKind, Delivery, DeliveryFault, FormProblem
from phonefarm.domain.alert_rules import RuleKind
from phonefarm.domain.alerts import AlertMessage, Cause, Ended, MessageKind
from phonefarm.domain.health import HealthKind, health, problem
from phonefarm.wording.alerts import (
    MOST_LINES,
    alert_body,
    alert_title,
    delivery_text,
    form_problem_text,
    without_numbers,
)
from tests.builders import ICCID, MINUTE, NOON, NUMBER

VALUES: dict[str, Any] = {
    "hub": "",
    "phones": 6,
    "named": "#031, #032",
    "more": 4,
    "waiting": 2,
    "left": 12,
    "calls": 25,
    "minutes": 60,
    "tail": "4567",
    "usual_minutes": 90,
    "free_gigabytes": 1.2,
    "seconds": 75,
    "is_ahead": True,
    "name": "E-mail",
}


def cause(kind: RuleKind, **changes: Any) -> Cause:
    return Cause(kind=kind, key=kind.value, since=NOON - 10 * MINUTE, values=VALUES | changes)


def message(*causes: Cause, kind: MessageKind = MessageKind.FIRST) -> AlertMessage:
    return AlertMessage(kind=kind, at=NOON, causes=causes)


def body(told: AlertMessage) -> str:
    return alert_body(told, zone=UTC)


@pytest.mark.parametrize("kind", RuleKind)
def test_every_cause_has_a_title_its_time_and_an_advice(kind: RuleKind) -> None:
    told = message(cause(kind))

    title, text = alert_title(told), body(told)

    assert title.startswith("phonefarm: ")
    assert text.startswith("11:50")
    assert len(text.splitlines()) == 2
    assert "{" not in title + text


def test_a_hub_is_named_with_its_phones_customers_and_what_is_left() -> None:
    told = message(cause(RuleKind.PHONES_LOST, hub="1-1.4"))

    assert alert_title(told) == "phonefarm: Hub 1-1.4: 6 phones unplugged together"
    assert body(told).splitlines()[0] == (
        "11:50 · #031, #032 and 4 more. 2 customers are waiting. 12 numbers still work"
    )


def test_numbers_at_their_last_chance_are_told_by_their_last_digits() -> None:
    told = message(cause(RuleKind.LAST_CHANCE), cause(RuleKind.LAST_CHANCE, tail="8899"))

    assert alert_title(told) == "phonefarm: 2 numbers are one failure from a ban"
    assert "…4567" in body(told)
    assert "…8899" in body(told)


def test_what_waited_for_the_morning_is_counted() -> None:
    told = message(cause(RuleKind.DISK), cause(RuleKind.BACKUP), kind=MessageKind.TOGETHER)

    assert alert_title(told) == "phonefarm: 2 things need you since the night"
    assert "The disk is nearly full" in body(told)
    assert "The backup fails" in body(told)


def test_reminders_and_ends_say_so() -> None:
    end = Ended(cause=cause(RuleKind.TUNNEL_DOWN), at=NOON)

    reminder = alert_title(message(cause(RuleKind.TUNNEL_DOWN), kind=MessageKind.REMINDER))
    ended = AlertMessage(kind=MessageKind.RECOVERY, at=NOON, ended=(end,))

    assert reminder == "phonefarm: Still: The tunnel is down"
    assert alert_title(ended) == "phonefarm: Resolved: The tunnel is down"
    assert body(ended) == "Over at 12:00, after 10 min"


def test_a_cause_of_yesterday_has_its_date() -> None:
    told = AlertMessage(kind=MessageKind.REMINDER, at=NOON + timedelta(days=1), causes=(cause(RuleKind.DISK),))

    assert body(told).startswith("14 Mar 11:50")


def test_a_long_message_is_cut() -> None:
    told = message(*[cause(RuleKind.LAST_CHANCE, tail=f"{number:04}") for number in range(40)])

    lines = body(told).splitlines()

    assert len(lines) == MOST_LINES + 1
    assert lines[-1].startswith("and ")


def test_no_whole_number_or_iccid_leaves_even_where_a_phone_is_named_by_it() -> None:
    named = f"+{NUMBER}, 8 (928) 123-45-67, {ICCID}"
    told = message(
        cause(RuleKind.PHONES_LOST, named=named),
        Cause(kind=RuleKind.BACKUP, since=NOON, health=problem(f"line of {ICCID} and {NUMBER}")),
    )

    text = alert_title(told) + body(told)

    assert not any(whole in text for whole in (NUMBER, ICCID, "123-45-67"))
    assert f"…{ICCID[-4:]}" in text


@pytest.mark.parametrize("text", ["14:21 · #031", "Hub 1-1.4", "2026-03-14", "75 s ahead", "HTTP 502", "1.2 GB"])
def test_times_and_counts_stay_as_they_are(text: str) -> None:
    assert without_numbers(text) == text


def test_the_cause_of_the_market_is_in_its_words() -> None:
    found = Cause(kind=RuleKind.MARKET_DOWN, since=NOON, health=health(HealthKind.ERRORS, http_status=502))

    assert "answers with errors (502)" in body(message(found))


@pytest.mark.parametrize("kind", ChannelKind)
@pytest.mark.parametrize("fault", DeliveryFault)
def test_every_failure_says_what_usually_helps(kind: ChannelKind, fault: DeliveryFault) -> None:
    text = delivery_text(kind, Delivery(seconds=4.2, fault=fault, fields={"code": 535}))

    assert "{" not in text
    assert text.endswith(".")


def test_a_delivery_says_how_long_it_took() -> None:
    assert delivery_text(ChannelKind.NTFY, Delivery(seconds=0.58)) == "arrived in 0.6 s"
    assert "app password" in delivery_text(
        ChannelKind.EMAIL, Delivery(seconds=1, fault=DeliveryFault.LOGIN_REFUSED, fields={"code": 535})
    )


@pytest.mark.parametrize("found", FormProblem)
def test_every_problem_of_a_form_is_a_sentence(found: FormProblem) -> None:
    assert form_problem_text(found).endswith(".")

"""Every state has a label, a tone and a meaning; nothing is shown as a bare enum value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from phonefarm.application.model.read_models import (
    NO_FIELDS,
    Attention,
    AttentionKind,
    Condition,
    Fields,
    FinishStatus,
    HealthCheck,
    PhoneState,
    PushState,
    Remedy,
    RentState,
    SimStanding,
    SmsStanding,
    Topic,
    Verdict,
)
from phonefarm.application.model.timeline import TimelineKind
from phonefarm.domain.conditions import BLOCKING
from phonefarm.domain.health import Health, HealthKind, health, problem
from tests.fakes.farms import busy_farm
from ui.style.tokens import Tone
from ui.text import words

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONGEST_STEP = 20
"""Characters; a next step is shown in a table cell beside its state."""


def an_attention(kind: AttentionKind, subject: str = "shelf 2, port 7", key: str = "p", **more: Any) -> Attention:
    return Attention(kind=kind, subject=subject, since=NOON, topic=Topic.PHONES, key=key, **more)


@pytest.mark.parametrize(
    ("states", "spoken"),
    [
        (PhoneState, words.PHONE_STATES),
        (Condition, words.CONDITIONS),
        (SimStanding, words.SIM_STANDINGS),
        (RentState, words.RENT_STATES),
        (FinishStatus, words.FINISHES),
        (SmsStanding, words.SMS_STANDINGS),
        (PushState, words.PUSH_STATES),
        (TimelineKind, words.TIMELINE_KINDS),
        (Verdict, words.VERDICTS),
    ],
)
def test_every_state_has_a_word_and_a_tone(states: type[Enum], spoken: Mapping[Any, words.Word]) -> None:
    for state in states:
        word = spoken[state]

        assert word.label()
        assert word.tone in Tone


@pytest.mark.parametrize("kind", AttentionKind)
def test_every_attention_is_a_sentence_about_its_subject(kind: AttentionKind) -> None:
    attention = an_attention(kind)

    sentence = words.attention_sentence(attention)

    assert "shelf 2, port 7" in sentence
    assert "{" not in sentence
    assert "%n" not in sentence
    assert not sentence.endswith("!")
    assert words.attention_tone(attention) in (Tone.WARN, Tone.BAD)


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_that_needs_the_user_is_a_sentence_of_its_own(condition: Condition) -> None:
    general = words.attention_sentence(an_attention(AttentionKind.PHONE_CONDITION))

    sentence = words.attention_sentence(an_attention(AttentionKind.PHONE_CONDITION, condition=condition))

    assert "shelf 2, port 7" in sentence
    assert sentence != general


@pytest.mark.parametrize(
    ("hub", "expected"),
    [
        ("1-1.4", "12 phones disconnected together: USB hub 1-1.4. Check its power and its cable"),
        ("1", "12 phones disconnected together: USB bus 1. Check the hub's power and its cable to this PC"),
        ("", "12 phones disconnected together. Check the power and the cable that they share"),
    ],
)
def test_phones_that_disconnected_together_are_one_sentence(hub: str, expected: str) -> None:
    attention = an_attention(AttentionKind.PHONES_LEFT, hub, others=tuple("abcdefghijk"))

    assert words.attention_sentence(attention) == expected
    assert words.attention_tone(attention) is Tone.BAD


def test_attention_is_grouped_by_kind_in_order() -> None:
    offline = [an_attention(AttentionKind.PHONE_OFFLINE, f"shelf {n}", key=f"phone {n}") for n in range(3)]
    locked = an_attention(AttentionKind.PHONE_LOCKED)
    hubs = [an_attention(AttentionKind.PHONES_LEFT, hub, others=("b", "c", "d")) for hub in ("1-1.4", "1-2")]

    gathered = words.group_by_kind([offline[0], locked, *hubs, *offline[1:]])

    all_offline = replace(offline[0], others=("phone 1", "phone 2"))
    assert gathered == [(all_offline, 3), (locked, 1), (hubs[0], 1), (hubs[1], 1)]


def test_subject_with_braces_is_not_formatted() -> None:
    attention = an_attention(AttentionKind.BUG, "{0} {x}")

    assert "{0} {x}" in words.attention_sentence(attention)


@pytest.mark.parametrize("remedy", set(Remedy) - {Remedy.NONE})
def test_every_remedy_says_what_to_do_briefly_and_in_full(remedy: Remedy) -> None:
    assert 0 < len(words.remedy_short(remedy)) <= LONGEST_STEP
    assert words.remedy_advice(remedy).endswith(".")
    assert len(words.remedy_advice(remedy)) > len(words.remedy_short(remedy))


def test_remedy_none_has_no_text() -> None:
    assert words.remedy_short(Remedy.NONE) == words.remedy_advice(Remedy.NONE) == ""


@pytest.mark.parametrize(
    ("remedy", "make", "names"),
    [
        (Remedy.ALLOW_SMS_XIAOMI, "Xiaomi", ("USB debugging (Security settings)", "SIM", "Mi account")),
        (Remedy.ALLOW_SMS_COLOROS, "realme", ("Disable permission monitoring",)),
        (Remedy.ALLOW_SMS_SAMSUNG, "Samsung", ("Auto Blocker",)),
        (Remedy.ALLOW_SMS_HUAWEI, "HUAWEI", ("Allow ADB debugging in charge only mode",)),
        (Remedy.CONFIRM_DEBUGGING, "HONOR", ("Allow USB debugging", "charge only mode")),
        (Remedy.CONFIRM_DEBUGGING, "Samsung", ("Auto Blocker",)),
        (Remedy.SWITCH_LOG_ON, "Huawei", ("Logger buffer sizes", "*#*#2846579#*#*")),
        (Remedy.INSTALL_DRIVER, "", ("Windows", "driver")),
        (Remedy.UNLOCK_ONCE, "", ("screen lock off",)),
    ],
)
def test_advice_names_the_setting_of_the_make(remedy: Remedy, make: str, names: tuple[str, ...]) -> None:
    advice = words.remedy_advice(remedy, make)

    assert all(name in advice for name in names)


def test_the_udev_rule_comes_with_its_command_line() -> None:
    command = words.REMEDIES[Remedy.ADD_UDEV_RULE].command

    assert command.startswith("echo 'SUBSYSTEM==")
    assert "sudo tee /etc/udev/rules.d/" in command
    assert "udevadm control --reload" in command


def test_red_conditions_are_the_blocking_ones() -> None:
    assert words.BLOCKING == BLOCKING


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_a_page_name(topic: Topic) -> None:
    assert words.PAGES[topic]


def test_check_without_detail_shows_its_verdict() -> None:
    check = HealthCheck(name="market", verdict=Verdict.FAIL, health=problem(""), since=NOON)

    assert words.check_sentence(check) == "Onlinesim: failed"


def test_a_waiting_rent_that_may_cost_a_ban_says_so() -> None:
    rents = [rent for rent in busy_farm(NOON).rents.values() if rent.state is RentState.WAITING]

    spoken = {rent.one_more_failure_bans: words.rent_word(rent).text for rent in rents}

    assert spoken == {True: "1 failure from a ban", False: "waiting"}


def test_every_state_that_needs_the_user_says_what_it_means() -> None:
    vocabularies = (words.PHONE_STATES, words.CONDITIONS, words.SIM_STANDINGS, words.PUSH_STATES)
    for word in (word for vocabulary in vocabularies for word in vocabulary.values()):
        if word.tone in (Tone.WARN, Tone.BAD):
            assert len(word.explanation()) > len(word.label())


def test_counted_has_singular_and_plural() -> None:
    assert words.counted(1, "1 needs action", "%n need action") == "1 needs action"
    assert words.counted(3, "1 needs action", "%n need action") == "3 need action"


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        (Condition.STORAGE_FULL, {"free_megabytes": 42}, "its storage is full (42 MB free)"),
        (Condition.HOT, {"celsius": 47}, "is hot (47 °C): let it cool"),
        (Condition.STORAGE_FULL, NO_FIELDS, "its storage is full"),
        (Condition.AIRPLANE, NO_FIELDS, "is in airplane mode: switch it off"),
    ],
)
def test_top_line_shows_the_measure_of_a_condition(condition: Condition, values: Fields, expected: str) -> None:
    sentence = words.attention_sentence(an_attention(AttentionKind.PHONE_CONDITION, condition=condition, values=values))

    assert expected in sentence
    assert ("(" in sentence) is bool(values)


@pytest.mark.parametrize(
    "answer", ["IGNORED", "SERVICE_BAN", "BAD_SERVICE", "NO_OPERATION", "NO_OP", "restored from a backup: x"]
)
def test_every_answer_that_stops_a_push_is_explained(answer: str) -> None:
    push = next(push for push in busy_farm().pushes.values() if push.state is PushState.PARKED)

    assert words.push_advice(replace(push, last_answer=answer)) != words.PUSH_STATES[PushState.PARKED].meaning
    assert words.push_advice(replace(push, last_answer="?")) == words.PUSH_STATES[PushState.PARKED].meaning

    assert words.push_answer(replace(push, last_answer=answer)).endswith(f" ({answer})")


def test_push_stopped_by_a_restore_is_not_blamed_on_onlinesim() -> None:
    restored = an_attention(AttentionKind.PUSH_PARKED, "restored from a backup: send it again if Onlinesim lacks it")

    assert "backup that you restored" in words.attention_sentence(restored)


def test_push_with_an_interrupted_attempt_is_called_uncertain() -> None:
    push = next(push for push in busy_farm().pushes.values() if push.uncertain)

    assert [word.text for word in words.push_words(push)] == [words.PUSH_STATES[push.state].text, "uncertain"]
    assert len(words.push_words(replace(push, uncertain=0))) == 1


@pytest.mark.parametrize("state", [RentState.OVERDUE, RentState.POSSIBLE_ORPHAN])
def test_rent_that_needs_action_has_advice_and_warns_of_a_ban(state: RentState) -> None:
    rent = next(rent for rent in busy_farm().rents.values() if rent.state is state)

    assert words.rent_advice(rent)
    assert words.rent_step(rent)
    assert words.LAST_CHANCE in words.rent_words(replace(rent, one_more_failure_bans=True))
    assert words.LAST_CHANCE not in words.rent_words(replace(rent, one_more_failure_bans=False))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (health(HealthKind.ERRORS, http_status=429), "Onlinesim answers with errors (429): SMS wait"),
        (
            health(HealthKind.UNREACHABLE, cause="no connection: refused"),
            "Onlinesim cannot be reached (no connection: refused): SMS wait",
        ),
        (health(HealthKind.RENT_UNKNOWN), "Onlinesim says NO_OPERATION for a rent"),
    ],
)
def test_problem_of_onlinesim_is_named_precisely(found: Health, expected: str) -> None:
    assert words.attention_sentence(an_attention(AttentionKind.MARKET_DOWN, health=found)).startswith(expected)


@pytest.mark.parametrize("near_a_ban", [False, True])
def test_rent_whose_sms_has_arrived_is_never_called_waiting(near_a_ban: bool) -> None:
    rent = next(row for row in busy_farm().rents.values() if row.state is RentState.WAITING)
    rent = replace(rent, one_more_failure_bans=near_a_ban, sms_count=1)

    sending = replace(rent, sms_on_way=1)

    assert words.rent_word(sending).text == "received, sending"
    assert words.rent_word(rent).text == "SMS not delivered"
    assert (words.LAST_CHANCE in words.rent_words(sending)) is near_a_ban
    assert words.rent_words(replace(sending, state=RentState.OVERDUE))[1].text == "received, sending"

"""Every state has a word, a tone and a sentence; nothing is shown as a bare enum value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from phonefarm.application.read_models import (
    Attention,
    AttentionKind,
    FinishStatus,
    PhoneState,
    PushState,
    RentState,
    SimStanding,
    SmsStanding,
    StoryKind,
    Topic,
    Verdict,
    Vital,
)
from tests.fakes.farms import busy_farm
from ui import words
from ui.tokens import Tone

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "spoken"),
    [
        (PhoneState, words.PHONE_STATES),
        (SimStanding, words.SIM_STANDINGS),
        (RentState, words.RENT_STATES),
        (FinishStatus, words.FINISHES),
        (SmsStanding, words.SMS_STANDINGS),
        (PushState, words.PUSH_STATES),
        (StoryKind, words.STORY_KINDS),
        (Verdict, words.VERDICTS),
    ],
)
def test_every_state_has_a_word_and_a_tone(states: type[Enum], spoken: Mapping[Any, words.Word]) -> None:
    for state in states:
        word = spoken[state]

        assert word.said()
        assert word.tone in Tone


@pytest.mark.parametrize("kind", AttentionKind)
def test_every_attention_is_a_sentence_about_its_subject(kind: AttentionKind) -> None:
    attention = Attention(kind=kind, subject="shelf 2, port 7", since=NOON, topic=Topic.PHONES, key="p")

    sentence = words.attention_sentence(attention)

    assert "shelf 2, port 7" in sentence
    assert "{" not in sentence
    assert not sentence.endswith("!")
    assert words.attention_tone(attention) in (Tone.WARN, Tone.BAD)


def test_a_subject_with_braces_is_only_text() -> None:
    attention = Attention(kind=AttentionKind.BUG, subject="{0} {x}", since=NOON, topic=Topic.OVERVIEW, key="")

    assert "{0} {x}" in words.attention_sentence(attention)


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_a_page_name(topic: Topic) -> None:
    assert words.PAGES[topic]


def test_a_vital_without_detail_says_its_verdict() -> None:
    vital = Vital(name="market", verdict=Verdict.FAIL, detail="", since=NOON)

    assert words.vital_sentence(vital) == "Market: failed"


def test_a_waiting_rent_that_may_cost_a_ban_says_so() -> None:
    rents = [rent for rent in busy_farm(NOON).rents.values() if rent.state is RentState.WAITING]

    spoken = {rent.one_more_failure_bans: words.rent_word(rent).text for rent in rents}

    assert spoken == {True: "third failure: ban", False: "waiting"}


def test_every_state_that_needs_the_user_says_what_to_do() -> None:
    for word in (*words.PHONE_STATES.values(), *words.SIM_STANDINGS.values(), *words.PUSH_STATES.values()):
        if word.tone in (Tone.WARN, Tone.BAD):
            assert len(word.explained()) > len(word.said())


def test_one_and_many_are_worded_apart() -> None:
    assert words.counted(1, "1 needs you", "%n need you") == "1 needs you"
    assert words.counted(3, "1 needs you", "%n need you") == "3 need you"

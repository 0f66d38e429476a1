"""Every entry of a timeline has a sentence, made of its kind and its fields."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from phonefarm.application.model import timeline
from phonefarm.application.model.read_models import Condition, FinishStatus, PhoneState
from phonefarm.application.model.timeline import Happening, Step, TimelineKind, entry
from ui.text.words import timeline_sentence

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

SENTENCES = [
    (Happening(kind=TimelineKind.TEXT, fields={"text": "As it {was} written"}), "As it {was} written"),
    (timeline.phone_state(PhoneState.READY, ""), "Ready"),
    (timeline.phone_state(PhoneState.OFFLINE, "device offline"), "Offline: device offline"),
    (timeline.phone_state(PhoneState.OFFLINE, "offline"), "Offline"),
    (timeline.phones_left(4, "1-1.4"), "Disconnected together with 4 others (USB hub 1-1.4)"),
    (timeline.phones_left(4, ""), "Disconnected together with 4 others (shared cause unknown)"),
    (timeline.condition_began(Condition.LOW_BATTERY, {"percent": 14}), "Low battery: 14 %"),
    (timeline.condition_began(Condition.CLOCK_WRONG, {"minutes_fast": -40}), "Clock wrong: 40 min slow"),
    (timeline.condition_began(Condition.NO_SMS_APP, {}), "No SMS app"),
    (timeline.condition_ended(Condition.LOW_BATTERY), "Resolved: low battery"),
    (timeline.recovery_step(Step.RESET_USB), "Its USB port was reset"),
    (timeline.recovery_failed(Step.RECONNECT, "It is gone."), "Reconnecting failed: It is gone."),
    (timeline.sim_rule_set("sub_id=2", "8970", "79"), "Messages marked 'sub_id=2' go to +79 from now on"),
    (timeline.sim_rules_forgotten(), "SIM rules forgotten: its messages are not assigned by them any more"),
    (timeline.sim_seen("R58", 0), "In R58, slot 1"),
    (timeline.sim_moved("R58", 1), "In R58, slot 2"),
    (timeline.sim_taken_out("R58"), "Taken out of R58"),
    (timeline.number_typed("79"), "Number entered by you: +79"),
    (timeline.number_imported("79"), "Number imported: +79"),
    (timeline.number_imported(""), "Number removed by an import"),
    (timeline.number_accepted("79", "MTS"), "Number taken from a message of MTS: +79"),
    (
        timeline.number_rejected("380", "ukraine", "russia", "phone"),
        "+380 is a number of ukraine, but the SIM is of russia: stated by the phone, not used",
    ),
    (
        timeline.number_rejected("380", "", "russia", "hand"),
        "+380 is a number of another country, but the SIM is of russia: entered by you, not used",
    ),
    (timeline.banned_by_rule(), "Banned for 24 h: three rents in a row without an SMS"),
    (timeline.banned_by_hand(1.5), "Banned by you for 1.5 h"),
    (timeline.ban_lifted(), "Ban lifted by you"),
    (timeline.ban_ended(), "Ban ended"),
    (timeline.paused("kept for tests"), "Paused: kept for tests"),
    (timeline.paused_after_sale(), "Paused after its sale"),
    (timeline.resumed(), "Back on offer"),
    (timeline.rent_ordered(10_001), "Rent 10001 ordered"),
    (timeline.rent_ended(10_001, FinishStatus.SOLD, 2), "Rent 10001 sold, 2 SMS"),
    (timeline.rent_ended(10_001, None, 0), "Rent 10001 released, 0 SMS"),
    (timeline.ordered("russia", None, Decimal(870)), "Ordered: russia, any operator, expected 870 RUB"),
    (timeline.answered(), "Answered: Onlinesim has the number"),
    (timeline.answer_lost(), "The answer was cut off: Onlinesim may not know this rent"),
    (
        timeline.withdrawn(),
        "Withdrawn: Onlinesim closed the connection before the answer, so it does not know this rent",
    ),
    (timeline.released(), "Released by you: not confirmed by Onlinesim"),
    (timeline.finished(FinishStatus.NOT_ORDERED, Decimal(0)), "Finished by Onlinesim: not ordered, 0 RUB"),
    (timeline.refunded(Decimal(870)), "Refunded after the sale: 870 RUB"),
    (timeline.rent_unknown(), "Onlinesim does not know this rent: check the setting sms_id"),
    (timeline.sms("Telegram"), "SMS from Telegram"),
    (timeline.sim_found("8970", "79"), "Assigned automatically to +79"),
    (timeline.sim_found("8970", None), "Assigned automatically to SIM 8970"),
    (timeline.sim_chosen("8970", "79"), "Assigned by you to +79"),
    (timeline.push_sending(2), "Push 2: in progress"),
    (timeline.push_delivered(2, 0.456), "Push 2: delivered, 0.46 s after arrival"),
    *[
        (timeline.push_ended(kind, 1, "HTTP 502 after 3 ms"), "Push 1: HTTP 502 after 3 ms")
        for kind in TimelineKind
        if kind.startswith("push ") and kind not in (TimelineKind.PUSH_SENDING, TimelineKind.PUSH_DELIVERED)
    ],
    (timeline.selling_paused("the user"), "All selling paused by the user"),
    (timeline.selling_resumed("the user"), "All selling resumed by the user"),
    (timeline.resent(), "Sent again by you"),
    (timeline.dropped(), "Dropped by you"),
]


@pytest.mark.parametrize(("happening", "sentence"), SENTENCES, ids=lambda value: str(value)[:40])
def test_happening_has_its_sentence(happening: Happening, sentence: str) -> None:
    assert timeline_sentence(entry(NOON, happening)) == sentence


def test_every_kind_of_happening_has_a_sentence() -> None:
    assert {happening.kind for happening, _ in SENTENCES} == set(TimelineKind)

"""The scripted market sends what it reports, and the audit finds every SMS or counts it as lost."""

from __future__ import annotations

import random

from phonefarm.simulation.answers import AnswerPolicy, Outcome
from phonefarm.simulation.delivery_audit import audit_deliveries, unseen_messages
from phonefarm.simulation.market import Market
from phonefarm.simulation.market_record import FinishRecord, MarketRecord, Moment, PushRecord, RentRecord
from phonefarm.simulation.scripted_market import ScriptedMarket, SentSms, TrafficProfile
from phonefarm.simulation.texts import Texts
from tests.simulation.fake_partner import FakePartner

KEY = "a-key"
NUMBER = "79150000001"


def at(seconds: float) -> Moment:
    return Moment(monotonic=seconds, wall=1_700_000_000 + seconds)


def a_record(*, finished: float | None = None) -> MarketRecord:
    rent = RentRecord(rent_id=1, msisdn=NUMBER, country="russia", operator="any", sum=320, ordered_at=at(0))
    if finished is not None:
        rent.finishes.append(FinishRecord(at=at(finished), status=3, sum=320, succeeded=True))
    return MarketRecord(rents={1: rent})


def sent(text: str, *, rent_id: int | None = 1, seconds: float = 10.0) -> SentSms:
    return SentSms(number=1, msisdn=NUMBER, rent_id=rent_id, sender="Shop", text=text, delivered_at=at(seconds))


def a_push(text: str, outcome: Outcome, number: int = 1) -> PushRecord:
    return PushRecord(
        number=number,
        at=at(11),
        body={"smsId": 1, "phone": NUMBER, "phoneFrom": "Shop", "text": text},
        outcome=str(outcome),
        http_status=200 if outcome is Outcome.ACCEPT else None,
        token=str(outcome) if outcome is Outcome.BAD_SERVICE else "",
        rent_id=1,
    )


def test_each_sms_is_delivered_refused_late_or_lost() -> None:
    record = a_record(finished=60)
    record.pushes += [
        a_push("taken", Outcome.ACCEPT),
        a_push("answer lost", Outcome.ANSWER_LOST),
        a_push("refused", Outcome.BAD_SERVICE),
        a_push("failed", Outcome.ERROR_500),
    ]
    messages = [sent(text) for text in ("taken", "answer lost", "refused", "failed", "unheard")]
    messages.append(sent("in the last second", seconds=59))

    summary = audit_deliveries(messages, record)

    assert (summary.delivered, summary.refused, summary.lost, summary.late) == (2, 1, 2, 1)
    assert not summary.is_clean
    assert [sms.text for sms in unseen_messages(messages, record)] == ["failed", "unheard", "in the last second"]


def test_an_sms_that_waits_in_the_app_is_not_lost_and_hides_no_lost_one() -> None:
    record = a_record()
    messages = [sent("waits"), sent("held"), sent("gone"), sent("stray", rent_id=None)]
    with_app = [(NUMBER, "Shop", "waits"), ("", "Shop", "held"), (NUMBER, "Shop", "stray"), ("7999", "Shop", "gone")]

    summary = audit_deliveries(messages, record, with_app=with_app)

    assert (summary.waiting, summary.lost, summary.stray) == (2, 1, 1)


def test_an_sms_that_the_market_accepted_does_not_wait() -> None:
    record = a_record()
    record.pushes.append(a_push("taken", Outcome.ANSWER_LOST))

    summary = audit_deliveries([sent("taken")], record, with_app=[(NUMBER, "Shop", "taken")])

    assert (summary.delivered, summary.waiting) == (1, 0)


def test_an_older_sms_in_a_rent_is_misdirected_and_a_repeat_is_counted() -> None:
    record = a_record()
    record.pushes += [a_push("stray", Outcome.ACCEPT, 1), a_push("stray", Outcome.ACCEPT, 2)]

    summary = audit_deliveries([sent("stray", rent_id=None, seconds=-2.0)], record, {"sms_received": 4})

    assert (summary.misdirected, summary.repeated_after_200, summary.sms_received) == (1, 1, 4)


def test_a_stray_sms_at_the_start_of_a_rent_is_not_misdirected() -> None:
    record = a_record()
    record.pushes.append(a_push("stray", Outcome.ACCEPT))

    assert audit_deliveries([sent("stray", rent_id=None, seconds=-0.5)], record).misdirected == 0


def test_texts_are_never_equal_and_some_are_hostile() -> None:
    texts = Texts(random.Random(3), hostile_share=0.5)

    drawn = [texts.draw()[1] for _ in range(400)]

    assert len(set(drawn)) == 400
    for mark in ("\x00", "\nRow: ", "=HYPERLINK", "🙏", "\u202e"):
        assert any(mark in text for text in drawn)
    assert max(len(text) for text in drawn) > 1000


async def test_a_correct_partner_passes_the_audit() -> None:
    policy = AnswerPolicy(seed=1, chances={Outcome.ANSWER_LOST: 0.1, Outcome.ERROR_500: 0.1})
    pool = [f"7915000{number:04d}" for number in range(30)]
    async with FakePartner(KEY, pool) as partner, Market(partner.url, KEY, policy=policy) as market:
        partner.push_url = market.push_url
        traffic = TrafficProfile(seconds_between_strays=1.0)
        script = ScriptedMarket(market, partner.receive_sms, numbers=pool, seed=5, speed=40.0, traffic=traffic)

        await script.run(1.5)
        summary = audit_deliveries(script.sent, market.record)

    assert summary.is_clean, market.record.violations
    assert summary.rents >= 10
    assert summary.delivered >= 10
    assert any(sms.rent_id is None for sms in script.sent)
    assert market.record.counts()["rents_open"] == 0


async def test_a_partner_that_drops_an_sms_fails_the_audit() -> None:
    async with FakePartner(KEY, [NUMBER]) as partner, Market(partner.url, KEY) as market:
        partner.push_url = market.push_url

        async def forget(msisdn: str, sender: str, text: str) -> None:
            """Receive the SMS and push nothing."""

        traffic = TrafficProfile(sms_of_a_rent=(0.0, 1.0, 0.0, 0.0), shortest_rent=9.0)
        script = ScriptedMarket(market, forget, seed=5, speed=40.0, traffic=traffic)

        await script.run(0.5)
        summary = audit_deliveries(script.sent, market.record, finish_grace=0.0)

    assert summary.lost == len(script.sent) > 0

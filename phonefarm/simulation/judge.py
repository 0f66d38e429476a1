"""What became of every SMS of a play: the account that a run is judged by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from phonefarm.simulation.market_record import MarketRecord, PushRecord
from phonefarm.simulation.play import SentSms

FINISH_GRACE = 5.0
"""An SMS that came so shortly before the end of its rent may miss it without being lost."""

ORDER_TOLERANCE = 1.0
"""A partner's rent begins a little before the market has read of it."""

MessageKey = tuple[str, str, str]
"""(msisdn, sender, text); an msisdn of "" stands for any, where the app cannot tell the SIM."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    rents: int
    sms_received: int
    """As the app counts them where it was asked, else as the play sent them."""
    stray: int
    """Of these, those to a number that was not rented just then."""
    delivered: int
    refused: int
    waiting: int
    """Neither taken nor refused by the market, and with the app, which goes on."""
    lost: int
    """Sent to a rented number, neither taken nor refused by the market, not with the app, nor late."""
    late: int
    """Never seen by the market, and sent in the last seconds of the rent."""
    misdirected: int
    """SMS from before a rent that were pushed into it."""
    repeated_after_200: int
    violations: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.misdirected or self.repeated_after_200 or self.violations)

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def judge(
    sent: Iterable[SentSms],
    record: MarketRecord,
    app_counts: Mapping[str, int] | None = None,
    *,
    with_app: Iterable[MessageKey] = (),
    finish_grace: float = FINISH_GRACE,
) -> Summary:
    """Hold the senders' list against the market's record and against what the app says still waits (`with_app`)."""
    messages = list(sent)
    counted = app_counts or {}
    taken = _by_message(push for push in record.pushes if push.is_accepted)
    refused = _by_message(push for push in record.pushes if push.is_refused)
    rented = [sms for sms in messages if sms.rent_id is not None]
    delivered = [sms for sms in rented if taken[_key(sms)]]
    turned_away = [sms for sms in rented if not taken[_key(sms)] and refused[_key(sms)]]
    unseen = [sms for sms in rented if not taken[_key(sms)] and not refused[_key(sms)]]
    waits = set(with_app)
    waiting = [sms for sms in unseen if _key(sms) in waits or ("", sms.sender, sms.text) in waits]
    missed = [sms for sms in unseen if sms not in waiting]
    late = [sms for sms in missed if _is_late(sms, record, finish_grace)]
    return Summary(
        rents=len(record.rents),
        sms_received=counted.get("sms_received", len(messages)),
        stray=counted.get("sms_stray", len(messages) - len(rented)),
        delivered=len(delivered),
        refused=len(turned_away),
        waiting=len(waiting),
        lost=len(missed) - len(late),
        late=len(late),
        misdirected=sum(_is_misdirected(sms, record) for sms in messages if sms.rent_id is None),
        repeated_after_200=len(record.repeated_after_200()),
        violations=len(record.violations),
    )


def missing(sent: Iterable[SentSms], record: MarketRecord) -> list[SentSms]:
    """The SMS of rents of which the market has not heard at all."""
    known = _by_message(push for push in record.pushes if push.is_accepted or push.is_refused)
    return [sms for sms in sent if sms.rent_id is not None and not known[_key(sms)]]


def _key(sms: SentSms) -> MessageKey:
    return sms.msisdn, sms.sender, sms.text


def _by_message(pushes: Iterable[PushRecord]) -> Counter[MessageKey]:
    return Counter(_push_key(push) for push in pushes)


def _push_key(push: PushRecord) -> MessageKey:
    return str(push.body.get("phone")), str(push.body.get("phoneFrom")), str(push.body.get("text"))


def _is_misdirected(sms: SentSms, record: MarketRecord) -> bool:
    for push in record.pushes:
        if push.is_accepted and push.rent_id is not None and _push_key(push) == _key(sms):
            ordered_at = record.rents[push.rent_id].ordered_at.monotonic
            if sms.delivered_at.monotonic < ordered_at - ORDER_TOLERANCE:
                return True
    return False


def _is_late(sms: SentSms, record: MarketRecord, finish_grace: float) -> bool:
    rent = record.rents.get(sms.rent_id) if sms.rent_id is not None else None
    finished = rent.finished_at if rent is not None else None
    return finished is not None and sms.delivered_at.monotonic > finished.monotonic - finish_grace

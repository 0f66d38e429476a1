"""Compares the SMS that senders sent with the market's record, and counts lost, late and repeated ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from phonefarm.simulation.market_record import MarketRecord, PushRecord
from phonefarm.simulation.scripted_market import SentSms

FINISH_GRACE_SECONDS = 5.0
"""An SMS delivered within this time before the end of its rent counts as late, not as lost."""

ORDER_TOLERANCE_SECONDS = 1.0
"""A rent begins at the partner slightly before the market has read the answer."""

MessageKey = tuple[str, str, str]
"""(msisdn, sender, text); the msisdn "" matches any number, for messages whose SIM the app does not know."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    rents: int
    sms_received: int
    """The app's count if given, else the number that was sent."""
    stray: int
    """Those among them to numbers that were not rented at the time."""
    delivered: int
    refused: int
    waiting: int
    """Neither accepted nor refused by the market, but still queued or held in the app."""
    lost: int
    """Sent to a rented number, neither accepted nor refused by the market, not waiting and not late."""
    late: int
    """Never received by the market, and sent in the last seconds of the rent."""
    misdirected: int
    """SMS from before a rent that were pushed to it."""
    repeated_after_200: int
    violations: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.misdirected or self.repeated_after_200 or self.violations)

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def audit_deliveries(
    sent: Iterable[SentSms],
    record: MarketRecord,
    app_counts: Mapping[str, int] | None = None,
    *,
    with_app: Iterable[MessageKey] = (),
    finish_grace: float = FINISH_GRACE_SECONDS,
) -> Summary:
    """Compare `sent` with the market's record; `with_app` lists the messages that still wait in the app.

    `finish_grace` is in seconds.
    """
    messages = list(sent)
    counts = app_counts or {}
    accepted = _count_by_message(push for push in record.pushes if push.is_accepted)
    refused = _count_by_message(push for push in record.pushes if push.is_refused)
    rented = [sms for sms in messages if sms.rent_id is not None]
    delivered = [sms for sms in rented if accepted[_key(sms)]]
    rejected = [sms for sms in rented if not accepted[_key(sms)] and refused[_key(sms)]]
    unseen = [sms for sms in rented if not accepted[_key(sms)] and not refused[_key(sms)]]
    in_app = set(with_app)
    waiting = [sms for sms in unseen if _key(sms) in in_app or ("", sms.sender, sms.text) in in_app]
    missed = [sms for sms in unseen if sms not in waiting]
    late = [sms for sms in missed if _is_late(sms, record, finish_grace)]
    return Summary(
        rents=len(record.rents),
        sms_received=counts.get("sms_received", len(messages)),
        stray=counts.get("sms_stray", len(messages) - len(rented)),
        delivered=len(delivered),
        refused=len(rejected),
        waiting=len(waiting),
        lost=len(missed) - len(late),
        late=len(late),
        misdirected=sum(_is_misdirected(sms, record) for sms in messages if sms.rent_id is None),
        repeated_after_200=len(record.repeated_after_200()),
        violations=len(record.violations),
    )


def unseen_messages(sent: Iterable[SentSms], record: MarketRecord) -> list[SentSms]:
    """The SMS to rented numbers for which the market received no push."""
    seen = _count_by_message(push for push in record.pushes if push.is_accepted or push.is_refused)
    return [sms for sms in sent if sms.rent_id is not None and not seen[_key(sms)]]


def _key(sms: SentSms) -> MessageKey:
    return sms.msisdn, sms.sender, sms.text


def _count_by_message(pushes: Iterable[PushRecord]) -> Counter[MessageKey]:
    return Counter(_push_key(push) for push in pushes)


def _push_key(push: PushRecord) -> MessageKey:
    return str(push.body.get("phone")), str(push.body.get("phoneFrom")), str(push.body.get("text"))


def _is_misdirected(sms: SentSms, record: MarketRecord) -> bool:
    for push in record.pushes:
        if push.is_accepted and push.rent_id is not None and _push_key(push) == _key(sms):
            ordered_at = record.rents[push.rent_id].ordered_at.monotonic
            if sms.delivered_at.monotonic < ordered_at - ORDER_TOLERANCE_SECONDS:
                return True
    return False


def _is_late(sms: SentSms, record: MarketRecord, finish_grace: float) -> bool:
    rent = record.rents.get(sms.rent_id) if sms.rent_id is not None else None
    finished = rent.finished_at if rent is not None else None
    return finished is not None and sms.delivered_at.monotonic > finished.monotonic - finish_grace

"""The virtual market's record: rents, webhook calls, pushes and violations of the protocol."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A point in time on both clocks, in seconds."""

    monotonic: float
    wall: float


def now() -> Moment:
    return Moment(monotonic=time.monotonic(), wall=time.time())


@dataclass(frozen=True, kw_only=True)
class PushRecord:
    """One push request and its answer."""

    number: int
    at: Moment
    body: dict[str, Any]
    """As received, without the key."""
    outcome: str
    http_status: int | None
    """None if no answer reached the sender."""
    token: str
    rent_id: int | None
    """The open rent of the message, if any."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Fields that identify the message on the wire."""
        return tuple(self.body.get(name) for name in ("smsId", "phone", "phoneFrom", "text"))

    @property
    def is_accepted(self) -> bool:
        """Whether the market accepted the message, even if its answer was lost."""
        return self.outcome in ("accept", "answer lost")

    @property
    def was_acknowledged(self) -> bool:
        return self.outcome == "accept"

    @property
    def is_refused(self) -> bool:
        return self.token in ("NO_OPERATION", "NO_OP", "BAD_SERVICE", "IGNORED", "SERVICE_BAN")


@dataclass(frozen=True, kw_only=True)
class FinishRecord:
    at: Moment
    status: int
    sum: float | None
    succeeded: bool


@dataclass(kw_only=True)
class RentRecord:
    rent_id: int
    msisdn: str
    country: str
    operator: str
    sum: float
    ordered_at: Moment
    finishes: list[FinishRecord] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return not self.finishes

    @property
    def finished_at(self) -> Moment | None:
        return self.finishes[0].at if self.finishes else None


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One call from the market to the partner."""

    at: Moment
    path: str
    request: dict[str, Any]
    http_status: int | None
    answer: Any
    seconds: float
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Violation:
    at: Moment
    where: str
    what: str


@dataclass
class MarketRecord:
    rents: dict[int, RentRecord] = field(default_factory=dict)
    pushes: list[PushRecord] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def add_violation(self, where: str, what: str) -> None:
        self.violations.append(Violation(at=now(), where=where, what=what))

    def open_rent_of(self, msisdn: str) -> RentRecord | None:
        return next((rent for rent in self.rents.values() if rent.is_open and rent.msisdn == msisdn), None)

    def delivered(self) -> Counter[tuple[int, str]]:
        """How many pushes were accepted for each (rent, text)."""
        return Counter(
            (push.rent_id, str(push.body.get("text")))
            for push in self.pushes
            if push.is_accepted and push.rent_id is not None
        )

    def repeated_after_200(self) -> list[PushRecord]:
        """Pushes of messages that were already answered with 200.

        Two SMS with the same text and sender to one rent look identical on the wire; only the list of
        sent messages tells how many there were.
        """
        acknowledged: set[tuple[object, ...]] = set()
        repeated = []
        for push in self.pushes:
            if push.identity in acknowledged:
                repeated.append(push)
            if push.was_acknowledged:
                acknowledged.add(push.identity)
        return repeated

    def counts(self) -> dict[str, int]:
        return {
            "rents": len(self.rents),
            "rents_open": sum(rent.is_open for rent in self.rents.values()),
            "pushes": len(self.pushes),
            "pushes_accepted": sum(push.is_accepted for push in self.pushes),
            "pushes_refused": sum(push.is_refused for push in self.pushes),
            "calls": len(self.calls),
            "calls_failed": sum(bool(call.failure) for call in self.calls),
            "violations": len(self.violations),
            "repeated_after_200": len(self.repeated_after_200()),
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "counts": self.counts(),
            "rents": [asdict(rent) for rent in self.rents.values()],
            "pushes": [asdict(push) for push in self.pushes],
            "calls": [asdict(call) for call in self.calls],
            "violations": [asdict(violation) for violation in self.violations],
        }

    def dumps(self) -> str:
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1)

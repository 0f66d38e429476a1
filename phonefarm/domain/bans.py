"""The market's three-in-a-row rule, mirrored: when a number is withheld and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.rents import FinishStatus

UNUSED_RENTS_BEFORE_BAN = 3
BAN_LENGTH = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Streak:
    """Unused rents in a row on one SIM, and the ban they led to."""

    unused_in_a_row: int
    banned_until: datetime | None = None


def after_finish(streak: Streak, status: FinishStatus, accepted_sms: int, at: datetime) -> Streak:
    """The streak once a rent ended.

    Cancelled without an accepted SMS counts one up and the third in a row bans;
    sold, or any accepted SMS, starts again from nought; other ends say nothing about the number.
    A longer ban that stands already is not cut short.
    """
    if status is FinishStatus.SOLD or accepted_sms > 0:
        return Streak(unused_in_a_row=0, banned_until=streak.banned_until)
    if status is not FinishStatus.CANCELLED:
        return streak
    unused = streak.unused_in_a_row + 1
    if unused < UNUSED_RENTS_BEFORE_BAN:
        return Streak(unused_in_a_row=unused, banned_until=streak.banned_until)
    until = at + BAN_LENGTH
    return Streak(unused_in_a_row=0, banned_until=max(until, streak.banned_until or until))


def one_more_failure_bans(unused_in_a_row: int) -> bool:
    return unused_in_a_row == UNUSED_RENTS_BEFORE_BAN - 1

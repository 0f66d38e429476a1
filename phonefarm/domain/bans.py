"""The market's ban rule, mirrored: three unused rents in a row withhold a number for a day."""

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
    """The streak after a rent ended.

    A cancelled rent without an accepted SMS counts, and the third in a row bans. A sale or any accepted SMS resets the
    count. Other ends leave it as it is. A longer ban that is in force already stays.
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

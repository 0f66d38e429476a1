"""What an introduction will ask next, so that one call asks it all: a call costs more than most questions in it."""

from __future__ import annotations

from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import ASK_AIRPLANE, ASK_SMS_APP, ASK_SMS_ROLE, FIRST_SDK_WITH_ROLES
from phonefarm.adapters.adb.probe_query import wanted_query
from phonefarm.adapters.adb.probing import first_wanted
from phonefarm.adapters.adb.sim_sources import ISUB
from phonefarm.adapters.adb.siminfo import queries
from phonefarm.adapters.adb.subscriber_info import codes_for, commands
from phonefarm.domain.phones import PhoneFacts

AHEAD_WITHIN = 15.0


async def ask_with_the_probe(calls: PhoneCalls, facts: PhoneFacts) -> None:
    """What its provider takes, who its cards are, and which app stores its messages."""
    asked = [wanted_query(first_wanted(facts)), *_identity_questions(calls.told_ahead(ISUB), facts.sdk)]
    asked += [ASK_AIRPLANE, ASK_SMS_APP, *([ASK_SMS_ROLE] if facts.sdk >= FIRST_SDK_WITH_ROLES else [])]
    await calls.ask_ahead(*asked, within=AHEAD_WITHIN)


def _identity_questions(isub: str, sdk: int) -> list[str]:
    subs = parse_isub(isub) or []
    if not subs:
        return []
    codes = codes_for(sdk)
    asked = [command for sub in subs if codes is not None for command in commands(codes, sub.sub_id)]
    return [*queries(sdk)[:1], *asked]

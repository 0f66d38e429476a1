"""Prefetches the answers that an introduction needs next in one shell call; a call costs more than its commands."""

from __future__ import annotations

from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import (
    AIRPLANE_COMMAND,
    FIRST_SDK_WITH_ROLES,
    SMS_APP_COMMAND,
    SMS_ROLE_COMMAND,
)
from phonefarm.adapters.adb.probe_query import build_probe_query
from phonefarm.adapters.adb.probing import full_request
from phonefarm.adapters.adb.sim_sources import ISUB
from phonefarm.adapters.adb.siminfo import siminfo_queries
from phonefarm.adapters.adb.subscriber_info import codes_for, identity_commands
from phonefarm.domain.phones import PhoneFacts

PREFETCH_TIMEOUT_SECONDS = 15.0


async def prefetch_with_probe(calls: PhoneCalls, facts: PhoneFacts) -> None:
    """Prefetch the probe of the SMS provider, the identity of the cards, and the default SMS app."""
    commands = [build_probe_query(full_request(facts)), *_identity_commands(calls.prefetched_text(ISUB), facts.sdk)]
    commands += [AIRPLANE_COMMAND, SMS_APP_COMMAND]
    commands += [SMS_ROLE_COMMAND] if facts.sdk >= FIRST_SDK_WITH_ROLES else []
    await calls.prefetch(*commands, within=PREFETCH_TIMEOUT_SECONDS)


def _identity_commands(isub: str, sdk: int) -> list[str]:
    subs = parse_isub(isub) or []
    if not subs:
        return []
    code_sets = codes_for(sdk)
    commands = [command for sub in subs for command in identity_commands(code_sets, sub.sub_id)]
    return [*siminfo_queries(sdk)[:1], *commands]

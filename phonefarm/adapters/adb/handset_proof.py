"""Reads what distinguishes a handset from another one with the same serial."""

from __future__ import annotations

import re
from datetime import timedelta

from phonefarm.adapters.adb import uptime
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import strip_noise
from phonefarm.domain.phones import HandsetProof
from phonefarm.support.clock import Clock

PROOF_TIMEOUT_SECONDS = 15.0
BOOT_ID_COMMAND = "cat /proc/sys/kernel/random/boot_id"
ANDROID_ID_COMMAND = "settings get secure android_id"
_BOOT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANDROID_ID = re.compile(r"[0-9a-f]{8,16}")


async def read_handset_proof(calls: PhoneCalls, clock: Clock) -> HandsetProof:
    answers = await calls.run(BOOT_ID_COMMAND, uptime.COMMAND, ANDROID_ID_COMMAND, within=PROOF_TIMEOUT_SECONDS)
    boot_id, up_for, android_id = (section.text for section in answers.sections)
    seconds = uptime.parse_uptime(up_for)
    return HandsetProof(
        boot_id=_match_or_empty(_BOOT_ID, boot_id),
        android_id=_match_or_empty(_ANDROID_ID, android_id),
        booted_at=None if seconds is None else clock() - timedelta(seconds=seconds),
    )


def _match_or_empty(form: re.Pattern[str], text: str) -> str:
    found = form.fullmatch(strip_noise(text).strip())
    return found[0] if found else ""

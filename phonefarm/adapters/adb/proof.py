"""What tells a handset from another that bears the same serial."""

from __future__ import annotations

import re
from datetime import timedelta

from phonefarm.adapters.adb import uptime
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.provider import without_noise
from phonefarm.domain.phones import HandsetProof
from phonefarm.support.clock import Clock

PROVE_WITHIN = 15.0
ASK_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
ASK_ANDROID_ID = "settings get secure android_id"
_BOOT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANDROID_ID = re.compile(r"[0-9a-f]{8,16}")


async def prove(calls: PhoneCalls, clock: Clock) -> HandsetProof:
    answers = await calls.run(ASK_BOOT_ID, uptime.ASK, ASK_ANDROID_ID, within=PROVE_WITHIN)
    boot_id, up_for, android_id = (section.text for section in answers.sections)
    seconds = uptime.parse_uptime(up_for)
    return HandsetProof(
        boot_id=_matched(_BOOT_ID, boot_id),
        android_id=_matched(_ANDROID_ID, android_id),
        booted_at=None if seconds is None else clock() - timedelta(seconds=seconds),
    )


def _matched(form: re.Pattern[str], text: str) -> str:
    found = form.fullmatch(without_noise(text).strip())
    return found[0] if found else ""

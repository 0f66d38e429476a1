"""Which app stores the phone's SMS, and whether it is switched on; remembered between the looks that ask."""

from __future__ import annotations

from collections.abc import Mapping

from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import (
    ASK_SMS_APP,
    ASK_SMS_ROLE,
    FIRST_SDK_WITH_ROLES,
    ask_enabled,
    parse_packages,
    parse_role_holder,
    parse_sms_app,
)
from phonefarm.adapters.adb.script import Section
from phonefarm.application.ports.world import PhoneUnreachable

ASK_WITHIN = 20.0


class SmsApp:
    """The default SMS app of one phone: empty where none is chosen or it is switched off, None where not told."""

    def __init__(self, calls: PhoneCalls, sdk: int, chosen: str = "") -> None:
        """`chosen`: the package that was the one before."""
        self._calls = calls
        self._has_roles = sdk >= FIRST_SDK_WITH_ROLES
        self._asks_role = False
        self._chosen = chosen
        self.last: str | None = chosen or None

    def commands(self) -> list[str]:
        """What tells it in one call if nothing has changed since the last."""
        role = [ASK_SMS_ROLE] if self._asks_role else []
        return [ASK_SMS_APP, *role, *([ask_enabled(self._chosen)] if self._chosen else [])]

    async def read(self, said: Mapping[str, Section]) -> str | None:
        """`said`: the answers to `commands` (and others); what they leave open is asked in calls of its own."""
        self.last = await self._read(said)
        return self.last

    async def _read(self, said: Mapping[str, Section]) -> str | None:
        chosen = await self._chosen_one(said)
        if not chosen:
            return chosen
        self._chosen = chosen
        listing = await self._answer(ask_enabled(chosen), said)
        enabled = parse_packages(listing.text) if listing is not None and listing.exit_code == 0 else None
        return chosen if enabled is None or chosen in enabled else ""

    async def _chosen_one(self, said: Mapping[str, Section]) -> str | None:
        setting = said[ASK_SMS_APP]
        chosen = parse_sms_app(setting.text) if setting.exit_code == 0 else None
        # Some makes never fill the setting: since Android 10 the role decides.
        self._asks_role = self._has_roles and chosen == ""
        if not self._asks_role:
            return chosen
        role = await self._answer(ASK_SMS_ROLE, said)
        return parse_role_holder(role.text) if role is not None and role.exit_code == 0 else None

    async def _answer(self, command: str, said: Mapping[str, Section]) -> Section | None:
        if (section := said.get(command)) is not None:
            return section
        try:
            return (await self._calls.run(command, within=ASK_WITHIN)).sections[0]
        except PhoneUnreachable:
            return None  # a question at the side: whether the phone lives, the next call tells

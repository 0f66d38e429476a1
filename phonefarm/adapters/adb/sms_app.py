"""Reads which app stores the phone's SMS, and whether it is enabled; remembers it between check-ups."""

from __future__ import annotations

from collections.abc import Mapping

from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.phone_settings import (
    FIRST_SDK_WITH_ROLES,
    SMS_APP_COMMAND,
    SMS_ROLE_COMMAND,
    enabled_packages_command,
    parse_packages,
    parse_role_holder,
    parse_sms_app,
)
from phonefarm.adapters.adb.script import Section
from phonefarm.application.ports.world import PhoneUnreachable

SMS_APP_TIMEOUT_SECONDS = 20.0


class SmsApp:
    """The default SMS app of one phone: empty if none is chosen or it is disabled, None if unknown."""

    def __init__(self, calls: PhoneCalls, sdk: int, chosen: str = "") -> None:
        """`chosen`: the last known package."""
        self._calls = calls
        self._has_roles = sdk >= FIRST_SDK_WITH_ROLES
        self._asks_role = False
        self._chosen = chosen
        self.last: str | None = chosen or None

    def commands(self) -> list[str]:
        """The commands that suffice in one call if nothing has changed."""
        role = [SMS_ROLE_COMMAND] if self._asks_role else []
        return [SMS_APP_COMMAND, *role, *([enabled_packages_command(self._chosen)] if self._chosen else [])]

    async def read(self, answers: Mapping[str, Section]) -> str | None:
        """`answers`: those to `commands` and others; more commands follow if they leave something open."""
        self.last = await self._read(answers)
        return self.last

    async def _read(self, answers: Mapping[str, Section]) -> str | None:
        chosen = await self._read_chosen(answers)
        if not chosen:
            return chosen
        self._chosen = chosen
        listing = await self._get_answer(enabled_packages_command(chosen), answers)
        enabled = parse_packages(listing.text) if listing is not None and listing.exit_code == 0 else None
        return chosen if enabled is None or chosen in enabled else ""

    async def _read_chosen(self, answers: Mapping[str, Section]) -> str | None:
        setting = answers[SMS_APP_COMMAND]
        chosen = parse_sms_app(setting.text) if setting.exit_code == 0 else None
        # Some makes never fill the setting; since Android 10 the role decides.
        self._asks_role = self._has_roles and chosen == ""
        if not self._asks_role:
            return chosen
        role = await self._get_answer(SMS_ROLE_COMMAND, answers)
        return parse_role_holder(role.text) if role is not None and role.exit_code == 0 else None

    async def _get_answer(self, command: str, answers: Mapping[str, Section]) -> Section | None:
        if (section := answers.get(command)) is not None:
            return section
        try:
            return (await self._calls.run(command, within=SMS_APP_TIMEOUT_SECONDS)).sections[0]
        except PhoneUnreachable:
            return None  # optional; if the phone is gone, the next call notices

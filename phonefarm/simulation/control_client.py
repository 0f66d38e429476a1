"""Client of the control API of virtual phones in another process."""

from __future__ import annotations

import csv

import aiohttp

ANSWER_TIMEOUT_SECONDS = 60.0


class PhonesClient:
    """Calls the control API; the caller owns and closes `session`."""

    def __init__(self, control_url: str, session: aiohttp.ClientSession) -> None:
        self._url = control_url.rstrip("/")
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS)

    async def deliver(self, msisdn: str, sender: str, text: str) -> None:
        """Deliver an SMS. Raises OSError if the phones cannot be reached, LookupError if no phone has the number."""
        message = {"msisdn": msisdn, "sender": sender, "text": text}
        try:
            async with self._session.post(f"{self._url}/sms", json=message, timeout=self._timeout) as response:
                if response.status != 200:
                    raise LookupError(await response.text())
        except aiohttp.ClientError as error:
            raise OSError(f"virtual phones: {error}") from error

    async def numbers(self) -> list[str]:
        """All numbers of the farm."""
        async with self._session.get(f"{self._url}/numbers.csv", timeout=self._timeout) as response:
            response.raise_for_status()
            return [row["msisdn"] for row in csv.DictReader((await response.text()).splitlines())]

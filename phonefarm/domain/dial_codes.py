"""The country of a number by its dial code: the longest listed prefix decides."""

from __future__ import annotations

from collections.abc import Iterable

from phonefarm.domain.allocation import folded
from phonefarm.domain.ids import Msisdn


class DialCodes:
    """Countries by dial code; a code may be shared, and a country may have several."""

    def __init__(self, countries_and_codes: Iterable[tuple[str, str]] = ()) -> None:
        self._countries: dict[str, list[str]] = {}
        for country, code in countries_and_codes:
            self._countries.setdefault(code, []).append(country)
        self._listed = {folded(country) for countries in self._countries.values() for country in countries}

    def countries_of(self, msisdn: Msisdn) -> tuple[str, ...]:
        """The countries that share the number's dial code; empty where it is not listed."""
        for length in range(len(msisdn), 0, -1):
            if countries := self._countries.get(msisdn[:length]):
                return tuple(countries)
        return ()

    def contradict(self, msisdn: Msisdn, country: str) -> bool:
        """Whether the number is certainly of another country; False for a country whose dial code is not listed."""
        wanted = folded(country)
        return wanted in self._listed and wanted not in map(folded, self.countries_of(msisdn))

"""Mobile networks by the market's names, and whether a number fits their country."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phonefarm.domain.dial_codes import DialCodes
from phonefarm.domain.ids import Msisdn


@dataclass(frozen=True, kw_only=True)
class Network:
    """A mobile network by the market's names; the country is empty where that name is not known."""

    country: str
    operator: str = ""


@dataclass(frozen=True, kw_only=True)
class Objection:
    """A number that is certainly not of its SIM's country."""

    msisdn: Msisdn
    of_country: str
    """The number's own country; empty where its dial code is not listed."""
    country: str
    """The SIM's country."""

    def __str__(self) -> str:
        return f"+{self.msisdn} is a number of {self.of_country or 'another country'}, but the SIM is of {self.country}"


UNKNOWN_NETWORK = Network(country="")


class NetworkNames:
    """The market's names by MCC and MNC; countries and ISO codes by MCC; dial codes by country."""

    def __init__(
        self,
        networks: Mapping[str, Network],
        countries: Mapping[str, str],
        regions: Mapping[str, str] | None = None,
        dial_codes: DialCodes | None = None,
    ) -> None:
        self._networks = networks
        self._countries = countries
        self._regions = regions or {}
        self._dial_codes = dial_codes or DialCodes()

    def of(self, mcc_mnc: str) -> Network:
        """The network's names; an unlisted operator has only its country, an unlisted country has no names."""
        known = self._networks.get(mcc_mnc)
        if known is not None:
            return known
        return Network(country=self._countries.get(mcc_mnc[:3], ""))

    def region_of(self, mcc_mnc: str) -> str | None:
        """The ISO country of a network, for parsing phone numbers."""
        return self._regions.get(mcc_mnc[:3])

    def objection(self, msisdn: Msisdn, country: str) -> Objection | None:
        """Why a SIM of this country cannot have the number; None if it can."""
        if not self._dial_codes.contradict(msisdn, country):
            return None
        whose = " or ".join(self._dial_codes.countries_of(msisdn))
        return Objection(msisdn=msisdn, of_country=whose, country=country)

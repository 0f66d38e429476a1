"""Mobile networks by the market's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Network:
    """A mobile network by the market's names; an empty country: the market's name is not known."""

    country: str
    operator: str = ""


UNKNOWN_NETWORK = Network(country="")


class NetworkNames:
    """Country and operator names of the market by MCC+MNC; a country alone by MCC; its ISO code by MCC."""

    def __init__(
        self, networks: Mapping[str, Network], countries: Mapping[str, str], regions: Mapping[str, str] | None = None
    ) -> None:
        self._networks = networks
        self._countries = countries
        self._regions = regions or {}

    def of(self, mcc_mnc: str) -> Network:
        """The network's names; an unlisted operator keeps its country, an unlisted country gives nothing."""
        known = self._networks.get(mcc_mnc)
        if known is not None:
            return known
        return Network(country=self._countries.get(mcc_mnc[:3], ""))

    def region_of(self, mcc_mnc: str) -> str | None:
        """The ISO country of a network, as telephone numbers are checked by it."""
        return self._regions.get(mcc_mnc[:3])

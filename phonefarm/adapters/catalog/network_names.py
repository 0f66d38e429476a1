"""Reads the shipped tables, which the user may edit: Onlinesim's names of networks and countries, message patterns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.dial_codes import DialCodes
from phonefarm.domain.networks import Network, NetworkNames
from phonefarm.domain.number_patterns import NumberPattern
from phonefarm.support.text_files import read_text


@dataclass(frozen=True, kw_only=True)
class Catalog:
    names: NetworkNames
    country_by_dial_code: dict[str, str]
    """Of countries that share a code, the one listed first."""
    patterns: tuple[NumberPattern, ...]
    blocked_senders: tuple[BlockedSender, ...]


def read_catalog(resources: Path) -> Catalog:
    """The tables in the folder; a missing one is empty.

    `networks.csv`: mcc_mnc,country,operator; `countries.csv`: country,dial_code,mcc (each may hold several, separated
    by blanks) and region, the ISO code; `number_patterns.csv`: sender,text; `blocked_senders.csv`: pattern,what.
    """
    networks = {
        row["mcc_mnc"]: Network(country=row["country"], operator=row["operator"])
        for row in _rows(resources / "networks.csv")
    }
    countries = _rows(resources / "countries.csv")
    by_mcc = {mcc: row["country"] for row in countries for mcc in row["mcc"].split()}
    dial_codes = [(row["country"], code) for row in countries for code in row["dial_code"].split()]
    regions = {mcc: row.get("region", "") for row in countries for mcc in row["mcc"].split() if row.get("region")}
    return Catalog(
        names=NetworkNames(networks, by_mcc, regions, DialCodes(dial_codes)),
        country_by_dial_code={code: country for country, code in reversed(dial_codes)},
        patterns=tuple(
            NumberPattern(text=row["text"], sender=row["sender"]) for row in _rows(resources / "number_patterns.csv")
        ),
        blocked_senders=tuple(
            BlockedSender(pattern=row["pattern"], what=row["what"]) for row in _rows(resources / "blocked_senders.csv")
        ),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    lines = io.StringIO(read_text(path), newline="")
    return [{name: (value or "").strip() for name, value in row.items()} for row in csv.DictReader(lines)]

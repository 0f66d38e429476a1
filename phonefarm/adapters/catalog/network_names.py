"""Reads resources/networks.csv and resources/countries.csv: the market's names by network and dial code."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from phonefarm.application.sim_inventory import Network, NetworkNames


@dataclass(frozen=True, kw_only=True)
class Catalog:
    names: NetworkNames
    country_by_dial_code: dict[str, str]


def read_catalog(resources: Path) -> Catalog:
    """`networks.csv`: mcc_mnc,country,operator; `countries.csv`: country,dial_code,mcc (several apart by a blank)."""
    networks = {
        row["mcc_mnc"]: Network(country=row["country"], operator=row["operator"])
        for row in _rows(resources / "networks.csv")
    }
    countries = _rows(resources / "countries.csv")
    by_mcc = {mcc: row["country"] for row in countries for mcc in row["mcc"].split()}
    by_dial_code = {row["dial_code"]: row["country"] for row in countries}
    return Catalog(names=NetworkNames(networks, by_mcc), country_by_dial_code=by_dial_code)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: value.strip() for name, value in row.items()} for row in csv.DictReader(file)]

"""The tables that we ship: the market's names by network and dial code."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.application.sim_inventory import Network
from phonefarm.resource_files import RESOURCES


def test_shipped_tables_know_the_great_networks() -> None:
    catalog = read_catalog(RESOURCES)

    assert catalog.names.of("25001") == Network(country="russia", operator="mts")
    assert catalog.country_by_dial_code["49"] == "germany"


def test_every_shipped_name_is_lower_case_and_every_code_digits() -> None:
    catalog = read_catalog(RESOURCES)

    for code, network in catalog.names._networks.items():
        assert code.isdigit()
        assert len(code) in (5, 6)
        assert network.country == network.country.lower() != ""
        assert network.operator == network.operator.lower() != ""
    assert all(code.isdigit() and name for code, name in catalog.country_by_dial_code.items())


def test_networks_lie_in_countries_that_are_listed() -> None:
    catalog = read_catalog(RESOURCES)
    listed = set(catalog.names._countries.values())

    assert {network.country for network in catalog.names._networks.values()} <= listed


@pytest.mark.parametrize("mcc", ["262", "263"])
def test_country_may_have_several_codes(tmp_path: Path, mcc: str) -> None:
    (tmp_path / "networks.csv").write_text("mcc_mnc,country,operator\n")
    (tmp_path / "countries.csv").write_text("country,dial_code,mcc\ngermany,49,262 263\n")

    assert read_catalog(tmp_path).names.of(f"{mcc}99") == Network(country="germany")

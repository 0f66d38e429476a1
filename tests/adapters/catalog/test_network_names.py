"""The shipped tables: Onlinesim's names by network and dial code."""

from __future__ import annotations

import csv
from pathlib import Path

import phonenumbers
import pytest

from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.application.sims.inventory import Network
from phonefarm.domain.ids import Msisdn
from phonefarm.support.resource_files import RESOURCES


def test_shipped_tables_contain_the_large_networks() -> None:
    catalog = read_catalog(RESOURCES)

    assert catalog.names.of("25001") == Network(country="russia", operator="mts")
    assert catalog.country_by_dial_code["49"] == "germany"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_table_with_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    for name in ("networks.csv", "countries.csv"):
        text = (RESOURCES / name).read_text(encoding="utf-8")
        (tmp_path / name).write_bytes(text.encode(encoding))

    assert read_catalog(tmp_path).names.of("25001") == Network(country="russia", operator="mts")


def test_every_shipped_name_is_lower_case_and_every_code_digits() -> None:
    catalog = read_catalog(RESOURCES)

    for code, network in catalog.names._networks.items():
        assert code.isdigit()
        assert len(code) in (5, 6)
        assert network.country == network.country.lower() != ""
        assert network.operator == network.operator.lower() != ""
    assert all(code.isdigit() and name for code, name in catalog.country_by_dial_code.items())


def test_every_network_is_in_a_listed_country() -> None:
    catalog = read_catalog(RESOURCES)
    listed = set(catalog.names._countries.values())

    assert {network.country for network in catalog.names._networks.values()} <= listed


@pytest.mark.parametrize("mcc", ["262", "263"])
def test_country_may_have_several_codes(tmp_path: Path, mcc: str) -> None:
    (tmp_path / "networks.csv").write_text("mcc_mnc,country,operator\n")
    (tmp_path / "countries.csv").write_text("country,dial_code,mcc\ngermany,49,262 263\n")

    assert read_catalog(tmp_path).names.of(f"{mcc}99") == Network(country="germany")


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("79281234567", "russia"),
        ("77012345678", "kazakhstan"),
        ("14165551234", "usa"),
        ("14165551234", "canada"),
        ("18095551234", "dominican_republic"),
        ("18295551234", "dominican_republic"),
        ("447700900123", "united_kingdom"),
    ],
)
def test_number_of_the_sims_own_country_has_no_objection(number: str, country: str) -> None:
    assert read_catalog(RESOURCES).names.objection(Msisdn(number), country) is None


@pytest.mark.parametrize(
    ("number", "country", "whose"),
    [
        ("77012345678", "russia", "kazakhstan"),
        ("79281234567", "kazakhstan", "russia"),
        ("14165551234", "russia", "usa or canada"),
        ("18295551234", "canada", "dominican_republic"),
        ("88212345678", "russia", "another country"),
    ],
)
def test_objection_names_both_countries(number: str, country: str, whose: str) -> None:
    objection = read_catalog(RESOURCES).names.objection(Msisdn(number), country)

    assert str(objection) == f"+{number} is a number of {whose}, but the SIM is of {country}"


def test_shared_dial_code_in_an_order_means_the_country_listed_first() -> None:
    assert read_catalog(RESOURCES).country_by_dial_code["1"] == "usa"


def test_every_example_number_of_a_listed_country_is_its_own() -> None:
    """Example numbers of libphonenumber: a country must not lack one of its own dial codes."""
    names = read_catalog(RESOURCES).names
    with (RESOURCES / "countries.csv").open(encoding="utf-8") as listed:
        region_by_country = {row["country"]: row["region"] for row in csv.DictReader(listed)}
    found = []
    for country, region in region_by_country.items():
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        assert example is not None
        found.append(names.objection(Msisdn(f"{example.country_code}{example.national_number}"), country))

    assert found
    assert not any(found)

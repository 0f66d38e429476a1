"""Every phone of a server has a name of its own, the same as before wherever that can be told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.naming import NO_SERIAL, Listed, name_with_port, names_of, transport_id

S = "20080411"


def device(serial: str = S, port: str = "", number: int | None = None) -> Listed:
    words = [f"usb:{port}"] if port else []
    words += ["product:x"] + ([] if number is None else [f"transport_id:{number}"])
    return Listed(serial=serial, detail=" ".join(words))


def test_a_serial_that_one_phone_bears_is_its_name_wherever_it_hangs() -> None:
    assert names_of([device("R58M", "1-1", 4), device("ZY22", "1-2", 5)], {"R58M": "3-1"}) == ["R58M", "ZY22"]


def test_two_phones_of_one_serial_are_told_apart_by_their_ports() -> None:
    assert names_of([device(port="1-1"), device(port="1-2")], {}) == [f"{S}#1-1", f"{S}#1-2"]


def test_the_one_that_was_there_first_keeps_its_name() -> None:
    assert names_of([device(port="1-2"), device(port="1-1")], {S: "1-1"}) == [f"{S}#1-2", S]


@pytest.mark.parametrize(("port", "name"), [("1-1", S), ("1-2", f"{S}#1-2"), ("1-3", f"{S}#1-3")])
def test_whichever_of_them_is_there_alone_has_the_name_of_its_port(port: str, name: str) -> None:
    assert names_of([device(port=port)], {S: "1-1", f"{S}#1-2": "1-2"}) == [name]


def test_phones_without_a_serial_are_known_by_their_ports_even_alone() -> None:
    assert names_of([device(NO_SERIAL, "1-1")], {}) == [f"{NO_SERIAL}#1-1"]


def test_where_the_system_names_no_port_adbs_number_for_the_connection_does() -> None:
    assert names_of([device(number=7), device(number=9)], {}) == [f"{S}#id7", f"{S}#id9"]


def test_a_name_with_the_port_can_be_asked_for() -> None:
    assert name_with_port(device(port="1-1")) == f"{S}#1-1"


@pytest.mark.parametrize(
    ("detail", "number"),
    [("usb:1-1 transport_id:7", 7), ("transport_id:12 usb:1-1", 12), ("product:transport_id:x", None), ("", None)],
)
def test_number_of_the_connection_is_read_from_the_long_list(detail: str, number: int | None) -> None:
    assert transport_id(detail) == number


@given(
    st.lists(
        st.tuples(st.sampled_from([S, NO_SERIAL, "R58M"]), st.integers(1, 9)),
        unique_by=lambda pair: pair[1],
        max_size=9,
    ),
    st.dictionaries(st.sampled_from([S, "R58M", f"{S}#1-1", f"{S}#1-2"]), st.sampled_from(["", "1-1", "1-2"])),
)
def test_no_two_phones_have_one_name_and_names_stay(plugged: list[tuple[str, int]], known: dict[str, str]) -> None:
    listed = [device(serial, f"1-{port}", port) for serial, port in plugged]

    names = names_of(listed, known)
    ports = dict(zip(names, (f"1-{port}" for _, port in plugged), strict=True))

    assert len(set(names)) == len(names)
    assert names_of(listed, known | ports) == names

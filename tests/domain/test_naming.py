"""Every phone of a server has a unique name, and keeps it if possible."""

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


def test_unique_serial_is_the_name_on_every_port() -> None:
    assert names_of([device("R58M", "1-1", 4), device("ZY22", "1-2", 5)], {"R58M": "3-1"}) == ["R58M", "ZY22"]


def test_two_phones_of_one_serial_are_named_by_their_ports() -> None:
    assert names_of([device(port="1-1"), device(port="1-2")], {}) == [f"{S}#1-1", f"{S}#1-2"]


def test_first_phone_of_a_serial_keeps_its_name() -> None:
    assert names_of([device(port="1-2"), device(port="1-1")], {S: "1-1"}) == [f"{S}#1-2", S]


@pytest.mark.parametrize(("port", "name"), [("1-1", S), ("1-2", f"{S}#1-2"), ("1-3", f"{S}#1-3")])
def test_phone_of_a_shared_serial_keeps_the_name_of_its_port_when_it_is_alone(port: str, name: str) -> None:
    assert names_of([device(port=port)], {S: "1-1", f"{S}#1-2": "1-2"}) == [name]


def test_phone_without_a_serial_is_always_named_by_its_port() -> None:
    assert names_of([device(NO_SERIAL, "1-1")], {}) == [f"{NO_SERIAL}#1-1"]


def test_transport_id_is_used_without_a_port() -> None:
    assert names_of([device(number=7), device(number=9)], {}) == [f"{S}#id7", f"{S}#id9"]


def test_name_with_port_always_has_the_port() -> None:
    assert name_with_port(device(port="1-1")) == f"{S}#1-1"


@pytest.mark.parametrize(
    ("detail", "number"),
    [("usb:1-1 transport_id:7", 7), ("transport_id:12 usb:1-1", 12), ("product:transport_id:x", None), ("", None)],
)
def test_transport_id_is_read_from_the_long_list(detail: str, number: int | None) -> None:
    assert transport_id(detail) == number


@given(
    st.lists(
        st.tuples(st.sampled_from([S, NO_SERIAL, "R58M"]), st.integers(1, 9)),
        unique_by=lambda pair: pair[1],
        max_size=9,
    ),
    st.dictionaries(st.sampled_from([S, "R58M", f"{S}#1-1", f"{S}#1-2"]), st.sampled_from(["", "1-1", "1-2"])),
)
def test_names_are_unique_and_stable(plugged: list[tuple[str, int]], known: dict[str, str]) -> None:
    listed = [device(serial, f"1-{port}", port) for serial, port in plugged]

    names = names_of(listed, known)
    ports = dict(zip(names, (f"1-{port}" for _, port in plugged), strict=True))

    assert len(set(names)) == len(names)
    assert names_of(listed, known | ports) == names

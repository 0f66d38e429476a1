"""Phones that leave together are one loss, with the hub that is the cause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.hubs import LEAST_TOGETHER, Loss, SharedLoss, shared_losses, trunk_of, usb_path
from phonefarm.domain.ids import PhoneId
from tests.builders import NOON, SECOND


def loss(name: str, path: str, second: float = 0.0) -> Loss:
    return Loss(phone_id=PhoneId(name), usb_path=path, at=NOON + second * SECOND)


def losses_of(found: list[SharedLoss]) -> list[tuple[str, int]]:
    return [(shared.hub, len(shared.phones)) for shared in found]


@pytest.mark.parametrize(
    ("detail", "path"),
    [
        ("usb:1-1.4 product:a52q model:SM_A525F device:a52q transport_id:7", "1-1.4"),
        ("usb:17825792X product:a52q", "17825792X"),
        ("product:x usb:3-2 transport_id:1", "3-2"),
        ("product:x model:notusb:1-1", ""),
        ("", ""),
    ],
)
def test_port_is_read_from_adbs_long_list(detail: str, path: str) -> None:
    assert usb_path(detail) == path


@pytest.mark.parametrize(
    ("path", "trunk"),
    [("1-1.4.2", "1-1"), ("1-1.2", "1-1"), ("12-3.1", "12-3"), ("1-4", "1-4"), ("17825792X", ""), ("", "")],
)
def test_phones_behind_one_port_of_the_pc_share_its_cable(path: str, trunk: str) -> None:
    assert trunk_of(path) == trunk


def test_hub_whose_phones_all_left_is_named() -> None:
    losses = [loss(f"p{n}", f"1-1.4.{n}", n * 0.3) for n in range(1, 8)]

    assert losses_of(shared_losses(losses, {PhoneId("stays"): "1-1.3.1"})) == [("1-1.4", 7)]


def test_hub_with_working_phones_is_no_cause_but_one_below_it_may_be() -> None:
    losses = [loss(f"p{n}", f"1-1.4.2.{n}") for n in range(1, 4)]

    assert losses_of(shared_losses(losses, {PhoneId("stays"): "1-1.4.1"})) == [("1-1.4.2", 3)]


def test_two_hubs_that_drop_at_once_are_reported_as_their_common_hub() -> None:
    losses = [loss(f"a{n}", f"1-1.1.{n}") for n in range(3)] + [loss(f"b{n}", f"1-1.2.{n}") for n in range(3)]

    assert losses_of(shared_losses(losses, {})) == [("1-1", 6)]


def test_two_hubs_of_two_buses_are_two_losses() -> None:
    losses = [loss(f"a{n}", f"1-1.1.{n}") for n in range(3)] + [loss(f"b{n}", f"2-1.2.{n}") for n in range(3)]

    assert losses_of(shared_losses(losses, {})) == [("1-1.1", 3), ("2-1.2", 3)]


def test_phones_without_a_known_port_are_one_loss_without_a_hub() -> None:
    losses = [loss(f"p{n}", path) for n, path in enumerate(["", "", "17825792X"])]

    assert losses_of(shared_losses(losses, {})) == [("", 3)]


def test_two_phones_are_no_shared_loss() -> None:
    assert shared_losses([loss("a", "1-1.1"), loss("b", "1-1.2")], {}) == []


def test_phones_that_left_minutes_apart_are_no_shared_loss() -> None:
    assert shared_losses([loss(f"p{n}", f"1-1.{n}", 60.0 * n) for n in range(6)], {}) == []


PATHS = st.one_of(
    st.just(""),
    st.text(max_size=12),
    st.builds(
        lambda bus, ports: f"{bus}-{'.'.join(map(str, ports))}",
        st.integers(1, 3),
        st.lists(st.integers(1, 4), min_size=1, max_size=4),
    ),
)


@given(gone=st.lists(PATHS, max_size=20), staying=st.lists(PATHS, max_size=5), seconds=st.data())
def test_every_phone_is_in_one_group_at_most_and_no_group_is_small(
    gone: list[str], staying: list[str], seconds: st.DataObject
) -> None:
    losses = [loss(f"p{n}", path, seconds.draw(st.floats(0, 40))) for n, path in enumerate(gone)]

    found = shared_losses(losses, {PhoneId(f"s{n}"): path for n, path in enumerate(staying)})

    phones = [phone for shared in found for phone in shared.phones]
    assert len(phones) == len(set(phones))
    assert all(len(shared.phones) >= LEAST_TOGETHER for shared in found)

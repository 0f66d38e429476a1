"""How often callers may call: the key decides, and a stranger's flood costs the caller with the key nothing."""

from __future__ import annotations

from phonefarm.adapters.onlinesim.gate import LEAST_BURST, MOST_ADDRESSES, Gate

TUNNEL = "127.0.0.1"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_gate(clock: Clock, calls_per_second: float = 20, wrong_keys_per_minute: float = 6) -> Gate:
    return Gate(calls_per_second=calls_per_second, wrong_keys_per_minute=wrong_keys_per_minute, now=clock)


def test_sixty_calls_with_the_key_at_once_pass_however_low_the_limit_is_set() -> None:
    gate = a_gate(Clock(), calls_per_second=1)

    assert LEAST_BURST == 60
    assert [gate.wait_with_key() for _ in range(60)] == [0] * 60


def test_calls_with_the_key_beyond_the_measure_are_told_when_to_come_again() -> None:
    clock = Clock()
    gate = a_gate(clock)
    while gate.wait_with_key() == 0:
        pass

    assert gate.wait_with_key() == 1
    clock.now += 1
    assert [gate.wait_with_key() for _ in range(20)] == [0] * 20


def test_strangers_have_a_small_measure_that_grows_again() -> None:
    clock = Clock()
    gate = a_gate(clock)

    assert [gate.wait_of_stranger(TUNNEL) for _ in range(7)] == [0] * 6 + [10]
    clock.now += 10
    assert [gate.wait_of_stranger(TUNNEL) for _ in range(2)] == [0, 10]


def test_flood_of_strangers_takes_nothing_from_who_has_the_key() -> None:
    gate = a_gate(Clock())
    for _ in range(10_000):
        gate.wait_of_stranger(TUNNEL)

    assert [gate.wait_with_key() for _ in range(40)] == [0] * 40


def test_each_address_has_its_own_measure() -> None:
    gate = a_gate(Clock())
    while gate.wait_of_stranger("192.0.2.1") == 0:
        pass

    assert gate.wait_of_stranger("192.0.2.2") == 0


def test_no_more_addresses_are_remembered_than_fit() -> None:
    gate = a_gate(Clock())
    for number in range(MOST_ADDRESSES * 3):
        gate.wait_of_stranger(f"address {number}")

    assert len(gate._strangers) == MOST_ADDRESSES


def test_clock_that_stands_still_or_runs_back_gives_nothing_away() -> None:
    clock = Clock()
    gate = a_gate(clock)
    while gate.wait_of_stranger(TUNNEL) == 0:
        clock.now -= 60

    assert gate.wait_of_stranger(TUNNEL) > 0

"""In which turn the writer gets what waits for it, and how it learns of the end."""

from __future__ import annotations

import queue

import pytest

from phonefarm.adapters.storage.waiting_line import WaitingLine


@pytest.fixture
def line() -> WaitingLine[str]:
    return WaitingLine(4)


def test_urgent_work_goes_before_what_waits_and_the_rest_in_its_turn(line: WaitingLine[str]) -> None:
    for item in ("look", "another look"):
        line.put(item, urgent=False)
    for item in ("order", "another order"):
        line.put(item, urgent=True)

    taken = [line.take(wait=True) for _ in range(4)]

    assert taken == ["order", "another order", "look", "another look"]


def test_the_rest_may_have_its_turn_before_urgent_work(line: WaitingLine[str]) -> None:
    line.put("order", urgent=True)
    line.put("look", urgent=False)

    assert [line.take(wait=True, usual_first=True), line.take(wait=True, usual_first=True)] == ["look", "order"]


def test_another_of_a_kind_is_never_of_the_other(line: WaitingLine[str]) -> None:
    line.put("order", urgent=True)
    line.put("look", urgent=False)

    looks = [line.take_another(urgent=False), line.take_another(urgent=False)]

    assert (looks, line.take(wait=False)) == (["look", None], "order")


def test_the_end_comes_after_all_that_waits_even_what_came_behind_it(line: WaitingLine[str]) -> None:
    line.put("look", urgent=False)
    line.end()
    line.put("order", urgent=True)

    assert [line.take(wait=True) for _ in range(3)] == ["order", "look", None]


def test_who_does_not_wait_is_told_that_there_is_nothing(line: WaitingLine[str]) -> None:
    with pytest.raises(queue.Empty):
        line.take(wait=False)


def test_full_line_takes_no_more_urgent_or_not(line: WaitingLine[str]) -> None:
    for _ in range(4):
        line.put("look", urgent=False)

    for urgent in (False, True):
        with pytest.raises(queue.Full):
            line.put("one too many", urgent=urgent)

    assert len(line) == 4


def test_what_is_popped_at_the_end_is_not_given_to_the_writer(line: WaitingLine[str]) -> None:
    line.put("look", urgent=False)
    line.end()

    assert [line.pop(), line.pop()] == ["look", None]
    assert line.take(wait=True) is None

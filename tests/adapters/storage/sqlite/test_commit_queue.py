"""The sequence in which the writer takes units of work, and how it learns of the end."""

from __future__ import annotations

import queue

import pytest

from phonefarm.adapters.storage.sqlite.commit_queue import CommitQueue


@pytest.fixture
def waiting() -> CommitQueue[str]:
    return CommitQueue(4)


def test_urgent_items_come_before_normal_ones_and_each_kind_in_sequence(waiting: CommitQueue[str]) -> None:
    for item in ("look", "another look"):
        waiting.put(item, urgent=False)
    for item in ("order", "another order"):
        waiting.put(item, urgent=True)

    taken = [waiting.take(wait=True) for _ in range(4)]

    assert taken == ["order", "another order", "look", "another look"]


def test_normal_items_come_first_if_the_taker_says_so(waiting: CommitQueue[str]) -> None:
    waiting.put("order", urgent=True)
    waiting.put("look", urgent=False)

    assert [waiting.take(wait=True, normal_first=True), waiting.take(wait=True, normal_first=True)] == ["look", "order"]


def test_take_of_priority_never_takes_the_other_priority(waiting: CommitQueue[str]) -> None:
    waiting.put("order", urgent=True)
    waiting.put("look", urgent=False)

    looks = [waiting.take_of_priority(urgent=False), waiting.take_of_priority(urgent=False)]

    assert (looks, waiting.take(wait=False)) == (["look", None], "order")


def test_end_comes_after_all_items_even_those_put_after_it(waiting: CommitQueue[str]) -> None:
    waiting.put("look", urgent=False)
    waiting.end()
    waiting.put("order", urgent=True)

    assert [waiting.take(wait=True) for _ in range(3)] == ["order", "look", None]


def test_take_without_waiting_raises_empty(waiting: CommitQueue[str]) -> None:
    with pytest.raises(queue.Empty):
        waiting.take(wait=False)


def test_full_queue_refuses_urgent_and_normal_items(waiting: CommitQueue[str]) -> None:
    for _ in range(4):
        waiting.put("look", urgent=False)

    for urgent in (False, True):
        with pytest.raises(queue.Full):
            waiting.put("one too many", urgent=urgent)

    assert len(waiting) == 4


def test_popped_item_is_not_taken_again(waiting: CommitQueue[str]) -> None:
    waiting.put("look", urgent=False)
    waiting.end()

    assert [waiting.pop(), waiting.pop()] == ["look", None]
    assert waiting.take(wait=True) is None

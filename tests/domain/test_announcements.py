"""Which row belongs to which announcement, and which announcements have no row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phonefarm.domain.announcements import LINES_TRAIL_FOR_SECONDS, MOST_OPEN, Announcements

PATIENCE = 16.0


def announced(*lines: tuple[float, bool], start: Announcements | None = None) -> Announcements:
    """Lines as (second, whether the SMS app was handed the message)."""
    known = start or Announcements()
    for at, stored in lines:
        known = known.on_hint(at, arriving=not stored, stored=stored)
    return known


def promises(known: Announcements, now: float) -> list[float]:
    """The begins of the announcements whose rows are overdue."""
    return [one.since for one in known.drop_overdue(now, PATIENCE)[1]]


def test_lines_of_one_message_are_one_announcement() -> None:
    assert len(announced((0.0, False), (0.1, True), (1.5, True), (3.0, True)).open) == 1


def test_messages_some_seconds_apart_are_two() -> None:
    assert len(announced((0.0, False), (0.1, True), (4.0, False), (4.1, True)).open) == 2


def test_row_closes_the_announcement_of_its_own_time() -> None:
    known, explained = announced((0.0, True), (5.0, True)).on_rows([5.2], 5.6)

    assert explained is not None
    assert explained.since == 5.0
    assert [one.since for one in known.open] == [0.0]


def test_announcement_stays_open_when_a_later_message_is_found_first() -> None:
    known, _ = announced((0.0, False), (0.1, True), (5.0, False), (5.1, True)).on_rows([5.1], 5.5)

    assert promises(known, 15.9) == []
    assert promises(known, 16.0) == [0.0]


def test_delivery_end_alone_promises_no_row() -> None:
    known = Announcements().on_hint(0.0, arriving=True).on_hint(0.5)

    assert promises(known, 100) == []


def test_part_of_a_longer_message_promises_no_row() -> None:
    assert promises(announced((0.0, False)), 100) == []


def test_trailing_lines_of_a_found_message_promise_no_row() -> None:
    known, _ = announced((0.0, False), (0.1, True)).on_rows([0.1], 0.5)

    known = announced((4.0, True), start=known)

    assert promises(known, 100) == []


def test_next_message_soon_after_a_found_one_promises_a_row() -> None:
    known, _ = announced((0.0, False), (0.1, True)).on_rows([0.1], 0.5)

    known = announced((4.0, False), (4.1, True), start=known)

    assert promises(known, 100) == [4.0]


def test_stored_line_without_a_network_line_promises_a_row_unless_one_was_just_found() -> None:
    known, _ = announced((0.0, True)).on_rows([0.0], 0.5)

    known = announced((0.5 + LINES_TRAIL_FOR_SECONDS, True), start=known)

    assert len(promises(known, 100)) == 1


def test_rows_of_unknown_time_close_all_announcements() -> None:
    known, explained = announced((0.0, True), (5.0, True)).on_rows(None, 6.0)

    assert known.open == ()
    assert explained is not None


def test_old_row_closes_no_announcement() -> None:
    known, explained = announced((100.0, True)).on_rows([20.0], 100.5)

    assert explained is None
    assert len(known.open) == 1


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=200))
def test_open_announcements_are_bounded(lines: list[tuple[float, bool]]) -> None:
    assert len(announced(*sorted(lines)).open) <= MOST_OPEN

"""The table model: rows by key, sorted by value, filtered, with the right signals for Qt."""

from __future__ import annotations

from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from tests.ui.rows import BLACK, Sheep, a_table, flock, shown
from ui.table.row_index import natural, search_terms


class ModelTester(Protocol):
    def check(self, model: QAbstractItemModel) -> None: ...


def test_rows_are_sorted_by_value_and_not_by_text() -> None:
    table = a_table(sort_column=1)

    table.upsert([Sheep(name="a", weight=100), Sheep(name="b", weight=9), Sheep(name="c", weight=20)])

    assert shown(table) == ["b", "c", "a"]


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_rows_without_a_value_come_last_either_way(order: Qt.SortOrder) -> None:
    table = a_table()
    table.upsert([Sheep(name="a", weight=None), Sheep(name="b", weight=9), Sheep(name="c", weight=20)])

    table.sort(1, order)

    assert shown(table)[-1] == "a"


def test_a_changed_row_repaints_its_own_row_only(qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    table = a_table()
    table.upsert(flock("a", "b", "c"))

    with qtbot.waitSignal(table.dataChanged) as change:
        table.upsert([Sheep(name="b", weight=7)])

    assert change.args is not None
    assert change.args[0].row() == change.args[1].row() == 1
    qtmodeltester.check(table)


def test_changed_row_in_its_place_moves_nothing(qtbot: QtBot) -> None:
    table = a_table()
    table.upsert(flock("a", "b", "c"))

    with qtbot.assertNotEmitted(table.rows_changing):
        table.upsert([Sheep(name="b", weight=7)])


def test_rows_that_are_gone_are_removed(qtmodeltester: ModelTester) -> None:
    table = a_table()
    table.upsert(flock("a", "b", "c", "d"))

    table.upsert([Sheep(name="e")], gone=["b", "c", "never was"])

    assert shown(table) == ["a", "d", "e"]
    assert table.row_of("b") is None
    qtmodeltester.check(table)


def test_replace_all_keeps_common_rows() -> None:
    table = a_table()
    table.replace_all(flock("a", "b", "c"))
    held = QPersistentModelIndex(table.index(2, 0))

    table.replace_all(flock("c", "d"))

    assert shown(table) == ["c", "d"]
    assert held.row() == 0


def test_persistent_index_follows_its_row(qtmodeltester: ModelTester) -> None:
    table = a_table(sort_column=1)
    table.upsert([Sheep(name="a", weight=1), Sheep(name="b", weight=2), Sheep(name="c", weight=3)])
    held = QPersistentModelIndex(table.index(0, 0))

    table.upsert([Sheep(name="a", weight=9)])

    assert shown(table) == ["b", "c", "a"]
    assert held.row() == 2
    qtmodeltester.check(table)


def test_a_filter_shows_its_rows_and_counts_all() -> None:
    table = a_table()
    table.upsert([*flock("a", "b"), *flock("c", is_black=True)])

    table.show_filter(BLACK)

    assert shown(table) == ["c"]
    assert len(table.index_of_rows) == 3
    assert table.index_of_rows.count(BLACK) == 1


def test_counts_follow_the_rows() -> None:
    table = a_table()
    table.upsert(flock("a", "b", is_black=True))

    table.upsert(flock("a", is_black=False), gone=["b"])

    assert table.index_of_rows.count(BLACK) == 0


def test_row_that_stops_passing_the_filter_is_removed() -> None:
    table = a_table()
    table.show_filter(BLACK)
    table.upsert(flock("a", "b", is_black=True))

    table.upsert(flock("a", is_black=False))

    assert shown(table) == ["b"]


def test_changed_row_is_searched_again() -> None:
    table = a_table(haystack=lambda sheep: str(sheep.weight))
    table.upsert([Sheep(name="a", weight=100), Sheep(name="b", weight=9)])

    table.search("100")
    table.upsert([Sheep(name="b", weight=1001), Sheep(name="a", weight=2)])

    assert shown(table) == ["b"]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("+7 928 144-60-23", ("79281446023",)),
        ("(928) 144", ("928144",)),
        ("Shelf 2", ("shelf", "2")),
        ("  ", ()),
        ("-", ("-",)),
    ],
)
def test_number_is_one_search_term_in_any_spelling(query: str, terms: tuple[str, ...]) -> None:
    assert search_terms(query) == terms


def test_index_outside_the_table_has_no_row() -> None:
    table = a_table()
    table.upsert(flock("a"))

    assert table.row_at(5) is None
    assert table.row_at(-1) is None
    assert table.data(QModelIndex()) is None
    assert table.headerData(99, Qt.Orientation.Horizontal) is None


Step = tuple[dict[str, int], set[str], bool]
names = st.sampled_from([f"s{n}" for n in range(80)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.dictionaries(names, st.integers(0, 9)), st.sets(names), st.booleans()), max_size=12))
def test_any_sequence_of_changes_keeps_model_and_sort_right(steps: list[Step]) -> None:
    table = a_table(sort_column=1)
    tester = QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Warning)
    truth: dict[str, Sheep] = {}

    for weights, gone, only_black in steps:
        gone = gone - weights.keys()
        rows = [Sheep(name=name, weight=weight, is_black=weight > 4) for name, weight in weights.items()]
        table.upsert(rows, gone=gone)
        table.show_filter(BLACK if only_black else None)
        for name in gone:
            truth.pop(name, None)
        truth.update({row.name: row for row in rows})

        wanted = [sheep for sheep in truth.values() if sheep.is_black or not only_black]
        seen = [table.row_at(place) for place in range(table.rowCount())]
        assert [sheep.weight for sheep in seen if sheep] == sorted(sheep.weight or 0 for sheep in wanted)
        assert {sheep.name for sheep in seen if sheep} == {sheep.name for sheep in wanted}
        assert all(table.place_of(sheep.name) == place for place, sheep in enumerate(seen) if sheep)
    assert tester.model() is table


def test_twenty_thousand_rows_are_sorted_and_filtered_and_one_change_touches_one_row(qtbot: QtBot) -> None:
    table = a_table()
    table.replace_all([Sheep(name=f"s{n:05}", weight=n * 7919 % 20_000, is_black=n % 10 == 0) for n in range(20_000)])

    table.sort(1, Qt.SortOrder.DescendingOrder)
    table.show_filter(BLACK)
    with qtbot.waitSignal(table.dataChanged) as change:
        table.upsert([Sheep(name="s00010", weight=10 * 7919 % 20_000, is_black=True)])

    weights = [sheep.weight or 0 for place in range(table.rowCount()) if (sheep := table.row_at(place))]
    assert len(weights) == 2_000
    assert weights == sorted(weights, reverse=True)
    assert change.args is not None
    assert change.args[0].row() == change.args[1].row() == table.place_of("s00010")


def test_burst_of_changes_emits_signals_for_visible_rows_only() -> None:
    table = a_table()
    table.upsert(flock(*[f"s{n:05}" for n in range(20_000)]))
    table.rows_in_sight(range(100, 130))
    announced: list[range] = []
    table.dataChanged.connect(lambda first, last, _: announced.append(range(first.row(), last.row() + 1)))

    table.upsert([Sheep(name=f"s{n:05}", weight=5) for n in range(0, 20_000, 2)])

    assert {place for run in announced for place in run} == set(range(100, 130, 2))


def test_numbers_inside_names_are_sorted_as_numbers() -> None:
    labels = ["shelf 10, port 1", "shelf 2, port 11", "shelf 2, port 9", "2", "", "bench"]

    assert sorted(labels, key=natural) == ["", "bench", "shelf 2, port 9", "shelf 2, port 11", "shelf 10, port 1", "2"]

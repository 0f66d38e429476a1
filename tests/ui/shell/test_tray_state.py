"""The tray's figure, count and tooltip follow from the overview; no two figures look alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from phonefarm.application.model.read_models import (
    BY_USER,
    Attention,
    AttentionKind,
    Health,
    HealthKind,
    Overview,
    Pause,
    Topic,
)
from tests.fakes.farms import busy_farm, empty_farm
from ui.shell.tray_icons import SIZES, tray_icon, tray_pixmap
from ui.shell.tray_state import Figure, tray_state
from ui.text.words.background import LONGEST_TOOLTIP


@pytest.fixture
def overview() -> Overview:
    return replace(busy_farm().overview(), attention=())


def need(overview: Overview, kind: AttentionKind, health: Health | None = None) -> Attention:
    return Attention(kind=kind, subject="x", since=overview.at, topic=Topic.PHONES, key="", health=health)


def test_farm_that_sells_without_trouble_is_all_well(overview: Overview) -> None:
    state = tray_state(overview, overview.at)

    assert state.figure is Figure.SELLING
    assert state.tooltip == f"Selling: {overview.numbers_working} of {overview.counts.sims}, all well"


def test_causes_are_counted_and_not_their_rows(overview: Overview) -> None:
    kinds = [AttentionKind.PHONE_LOCKED] * 3 + [AttentionKind.SMS_HELD, AttentionKind.PUSH_PARKED]

    state = tray_state(replace(overview, attention=tuple(need(overview, kind) for kind in kinds)), overview.at)

    assert (state.figure, state.count) == (Figure.NEEDS_ACTION, 3)
    assert state.tooltip.endswith(", 3 need action")


def test_pause_comes_before_what_needs_action(overview: Overview) -> None:
    paused = replace(
        overview,
        paused=Pause(since=overview.at - timedelta(days=2), by=BY_USER),
        attention=(need(overview, AttentionKind.PHONE_LOCKED),),
    )

    state = tray_state(paused, overview.at)

    assert state.figure is Figure.PAUSED
    assert state.tooltip == f"Paused by you, {overview.counts.rents_open} rents open"


def test_farm_that_cannot_sell_says_why(overview: Overview) -> None:
    missing = Health(kind=HealthKind.KEY_MISSING)
    closed = replace(overview, attention=(need(overview, AttentionKind.NOT_SELLING, missing),))

    state = tray_state(closed, overview.at)

    assert (state.figure, state.tooltip) == (Figure.NOT_SELLING, "Not selling: the Onlinesim key is not set")


def test_new_farm_has_no_phones_yet() -> None:
    overview = empty_farm().overview()

    assert tray_state(overview, overview.at).tooltip == "Not selling: no phones yet"


def test_engine_that_has_said_nothing_is_starting(overview: Overview) -> None:
    assert tray_state(None, overview.at).figure is Figure.STARTING


def test_tooltip_never_exceeds_what_windows_shows(overview: Overview) -> None:
    long = Health(kind=HealthKind.KEY_UNKNOWN, fields={"cause": "the keyring " * 20})
    closed = replace(overview, attention=(need(overview, AttentionKind.NOT_SELLING, long),))

    assert len(tray_state(closed, overview.at).tooltip) <= LONGEST_TOOLTIP


def test_figures_differ_in_shape_and_not_only_in_colour(qapp: QApplication) -> None:
    for size in SIZES:
        shapes = {
            bytes(tray_pixmap(figure, 4, size).toImage().convertToFormat(QImage.Format.Format_Grayscale8).constBits())
            for figure in Figure
        }
        assert len(shapes) == len(Figure)


def test_icon_has_every_size_a_tray_asks_for(qapp: QApplication) -> None:
    assert {size.width() for size in tray_icon(Figure.SELLING, 0).availableSizes()} == set(SIZES)

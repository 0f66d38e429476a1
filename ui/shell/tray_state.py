"""What the tray icon says: its figure, its count, its tooltip and the facts of its menu."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from phonefarm.application.model.read_models import Overview
from ui.text.safe_text import one_line
from ui.text.words import group_by_kind, tr
from ui.text.words.background import (
    LONGEST_TOOLTIP,
    needs_action,
    not_selling_cause,
    numbers_for_sale,
    rents_open,
    tray_facts,
)


class Figure(StrEnum):
    """The shape of the icon; no two differ by colour alone."""

    STARTING = "starting"
    SELLING = "selling"
    NEEDS_ACTION = "needs action"
    PAUSED = "paused"
    NOT_SELLING = "not selling"


@dataclass(frozen=True, kw_only=True)
class TrayState:
    figure: Figure
    count: int
    """How many causes need action."""
    tooltip: str
    facts: tuple[str, str]


def tray_state(overview: Overview | None, now: datetime) -> TrayState:
    """`overview` is None until the engine has told one."""
    count = 0 if overview is None else len(group_by_kind(overview.attention))
    figure = _figure(overview, count)
    tooltip = one_line(_tooltip(overview, figure, count), LONGEST_TOOLTIP)
    return TrayState(figure=figure, count=count, tooltip=tooltip, facts=tray_facts(overview, now))


def _figure(overview: Overview | None, count: int) -> Figure:
    if overview is None:
        return Figure.STARTING
    if overview.paused is not None:
        return Figure.PAUSED
    if not numbers_for_sale(overview):
        return Figure.NOT_SELLING
    return Figure.NEEDS_ACTION if count else Figure.SELLING


def _tooltip(overview: Overview | None, figure: Figure, count: int) -> str:
    if overview is None:
        return tr("phonefarm is starting")
    selling = tr("Selling: {n} of {all}").format(n=numbers_for_sale(overview), all=overview.counts.sims)
    match figure:
        case Figure.PAUSED:
            return tr("Paused by you, {rents}").format(rents=rents_open(overview.counts.rents_open))
        case Figure.NOT_SELLING:
            return tr("Not selling: {cause}").format(cause=not_selling_cause(overview))
        case Figure.NEEDS_ACTION:
            return f"{selling}, {needs_action(count)}"
        case _:
            return tr("{selling}, all well").format(selling=selling)

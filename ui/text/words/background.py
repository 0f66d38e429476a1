"""The words of a farm in the background: the sale bar, the tray and the question at closing."""

from __future__ import annotations

from datetime import datetime

from phonefarm.application.model.read_models import AttentionKind, HealthCheck, Overview, Pause
from phonefarm.wording.health import health_text
from ui.text.safe_text import one_line
from ui.text.words.core import counted, tr
from ui.text.words.window import check_sentence

LONGEST_TOOLTIP = 60
"""Windows cuts a longer one."""
CLOSED_KINDS = frozenset({AttentionKind.NOT_SELLING, AttentionKind.STORAGE_FAILING})
"""While one of them needs action, nothing is on offer, whatever the phones do."""


def numbers_for_sale(overview: Overview) -> int:
    """Free or rented and able to receive; none while selling is paused or impossible."""
    is_closed = any(need.kind in CLOSED_KINDS for need in overview.attention)
    return 0 if is_closed or overview.paused is not None else overview.numbers_working


def for_sale_sentence(overview: Overview) -> str:
    return tr("For sale {n} of {all} SIMs").format(n=numbers_for_sale(overview), all=overview.counts.sims)


def for_sale_parts(overview: Overview) -> str:
    """`45 free, 29 rented`; empty while nothing is for sale."""
    working = numbers_for_sale(overview)
    free = min(working, overview.counts.numbers_on_offer)
    parts = [tr("{n} free").format(n=free)] if free else []
    parts += [tr("{n} rented").format(n=working - free)] if working > free else []
    return ", ".join(parts)


def paused_sentence(pause: Pause, now: datetime) -> str:
    since, today = pause.since.astimezone(), now.astimezone().date()
    moment = f"{since:%H:%M}" if since.date() == today else f"{since.day} {since:%b %H:%M}"
    return tr("Paused by you since {moment}, nothing is for sale").format(moment=moment)


def rents_go_on(rents: int) -> str:
    if not rents:
        return tr("No rent is open")
    return counted(rents, "1 rent goes on, its SMS are delivered", "%n rents go on, their SMS are delivered")


def rents_open(rents: int) -> str:
    return counted(rents, "1 rent open", "%n rents open") if rents else tr("no rent open")


def not_selling_cause(overview: Overview) -> str:
    """Why nothing is for sale, as short as it is known."""
    first = next(iter(overview.attention), None)
    if first is not None and first.health is not None:
        return one_line(health_text(first.health, tr), LONGEST_TOOLTIP)
    return tr("no number is ready") if overview.phones_of_farm else tr("no phones yet")


def needs_action(count: int) -> str:
    return counted(count, "1 needs action", "%n need action")


def tray_facts(overview: Overview | None, now: datetime) -> tuple[str, str]:
    """The two lines at the top of the tray's menu."""
    if overview is None:
        return tr("Starting"), tr("Reading the phones")
    rents = overview.counts.rents_open
    if overview.paused is not None:
        return paused_sentence(overview.paused, now), rents_go_on(rents)
    return f"{for_sale_sentence(overview)}, {rents_open(rents)}", _market(overview.checks)


def _market(checks: tuple[HealthCheck, ...]) -> str:
    return next((check_sentence(check) for check in checks if check.name == "market"), "")


# The question at closing ---------------------------------------------------------


def close_facts(overview: Overview | None) -> str:
    if overview is None:
        return tr("How many rents are open is not known yet.")
    rents, free = overview.counts.rents_open, overview.counts.numbers_on_offer
    if overview.paused is not None:
        return tr("Selling is paused by you.") + " " + _rents_are_open(rents) + "."
    if not free:
        return _rents_are_open(rents) + tr(", and no number is free for the next order.")
    numbers = counted(free, "1 number is free for the next order", "%n numbers are free for the next order")
    return tr("{rents} and {numbers}.").format(rents=_rents_are_open(rents), numbers=numbers)


def stop_consequence(overview: Overview | None) -> str:
    rents = 0 if overview is None else overview.counts.rents_open
    if not rents:
        return tr("Nothing is sold and no SMS is read until you start phonefarm again.")
    customers = counted(rents, "The customer gets no SMS", "The %n customers get no SMS")
    return tr(
        "{customers} until you start phonefarm again. Onlinesim cancels rents without an SMS after 20 min; "
        "3 in a row ban a number."
    ).format(customers=customers)


def _rents_are_open(rents: int) -> str:
    return counted(rents, "1 rent is open", "%n rents are open") if rents else tr("No rent is open")

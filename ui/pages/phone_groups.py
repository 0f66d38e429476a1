"""Into which groups phones fall: what the filters show and what the overview counts."""

from __future__ import annotations

from phonefarm.application.read_models import Attention, AttentionKind, Overview, PhoneRow, PhoneState
from ui import formats
from ui.charts import Share
from ui.row_index import RowFilter, RowIndex
from ui.tokens import Tone
from ui.words import BLOCKING, blocking_ailment, counted, is_ready, phone_word, tr

NEED_YOU = frozenset(
    {
        PhoneState.UNAUTHORIZED,
        PhoneState.NO_PERMISSIONS,
        PhoneState.WITHHELD,
        PhoneState.OTHER_MODE,
        PhoneState.LOCKED,
    }
)
TROUBLED = frozenset({PhoneState.FAILING, PhoneState.OFFLINE, PhoneState.UNSTEADY})
STARTING = frozenset({PhoneState.STARTING, PhoneState.AUTHORIZING, PhoneState.BOOTING})


def needs_you(row: PhoneRow) -> bool:
    return row.state in NEED_YOU or blocking_ailment(row) is not None


def is_in_trouble(row: PhoneRow) -> bool:
    return row.state in TROUBLED


def urgency(row: PhoneRow) -> tuple[int, str]:
    """Sorts by how soon somebody should look: states that need the user first, unplugged ones last."""
    ladder = (
        row.state in NEED_YOU,
        blocking_ailment(row) is not None,
        row.state in TROUBLED,
        row.state is PhoneState.READY and bool(row.ailments),
        row.state in STARTING,
        row.state is PhoneState.READY,
    )
    return next((place for place, holds in enumerate(ladder) if holds), len(ladder)), phone_word(row).text


def phone_filters() -> list[RowFilter[PhoneRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("ready", tr("Ready"), is_ready),
        RowFilter("need", tr("Need you"), needs_you, calls=True),
        RowFilter("trouble", tr("In trouble"), is_in_trouble),
        RowFilter("ailing", tr("Ailing"), lambda row: bool(row.ailments)),
        RowFilter("gone", tr("Unplugged"), lambda row: row.state is PhoneState.GONE),
    ]


def phones_summary(index: RowIndex[PhoneRow]) -> str:
    by_name = {row_filter.name: index.count(row_filter) for row_filter in index.filters}
    parts = [tr("{n} ready").format(n=formats.number(by_name["ready"]))]
    if by_name["need"]:
        parts.append(counted(by_name["need"], "1 needs you", "%n need you"))
    return " · ".join(parts)


def phone_shares(seen: Overview) -> list[Share]:
    """The farm's phones by group; those that answer and take no SMS count as needing the user."""
    states = seen.phones_by_state
    blocked = sum(_is_blocked(attention) for attention in seen.attention)
    ready = max(0, states.get(PhoneState.READY, 0) - blocked)
    needing = sum(states.get(state, 0) for state in NEED_YOU) + blocked
    troubled = sum(states.get(state, 0) for state in TROUBLED)
    starting = sum(states.get(state, 0) for state in STARTING)
    twice = states.get(PhoneState.DUPLICATE, 0)
    gone = states.get(PhoneState.GONE, 0)
    return [
        Share(ready, counted(ready, "1 ready", "%n ready"), Tone.OK),
        Share(starting, counted(starting, "1 starting", "%n starting"), Tone.INFO),
        Share(needing, counted(needing, "1 needs you", "%n need you"), Tone.WARN),
        Share(troubled, counted(troubled, "1 in trouble", "%n in trouble"), Tone.BAD),
        Share(gone, counted(gone, "1 unplugged", "%n unplugged"), Tone.IDLE),
        Share(twice, counted(twice, "1 listed twice", "%n listed twice"), Tone.IDLE),
    ]


def _is_blocked(attention: Attention) -> bool:
    return attention.kind is AttentionKind.PHONE_AILING and attention.condition in BLOCKING

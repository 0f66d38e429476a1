"""Into which groups phones fall: what the filters show and what the overview counts."""

from __future__ import annotations

from collections.abc import Iterable

from phonefarm.application.model.read_models import Overview, PhoneRow, PhoneState
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import utc_now
from ui.text import formats
from ui.text.words import blocking_condition, counted, is_ready, phone_word, tr
from ui.widgets.charts import Share

YOURS_TO_MEND = frozenset(
    {
        PhoneState.UNAUTHORIZED,
        PhoneState.NO_PERMISSIONS,
        PhoneState.WITHHELD,
        PhoneState.OTHER_MODE,
        PhoneState.LOCKED,
    }
)
TROUBLED = frozenset({PhoneState.FAILING, PhoneState.NOT_UNDERSTOOD, PhoneState.OFFLINE, PhoneState.UNSTEADY})
STARTING = frozenset({PhoneState.STARTING, PhoneState.AUTHORIZING, PhoneState.BOOTING})


class NeedingPhones:
    """The phones that need the user, as the farm finds them: the one count that rail, overview and page show."""

    def __init__(self) -> None:
        self._keys: frozenset[str] = frozenset()

    def __contains__(self, row: PhoneRow) -> bool:
        return row.phone_id in self._keys

    def take(self, keys: frozenset[str]) -> frozenset[str]:
        """Says which phones it is otherwise with now."""
        changed = self._keys ^ keys
        self._keys = keys
        return changed


def is_in_trouble(row: PhoneRow) -> bool:
    return row.state in TROUBLED


def urgency(row: PhoneRow) -> tuple[int, str]:
    """Sorts by how soon somebody should look: states that need the user first, unplugged ones last."""
    ladder = (
        row.state in YOURS_TO_MEND,
        blocking_condition(row) is not None,
        row.state in TROUBLED,
        row.state is PhoneState.READY and bool(row.conditions),
        row.state in STARTING,
        row.state is PhoneState.READY,
    )
    return next((place for place, holds in enumerate(ladder) if holds), len(ladder)), phone_word(row).text


def phone_filters(needing: NeedingPhones) -> list[RowFilter[PhoneRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("ready", tr("Ready"), lambda row: is_ready(row) and row not in needing),
        RowFilter("need", tr("Needs action"), lambda row: row in needing, calls=True),
        RowFilter("trouble", tr("In trouble"), is_in_trouble),
        RowFilter("ailing", tr("Warnings"), lambda row: bool(row.conditions)),
        RowFilter("gone", tr("Unplugged"), lambda row: row.state is PhoneState.GONE),
    ]


def phones_summary(index: RowIndex[PhoneRow]) -> str:
    by_name = {row_filter.name: index.count(row_filter) for row_filter in index.filters}
    now = utc_now()
    whole = sum(row.is_of_farm(now) for row in index)
    parts = [tr("{n} ready").format(n=formats.part(by_name["ready"], whole))]
    if by_name["need"]:
        parts.append(counted(by_name["need"], "1 needs action", "%n need action"))
    return " · ".join(parts)


def phone_shares(seen: Overview) -> list[Share]:
    """The farm's phones, each in one group: whatever its state, one that needs the user is counted so."""
    needing = sum(seen.phones_needing_by_state.values())

    def others(states: Iterable[PhoneState]) -> int:
        here, calling = seen.phones_by_state, seen.phones_needing_by_state
        return sum(here.get(state, 0) - calling.get(state, 0) for state in states)

    ready, starting = others([PhoneState.READY]), others(STARTING)
    troubled = others(TROUBLED | YOURS_TO_MEND)
    gone, twice = others([PhoneState.GONE]), others([PhoneState.DUPLICATE])
    return [
        Share(ready, counted(ready, "1 ready", "%n ready"), Tone.OK),
        Share(starting, counted(starting, "1 starting", "%n starting"), Tone.INFO),
        Share(needing, counted(needing, "1 needs action", "%n need action"), Tone.WARN),
        Share(troubled, counted(troubled, "1 in trouble", "%n in trouble"), Tone.BAD),
        Share(gone, counted(gone, "1 unplugged", "%n unplugged"), Tone.IDLE),
        Share(twice, counted(twice, "1 listed twice", "%n listed twice"), Tone.IDLE),
    ]

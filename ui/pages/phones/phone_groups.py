"""The groups of phones: for the filters and for the counts of the overview."""

from __future__ import annotations

from collections.abc import Iterable

from phonefarm.application.model.read_models import Overview, PhoneRow, PhoneState
from ui.style.tokens import Tone
from ui.table.row_index import RowFilter, RowIndex
from ui.table.row_table import utc_now
from ui.text import formats
from ui.text.words import blocking_condition, counted, is_ready, phone_word, tr
from ui.widgets.charts import Share

FIXED_BY_USER = frozenset(
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


class PhonesNeedingAction:
    """The phones that need action according to the farm; rail, overview and page show this one count."""

    def __init__(self) -> None:
        self._keys: frozenset[str] = frozenset()

    def __contains__(self, row: PhoneRow) -> bool:
        return row.phone_id in self._keys

    def replace_keys(self, keys: frozenset[str]) -> frozenset[str]:
        """Returns the phones that were added or removed."""
        changed = self._keys ^ keys
        self._keys = keys
        return changed


def is_in_trouble(row: PhoneRow) -> bool:
    return row.state in TROUBLED


def urgency(row: PhoneRow) -> tuple[int, str]:
    """A sort key: states that need the user first, unplugged phones last."""
    by_urgency = (
        row.state in FIXED_BY_USER,
        blocking_condition(row) is not None,
        row.state in TROUBLED,
        row.state is PhoneState.READY and bool(row.conditions),
        row.state in STARTING,
        row.state is PhoneState.READY,
    )
    return next((place for place, holds in enumerate(by_urgency) if holds), len(by_urgency)), phone_word(row).text


def phone_filters(needing: PhonesNeedingAction) -> list[RowFilter[PhoneRow]]:
    return [
        RowFilter("all", tr("All"), lambda row: True),
        RowFilter("ready", tr("Ready"), lambda row: is_ready(row) and row not in needing),
        RowFilter("need", tr("Needs action"), lambda row: row in needing, needs_action=True),
        RowFilter("trouble", tr("In trouble"), is_in_trouble),
        RowFilter("warnings", tr("Warnings"), lambda row: bool(row.conditions)),
        RowFilter("gone", tr("Unplugged"), lambda row: row.state is PhoneState.GONE),
    ]


def phones_summary(index: RowIndex[PhoneRow]) -> str:
    now = utc_now()
    needing, whole = index.count_named("need"), sum(row.is_of_farm(now) for row in index)
    parts = [tr("{n} ready").format(n=formats.part(index.count_named("ready"), whole))]
    if needing:
        parts.append(counted(needing, "1 needs action", "%n need action"))
    return " · ".join(parts)


def phone_shares(overview: Overview) -> list[Share]:
    """Each phone in exactly one group: one that needs action is counted there, whatever its state."""
    needing = sum(overview.phones_needing_by_state.values())

    def others(states: Iterable[PhoneState]) -> int:
        all_phones, needing_phones = overview.phones_by_state, overview.phones_needing_by_state
        return sum(all_phones.get(state, 0) - needing_phones.get(state, 0) for state in states)

    ready, starting = others([PhoneState.READY]), others(STARTING)
    troubled = others(TROUBLED | FIXED_BY_USER)
    gone, twice = others([PhoneState.GONE]), others([PhoneState.DUPLICATE])
    return [
        Share(ready, counted(ready, "1 ready", "%n ready"), Tone.OK),
        Share(starting, counted(starting, "1 starting", "%n starting"), Tone.INFO),
        Share(needing, counted(needing, "1 needs action", "%n need action"), Tone.WARN),
        Share(troubled, counted(troubled, "1 in trouble", "%n in trouble"), Tone.BAD),
        Share(gone, counted(gone, "1 unplugged", "%n unplugged"), Tone.IDLE),
        Share(twice, counted(twice, "1 listed twice", "%n listed twice"), Tone.IDLE),
    ]

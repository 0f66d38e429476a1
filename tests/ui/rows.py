"""Small rows for tests of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ui.style.tokens import Tone
from ui.table.row_index import RowFilter
from ui.table.row_table import Column, RowTable
from ui.text.words import Word


@dataclass(frozen=True, kw_only=True)
class Sheep:
    name: str
    weight: int | None = 0
    is_black: bool = False


BLACK = RowFilter[Sheep]("black", "Black", lambda sheep: sheep.is_black)
COLUMNS: Sequence[Column[Sheep]] = (
    Column(title="Name", text=lambda s, _: s.name, sort_key=lambda s: s.name, sample="Dolly", stretch=True),
    Column(
        title="Weight", text=lambda s, _: str(s.weight), sort_key=lambda s: s.weight, sample="999", align_right=True
    ),
    Column(
        title="Colour",
        text=lambda s, _: "black" if s.is_black else "white",
        sort_key=lambda s: s.is_black,
        sample="black",
        word=lambda s: Word("black", Tone.BAD) if s.is_black else Word("white", Tone.IDLE),
        rank=1,
    ),
)


def a_table(**changes: Any) -> RowTable[Sheep]:
    whole: dict[str, Any] = {
        "key": lambda s: s.name,
        "haystack": lambda s: s.name,
        "filters": [BLACK],
        "sort_column": 0,
    }
    return RowTable(COLUMNS, **(whole | changes))


def flock(*names: str, **changes: Any) -> list[Sheep]:
    return [Sheep(name=name, **changes) for name in names]


def shown(table: RowTable[Sheep]) -> list[str]:
    """The names from top to bottom, as the model returns them."""
    return [str(table.index(place, 0).data()) for place in range(table.rowCount())]

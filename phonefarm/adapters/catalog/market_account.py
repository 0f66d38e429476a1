"""Reads Onlinesim's account from a file: the income of each rent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from phonefarm.adapters.catalog.table_files import Row, tables_of
from phonefarm.domain.errors import KnownError
from phonefarm.domain.money import MarketSale

_ID_COLUMNS = ("rent_id", "rent", "activationid", "activation_id", "id", "smsid", "operation", "операция")
_SUM_COLUMNS = ("sum", "income", "credited", "amount", "сумма", "доход")
_MONEY = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,4})?")


async def read_account(path: str) -> Sequence[MarketSale]:
    """All lines; raises KnownError, which names the first invalid line."""
    return await asyncio.to_thread(sales_in, Path(path))


def sales_in(path: Path) -> list[MarketSale]:
    tables = tables_of(path)
    for rows in tables:
        for place, (_, cells) in enumerate(rows[:20]):
            heading = [cell.strip().casefold() for cell in cells]
            ids = next((heading.index(name) for name in _ID_COLUMNS if name in heading), None)
            sums = next((heading.index(name) for name in _SUM_COLUMNS if name in heading), None)
            if ids is not None and sums is not None:
                return [
                    sale for row in rows[place + 1 :] if (sale := _parse_sale(row, ids, sums, path.name)) is not None
                ]
    raise KnownError(f"{path.name}: no line names the columns rent_id and sum.")


def _parse_sale(row: Row, ids: int, sums: int, name: str) -> MarketSale | None:
    """None for a line with neither id nor sum."""
    number, cells = row
    rent, amount = (cells[place].strip() if place < len(cells) else "" for place in (ids, sums))
    if not rent and not amount:
        return None
    if not rent.isascii() or not rent.isdigit() or len(rent) > 16:
        raise KnownError(f"{name}, line {number}: '{rent[:20]}' is no rent's id.")
    bare = amount.replace("\u00a0", "").replace(" ", "").removesuffix("₽")
    if not _MONEY.fullmatch(bare):
        raise KnownError(f"{name}, line {number}: '{amount[:20]}' is no sum of money.")
    try:
        return MarketSale(rent_id=int(rent), credited=Decimal(bare.replace(",", ".")))
    except InvalidOperation:
        raise KnownError(f"{name}, line {number}: '{amount[:20]}' is no sum of money.") from None

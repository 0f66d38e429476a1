"""Reads the market's account of rents out of a file: which rent brought what."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from phonefarm.adapters.catalog.table_files import Row, tables_of
from phonefarm.domain.errors import KnownError
from phonefarm.domain.money import MarketSale

_IDS = ("rent_id", "rent", "activationid", "activation_id", "id", "smsid", "operation", "операция")
_SUMS = ("sum", "income", "credited", "amount", "сумма", "доход")
_MONEY = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,4})?")


async def read_account(path: str) -> Sequence[MarketSale]:
    """All lines; raises KnownError that names the bad one."""
    return await asyncio.to_thread(sales_in, Path(path))


def sales_in(path: Path) -> list[MarketSale]:
    tables = tables_of(path)
    for rows in tables:
        for place, (_, cells) in enumerate(rows[:20]):
            heading = [cell.strip().casefold() for cell in cells]
            ids = next((heading.index(name) for name in _IDS if name in heading), None)
            sums = next((heading.index(name) for name in _SUMS if name in heading), None)
            if ids is not None and sums is not None:
                return [sale for row in rows[place + 1 :] if (sale := _sale(row, ids, sums, path.name)) is not None]
    raise KnownError(f"{path.name}: no line names the columns rent_id and sum.")


def _sale(row: Row, ids: int, sums: int, name: str) -> MarketSale | None:
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

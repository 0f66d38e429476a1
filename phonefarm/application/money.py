"""The account of the farm: what rents brought, by whatever the user groups them, and held against the market's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from phonefarm.application.read_models import MoneyRow
from phonefarm.application.storage import Storage
from phonefarm.domain.errors import KnownError
from phonefarm.domain.money import Difference, Grouping, MarketSale, reconciled

ReadAccount = Callable[[str], Awaitable[Sequence[MarketSale]]]
"""The lines of the market's account in a file; raises KnownError that names the bad one."""


class Money:
    def __init__(self, storage: Storage, read_account: ReadAccount) -> None:
        self._storage = storage
        self._read_account = read_account

    async def account(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        if end <= begin:
            raise KnownError("The account's end must come after its begin.")
        return await self._storage.read(lambda views: views.money(grouping, begin, end))

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        """The rents finished in [begin, end) on which the market's account in the file and the books differ."""
        theirs = await self._read_account(path)
        ours = await self._storage.read(lambda views: views.net_by_rent(begin, end))
        return reconciled(ours, theirs)

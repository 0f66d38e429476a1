"""Builds single adapters for commands that need no running farm. Only this module and `farm.py` build adapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from phonefarm.adapters.adb.adb_server import find_adb
from phonefarm.adapters.adb.bridge import AdbBridge
from phonefarm.adapters.catalog.network_names import read_catalog
from phonefarm.adapters.catalog.number_tables import read_entries
from phonefarm.adapters.http.server import bind
from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.adapters.storage.sqlite.read_only_views import read_only_views
from phonefarm.adapters.storage.sqlite.whole_tables import whole_table
from phonefarm.adapters.windows.power_plan import active_plan
from phonefarm.application.ports.records.numbers import NumberTable
from phonefarm.application.ports.views import Views
from phonefarm.application.ports.world import PhoneBridge, SecretStore
from phonefarm.config.settings import Settings, parse_address
from phonefarm.domain.networks import NetworkNames
from phonefarm.domain.power import PowerPlan
from phonefarm.support.resource_files import RESOURCES


def adb_program(settings: Settings | None = None) -> Path:
    """The path of adb; raises KnownError if there is none."""
    return find_adb(settings.adb_path or None if settings is not None else None)


def adb_server(server: str, settings: Settings) -> PhoneBridge:
    return AdbBridge(server, adb=settings.adb_path or None)


def key_store(settings: Settings) -> SecretStore:
    """The system's keyring, or a protected file if there is no usable keyring."""
    return KeyStore(settings.data_dir)


def key_in_memory(key: str) -> SecretStore:
    return MemoryStore(key)


def numbers_in(file: Path) -> NumberTable:
    """Read a CSV or XLSX file; raises KnownError if it is not a table."""
    return read_entries(file)


def network_names() -> NetworkNames:
    return read_catalog(RESOURCES).names


def stored_table(
    settings: Settings, name: str
) -> AbstractContextManager[tuple[Sequence[str], Iterator[Sequence[Any]]]]:
    """Columns and rows of a database table, read in one snapshot."""
    return whole_table(settings.resolved_database_url, name)


def stored_views(settings: Settings) -> AbstractContextManager[Views]:
    """The database as a running or stopped farm has left it, in one snapshot. Raises KnownError."""
    return read_only_views(settings.resolved_database_url)


def try_to_listen(address: str, what: str) -> None:
    """Bind and release the address; raises KnownError if the port is in use."""
    bind(*parse_address(address), what).close()


def power_plan() -> PowerPlan | None:
    """The active power plan; None on systems without power plans. Raises KnownError if it cannot be read."""
    return active_plan()

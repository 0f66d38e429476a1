"""content://telephony/siminfo: one row for every SIM the phone ever held, and who may read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.profiles import Profile

Value = int | str | None

_COLUMNS: tuple[tuple[int, str, Callable[[Subscription], Value]], ...] = (
    (21, "_id INTEGER PRIMARY KEY", lambda known: known.sub_id),
    (21, "icc_id TEXT", lambda known: known.sim.iccid),
    (21, "sim_id INTEGER", lambda known: known.slot),
    (21, "display_name TEXT", lambda known: known.sim.operator.alpha),
    (21, "carrier_name TEXT", lambda known: known.sim.operator.alpha),
    (21, "name_source INTEGER", lambda known: 0),
    (21, "color INTEGER", lambda known: -16746133),
    (21, "number TEXT", lambda known: f"+{known.sim.msisdn}" if known.sim.states_number else None),
    (21, "display_number_format INTEGER", lambda known: 1),
    (21, "data_roaming INTEGER", lambda known: 0),
    (21, "mcc INTEGER", lambda known: int(known.sim.operator.mcc)),
    (21, "mnc INTEGER", lambda known: int(known.sim.operator.mnc)),
    (28, "mcc_string TEXT", lambda known: known.sim.operator.mcc),
    (28, "mnc_string TEXT", lambda known: known.sim.operator.mnc),
    (28, "is_embedded INTEGER", lambda known: 0),
    (28, "card_id TEXT", lambda known: known.sim.iccid),
    (30, "iso_country_code TEXT", lambda known: known.sim.operator.iso),
    (30, "carrier_id INTEGER", lambda known: 1884),
    (30, "imsi TEXT", lambda known: known.sim.imsi),
    (31, "allowed_network_types_for_reasons TEXT", lambda known: "user=850943,carrier=588799"),
)
"""Since which SDK, the column's declaration, its value."""


def refusal(profile: Profile) -> str | None:
    """The SecurityException's text for the shell, or None where it may read."""
    if profile.siminfo_readable:
        return None
    if profile.sdk >= 33:
        return "Access SIMINFO table from not phone/system UID"
    return "No permission to access APN settings"


def table_of(handset: Handset) -> sqlite3.Connection:
    """The table with the columns that this release has; the caller closes it."""
    columns = [(declared, value) for since, declared, value in _COLUMNS if handset.profile.sdk >= since]
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(f"CREATE TABLE siminfo ({', '.join(declared for declared, _ in columns)})")
    insert = f"INSERT INTO siminfo VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    database.executemany(insert, [[value(known) for _, value in columns] for known in handset.subscriptions])
    return database

"""content://telephony/siminfo: one row for every SIM the phone ever held, and who may read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.profiles import Profile

Value = int | str | None
_SOURCES = frozenset({"phone_number_source_carrier TEXT", "phone_number_source_ims TEXT", "port_index INTEGER"})
"""Columns that came to phones of Android 12 by updates: some have them."""


def _default(value: Value) -> Callable[[Subscription], Value]:
    return lambda known: value


_COLUMNS: tuple[tuple[int, str, Callable[[Subscription], Value]], ...] = (
    (21, "_id INTEGER PRIMARY KEY", lambda known: known.sub_id),
    (21, "icc_id TEXT", lambda known: known.sim.iccid),
    (21, "sim_id INTEGER", lambda known: known.slot),
    (21, "display_name TEXT", lambda known: known.sim.operator.alpha),
    (21, "carrier_name TEXT", lambda known: known.sim.operator.alpha),
    (21, "name_source INTEGER", _default(0)),
    (21, "color INTEGER", _default(-16746133)),
    (21, "number TEXT", lambda known: "" if known.sim.number_by_ims else known.sim.on_card),
    (21, "display_number_format INTEGER", _default(1)),
    (21, "data_roaming INTEGER", _default(0)),
    (21, "mcc INTEGER", lambda known: int(known.sim.operator.mcc)),
    (21, "mnc INTEGER", lambda known: int(known.sim.operator.mnc)),
    (26, "sim_provisioning_status INTEGER", _default(0)),
    (28, "mcc_string TEXT", lambda known: known.sim.operator.mcc),
    (28, "mnc_string TEXT", lambda known: known.sim.operator.mnc),
    (28, "is_embedded INTEGER", _default(0)),
    (28, "card_id TEXT", lambda known: known.sim.iccid),
    (28, "is_removable INTEGER", _default(0)),
    (29, "ehplmns TEXT", _default(None)),
    (29, "hplmns TEXT", lambda known: known.sim.operator.numeric),
    (29, "is_opportunistic INTEGER", _default(0)),
    (29, "group_uuid TEXT", _default(None)),
    (29, "profile_class INTEGER", _default(-1)),
    (29, "subscription_type INTEGER", _default(0)),
    (30, "iso_country_code TEXT", lambda known: known.sim.operator.iso),
    (30, "carrier_id INTEGER", _default(1884)),
    (30, "imsi TEXT", lambda known: known.sim.imsi),
    (30, "uicc_applications_enabled INTEGER", _default(1)),
    (30, "allowed_network_types INTEGER", _default(-1)),
    (31, "allowed_network_types_for_reasons TEXT", _default("user=850943,carrier=588799")),
    (31, "d2d_sharing_status INTEGER", _default(0)),
    (31, "phone_number_source_carrier TEXT", _default("")),
    (31, "phone_number_source_ims TEXT", lambda known: known.sim.from_ims or ""),
    (31, "port_index INTEGER", _default(0)),
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
    """The table with the columns that this phone has; the caller closes it."""
    profile = handset.profile
    columns = [
        (declared, value)
        for since, declared, value in _COLUMNS
        if profile.sdk >= since and (profile.has_source_numbers or declared not in _SOURCES)
    ]
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(f"CREATE TABLE siminfo ({', '.join(declared for declared, _ in columns)})")
    insert = f"INSERT INTO siminfo VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    database.executemany(insert, [[value(known) for _, value in columns] for known in handset.subscriptions])
    gone = [known.sub_id for known in handset.subscriptions if handset.listed_slot(known) != known.slot]
    database.executemany("UPDATE siminfo SET sim_id = -1 WHERE _id = ?", [(sub_id,) for sub_id in gone])
    return database

"""content://telephony/siminfo: one row for each SIM that was ever inserted, and the shell's access to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from phonefarm.simulation.handset import Handset, Subscription
from phonefarm.simulation.profiles import Profile

Value = int | str | None
_LATER_COLUMNS = frozenset({"phone_number_source_carrier TEXT", "phone_number_source_ims TEXT", "port_index INTEGER"})
"""Columns that updates added to some Android 12 phones."""


def _constant(value: Value) -> Callable[[Subscription], Value]:
    return lambda sub: value


_COLUMNS: tuple[tuple[int, str, Callable[[Subscription], Value]], ...] = (
    (21, "_id INTEGER PRIMARY KEY", lambda sub: sub.sub_id),
    (21, "icc_id TEXT", lambda sub: sub.sim.iccid),
    (21, "sim_id INTEGER", lambda sub: sub.slot),
    (21, "display_name TEXT", lambda sub: sub.sim.operator.alpha),
    (21, "carrier_name TEXT", lambda sub: sub.sim.operator.alpha),
    (21, "name_source INTEGER", _constant(0)),
    (21, "color INTEGER", _constant(-16746133)),
    (21, "number TEXT", lambda sub: "" if sub.sim.number_by_ims else sub.sim.on_card),
    (21, "display_number_format INTEGER", _constant(1)),
    (21, "data_roaming INTEGER", _constant(0)),
    (21, "mcc INTEGER", lambda sub: int(sub.sim.operator.mcc)),
    (21, "mnc INTEGER", lambda sub: int(sub.sim.operator.mnc)),
    (26, "sim_provisioning_status INTEGER", _constant(0)),
    (28, "mcc_string TEXT", lambda sub: sub.sim.operator.mcc),
    (28, "mnc_string TEXT", lambda sub: sub.sim.operator.mnc),
    (28, "is_embedded INTEGER", _constant(0)),
    (28, "card_id TEXT", lambda sub: sub.sim.iccid),
    (28, "is_removable INTEGER", _constant(0)),
    (29, "ehplmns TEXT", _constant(None)),
    (29, "hplmns TEXT", lambda sub: sub.sim.operator.numeric),
    (29, "is_opportunistic INTEGER", _constant(0)),
    (29, "group_uuid TEXT", _constant(None)),
    (29, "profile_class INTEGER", _constant(-1)),
    (29, "subscription_type INTEGER", _constant(0)),
    (30, "iso_country_code TEXT", lambda sub: sub.sim.operator.iso),
    (30, "carrier_id INTEGER", _constant(1884)),
    (30, "imsi TEXT", lambda sub: sub.sim.imsi),
    (30, "uicc_applications_enabled INTEGER", _constant(1)),
    (30, "allowed_network_types INTEGER", _constant(-1)),
    (31, "allowed_network_types_for_reasons TEXT", _constant("user=850943,carrier=588799")),
    (31, "d2d_sharing_status INTEGER", _constant(0)),
    (31, "phone_number_source_carrier TEXT", _constant("")),
    (31, "phone_number_source_ims TEXT", lambda sub: sub.sim.from_ims or ""),
    (31, "port_index INTEGER", _constant(0)),
)
"""First SDK with the column, its declaration, its value."""


def refusal(profile: Profile) -> str | None:
    """The message of the SecurityException for the shell, or None if it may read the table."""
    if profile.siminfo_readable:
        return None
    if profile.sdk >= 33:
        return "Access SIMINFO table from not phone/system UID"
    return "No permission to access APN settings"


def build_table(handset: Handset) -> sqlite3.Connection:
    """Build the table with the columns of this phone; the caller closes the connection."""
    profile = handset.profile
    columns = [
        (declared, value)
        for since, declared, value in _COLUMNS
        if profile.sdk >= since and (profile.has_source_numbers or declared not in _LATER_COLUMNS)
    ]
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(f"CREATE TABLE siminfo ({', '.join(declared for declared, _ in columns)})")
    insert = f"INSERT INTO siminfo VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    database.executemany(insert, [[value(sub) for _, value in columns] for sub in handset.subscriptions])
    dropped = [sub.sub_id for sub in handset.subscriptions if handset.listed_slot(sub) != sub.slot]
    database.executemany("UPDATE siminfo SET sim_id = -1 WHERE _id = ?", [(sub_id,) for sub_id in dropped])
    return database

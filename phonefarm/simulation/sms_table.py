"""The phone's SMS database: an in-memory SQLite table with the vendor's columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from phonefarm.simulation.profiles import Vendor

_AOSP_COLUMNS = """
    _id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT, person INTEGER, date INTEGER, date_sent INTEGER DEFAULT 0,
    protocol INTEGER, read INTEGER DEFAULT 0, status INTEGER DEFAULT -1, type INTEGER, reply_path_present INTEGER,
    subject TEXT, body TEXT, service_center TEXT, locked INTEGER DEFAULT 0, sub_id INTEGER DEFAULT -1,
    error_code INTEGER DEFAULT -1, creator TEXT, seen INTEGER DEFAULT 0
"""
_VENDOR_COLUMNS = {
    Vendor.AOSP: "",
    Vendor.SAMSUNG: """, deletable INTEGER DEFAULT 0, sim_slot INTEGER DEFAULT 0, sim_imsi TEXT,
        hidden INTEGER DEFAULT 0, spam_report INTEGER DEFAULT 0, re_body TEXT, svc_cmd INTEGER DEFAULT 0""",
    Vendor.XIAOMI: """, timed INTEGER DEFAULT 0, deleted INTEGER DEFAULT 0, sync_state INTEGER DEFAULT 0,
        mx_status INTEGER DEFAULT 0, sim_id INTEGER DEFAULT 0, block_type INTEGER DEFAULT 0,
        fake_cell_type INTEGER DEFAULT 0, mx_id_v2 TEXT""",
    Vendor.HUAWEI: """, network_type INTEGER DEFAULT 13, group_id INTEGER, addr_body TEXT DEFAULT '0,',
        time_body TEXT DEFAULT '0,', risk_url_body TEXT DEFAULT '', is_secret INTEGER DEFAULT 0,
        hw_is_satellite INTEGER DEFAULT 0""",
    Vendor.MEDIATEK: ", sim_id INTEGER DEFAULT -1, ipmsg_id INTEGER DEFAULT 0, ref_id INTEGER, total_len INTEGER",
}
_CODE_MARK_COLUMN = ", contains_otp INTEGER DEFAULT 0"
# No AUTOINCREMENT, as in every Android release: the id of a deleted newest row is reused.


@dataclass(frozen=True, kw_only=True)
class StoredSms:
    """A row of the inbox; times by the phone's clock."""

    row_id: int
    date_ms: int
    date_sent_ms: int
    slot: int
    sub_id: int
    sender: str
    body: str


class SmsTable:
    def __init__(self, vendor: Vendor, *, marks_codes: bool = False) -> None:
        self._vendor = vendor
        self._marks_codes = marks_codes
        self.database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.database.execute(
            f"CREATE TABLE sms ({_AOSP_COLUMNS}{_VENDOR_COLUMNS[vendor]}{_CODE_MARK_COLUMN if marks_codes else ''})"
        )

    def insert(
        self,
        *,
        sender: str,
        body: str,
        date_ms: int,
        date_sent_ms: int,
        slot: int,
        sub_id: int,
        imsi: str = "",
        holds_code: bool = False,
        columns: Mapping[str, int | str | None] | None = None,
    ) -> StoredSms:
        """Insert a message; `columns` overrides column values with any type, as other apps may write them."""
        message: dict[str, int | str | None] = {
            "thread_id": 1,
            "address": sender,
            "date": date_ms,
            "date_sent": date_sent_ms,
            "protocol": 0,
            "type": 1,
            "reply_path_present": 0,
            "body": body,
            "service_center": "+70000000000",
            "creator": "com.google.android.apps.messaging",
        }
        values = message | self._sim_columns(slot, sub_id, imsi)
        if self._marks_codes:
            values["contains_otp"] = int(holds_code)
        values |= columns or {}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        row = self.database.execute(f"INSERT INTO sms ({names}) VALUES ({marks})", list(values.values()))  # noqa: S608
        assert row.lastrowid is not None
        return StoredSms(
            row_id=row.lastrowid,
            date_ms=date_ms,
            date_sent_ms=date_sent_ms,
            slot=slot,
            sub_id=sub_id,
            sender=sender,
            body=body,
        )

    def _sim_columns(self, slot: int, sub_id: int, imsi: str) -> dict[str, int | str]:
        match self._vendor:
            case Vendor.AOSP:
                return {"sub_id": sub_id}
            case Vendor.SAMSUNG:
                return {"sub_id": sub_id, "sim_slot": slot, "sim_imsi": imsi}
            case Vendor.XIAOMI | Vendor.MEDIATEK:
                return {"sub_id": -1, "sim_id": sub_id}
            case Vendor.HUAWEI:
                return {"sub_id": slot}

    def count(self) -> int:
        number: int = self.database.execute("SELECT count(*) FROM sms").fetchone()[0]
        return number

    def delete_newest(self) -> int | None:
        """Delete the row with the highest id; returns that id."""
        newest: int | None = self.database.execute("SELECT max(_id) FROM sms").fetchone()[0]
        self.database.execute("DELETE FROM sms WHERE _id = ?", [newest])
        return newest

    def delete_all(self) -> None:
        self.database.execute("DELETE FROM sms")

    def close(self) -> None:
        self.database.close()

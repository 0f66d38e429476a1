"""The plan of the field farm: its handsets, and how many phones and SIMs of each state."""

from __future__ import annotations

from typing import Any

from phonefarm.application.model.read_models import NO_FIELDS, Condition, Fields, PhoneState, SimStanding

PHONES = 200
HANDSETS = (
    ("Xiaomi", "Redmi 12", "13"), ("Redmi", "Note 11S", "12"), ("POCO", "M5s", "13"), ("Samsung", "Galaxy A14", "14"),
    ("Samsung", "SM-J530FM", "9"), ("HUAWEI", "P40 lite", "10"), ("HONOR", "X7a", "12"), ("realme", "C55", "13"),
    ("OPPO", "CPH2471", "13"), ("OnePlus", "Nord N100", "11"), ("Infinix", "Hot 30i", "12"),
    ("TECNO", "Spark 10", "13"), ("motorola", "moto e13", "13"), ("Google", "Pixel 4a", "15"),
)  # fmt: skip
TROUBLES: tuple[tuple[PhoneState, int, str], ...] = (
    (PhoneState.LOCKED, 4, ""),
    (PhoneState.BOOTING, 2, ""),
    (PhoneState.STARTING, 2, ""),
    (PhoneState.AUTHORIZING, 1, ""),
    (PhoneState.UNSTEADY, 4, "left 5 times within 10 min"),
    (PhoneState.UNAUTHORIZED, 3, ""),
    (PhoneState.OFFLINE, 3, "device offline"),
    (PhoneState.NO_PERMISSIONS, 2, "missing udev rules? user is in the plugdev group"),
    (PhoneState.NO_PERMISSIONS, 1, "no driver is installed for it"),
    (PhoneState.OTHER_MODE, 1, "recovery"),
    (PhoneState.WITHHELD, 7, "Permission Denial: reading content://sms requires READ_SMS"),
    (PhoneState.FAILING, 2, "no answer within 8 s, 4 times in a row"),
    (PhoneState.NOT_UNDERSTOOD, 1, "gave an answer that is not understood: line 1 of 2 is not row 0"),
    (PhoneState.DUPLICATE, 2, "read through 192.168.1.20:5037"),
    (PhoneState.GONE, 14, ""),
)
CONDITION_PLAN: tuple[tuple[Condition, int, Fields, dict[str, Any]], ...] = (
    (Condition.NO_SIM, 2, NO_FIELDS, {}),
    (Condition.AIRPLANE, 1, NO_FIELDS, {"airplane_mode": True}),
    (Condition.STORAGE_FULL, 2, {"free_megabytes": 42}, {"free_bytes": 42_000_000}),
    (Condition.NO_SMS_APP, 1, NO_FIELDS, {"sms_app": ""}),
    (Condition.NOT_STORING, 1, NO_FIELDS, {}),
    (Condition.CODES_DELAYED, 2, NO_FIELDS, {}),
    (Condition.HOT, 4, {"celsius": 47}, {"temperature": 47.0}),
    (Condition.LOW_BATTERY, 6, {"percent": 12}, {"battery_percent": 12, "is_charging": False}),
    (Condition.NO_HINTS, 12, NO_FIELDS, {}),
    (Condition.CLOCK_WRONG, 2, {"minutes_fast": 14}, {}),
)
OWN_STANDINGS = (
    (SimStanding.BANNED, 9), (SimStanding.HELD_BACK, 4), (SimStanding.NO_NUMBER, 7), (SimStanding.NO_COUNTRY, 3),
    (SimStanding.SAME_NUMBER, 1), (SimStanding.PIN, 2), (SimStanding.PUK, 1), (SimStanding.CARD_LOCKED, 1),
    (SimStanding.CARD_FAULT, 2), (SimStanding.NO_NETWORK, 5), (SimStanding.OUT, 6), (SimStanding.RENTED, 60),
)  # fmt: skip
WITHHOLDING = (1, 5, 7, 3, 10)
"""Which of the handsets keep their SMS back: one of each make that needs an advice of its own."""
HUB = "1-1.4"

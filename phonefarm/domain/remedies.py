"""The user's next step for a phone or SIM that cannot earn; the window has the sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from phonefarm.domain.conditions import Condition
from phonefarm.domain.phones import PhoneState, StateCause
from phonefarm.domain.sims import SimStanding


class Remedy(StrEnum):
    NONE = ""
    WAIT = "wait"
    """It is repaired without the user."""
    RESTART_PHONE = "restart phone"
    """Waiting has not helped."""
    CONFIRM_DEBUGGING = "confirm debugging"
    ADD_UDEV_RULE = "add udev rule"
    INSTALL_DRIVER = "install driver"
    CHECK_CABLE = "check cable"
    START_ANDROID = "start android"
    UNLOCK_ONCE = "unlock once"
    ALLOW_SMS = "allow sms"
    ALLOW_SMS_XIAOMI = "allow sms xiaomi"
    ALLOW_SMS_COLOROS = "allow sms coloros"
    ALLOW_SMS_SAMSUNG = "allow sms samsung"
    ALLOW_SMS_HUAWEI = "allow sms huawei"
    CONNECT = "connect"
    INSERT_SIM = "insert sim"
    ENTER_PIN = "enter pin"
    ENTER_PUK = "enter puk"
    UNLOCK_CARD = "unlock card"
    RESEAT_CARD = "reseat card"
    FIND_NETWORK = "find network"
    LEAVE_AIRPLANE = "leave airplane mode"
    ENTER_NUMBER = "enter number"
    NAME_NETWORK = "name network"
    FREE_STORAGE = "free storage"
    CHOOSE_SMS_APP = "choose sms app"
    CHECK_SMS_APP = "check sms app"
    MOVE_SIM = "move sim"
    """To a phone whose Android shows one-time codes at once."""
    COOL = "cool"
    CHARGE = "charge"
    SWITCH_LOG_ON = "switch log on"
    SET_CLOCK = "set clock"
    USE_ANOTHER_PHONE = "use another phone"
    """Its Android answers in a way that cannot be read."""


_BY_STATE = {
    PhoneState.READY: Remedy.NONE,
    PhoneState.STARTING: Remedy.WAIT,
    PhoneState.BOOTING: Remedy.WAIT,
    PhoneState.AUTHORIZING: Remedy.WAIT,
    PhoneState.LOCKED: Remedy.UNLOCK_ONCE,
    PhoneState.UNAUTHORIZED: Remedy.CONFIRM_DEBUGGING,
    PhoneState.OFFLINE: Remedy.CHECK_CABLE,
    PhoneState.OTHER_MODE: Remedy.START_ANDROID,
    PhoneState.FAILING: Remedy.CHECK_CABLE,
    PhoneState.UNSTEADY: Remedy.CHECK_CABLE,
    PhoneState.NOT_UNDERSTOOD: Remedy.RESTART_PHONE,
    PhoneState.NO_PERMISSIONS: Remedy.ADD_UDEV_RULE,
    PhoneState.DUPLICATE: Remedy.NONE,
    PhoneState.GONE: Remedy.CONNECT,
}

PASSES_WITHIN = {
    PhoneState.AUTHORIZING: timedelta(minutes=2),
    PhoneState.BOOTING: timedelta(minutes=15),
    PhoneState.STARTING: timedelta(minutes=15),
}
"""The longest normal duration of transient states: after an update a phone optimizes its apps."""
_WITHHELD_BY_MAKE = {
    "xiaomi": Remedy.ALLOW_SMS_XIAOMI,
    "redmi": Remedy.ALLOW_SMS_XIAOMI,
    "poco": Remedy.ALLOW_SMS_XIAOMI,
    "oppo": Remedy.ALLOW_SMS_COLOROS,
    "realme": Remedy.ALLOW_SMS_COLOROS,
    "oneplus": Remedy.ALLOW_SMS_COLOROS,
    "samsung": Remedy.ALLOW_SMS_SAMSUNG,
    "huawei": Remedy.ALLOW_SMS_HUAWEI,
    "honor": Remedy.ALLOW_SMS_HUAWEI,
}

_BY_CONDITION = {
    Condition.NO_SIM: Remedy.INSERT_SIM,
    Condition.AIRPLANE: Remedy.LEAVE_AIRPLANE,
    Condition.STORAGE_FULL: Remedy.FREE_STORAGE,
    Condition.NO_SMS_APP: Remedy.CHOOSE_SMS_APP,
    Condition.NOT_STORING: Remedy.CHECK_SMS_APP,
    Condition.CODES_DELAYED: Remedy.MOVE_SIM,
    Condition.HOT: Remedy.COOL,
    Condition.LOW_BATTERY: Remedy.CHARGE,
    Condition.NO_HINTS: Remedy.SWITCH_LOG_ON,
    Condition.CLOCK_WRONG: Remedy.SET_CLOCK,
}

_BY_STANDING = {
    SimStanding.PIN: Remedy.ENTER_PIN,
    SimStanding.PUK: Remedy.ENTER_PUK,
    SimStanding.CARD_LOCKED: Remedy.UNLOCK_CARD,
    SimStanding.CARD_FAULT: Remedy.RESEAT_CARD,
    SimStanding.AIRPLANE: Remedy.LEAVE_AIRPLANE,
    SimStanding.NO_NETWORK: Remedy.FIND_NETWORK,
    SimStanding.NO_NUMBER: Remedy.ENTER_NUMBER,
    SimStanding.NO_COUNTRY: Remedy.NAME_NETWORK,
    SimStanding.OUT: Remedy.INSERT_SIM,
}


def remedy_for_state(state: PhoneState, *, cause: StateCause, make: str, lasting: timedelta) -> Remedy:
    """`lasting`: how long the phone has been in the state. A transient state that lasts too long needs a restart."""
    if cause is StateCause.UNSUPPORTED:
        return Remedy.USE_ANOTHER_PHONE
    if cause is StateCause.NO_DRIVER:
        return Remedy.INSTALL_DRIVER
    if state is PhoneState.WITHHELD:
        return _WITHHELD_BY_MAKE.get(make.casefold(), Remedy.ALLOW_SMS)
    is_overdue = state in PASSES_WITHIN and lasting >= PASSES_WITHIN[state]
    return Remedy.RESTART_PHONE if is_overdue else _BY_STATE[state]


def remedy_for_phone(of_state: Remedy, state: PhoneState, conditions: Sequence[Condition]) -> Remedy:
    """The state's own next step, else (for a phone that is ready) that of the most urgent condition."""
    if of_state is not Remedy.NONE or state is not PhoneState.READY or not conditions:
        return of_state
    return remedy_for_condition(conditions[0])


def remedy_for_condition(condition: Condition) -> Remedy:
    return _BY_CONDITION[condition]


def remedy_for_sim(standing: SimStanding, phone: Remedy = Remedy.NONE) -> Remedy:
    """The SIM's own next step; the phone's if the phone is the cause."""
    if standing in (SimStanding.AWAY, SimStanding.PHONE_BLOCKED):
        return phone
    return _BY_STANDING.get(standing, Remedy.NONE)

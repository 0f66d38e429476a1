"""The texts of remedies: a few words for the table, and full advice for the details."""

from __future__ import annotations

from dataclasses import dataclass

from phonefarm.application.model.read_models import Remedy
from ui.text.words.core import tr

UDEV_COMMAND = (
    """echo 'SUBSYSTEM=="usb", ENV{ID_USB_INTERFACES}=="*:ff4201:*", MODE="0660", GROUP="plugdev", TAG+="uaccess"' """
    "| sudo tee /etc/udev/rules.d/60-adb.rules && sudo udevadm control --reload && sudo udevadm trigger"
)


@dataclass(frozen=True)
class Advice:
    """`short` fits into a cell; `full` has each step; `command` is to be pasted into a terminal."""

    short: str
    full: str
    command: str = ""


REMEDIES = {
    Remedy.NONE: Advice("", ""),
    Remedy.WAIT: Advice("passes by itself", "Nothing to do: it passes by itself within a minute or two."),
    Remedy.RESTART_PHONE: Advice(
        "restart it",
        "A start takes a minute or two; this one takes far longer. Look at the phone's screen: if it shows the "
        "progress of an update, wait. Otherwise hold its power key for 10 to 30 seconds until it restarts. If that "
        "does not help, unplug it and plug it in again.",
    ),
    Remedy.CONFIRM_DEBUGGING: Advice(
        "confirm USB",
        "Unlock the phone and confirm “Allow USB debugging” on its screen, with “Always allow from this computer” "
        "ticked. If it asks nothing, unplug it and plug it in again.",
    ),
    Remedy.ADD_UDEV_RULE: Advice(
        "add the udev rule",
        "Linux does not let you open the phone. Run this command in a terminal of this PC, then unplug the phone and "
        "plug it in again. If that is not enough, add yourself to the group plugdev and log in again.",
        UDEV_COMMAND,
    ),
    Remedy.INSTALL_DRIVER: Advice(
        "install the driver",
        "Windows has no adb driver for it. Install the maker's USB driver (or Google USB Driver: Device Manager, the "
        "phone, Update driver), then unplug it and plug it in again.",
    ),
    Remedy.CHECK_CABLE: Advice(
        "check its cable",
        "Unplug it and plug it in again. If it disconnects again, change its cable first, then its port. "
        "A hub needs its own power supply.",
    ),
    Remedy.USE_ANOTHER_PHONE: Advice(
        "use another phone",
        "phonefarm cannot read the answers of its Android. No setting changes that, but a system update may. Until "
        "then put its SIM into another phone.",
    ),
    Remedy.START_ANDROID: Advice(
        "start Android",
        "Look at its screen: choose “Reboot system now” or “Start”, or hold the power key for ten seconds.",
    ),
    Remedy.UNLOCK_ONCE: Advice(
        "unlock it once",
        "Unlock it once now; the SMS that arrived meanwhile are read then. Afterwards turn its screen lock off "
        "(Settings, Security, Screen lock: None), or unlock it after each restart.",
    ),
    Remedy.ALLOW_SMS: Advice(
        "allow SMS",
        "In its Developer options switch on the option that gives adb more rights, for example “USB debugging "
        "(Security settings)” or “Disable permission monitoring”. Then unplug it and plug it in again.",
    ),
    Remedy.ALLOW_SMS_XIAOMI: Advice(
        "security settings",
        "Xiaomi, Redmi, POCO: in Developer options switch on “USB debugging (Security settings)”. This requires a "
        "SIM in the phone and a Mi account signed in. Then unplug it and plug it in again.",
    ),
    Remedy.ALLOW_SMS_COLOROS: Advice(
        "stop monitoring",
        "OPPO, realme, OnePlus: in Developer options switch on “Disable permission monitoring” (near the end of the "
        "list), restart the phone and unlock it once.",
    ),
    Remedy.ALLOW_SMS_SAMSUNG: Advice(
        "Auto Blocker off",
        "Samsung: Settings, Security and privacy, Auto Blocker: switch it off. Then unplug the phone, plug it in "
        "again and confirm “Allow USB debugging”.",
    ),
    Remedy.ALLOW_SMS_HUAWEI: Advice(
        "charge-only mode",
        "Huawei, Honor: in Developer options switch on “Allow ADB debugging in charge only mode”, choose “Charge "
        "only” for USB, then unplug it and plug it in again.",
    ),
    Remedy.CONNECT: Advice(
        "plug it in",
        "Plug it in and switch it on. If it is plugged in: try another cable and another port, and check that USB "
        "debugging is still on.",
    ),
    Remedy.INSERT_SIM: Advice("insert the SIM", "Put the SIM into a phone of this farm."),
    Remedy.ENTER_PIN: Advice(
        "enter the PIN",
        "Enter the PIN on the phone, then switch the request off (Settings, Security, SIM lock), or it asks again "
        "after each restart.",
    ),
    Remedy.ENTER_PUK: Advice(
        "enter the PUK",
        "Enter the SIM's PUK on the phone. It is printed on the frame of the SIM card; otherwise ask the operator. "
        "After ten wrong entries the SIM is blocked for good.",
    ),
    Remedy.UNLOCK_CARD: Advice(
        "use another phone",
        "The phone is locked to one operator. Put the SIM into a phone without such a lock, or have the operator "
        "unlock this one.",
    ),
    Remedy.RESEAT_CARD: Advice(
        "reinsert the SIM",
        "Take the SIM out, wipe its contacts and put it back. If another phone cannot read it either, have the "
        "operator replace it.",
    ),
    Remedy.FIND_NETWORK: Advice(
        "check its signal",
        "Check the signal in its place, and move the phone if there is none. With a good signal the SIM is blocked or "
        "unpaid: ask the operator.",
    ),
    Remedy.LEAVE_AIRPLANE: Advice(
        "airplane mode off", "Switch airplane mode off on the phone (pull down from the top of its screen)."
    ),
    Remedy.ENTER_NUMBER: Advice(
        "enter its number",
        "Enter its number (“Edit number”), or on the Numbers page import a table or accept the number that an SMS of "
        "the operator states.",
    ),
    Remedy.NAME_NETWORK: Advice(
        "set its operator",
        "On the Numbers page choose “Set country and operator”, and enter Onlinesim's names for this network.",
    ),
    Remedy.FREE_STORAGE: Advice(
        "free its storage",
        "Delete pictures, videos and apps on the phone until at least 500 MB are free, and empty its bin. Then its "
        "numbers go on offer again by themselves.",
    ),
    Remedy.CHOOSE_SMS_APP: Advice(
        "choose an SMS app",
        "On the phone: Settings, Apps, Default apps, SMS app: choose one. If none is listed, install Messages by "
        "Google.",
    ),
    Remedy.CHECK_SMS_APP: Advice(
        "check its SMS app",
        "Open the SMS app on the phone: switch off chats (RCS), spam filters and “5G messages” or “free network SMS”, "
        "and complete what it asks for. Then send an SMS to the phone as a test.",
    ),
    Remedy.MOVE_SIM: Advice(
        "move its SIM",
        "This Android version delays one-time codes, and no setting changes that. Move the SIM to a phone with an "
        "older Android.",
    ),
    Remedy.COOL: Advice("let it cool", "Take it out of its case, and keep it away from other phones and from the sun."),
    Remedy.CHARGE: Advice(
        "charge it", "Its USB port gives too little power: use a powered hub, another port or another cable."
    ),
    Remedy.SWITCH_LOG_ON: Advice(
        "switch its log on",
        "In Developer options set “Logger buffer sizes” to 1 MB, not “Off”, and restart the phone. Until then its "
        "inbox is read more often; nothing is lost.",
    ),
    Remedy.SET_CLOCK: Advice(
        "set its clock",
        "On the phone: Settings, System, Date and time: switch on “Set time automatically”, also for the time zone.",
    ),
}

_HUAWEI_DEBUGGING = "Huawei, Honor: also switch on “Allow ADB debugging in charge only mode”, or it forgets this PC."
_HUAWEI_LOG = "Huawei, Honor: dial *#*#2846579#*#*, Background settings, Log settings: switch “AP log” on."
_SAMSUNG_DEBUGGING = "Samsung: while Auto Blocker is on (Settings, Security and privacy), it never asks."
ADVICE_BY_MAKE = {
    (Remedy.CONFIRM_DEBUGGING, "huawei"): _HUAWEI_DEBUGGING,
    (Remedy.CONFIRM_DEBUGGING, "honor"): _HUAWEI_DEBUGGING,
    (Remedy.CONFIRM_DEBUGGING, "samsung"): _SAMSUNG_DEBUGGING,
    (Remedy.SWITCH_LOG_ON, "huawei"): _HUAWEI_LOG,
    (Remedy.SWITCH_LOG_ON, "honor"): _HUAWEI_LOG,
}
"""Added for these makes, in lower case."""


def remedy_short(remedy: Remedy) -> str:
    short = REMEDIES[remedy].short
    return tr(short) if short else ""


def remedy_advice(remedy: Remedy, make: str = "") -> str:
    """All steps to take; empty if there are none."""
    for_make = ADVICE_BY_MAKE.get((remedy, make.casefold()), "")
    return " ".join(tr(text) for text in (REMEDIES[remedy].full, for_make) if text)

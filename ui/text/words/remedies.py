"""What the user does about it: for each remedy a few words for the table and a whole advice for the details."""

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
    """`short` fits a cell; `whole` tells each step; `command` is to be pasted into a terminal."""

    short: str
    whole: str
    command: str = ""


REMEDIES = {
    Remedy.NONE: Advice("", ""),
    Remedy.WAIT: Advice("passes by itself", "Nothing to do: it passes by itself within a minute or two."),
    Remedy.RESTART_PHONE: Advice(
        "restart it",
        "This takes a minute or two, and has taken far longer. Look at its screen: let an update end that shows its "
        "progress; else hold its power key for ten to thirty seconds until it starts anew. If it stays so, unplug it "
        "and plug it in again.",
    ),
    Remedy.CONFIRM_DEBUGGING: Advice(
        "confirm USB",
        "Unlock the phone and confirm “Allow USB debugging” on its screen, with “Always allow from this computer” "
        "ticked. If it asks nothing, unplug it and plug it in again.",
    ),
    Remedy.ADD_UDEV_RULE: Advice(
        "add the udev rule",
        "Linux does not let you open the phone. Run this command in a terminal of this PC, then unplug the phone and "
        "plug it in again. If that is not enough, add yourself to the group plugdev and log in anew.",
        UDEV_COMMAND,
    ),
    Remedy.INSTALL_DRIVER: Advice(
        "install the driver",
        "Windows has no adb driver for it. Install the maker's USB driver (or Google USB Driver: Device Manager, the "
        "phone, Update driver), then unplug it and plug it in again.",
    ),
    Remedy.CHECK_CABLE: Advice(
        "check its cable",
        "Unplug it and plug it in again. If it falls out again, change its cable first, then its port. "
        "A hub needs a power supply of its own.",
    ),
    Remedy.USE_ANOTHER_PHONE: Advice(
        "use another phone",
        "Its Android answers in a way that phonefarm cannot read; no setting changes that. An update of its system "
        "may. Until then put its SIM into another phone.",
    ),
    Remedy.START_ANDROID: Advice(
        "start Android",
        "Look at its screen: choose “Reboot system now” or “Start”, or hold the power key for ten seconds.",
    ),
    Remedy.UNLOCK_ONCE: Advice(
        "unlock it once",
        "Unlock it once now; the SMS that came meanwhile are read then. Afterwards take the screen lock off (Settings, "
        "Security, Screen lock: None), or it has to be unlocked after each restart.",
    ),
    Remedy.ALLOW_SMS: Advice(
        "allow SMS",
        "In its Developer options switch on what gives adb more rights, for example “USB debugging (Security "
        "settings)” or “Disable permission monitoring”, then unplug it and plug it in again.",
    ),
    Remedy.ALLOW_SMS_XIAOMI: Advice(
        "security settings",
        "Xiaomi, Redmi, POCO: in Developer options switch on “USB debugging (Security settings)”. The phone wants a "
        "SIM in it and a Mi account signed in for that. Then unplug it and plug it in again.",
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
        "Plug it in and switch it on. If it is plugged in: try another cable and another port, and look whether USB "
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
        "Enter the PUK of the card on the phone: it is on the card's frame or with the operator. After ten wrong ones "
        "the card is dead.",
    ),
    Remedy.UNLOCK_CARD: Advice(
        "use another phone",
        "The phone is locked to one operator. Put the card into a phone without such a lock, or have the operator "
        "unlock this one.",
    ),
    Remedy.RESEAT_CARD: Advice(
        "reseat the card",
        "Take the card out, wipe its contacts and put it back. If it is not read in another phone either, have the "
        "operator replace it.",
    ),
    Remedy.FIND_NETWORK: Advice(
        "look at signal",
        "Look at the signal in its place and move the phone if there is none. With a good signal the card is blocked "
        "or unpaid: ask the operator.",
    ),
    Remedy.LEAVE_AIRPLANE: Advice(
        "airplane mode off", "Switch airplane mode off on the phone (pull down from the top of its screen)."
    ),
    Remedy.ENTER_NUMBER: Advice(
        "enter its number",
        "Enter its number (Edit number), import a table on the Numbers page, or accept there what an SMS of the "
        "operator states.",
    ),
    Remedy.NAME_NETWORK: Advice(
        "set its operator",
        "On the Numbers page say by which names the market knows this network (Set country and operator).",
    ),
    Remedy.FREE_STORAGE: Advice(
        "free its storage",
        "Delete pictures, videos and apps on the phone until at least 500 MB are free, and empty its bin. Its numbers "
        "go on offer again by themselves.",
    ),
    Remedy.CHOOSE_SMS_APP: Advice(
        "choose one",
        "On the phone: Settings, Apps, Default apps, SMS app: choose one. If none is listed, install Messages by "
        "Google.",
    ),
    Remedy.CHECK_SMS_APP: Advice(
        "look at SMS app",
        "Open the SMS app on the phone: switch off chats (RCS), spam filters and “5G messages” or “free network SMS”, "
        "and let it finish whatever it asks. Then send it an SMS to see one come.",
    ),
    Remedy.MOVE_SIM: Advice(
        "move its SIM",
        "This Android keeps one-time codes back for a while, and no switch changes that. Move the SIM to a phone with "
        "an older Android.",
    ),
    Remedy.COOL: Advice(
        "let it cool", "Take it out of its case and give it air; keep it away from other phones and from the sun."
    ),
    Remedy.CHARGE: Advice(
        "charge it", "Its port gives too little power, or none: use a powered hub, another port or another cable."
    ),
    Remedy.SWITCH_LOG_ON: Advice(
        "switch its log on",
        "In Developer options set “Logger buffer sizes” to 1 MB, not “Off”, and restart the phone. Until then its "
        "inbox is read more often; nothing is lost.",
    ),
    Remedy.SET_CLOCK: Advice(
        "set its clock",
        "On the phone: Settings, System, Date and time: switch on “Set time automatically” and the same for the zone.",
    ),
}

_HUAWEI_DEBUGGING = "Huawei, Honor: switch on “Allow ADB debugging in charge only mode”, too, or it forgets this PC."
_HUAWEI_LOG = "Huawei, Honor: dial *#*#2846579#*#*, Background settings, Log settings: switch “AP log” on."
_SAMSUNG_DEBUGGING = "Samsung: while Auto Blocker is on (Settings, Security and privacy), it never asks."
OF_MAKE = {
    (Remedy.CONFIRM_DEBUGGING, "huawei"): _HUAWEI_DEBUGGING,
    (Remedy.CONFIRM_DEBUGGING, "honor"): _HUAWEI_DEBUGGING,
    (Remedy.CONFIRM_DEBUGGING, "samsung"): _SAMSUNG_DEBUGGING,
    (Remedy.SWITCH_LOG_ON, "huawei"): _HUAWEI_LOG,
    (Remedy.SWITCH_LOG_ON, "honor"): _HUAWEI_LOG,
}
"""What is to be added for a make, which is written small."""


def remedy_short(remedy: Remedy) -> str:
    short = REMEDIES[remedy].short
    return tr(short) if short else ""


def remedy_advice(remedy: Remedy, make: str = "") -> str:
    """Each step to take; empty where there is none."""
    whole = REMEDIES[remedy].whole
    of_make = OF_MAKE.get((remedy, make.casefold()), "")
    return " ".join(tr(text) for text in (whole, of_make) if text)

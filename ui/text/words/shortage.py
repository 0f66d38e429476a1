"""The sentences for a farm that can sell nothing, or much less than usual: how many, why, what to do."""

from __future__ import annotations

from phonefarm.application.model.read_models import Overview, PhoneState, Shortage, SimStanding
from ui.text.words.core import counted, tr

NOTHING = "Nothing is for sale: {cause}"
FEW = "Only {working} of {usual} numbers work: {cause}"
ADB = "the adb server does not answer ({detail})"
OF_PHONES = {
    PhoneState.GONE: (
        "1 phone is unplugged. Plug it in again, or check its cable and its hub",
        "%n phones are unplugged. Plug them in again, or check their hub",
    ),
    PhoneState.UNAUTHORIZED: (
        "USB debugging is not allowed yet on 1 phone. Confirm “Allow USB debugging” on its screen",
        "USB debugging is not allowed yet on %n phones. Confirm “Allow USB debugging” on their screens",
    ),
    PhoneState.NO_PERMISSIONS: (
        "this PC cannot open 1 phone. A udev rule or a driver is missing",
        "this PC cannot open %n phones. A udev rule or a driver is missing",
    ),
    PhoneState.WITHHELD: (
        "1 phone does not let adb read its SMS. Allow it in its developer options",
        "%n phones do not let adb read their SMS. Allow it in their developer options",
    ),
    PhoneState.LOCKED: (
        "1 phone has restarted. Unlock it once",
        "%n phones have restarted. Unlock each of them once",
    ),
    PhoneState.OTHER_MODE: (
        "1 phone is not in Android. Choose “Reboot system now” on its screen",
        "%n phones are not in Android. Choose “Reboot system now” on their screens",
    ),
    PhoneState.OFFLINE: ("1 phone is offline. Replug its cable", "%n phones are offline. Replug their cables"),
    PhoneState.FAILING: (
        "the SMS of 1 phone cannot be read. Check its cable and its screen",
        "the SMS of %n phones cannot be read. Check their cables and their screens",
    ),
    PhoneState.UNSTEADY: (
        "1 phone keeps disconnecting. Change its cable or its port",
        "%n phones keep disconnecting. Check their hub and their cables",
    ),
    PhoneState.STARTING: ("1 phone is still starting", "%n phones are still starting"),
    PhoneState.BOOTING: ("1 phone is still starting", "%n phones are still starting"),
    PhoneState.AUTHORIZING: ("1 phone is still starting", "%n phones are still starting"),
}
OF_SIMS = {
    SimStanding.BANNED: (
        "1 number is banned. It comes back by itself",
        "%n numbers are banned. They come back by themselves",
    ),
    SimStanding.HELD_BACK: (
        "you paused 1 number. Resume it to sell it",
        "you paused %n numbers. Resume them to sell them",
    ),
    SimStanding.NO_NUMBER: (
        "1 SIM has no number. Enter it to sell it",
        "%n SIMs have no number. Enter the numbers to sell them",
    ),
    SimStanding.NO_COUNTRY: (
        "the network of 1 SIM has no name. Set its country and operator",
        "the networks of %n SIMs have no name. Set their country and operator",
    ),
    SimStanding.PIN: ("1 SIM asks for its PIN. Enter it", "%n SIMs ask for their PIN. Enter it on each phone"),
    SimStanding.PUK: ("1 SIM asks for its PUK. Enter it", "%n SIMs ask for their PUK. Enter it on each phone"),
    SimStanding.CARD_LOCKED: (
        "1 phone accepts only another operator's SIMs. Move its SIM",
        "%n phones accept only another operator's SIMs. Move their SIMs",
    ),
    SimStanding.CARD_FAULT: (
        "1 SIM cannot be read. Take it out, wipe it, put it back",
        "%n SIMs cannot be read. Take them out, wipe them, put them back",
    ),
    SimStanding.AIRPLANE: (
        "1 phone is in airplane mode. Switch it off",
        "%n phones are in airplane mode. Switch it off on each",
    ),
    SimStanding.NO_NETWORK: (
        "1 SIM has no network. Check its signal and whether it is paid",
        "%n SIMs have no network. Check their signal and whether they are paid",
    ),
    SimStanding.PHONE_BLOCKED: (
        "1 phone cannot receive SMS in time. See its problems",
        "%n phones cannot receive SMS in time. See their problems",
    ),
    SimStanding.OUT: (
        "1 SIM was taken out of its phone. Put it in again",
        "%n SIMs were taken out of their phones. Put them in again",
    ),
}
NO_SIM = "there is no SIM in any phone. Put SIMs in"
OTHERS = ("1 number cannot be sold. The SIMs page says why", "%n numbers cannot be sold. The SIMs page says why")
COUNTED_BY_PHONE = frozenset({SimStanding.CARD_LOCKED, SimStanding.AIRPLANE, SimStanding.PHONE_BLOCKED})
"""Standings whose sentences count phones, not SIMs."""

CALM = "All well"
NO_PHONES = "No phones yet: connect them by USB, and their numbers go on offer"
NOT_NOW = "Nothing is for sale at the moment"
PAUSED = "Selling is paused by you: nothing is for sale, open rents go on"


def shortage_sentence(lack: Shortage, adb: str) -> str:
    """`adb`: the problem of adb, if that is the cause."""
    cause = tr(ADB).format(detail=adb) if adb else _cause_text(lack)
    if not lack.working:
        return tr(NOTHING).format(cause=cause)
    return tr(FEW).format(working=lack.working, usual=lack.usual, cause=cause)


def _cause_text(lack: Shortage) -> str:
    match lack.cause:
        case PhoneState() as state:
            return counted(len(lack.phones), *OF_PHONES.get(state, OTHERS))
        case SimStanding.OUT if not lack.sims:
            return tr(NO_SIM)
        case standing:
            count = len(lack.phones) if standing in COUNTED_BY_PHONE else len(lack.sims)
            return counted(count, *OF_SIMS.get(standing, OTHERS))


def calm_sentence(overview: Overview) -> str:
    """Shown when nothing needs action: “All well” only while something can be sold."""
    if overview.paused is not None:
        return tr(PAUSED)
    if overview.numbers_working:
        return tr(CALM)
    return tr(NOT_NOW) if overview.phones_of_farm else tr(NO_PHONES)

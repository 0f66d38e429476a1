"""What the control can do to a phone: POST /phones/NAME/ACTION with a JSON object.

cable    unplug, replug, drop; flap {times, on_seconds, off_seconds}; cut {after}; hang {on}
power    reboot {seconds, locked}; boot {on}: adb answers and Android does not yet; lock, unlock
trust    authorize, revoke; withhold {on}, allow: whether the shell may read SMS
cards    swap; slot-state {slot, state}: PIN_REQUIRED, PUK_REQUIRED, NETWORK_LOCKED, CARD_IO_ERROR, ... or null
radio    airplane {on}; signal {slot, level}: 0 to 4 or null; network-type {slot, type}; ims {slot, on};
         service {slot, state}: "in service", "no service" or "emergency only";
         roaming {slot, numeric}: the visited network's code, or null for home
telemetry   battery {level, charging}; temperature {celsius}; storage {free_bytes} or {full}; uptime {seconds}
messages sms-app {package}: null for none; sms-app-enabled {on}; codes-delay {seconds}; hints {on}; delete-newest;
         chatter {on}: other lines of its radio; flash {slot}: a class 0 message, which is in no inbox;
         provider-dies {queries}: its process dies under so many queries;
         restore {count}: old ones, as a backup brings them
services dump-timeout {service, seconds}: its dump is given up after so long; null for a service that is well
rest     query {seconds}: what starting a JVM takes; skew {seconds}: of its clock; firmware: an update
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.radio import Service
from phonefarm.simulation.sims import OPERATORS

Body = dict[str, Any]
Act = Callable[[VirtualPhone, Body], Awaitable[None]]


def _at_once(act: Callable[[VirtualPhone, Body], object]) -> Act:
    async def acted(phone: VirtualPhone, body: Body) -> None:
        act(phone, body)

    return acted


def _on(body: Body) -> bool:
    return bool(body.get("on", True))


def _slot(body: Body) -> int:
    return int(body.get("slot", 0))


def _storage(phone: VirtualPhone, body: Body) -> None:
    if "free_bytes" in body:
        phone.set_free_storage(int(body["free_bytes"]))
    elif body.get("full", True):
        phone.fill_storage()
    else:
        phone.free_storage()


def _roam(phone: VirtualPhone, body: Body) -> None:
    numeric = body["numeric"]
    visited = next((operator for operator in OPERATORS if operator.numeric == numeric), None)
    if numeric is not None and visited is None:
        raise ValueError(f"no network {numeric}; there are {', '.join(operator.numeric for operator in OPERATORS)}")
    phone.roam(visited, _slot(body))


def _sms_app_enabled(phone: VirtualPhone, body: Body) -> None:
    phone.disable_package(phone.telemetry.sms_app or phone.profile.default_sms_app, not _on(body))


def _dump_timeout(phone: VirtualPhone, body: Body) -> None:
    seconds = body.get("seconds", 10)
    phone.slow_down_service(str(body["service"]), None if seconds is None else float(seconds))


def _restore(phone: VirtualPhone, body: Body) -> None:
    now = int(phone.handset.now() * 1000)
    for number in range(int(body["count"]), 0, -1):
        text = f"Restored message {number}: see you at the station at half past seven"
        phone.restore_sms("+79160000000", text, min(phone.sims, default=0), date_ms=now - number * 3_600_000)


def _battery(phone: VirtualPhone, body: Body) -> None:
    charging = body.get("charging")
    phone.set_battery(int(body["level"]), charging=None if charging is None else bool(charging))


def _signal(phone: VirtualPhone, body: Body) -> None:
    level = body["level"]
    phone.set_signal(None if level is None else int(level), _slot(body))


ACTIONS: dict[str, Act] = {
    "unplug": lambda phone, _: phone.unplug(),
    "replug": lambda phone, _: phone.replug(),
    "flap": lambda phone, body: phone.flap(
        int(body.get("times", 3)), float(body.get("on_seconds", 1)), float(body.get("off_seconds", 1))
    ),
    "reboot": lambda phone, body: phone.reboot(float(body.get("seconds", 5)), locked=bool(body.get("locked", False))),
    "authorize": lambda phone, _: phone.authorize(),
    "revoke": lambda phone, _: phone.revoke_authorization(),
    "drop": lambda phone, _: phone.drop_connections(),
    "cut": _at_once(lambda phone, body: phone.cut_answer_after(int(body["after"]))),
    "hang": _at_once(lambda phone, body: phone.hang(_on(body))),
    "boot": _at_once(lambda phone, body: phone.set_booting(_on(body))),
    "lock": _at_once(lambda phone, _: phone.lock()),
    "unlock": _at_once(lambda phone, _: phone.unlock()),
    "withhold": _at_once(lambda phone, body: phone.withhold_sms(_on(body))),
    "allow": _at_once(lambda phone, _: phone.allow_sms()),
    "swap": _at_once(lambda phone, _: phone.swap_sims()),
    "slot-state": _at_once(lambda phone, body: phone.set_slot_state(int(body["slot"]), body.get("state"))),
    "airplane": _at_once(lambda phone, body: phone.set_airplane_mode(_on(body))),
    "signal": _at_once(_signal),
    "network-type": _at_once(lambda phone, body: phone.set_network_type(str(body["type"]), _slot(body))),
    "ims": _at_once(lambda phone, body: phone.send_sms_over_ims(_on(body), _slot(body))),
    "service": _at_once(lambda phone, body: phone.set_service(Service(body["state"]), _slot(body))),
    "roaming": _at_once(_roam),
    "battery": _at_once(_battery),
    "temperature": _at_once(lambda phone, body: phone.set_temperature(float(body["celsius"]))),
    "storage": _at_once(_storage),
    "uptime": _at_once(lambda phone, body: phone.set_uptime(float(body["seconds"]))),
    "sms-app": _at_once(lambda phone, body: phone.set_sms_app(body["package"])),
    "sms-app-enabled": _at_once(_sms_app_enabled),
    "codes-delay": _at_once(lambda phone, body: phone.delay_codes(float(body["seconds"]))),
    "provider-dies": _at_once(lambda phone, body: phone.kill_provider(int(body.get("queries", 1)))),
    "dump-timeout": _at_once(_dump_timeout),
    "hints": _at_once(lambda phone, body: phone.send_hints(_on(body))),
    "chatter": _at_once(lambda phone, body: phone.chatter(_on(body))),
    "flash": lambda phone, body: phone.deliver_flash(_slot(body)),
    "delete-newest": _at_once(lambda phone, _: phone.delete_newest_sms()),
    "restore": _at_once(_restore),
    "query": _at_once(lambda phone, body: phone.set_query_seconds(float(body["seconds"]))),
    "skew": _at_once(lambda phone, body: phone.set_clock_skew(float(body["seconds"]))),
    "firmware": _at_once(lambda phone, _: phone.update_firmware()),
}

"""Actions of the control API on a phone: POST /phones/NAME/ACTION with a JSON object.

cable    unplug, replug, drop; flap {times, on_seconds, off_seconds}; cut {after}; hang {on}
power    reboot {seconds, locked}; boot {on}: adb answers and Android does not yet; lock, unlock
debugging authorize, revoke; withhold {on}, allow: whether the shell may read SMS
SIMs     swap; slot-state {slot, state}: PIN_REQUIRED, PUK_REQUIRED, NETWORK_LOCKED, CARD_IO_ERROR, ... or null
radio    airplane {on}; signal {slot, level}: 0 to 4 or null; network-type {slot, type}; ims {slot, on};
         service {slot, state}: "in service", "no service" or "emergency only";
         roaming {slot, numeric}: the visited network's code, or null for home
telemetry   battery {level, charging}; temperature {celsius}; storage {free_bytes} or {full}; uptime {seconds}
messages sms-app {package}: null for none; sms-app-enabled {on}; codes-delay {seconds}; hints {on}; delete-newest;
         chatter {on}: unrelated radio lines; flash {slot}: a class 0 message, which is not stored;
         provider-dies {queries}: its process crashes during the next queries;
         restore {count}: old ones, like a backup app
services dump-timeout {service, seconds}: its dump times out; null ends the fault
other    query {seconds}: duration of a JVM start; skew {seconds}: of the clock; firmware: an update
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from phonefarm.simulation.phone import VirtualPhone
from phonefarm.simulation.radio import Service
from phonefarm.simulation.sims import OPERATORS

Body = dict[str, Any]
Action = Callable[[VirtualPhone, Body], Awaitable[None]]


def _as_async(change: Callable[[VirtualPhone, Body], object]) -> Action:
    async def action(phone: VirtualPhone, body: Body) -> None:
        change(phone, body)

    return action


def _is_on(body: Body) -> bool:
    return bool(body.get("on", True))


def _slot_index(body: Body) -> int:
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
    phone.roam(visited, _slot_index(body))


def _sms_app_enabled(phone: VirtualPhone, body: Body) -> None:
    phone.disable_package(phone.telemetry.sms_app or phone.profile.default_sms_app, not _is_on(body))


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
    phone.set_signal(None if level is None else int(level), _slot_index(body))


ACTIONS: dict[str, Action] = {
    "unplug": lambda phone, _: phone.unplug(),
    "replug": lambda phone, _: phone.replug(),
    "flap": lambda phone, body: phone.flap(
        int(body.get("times", 3)), float(body.get("on_seconds", 1)), float(body.get("off_seconds", 1))
    ),
    "reboot": lambda phone, body: phone.reboot(float(body.get("seconds", 5)), locked=bool(body.get("locked", False))),
    "authorize": lambda phone, _: phone.authorize(),
    "revoke": lambda phone, _: phone.revoke_authorization(),
    "drop": lambda phone, _: phone.drop_connections(),
    "cut": _as_async(lambda phone, body: phone.cut_answer_after(int(body["after"]))),
    "hang": _as_async(lambda phone, body: phone.hang(_is_on(body))),
    "boot": _as_async(lambda phone, body: phone.set_booting(_is_on(body))),
    "lock": _as_async(lambda phone, _: phone.lock()),
    "unlock": _as_async(lambda phone, _: phone.unlock()),
    "withhold": _as_async(lambda phone, body: phone.withhold_sms(_is_on(body))),
    "allow": _as_async(lambda phone, _: phone.allow_sms()),
    "swap": _as_async(lambda phone, _: phone.swap_sims()),
    "slot-state": _as_async(lambda phone, body: phone.set_slot_state(int(body["slot"]), body.get("state"))),
    "airplane": _as_async(lambda phone, body: phone.set_airplane_mode(_is_on(body))),
    "signal": _as_async(_signal),
    "network-type": _as_async(lambda phone, body: phone.set_network_type(str(body["type"]), _slot_index(body))),
    "ims": _as_async(lambda phone, body: phone.send_sms_over_ims(_is_on(body), _slot_index(body))),
    "service": _as_async(lambda phone, body: phone.set_service(Service(body["state"]), _slot_index(body))),
    "roaming": _as_async(_roam),
    "battery": _as_async(_battery),
    "temperature": _as_async(lambda phone, body: phone.set_temperature(float(body["celsius"]))),
    "storage": _as_async(_storage),
    "uptime": _as_async(lambda phone, body: phone.set_uptime(float(body["seconds"]))),
    "sms-app": _as_async(lambda phone, body: phone.set_sms_app(body["package"])),
    "sms-app-enabled": _as_async(_sms_app_enabled),
    "codes-delay": _as_async(lambda phone, body: phone.delay_codes(float(body["seconds"]))),
    "provider-dies": _as_async(lambda phone, body: phone.kill_provider(int(body.get("queries", 1)))),
    "dump-timeout": _as_async(_dump_timeout),
    "hints": _as_async(lambda phone, body: phone.send_hints(_is_on(body))),
    "chatter": _as_async(lambda phone, body: phone.chatter(_is_on(body))),
    "flash": lambda phone, body: phone.deliver_flash(_slot_index(body)),
    "delete-newest": _as_async(lambda phone, _: phone.delete_newest_sms()),
    "restore": _as_async(_restore),
    "query": _as_async(lambda phone, body: phone.set_query_seconds(float(body["seconds"]))),
    "skew": _as_async(lambda phone, body: phone.set_clock_skew(float(body["seconds"]))),
    "firmware": _as_async(lambda phone, _: phone.update_firmware()),
}

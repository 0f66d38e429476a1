"""The parsers of phones' and adb's output, each with the invariants that hold for any input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from phonefarm.adapters.adb import provider, sms_query
from phonefarm.adapters.adb.battery import parse_battery
from phonefarm.adapters.adb.device_list import parse_device_list
from phonefarm.adapters.adb.getprop import facts_from, parse_getprop
from phonefarm.adapters.adb.hints import parse_hint
from phonefarm.adapters.adb.isub import parse_isub
from phonefarm.adapters.adb.parcel import parse_parcel_text
from phonefarm.adapters.adb.phone_settings import parse_packages, parse_role_holder, parse_sms_app, parse_switch
from phonefarm.adapters.adb.probe_query import ProbeRequest, parse_probe_row
from phonefarm.adapters.adb.provider import AnswerRefused
from phonefarm.adapters.adb.registry import parse_registry
from phonefarm.adapters.adb.script import AnswerCut, Script
from phonefarm.adapters.adb.siminfo import parse_siminfo
from phonefarm.adapters.adb.smart_socket import refusal
from phonefarm.adapters.adb.sms_query import NewestText, RawRow
from phonefarm.adapters.adb.storage import parse_free_bytes
from phonefarm.adapters.adb.subscriber_info import checked_iccid, checked_number
from phonefarm.adapters.adb.uptime import parse_uptime
from phonefarm.adapters.adb.user_state import parse_started_user_state, parse_users
from phonefarm.application.ports.world import PhoneUnreachable, Probe
from phonefarm.domain.phones import PhoneFacts

ROOT = Path(__file__).parents[1]
DUMPS = ROOT / "tests" / "adapters" / "adb" / "dumps"
WILD = ROOT.parent / "shared" / "wild"
KIND_OF_WILD = {
    "adb36_state": "refusal",
    "adb_devices": "devices",
    "err": "denial",
    "getprop": "getprop",
    "isub": "isub",
    "noise": "window",
    "parcel": "parcel",
    "radio_log": "hints",
    "siminfo": "siminfo",
    "sms": "window",
}
"""Parsers by the prefix of a real dump's file name."""

HEX = Probe(facts=PhoneFacts(sdk=34), reads_hex=True)
VENDOR = replace(HEX, slot_column="sim_id")
OLD = replace(HEX, has_sub_id=False)
FUNCTIONS = replace(HEX, reads_hex=False)
PLAIN = replace(FUNCTIONS, counts=False)

Check = Callable[[str], object]
"""Runs a parser, asserts its invariants, and returns a short value that distinguishes kinds of answers."""


def _window(probe: Probe) -> Check:
    def check(text: str) -> object:
        rows = sms_query.parse_window(text, probe)
        _assert_rows(text, rows, "b")
        return min(len(rows), 3)

    return check


def _numbers(probe: Probe) -> Check:
    def check(text: str) -> object:
        rows = sms_query.parse_numbers(text, probe)
        _assert_rows(text, rows, "_id")
        return min(len(rows), 3)

    return check


def _assert_rows(text: str, rows: list[RawRow], last: str) -> None:
    """Assert that the rows are exactly the answer's lines that begin with "Row: ", in order."""
    lines = [line for line in text.split("\n") if line.startswith("Row: ")]
    assert len(rows) == len(lines), "a row that was not printed, or one lost"
    for place, (line, raw) in enumerate(zip(lines, rows, strict=True)):
        cells = dict(cell.partition("=")[::2] for cell in line.removeprefix(f"Row: {place} ").split(", "))
        assert int(cells["_id"]) == raw.row.row_id, "another row's id"
        if last == "b":
            assert sms_query.text_of(bytes.fromhex(cells["b"])) == raw.row.body, "another row's body"
            assert sms_query.text_of(bytes.fromhex(cells["a"])) == raw.row.sender, "another row's sender"


def _newest(probe: Probe) -> Check:
    def check(text: str) -> object:
        found: list[NewestText] = []
        for column in ("address", "body"):
            try:
                found.append(sms_query.parse_newest_text(text, column, probe))
            except AnswerRefused:
                continue
        for newest in found:
            assert text.endswith(f"{newest.text}\n"), "a text that does not end where the answer ends"
            assert "\nRow: 1 _id=" not in newest.text, "two rows taken for one"
        return len(found)

    return check


def _column(text: str) -> object:
    value = sms_query.parse_column(text, "body")
    assert text.endswith(f"Row: 0 body={value}\n"), "a text that was not printed"
    return len(value) > 0


def _siminfo(text: str) -> object:
    rows = parse_siminfo(text)
    assert len(rows) <= text.count("Row: "), "a row that was not printed"
    for row in rows.values():
        checked_iccid(row.icc_id, "")
        for number in row.numbers:
            checked_number(number, "ru")
    return min(len(rows), 3)


def _isub(text: str) -> object:
    subs = parse_isub(text)
    for sub in subs or []:
        assert f"id={sub.sub_id}" in text or str(sub.sub_id) in text, "an id that was not printed"
        assert sub.icc in text, "an ICCID that was not printed"
        assert sub.number in text, "a number that was not printed"
        assert sub.slot >= 0, "a card that is in no slot"
    return None if subs is None else min(len(subs), 3)


def _getprop(text: str) -> object:
    properties = parse_getprop(text)
    facts_from(properties)
    for name, value in properties.items():
        assert f"[{name}]: [{value}]" in text, "a property that was not printed"
    assert parse_getprop(text, prefix="gsm.") == {
        name: value for name, value in properties.items() if name.startswith("gsm.")
    }
    return min(len(properties), 20)


def _registry(text: str) -> object:
    slots = parse_registry(text)
    assert all(radio.signal is None or 0 <= radio.signal <= 4 for radio in slots.values())
    return tuple((radio.in_service, radio.signal) for radio in list(slots.values())[:2])


def _battery(text: str) -> object:
    battery = parse_battery(text)
    assert battery.percent is None or 0 <= battery.percent <= 100
    return battery.percent is None, battery.temperature is None, battery.is_charging


def _non_negative(parse: Callable[[str], float | None]) -> Check:
    def check(text: str) -> object:
        value = parse(text)
        assert value is None or value >= 0
        return value is None

    return check


def _package(parse: Callable[[str], str | None]) -> Check:
    def check(text: str) -> object:
        name = parse(text)
        assert not name or (name in text and not set(name) & set(" \n;|&$'\"()")), "no package's name"
        return name if not name else "a package"

    return check


def _packages(text: str) -> object:
    names = parse_packages(text)
    assert all(f"package:{name}" in text for name in names or ())
    return None if names is None else min(len(names), 3)


def _parcel(text: str) -> object:
    value = parse_parcel_text(text)
    assert value is None or len(value.encode("utf-16-le")) <= 128
    return value if value is None else len(value)


def _devices(text: str) -> object:
    devices = parse_device_list(text)
    for device in devices:
        assert device.serial in text
        assert device.serial
        assert device.adb_state
    return tuple(device.adb_state for device in devices[:3])


def _script(text: str) -> object:
    clock, sections = Script(["x", "y"], nonce="ab12").split(text)
    output = "".join(f"{section.text}E:ab12:{place}:" for place, section in enumerate(sections))
    assert len(output) < len(text)
    assert all(section.text in text for section in sections)
    return clock is None, [section.exit_code == 0 for section in sections]


def _refusal(text: str) -> object:
    error = refusal("R5", text)
    assert isinstance(error, PhoneUnreachable)
    assert "\n" not in str(error)
    assert len(str(error)) < 400
    return str(error)[:40] if "adb says" not in str(error) else ""


def _denial(text: str) -> object:
    denial, exception = provider.find_denial(text), provider.find_exception(text)
    assert all(found is None or (len(found) <= 160 and "\n" not in found) for found in (denial, exception))
    return denial is None, exception is None


def _hints(text: str) -> object:
    return tuple(parse_hint(line) for line in text.split("\n")[:4])


def _users(text: str) -> object:
    return parse_users(text), parse_started_user_state(text)


def _probe(text: str) -> object:
    given = parse_probe_row(text, ProbeRequest(columns=("sub_id", "sim_slot")))
    return None if given is None else given.fills_sub_id


PARSERS: dict[str, Check] = {
    "battery": _battery,
    "column": _column,
    "denial": _denial,
    "devices": _devices,
    "getprop": _getprop,
    "hints": _hints,
    "isub": _isub,
    "newest": _newest(FUNCTIONS),
    "numbers": _numbers(FUNCTIONS),
    "packages": _packages,
    "parcel": _parcel,
    "plain_newest": _newest(PLAIN),
    "plain_numbers": _numbers(PLAIN),
    "probe": _probe,
    "proof": lambda text: sms_query.parse_proof(text, HEX),
    "refusal": _refusal,
    "registry": _registry,
    "role": _package(parse_role_holder),
    "script": _script,
    "siminfo": _siminfo,
    "sms_app": _package(parse_sms_app),
    "started": _users,
    "storage": _non_negative(parse_free_bytes),
    "switch": parse_switch,
    "uptime": _non_negative(parse_uptime),
    "users": _users,
    "window": _window(HEX),
    "window_old": _window(OLD),
    "window_v": _window(VENDOR),
}
DECLARED = (AnswerRefused, AnswerCut)
"""Exceptions with which a parser rejects an answer."""


def kind_of(path: Path) -> str:
    """The parser for a dump."""
    if path.parent == WILD:
        return next((kind for start, kind in KIND_OF_WILD.items() if path.name.startswith(start)), "")
    return path.stem.partition("-")[0]


def corpus() -> dict[str, list[str]]:
    """Dumps by parser: those of the tests, and real ones if there are any."""
    found: dict[str, list[str]] = {kind: [] for kind in PARSERS}
    for folder in (DUMPS, WILD):
        for path in sorted(folder.glob("*.txt")):
            text = path.read_text("utf-8")
            found[kind_of(path)].append(text.partition("\n")[2] if folder == WILD else text)
    return found

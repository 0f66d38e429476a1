"""Checks this PC, whether or not the farm is running, and suggests remedies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phonefarm.application.sims.number_lines import count_left_out, describe_problems
from phonefarm.commands.status import fetch_health
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.domain.phones import PhoneState, state_from_adb
from phonefarm.domain.power import SELECTIVE_SUSPEND, USB, PowerPlan
from phonefarm.runtime.command_adapters import adb_program, adb_server, key_store, numbers_in, power_plan, try_to_listen
from phonefarm.support.atomic_files import discard_draft
from phonefarm.support.os_errors import cause_of

LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, kw_only=True)
class Finding:
    what: str
    is_fine: bool
    detail: str
    warns: bool = False
    """It works now but may fail later; `detail` has the remedy."""


async def examine(settings: Settings) -> list[Finding]:
    return [
        _data_folder(settings.data_dir),
        _key(settings),
        _push_url(settings),
        _numbers(settings),
        _adb_program(settings),
        *[await _adb_server(server, settings) for server in settings.adb_server_list],
        await _ports(settings),
        *check_power(settings, power_plan),
    ]


def _data_folder(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / "doctor.tmp"
        trial.write_bytes(b"x")
        discard_draft(trial)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(what="data folder", is_fine=False, detail=f"{folder} cannot be written: {cause_of(error)}")
    enough = free > LEAST_FREE_BYTES
    detail = f"{folder}, {free / 1e9:.1f} GB free" + ("" if enough else ": make room on this disk")
    return Finding(what="data folder", is_fine=enough, detail=detail)


def _key(settings: Settings) -> Finding:
    if settings.api_key is not None:
        return Finding(what="key", is_fine=True, detail="from the environment")
    store = key_store(settings)
    try:
        key = store.read_key()
    except KnownError as error:
        return Finding(what="key", is_fine=False, detail=f"{error} Unlock it, or set PHONEFARM_API_KEY")
    if key:
        return Finding(what="key", is_fine=True, detail=f"in the {store.place.value}")
    return Finding(what="key", is_fine=False, detail="not set: enter it on the Settings page or set PHONEFARM_API_KEY")


def _push_url(settings: Settings) -> Finding:
    if settings.push_url:
        return Finding(what="push URL", is_fine=True, detail=settings.push_url)
    return Finding(what="push URL", is_fine=False, detail="not set: ask Onlinesim's support and enter it in Settings")


def _numbers(settings: Settings) -> Finding:
    if not settings.numbers_file:
        return Finding(what="numbers file", is_fine=True, detail="none set")
    path = Path(settings.numbers_file)
    try:
        table = numbers_in(path)
    except KnownError as error:
        return Finding(what="numbers file", is_fine=False, detail=str(error))
    detail = f"{len(table.entries)} numbers in {path}"
    if table.problems:
        detail = f"{detail}, {count_left_out(table.problems)}: {'; '.join(describe_problems(table.problems))}"
    return Finding(what="numbers file", is_fine=not table.problems, detail=detail)


def _adb_program(settings: Settings) -> Finding:
    try:
        return Finding(what="adb program", is_fine=True, detail=str(adb_program(settings)))
    except KnownError as error:
        return Finding(what="adb program", is_fine=False, detail=str(error))


async def _adb_server(server: str, settings: Settings) -> Finding:
    bridge = adb_server(server, settings)
    what = f"adb server {server}"
    try:
        version = await bridge.ensure_server()
        async for devices in bridge.device_lists():
            ready = sum(state_from_adb(device.adb_state) is PhoneState.STARTING for device in devices)
            phones = f"{ready} of {len(devices)} phones can be used" if devices else "no phone is connected"
            return Finding(what=what, is_fine=True, detail=f"version {version}, {phones}")
    except KnownError as error:
        return Finding(what=what, is_fine=False, detail=str(error))
    return Finding(what=what, is_fine=False, detail="ended without a device list")


async def _ports(settings: Settings) -> Finding:
    try:
        await fetch_health(settings.admin_listen)
    except KnownError:
        pass
    else:
        return Finding(what="ports", is_fine=True, detail="phonefarm is running and answers")
    try:
        for address, what in ((settings.listen, "webhook server"), (settings.admin_listen, "admin port")):
            try_to_listen(address, what)
    except KnownError as error:
        return Finding(what="ports", is_fine=False, detail=str(error))
    return Finding(what="ports", is_fine=True, detail=f"{settings.listen} and {settings.admin_listen} are free")


def check_power(settings: Settings, read_plan: Callable[[], PowerPlan | None]) -> list[Finding]:
    """Check whether this PC may sleep or suspend USB; empty without a power plan."""
    try:
        plan = read_plan()
    except KnownError as error:
        return [Finding(what="power plan", is_fine=True, warns=True, detail=str(error))]
    if plan is None:
        return []
    findings = [_sleep(plan, keep_awake=settings.keep_awake)]
    if plan.suspends_usb:
        findings.append(Finding(what="USB power", is_fine=True, warns=True, detail=_USB_IS_SUSPENDED))
    return findings


def _sleep(plan: PowerPlan, *, keep_awake: bool) -> Finding:
    named = f"'{plan.name}'" if plan.name else "of no name"
    if plan.sleeps_after is None:
        return Finding(what="power plan", is_fine=True, detail=f"{named}, never sleeps on mains")
    sleeps = f"{named}, sleeps after {max(1, round(plan.sleeps_after / 60))} min on mains"
    if keep_awake:
        return Finding(what="power plan", is_fine=True, detail=f"{sleeps}; kept awake while it sells")
    remedy = "asleep, it sells nothing and reads no SMS: set keep_awake to true, or 'Sleep' in Windows to 'Never'"
    return Finding(what="power plan", is_fine=True, warns=True, detail=f"{sleeps}: {remedy}")


_USB_IS_SUSPENDED = (
    "selective suspend is on, with which Windows disconnects phones: switch it off in the power plan's advanced "
    f"settings, or by 'powercfg /setacvalueindex SCHEME_CURRENT {USB} {SELECTIVE_SUSPEND} 0' and "
    "'powercfg /setactive SCHEME_CURRENT'"
)

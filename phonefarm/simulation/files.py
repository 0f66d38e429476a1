"""`cat` and `df`, and the few files of /proc that a farm reads."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.shell_io import ShellIo

FIRST_SDK_WITH_TOYBOX_DF = 24
FIRST_SDK_WITH_USER_MOUNT = 30
BLOCK_BYTES = 4096
_DATA_PATHS = ("/data", "/data/")


async def cat(handset: Handset, words: list[str], stdin: str, io: ShellIo) -> int:
    if not words:
        await io.stdout(stdin)
        return 0
    code = 0
    for path in words:
        text = file_text(handset, path)
        if text is None:
            code = 1
            await io.stderr(f"{_error_prefix(handset, 'cat')}: {path}: No such file or directory\n")
        else:
            await io.stdout(text)
    return code


def file_text(handset: Handset, path: str) -> str | None:
    if path == "/proc/uptime":
        uptime = max(handset.host_clock() - handset.telemetry.booted_at, 0.0)
        return f"{uptime:.2f} {uptime * 5.5:.2f}\n"
    if path == "/proc/sys/kernel/random/boot_id":
        # The kernel draws a new one at each boot.
        return f"{uuid5(NAMESPACE_OID, f'{handset.hardware_id} {handset.telemetry.booted_at}')}\n"
    if path == "/proc/version":
        return "Linux version 4.19.157-perf (builder@host) #1 SMP PREEMPT\n"
    return None


def exists(path: str) -> bool:
    return path in ("/data", "/data/", "/system", "/sdcard", "/proc/uptime", "/proc/version")


async def df(handset: Handset, words: list[str], io: ShellIo) -> int:
    """toolbox up to Android 6, which parses every word as a path; toybox from Android 7 on."""
    if handset.profile.sdk < FIRST_SDK_WITH_TOYBOX_DF:
        return await _toolbox_df(handset, words, io)
    return await _toybox_df(handset, [word for word in words if word != "-k"], io)


async def _toolbox_df(handset: Handset, words: list[str], io: ShellIo) -> int:
    await io.stdout("Filesystem               Size     Used     Free   Blksize\n")
    telemetry, code = handset.telemetry, 0
    for path in words or ["/data"]:
        if path not in _DATA_PATHS:
            code = 1
            await io.stderr(f"{path}: No such file or directory\n")
            continue
        sizes = (telemetry.total_bytes, telemetry.total_bytes - telemetry.free_bytes, telemetry.free_bytes)
        await io.stdout(f"{path:<20}" + "".join(f"  {_format_size(size)}" for size in sizes) + f"   {BLOCK_BYTES}\n")
    return code


def _format_size(size: int) -> str:
    value, unit = size / 1024, "K"
    for larger in ("M", "G"):
        if value > 1024:
            value, unit = value / 1024, larger
    return f"{value:6.1f}{unit}"


async def _toybox_df(handset: Handset, words: list[str], io: ShellIo) -> int:
    for word in words:
        if word.startswith("-"):
            await io.stderr(f"df: Unknown option '{word[1:]}' (see \"df --help\")\n")
            return 1
        if word not in _DATA_PATHS:
            await io.stderr(f"df: {word}: No such file or directory\n")
            return 1
    telemetry = handset.telemetry
    used = telemetry.total_bytes - telemetry.free_bytes
    mounted = "/data/user/0" if handset.profile.sdk >= FIRST_SDK_WITH_USER_MOUNT else "/data"
    device = "/dev/block/dm-5" if handset.profile.sdk >= FIRST_SDK_WITH_USER_MOUNT else "/dev/block/mmcblk0p87"
    sizes = (telemetry.total_bytes // 1024, used // 1024, telemetry.free_bytes // 1024)
    percent = f"{-(-100 * used // telemetry.total_bytes)}%"
    await io.stdout(
        f"{'Filesystem':<{len(device)}} {'1K-blocks':>9} {'Used':>9} {'Available':>9} Use% Mounted on\n"
        f"{device} {sizes[0]:>9} {sizes[1]:>9} {sizes[2]:>9} {percent:>4} {mounted}\n"
    )
    return 0


def _error_prefix(handset: Handset, name: str) -> str:
    return name if handset.profile.sdk >= FIRST_SDK_WITH_TOYBOX_DF else f"/system/bin/sh: {name}"

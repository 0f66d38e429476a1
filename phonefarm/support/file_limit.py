"""The limit of open files, and the connections that it allows."""

from __future__ import annotations

import sys

import structlog

log = structlog.get_logger(__name__)

WANTED = 16_384
_FALLBACKS = (10_240, 4096, 1024)
"""macOS may report its hard limit as unlimited, and accept only the first of these."""
NO_LIMIT = 1_000_000
_WEBHOOKS_SHARE = 8
_ADMIN_SHARE = 32
_LEAST = 4


def raise_file_limit() -> int:
    """Raise the soft limit as far as allowed, at most to WANTED; returns the limit from now on."""
    if sys.platform == "win32":
        return NO_LIMIT  # sockets do not count as files there
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= WANTED:
        return NO_LIMIT if soft == resource.RLIM_INFINITY else soft
    for wanted in (WANTED, *_FALLBACKS):
        aim = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if aim <= soft:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
        except (OSError, ValueError):
            continue
        log.info("more files may be open", before=soft, now=aim)
        return aim
    return soft


def connections_within(limit: int, wanted: int) -> int:
    """The most connections to the webhooks; the other files are for adb, pushes and the database."""
    most = max(_LEAST, limit // _WEBHOOKS_SHARE)
    if most < wanted:
        log.warning("fewer connections than the setting allows: few files may be open", most=most, files=limit)
    return min(wanted, most)


def admin_connections_within(limit: int, wanted: int) -> int:
    return min(wanted, max(_LEAST, limit // _ADMIN_SHARE))

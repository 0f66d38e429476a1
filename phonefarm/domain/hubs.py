"""Phones that left together: one report that names their common hub, instead of one for each phone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from phonefarm.domain.ids import PhoneId

TOGETHER_WITHIN = timedelta(seconds=10)
"""The longest gap between two losses of one group."""
LEAST_TOGETHER = 3
_USB_PATH = re.compile(r"(?P<bus>\d+)-(?P<ports>\d+(?:\.\d+)*)")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A phone that was lost."""

    phone_id: PhoneId
    usb_path: str
    """`1-1.4.2` as Linux names a port; empty or of another form on other systems."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SharedLoss:
    """Phones that left within seconds of each other."""

    phones: tuple[PhoneId, ...]
    hub: str
    """The port of the hub that they share, `1-1.4`; `1` for the whole bus; empty where it is not known."""
    at: datetime


def usb_path(detail: str) -> str:
    """The port in adb's long device list (`usb:1-1.4 product:…`); empty where there is none."""
    found = re.search(r"(?:^|\s)usb:(\S+)", detail)
    return found[1] if found else ""


def trunk_of(path: str) -> str:
    """The PC's own port to which a phone is connected, directly or by hubs that share its cable; empty if unknown."""
    hubs = _hubs_above(path)
    return hubs[1] if len(hubs) > 1 else path if hubs else ""


def shared_losses(losses: Iterable[Loss], still_there: Mapping[PhoneId, str]) -> list[SharedLoss]:
    """Groups of at least LEAST_TOGETHER that left together, as large as possible, each with the hub that is the cause.

    `still_there`: USB paths of the phones that stayed. A hub on which phones still work is no cause.
    """
    groups: list[list[Loss]] = []
    for loss in sorted(losses, key=lambda loss: loss.at):
        if groups and loss.at - groups[-1][-1].at <= TOGETHER_WITHIN:
            groups[-1].append(loss)
        else:
            groups.append([loss])
    return [shared for group in groups for shared in _group_by_hub(group, still_there.values())]


def _group_by_hub(group: Sequence[Loss], staying: Collection[str]) -> list[SharedLoss]:
    found: list[SharedLoss] = []
    left = list(group)
    hubs = {hub for loss in group for hub in _hubs_above(loss.usb_path)}
    dead = sorted(
        (hub for hub in hubs if not any(_is_below(path, hub) for path in staying)), key=lambda hub: (len(hub), hub)
    )
    for hub in dead:
        below = [loss for loss in left if _is_below(loss.usb_path, hub)]
        if len(below) >= LEAST_TOGETHER:
            found.append(_shared(below, _lowest_common(below)))
            left = [loss for loss in left if loss not in below]
    if len(left) >= LEAST_TOGETHER:
        found.append(_shared(left, ""))
    return found


def _shared(losses: Sequence[Loss], hub: str) -> SharedLoss:
    return SharedLoss(phones=tuple(loss.phone_id for loss in losses), hub=hub, at=losses[0].at)


def _hubs_above(path: str) -> list[str]:
    """Of `1-1.4.2`: 1 (the bus), 1-1 and 1-1.4."""
    found = _USB_PATH.fullmatch(path)
    if found is None:
        return []
    ports = found["ports"].split(".")
    return [found["bus"], *(f"{found['bus']}-{'.'.join(ports[:depth])}" for depth in range(1, len(ports)))]


def _is_below(path: str, hub: str) -> bool:
    return hub in _hubs_above(path)


def _lowest_common(losses: Sequence[Loss]) -> str:
    shared = set.intersection(*(set(_hubs_above(loss.usb_path)) for loss in losses))
    return max(shared, key=len)

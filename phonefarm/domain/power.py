"""The settings of a Windows power plan that can suspend the farm."""

from __future__ import annotations

from dataclasses import dataclass

USB = "2a737441-1930-4402-8d77-b2bebba308a3"
SELECTIVE_SUSPEND = "48e6b7a6-50f5-4782-a5d4-53bb8f07e226"
"""GUIDs of powercfg: the group of USB settings, and its setting for selective suspend."""


@dataclass(frozen=True, kw_only=True)
class PowerPlan:
    name: str
    sleeps_after: int | None
    """Seconds after which the PC sleeps or hibernates; None if it never does."""
    suspends_usb: bool
    """Whether idle USB devices may be suspended one by one."""

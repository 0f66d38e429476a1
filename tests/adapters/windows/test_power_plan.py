"""Reading Windows' power plan; on Linux from fakes of its libraries."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest

from phonefarm.adapters.windows.power_plan import HIBERNATE_AFTER, SLEEP, SLEEP_AFTER, active_plan, guid_of, read_plan
from phonefarm.domain.errors import KnownError
from phonefarm.domain.power import SELECTIVE_SUSPEND, USB, PowerPlan

BALANCED = "381b4222-f694-41f0-9685-ff5bb260df2e"
NOT_FOUND, NOT_IMPLEMENTED = 2, 120


class Libraries:
    """powrprof.dll and kernel32.dll of a PC with these values on mains power."""

    def __init__(self, values: dict[tuple[str, str], int], name: str = "Сбалансированная", refuses: int = 0) -> None:
        self.freed = 0
        self._plan = guid_of(BALANCED)
        self._values = {(bytes(guid_of(group)), bytes(guid_of(of))): value for (group, of), value in values.items()}
        self._name = name
        self._refuses = refuses
        self.LocalFree = lambda _: self._free()

    def PowerGetActiveScheme(self, root: None, found: Any) -> int:  # noqa: N802 - Windows' name
        if not self._refuses:
            found._obj.contents = self._plan
        return self._refuses

    def PowerReadACValueIndex(self, root: None, plan: Any, group: Any, setting: Any, value: Any) -> int:  # noqa: N802
        assert bytes(plan.contents) == bytes(self._plan)
        found = self._values.get((bytes(group._obj), bytes(setting._obj)))
        if found is None:
            return NOT_FOUND
        value._obj.value = found
        return 0

    def PowerReadFriendlyName(self, root: None, plan: Any, group: None, of: None, name: Any, size: Any) -> int:  # noqa: N802
        text = f"{self._name}\0".encode("utf-16-le")
        assert len(text) <= size._obj.value
        ctypes.memmove(name, text, len(text))
        return 0

    def _free(self) -> None:
        self.freed += 1


@pytest.mark.parametrize(
    ("sleep", "hibernate", "sleeps_after"),
    [(1800, 0, 1800), (0, 10_800, 10_800), (1800, 10_800, 1800), (0, 0, None)],
)
def test_plan_has_its_name_and_when_the_pc_sleeps(sleep: int, hibernate: int, sleeps_after: int | None) -> None:
    pc = Libraries({(SLEEP, SLEEP_AFTER): sleep, (SLEEP, HIBERNATE_AFTER): hibernate, (USB, SELECTIVE_SUSPEND): 0})

    assert read_plan(pc, pc) == PowerPlan(name="Сбалансированная", sleeps_after=sleeps_after, suspends_usb=False)
    assert pc.freed == 1


def test_selective_suspend_of_usb_is_read() -> None:
    pc = Libraries({(USB, SELECTIVE_SUSPEND): 1})

    assert read_plan(pc, pc).suspends_usb


def test_missing_settings_mean_no_sleep() -> None:
    pc = Libraries({})

    assert read_plan(pc, pc) == PowerPlan(name="Сбалансированная", sleeps_after=None, suspends_usb=False)


def test_unreadable_plan_is_a_known_error() -> None:
    pc = Libraries({}, refuses=NOT_IMPLEMENTED)

    with pytest.raises(KnownError, match=r"cannot be read \(Windows says 120\)"):
        read_plan(pc, pc)


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows")
def test_real_windows_returns_a_plan_or_a_known_error() -> None:
    try:
        plan = active_plan()
    except KnownError as error:
        assert "Windows says" in str(error)  # noqa: PT017 - Wine has no plans
    else:
        assert plan is not None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has them")
def test_other_systems_have_no_plan() -> None:
    assert active_plan() is None

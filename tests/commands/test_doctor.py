"""`doctor` on the power plan: warnings about sleep and USB suspend, with remedies."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from phonefarm.commands import cli, doctor
from phonefarm.commands.doctor import Finding, check_power
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.domain.power import PowerPlan


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


def a_plan(sleeps_after: int | None = 1800, *, suspends_usb: bool = False) -> PowerPlan:
    return PowerPlan(name="Balanced", sleeps_after=sleeps_after, suspends_usb=suspends_usb)


def lines(findings: list[Finding]) -> list[tuple[bool, str, str]]:
    return [(finding.warns, finding.what, finding.detail) for finding in findings]


def test_pc_that_phonefarm_keeps_awake_is_fine(settings: Settings) -> None:
    found = check_power(settings, a_plan)

    assert lines(found) == [
        (False, "power plan", "'Balanced', sleeps after 30 min on mains; kept awake while it sells")
    ]


def test_pc_that_may_sleep_is_a_warning_with_a_remedy(settings: Settings) -> None:
    found = check_power(settings.model_copy(update={"keep_awake": False}), a_plan)

    assert [finding.warns for finding in found] == [True]
    assert "set keep_awake to true, or 'Sleep' in Windows to 'Never'" in found[0].detail


@pytest.mark.parametrize("keep_awake", [True, False])
def test_pc_that_never_sleeps_is_fine(keep_awake: bool, settings: Settings) -> None:
    found = check_power(settings.model_copy(update={"keep_awake": keep_awake}), lambda: a_plan(None))

    assert lines(found) == [(False, "power plan", "'Balanced', never sleeps on mains")]


def test_suspended_usb_is_a_warning_with_the_command(settings: Settings) -> None:
    found = check_power(settings, lambda: a_plan(suspends_usb=True))

    assert [(finding.what, finding.warns) for finding in found] == [("power plan", False), ("USB power", True)]
    assert "powercfg /setacvalueindex SCHEME_CURRENT 2a737441-" in found[1].detail


def test_unreadable_plan_is_reported(settings: Settings) -> None:
    def fail() -> PowerPlan:
        raise KnownError("the power plan cannot be read (Windows says 120)")

    found = check_power(settings, fail)

    assert lines(found) == [(True, "power plan", "the power plan cannot be read (Windows says 120)")]


def test_system_without_plans_has_no_finding(settings: Settings) -> None:
    assert check_power(settings, lambda: None) == []


def test_warning_alone_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def examine(_: Settings) -> list[Finding]:
        return [Finding(what="USB power", is_fine=True, warns=True, detail="suspends")]

    monkeypatch.setattr(doctor, "examine", examine)
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))

    with pytest.raises(typer.Exit) as ended:
        cli.doctor()

    assert ended.value.exit_code == 0
    assert capsys.readouterr().out == "warn USB power: suspends\n"

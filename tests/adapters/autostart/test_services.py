"""`serve` as a service: the texts that each system is given, the programs that are run, and how failures are told."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree

import pytest

from phonefarm.adapters.autostart.launch_agent import SERVICE_LABEL
from phonefarm.adapters.autostart.scheduled_task import RUNNING_EXIT_CODE, ScheduledTask, task_xml
from phonefarm.adapters.autostart.services import UNIT, LaunchdService, SystemdService, systemd_unit
from phonefarm.adapters.autostart.start_command import StartCommand
from phonefarm.adapters.autostart.system_program import run_program
from phonefarm.domain.errors import KnownError
from tests.fakes.system_programs import SystemPrograms

SERVE = StartCommand(
    program=PurePosixPath("/opt/phone farm/phonefarm"),
    arguments=("--data-dir", '/home/u/100% "mine" $x\\y', "serve"),
    folder=PurePosixPath("/opt/phone farm"),
)
WINDOWS = StartCommand(
    program=PureWindowsPath(r"C:\Phone & Farm\phonefarm.exe"),
    arguments=("--data-dir", r"D:\my data", "serve"),
    folder=PureWindowsPath(r"C:\Phone & Farm"),
)
TASK_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.fixture
def programs() -> SystemPrograms:
    return SystemPrograms()


# systemd ---------------------------------------------------------------------


@pytest.fixture
def systemd(tmp_path: Path, programs: SystemPrograms) -> SystemdService:
    return SystemdService(tmp_path / ".config", SERVE, programs)


def test_unit_quotes_what_systemd_would_take_for_its_own() -> None:
    lines = systemd_unit(SERVE).splitlines()

    quoted = r'"/home/u/100%% \"mine\" $$x\\y"'
    assert f'ExecStart="/opt/phone farm/phonefarm" "--data-dir" {quoted} "serve"' in lines
    assert "WorkingDirectory=/opt/phone farm" in lines
    assert {"Restart=on-failure", "WantedBy=default.target"} <= set(lines)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    command = StartCommand(program=PurePosixPath(sys.executable), arguments=SERVE.arguments, folder=PurePosixPath("/"))
    unit = tmp_path / UNIT
    unit.write_text(systemd_unit(command), encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )

    assert [line for line in done.stderr.splitlines() if UNIT in line] == []


def test_systemd_service_is_written_enabled_and_started(
    systemd: SystemdService, programs: SystemPrograms, tmp_path: Path
) -> None:
    systemd.install()

    unit = tmp_path / ".config" / "systemd" / "user" / UNIT
    assert unit.read_text(encoding="utf-8") == systemd_unit(SERVE)
    assert [call[2:] for call in programs.calls] == [
        ("show-environment",),
        ("daemon-reload",),
        ("enable", UNIT),
        ("restart", UNIT),
    ]


def test_systemd_service_is_stopped_and_its_unit_removed(systemd: SystemdService, programs: SystemPrograms) -> None:
    systemd.install()
    programs.calls.clear()

    systemd.remove()

    assert [call[2:] for call in programs.calls] == [
        ("show-environment",),
        ("disable", "--now", UNIT),
        ("daemon-reload",),
    ]
    assert not systemd.status().is_installed


def test_removing_a_service_that_is_not_there_asks_nobody(systemd: SystemdService, programs: SystemPrograms) -> None:
    systemd.remove()

    assert programs.calls == []


def test_status_tells_installed_from_running(systemd: SystemdService, programs: SystemPrograms) -> None:
    absent = systemd.status()
    systemd.install()
    running = systemd.status()
    programs.answer("systemctl", "--user", "is-active", exit_code=3, output="failed")
    failed = systemd.status()

    assert [(status.is_installed, status.is_running) for status in (absent, running, failed)] == [
        (False, False),
        (True, True),
        (True, False),
    ]


def test_systemd_that_does_not_answer_is_explained_and_nothing_is_written(
    systemd: SystemdService, programs: SystemPrograms
) -> None:
    programs.answer(
        "systemctl", "--user", "show-environment", exit_code=1, output="Failed to connect to bus: No medium found\n"
    )

    with pytest.raises(KnownError, match=r"Failed to connect to bus: No medium found.*not through su or sudo"):
        systemd.install()

    assert not systemd.status().is_installed


def test_service_that_does_not_start_is_told_with_the_systems_own_reason(
    systemd: SystemdService, programs: SystemPrograms
) -> None:
    programs.answer("systemctl", "--user", "restart", exit_code=1, output="Job failed. See journalctl.\n")

    with pytest.raises(KnownError, match=r"installed and did not start: .*Job failed\. See journalctl"):
        systemd.install()


# launchd ---------------------------------------------------------------------


def test_launch_agent_is_written_and_loaded(tmp_path: Path, programs: SystemPrograms) -> None:
    programs.answer("launchctl", "print", exit_code=113)
    service = LaunchdService(tmp_path, SERVE, programs, 501)

    service.install()

    file = tmp_path / f"{SERVICE_LABEL}.plist"
    agent = plistlib.loads(file.read_bytes())
    assert agent["ProgramArguments"] == list(SERVE.words)
    assert (agent["RunAtLoad"], agent["KeepAlive"]) == (True, {"SuccessfulExit": False})
    assert programs.calls[-1] == ("launchctl", "bootstrap", "gui/501", str(file))


def test_loaded_agent_is_unloaded_before_it_is_replaced_or_removed(tmp_path: Path, programs: SystemPrograms) -> None:
    programs.answer("launchctl", "print", exit_code=0, output="\tstate = running\n")
    service = LaunchdService(tmp_path, SERVE, programs, 501)
    target = f"gui/501/{SERVICE_LABEL}"

    service.install()
    assert service.status().is_running
    service.remove()

    acts = [call[1:3] for call in programs.calls if call[1] != "print"]
    assert acts == [("bootout", target), ("bootstrap", "gui/501"), ("bootout", target)]
    assert not service.status().is_installed


# Task Scheduler --------------------------------------------------------------


def test_task_starts_the_command_at_the_users_login_and_again_after_a_failure() -> None:
    task = ElementTree.fromstring(task_xml(WINDOWS, r"PC\me & you").encode("utf-16"))

    def text(path: str) -> str | None:
        return task.findtext("/".join(f"{TASK_NAMESPACE}{part}" for part in path.split("/")))

    assert text("Actions/Exec/Command") == str(WINDOWS.program)
    assert text("Actions/Exec/Arguments") == r'--data-dir "D:\my data" serve'
    assert text("Actions/Exec/WorkingDirectory") == str(WINDOWS.folder)
    assert text("Triggers/LogonTrigger/UserId") == text("Principals/Principal/UserId") == r"PC\me & you"
    assert text("Settings/ExecutionTimeLimit") == "PT0S"
    assert text("Settings/RestartOnFailure/Interval") == "PT1M"


def test_task_is_created_and_run(programs: SystemPrograms) -> None:
    programs.answer("schtasks", "/Query", exit_code=1)

    ScheduledTask(WINDOWS, programs).install()

    assert [call[1:4] for call in programs.calls] == [
        ("/Query", "/TN", "phonefarm"),
        ("/Create", "/TN", "phonefarm"),
        ("/Run", "/TN", "phonefarm"),
    ]
    assert not Path(programs.calls[1][5]).exists(), "the draft of the task stays behind"


def test_task_is_ended_and_deleted(programs: SystemPrograms) -> None:
    ScheduledTask(WINDOWS, programs).remove()

    assert [call[1] for call in programs.calls] == ["/Query", "/End", "/Delete"]


def test_state_of_the_task_is_asked_without_words_of_any_language(programs: SystemPrograms) -> None:
    task = ScheduledTask(WINDOWS, programs)
    assert not task.status().is_running

    programs.answer("powershell", exit_code=RUNNING_EXIT_CODE)
    assert task.status().is_running


# Programs --------------------------------------------------------------------


def test_program_that_is_missing_is_named() -> None:
    with pytest.raises(KnownError, match="This system has no phonefarm-no-such-program"):
        run_program(["phonefarm-no-such-program"])


def test_program_that_hangs_is_given_up() -> None:
    with pytest.raises(KnownError, match=r"did not end within 0\.2 s"):
        run_program([sys.executable, "-c", "import time; time.sleep(60)"], deadline_seconds=0.2)


def test_output_and_exit_code_of_a_program_are_told() -> None:
    ran = run_program([sys.executable, "-c", "import sys; print('first'); print('It is so.'); sys.exit(4)"])

    assert (ran.exit_code, ran.reason) == (4, "It is so")

"""`serve` as a task of the Windows Task Scheduler, started at the user's login."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from phonefarm.adapters.autostart.services import NOT_STARTED, ServiceStatus
from phonefarm.adapters.autostart.start_command import StartCommand
from phonefarm.adapters.autostart.system_program import RunProgram, succeed

TASK = "phonefarm"
RESTARTS = 999
RUNNING_EXIT_CODE = 3
"""Of our question to PowerShell, whose words are in the system's language."""
_IS_RUNNING = f"if ((Get-ScheduledTask -TaskName '{TASK}').State -eq 'Running') {{ exit {RUNNING_EXIT_CODE} }}"

_XML = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>phonefarm: rents the numbers of this PC's phones through Onlinesim</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>{restarts}</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def task_xml(command: StartCommand, user: str) -> str:
    """`user`: DOMAIN\\name."""
    return _XML.format(
        user=escape(user),
        restarts=RESTARTS,
        program=escape(str(command.program)),
        arguments=escape(subprocess.list2cmdline(command.arguments)),
        folder=escape(str(command.folder)),
    )


def this_user() -> str:
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return f"{domain}\\{name}" if domain else name


class ScheduledTask:
    """Fulfils `Service`."""

    note = "It runs while you are logged in."

    def __init__(self, command: StartCommand, run: RunProgram) -> None:
        self._command = command
        self._run = run

    def install(self) -> None:
        if self._is_installed():
            self._run(["schtasks", "/End", "/TN", TASK])  # fails where it does not run
        with tempfile.TemporaryDirectory(prefix="phonefarm-task-") as folder:
            file = Path(folder) / "task.xml"
            file.write_text(task_xml(self._command, this_user()), encoding="utf-16")
            create = ["schtasks", "/Create", "/TN", TASK, "/XML", str(file), "/F"]
            succeed(self._run, create, "The service is not installed")
        succeed(self._run, ["schtasks", "/Run", "/TN", TASK], NOT_STARTED)

    def remove(self) -> None:
        if not self._is_installed():
            return
        self._run(["schtasks", "/End", "/TN", TASK])  # fails where it does not run
        succeed(self._run, ["schtasks", "/Delete", "/TN", TASK, "/F"], "The service is not removed")

    def status(self) -> ServiceStatus:
        is_installed = self._is_installed()
        ask = ["powershell", "-NoProfile", "-NonInteractive", "-Command", _IS_RUNNING]
        is_running = is_installed and self._run(ask).exit_code == RUNNING_EXIT_CODE
        return ServiceStatus(
            kind="task of the Task Scheduler", is_installed=is_installed, is_running=is_running, place=TASK
        )

    def _is_installed(self) -> bool:
        return self._run(["schtasks", "/Query", "/TN", TASK]).exit_code == 0

"""The device's shell with the few commands that a farm uses, and their exit codes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonefarm.simulation import iphonesubinfo
from phonefarm.simulation.content import content, linker_warning
from phonefarm.simulation.dumpsys import dumpsys
from phonefarm.simulation.files import cat, df
from phonefarm.simulation.handset import Handset
from phonefarm.simulation.logcat import logcat
from phonefarm.simulation.packages import cmd, pm
from phonefarm.simulation.properties import getprop
from phonefarm.simulation.settings_command import settings
from phonefarm.simulation.shell_io import Pipe, ShellIo
from phonefarm.simulation.shell_words import Command, ShellSyntaxError, parse
from phonefarm.simulation.text_tools import grep, head, test

NOT_FOUND = 127
BUILTINS = frozenset({"echo", "test", "[", "true", ":", "false"})
"""Shell builtins, which start no program."""
_REDIRECT = re.compile(r"(1|2|)>(&1|&2|/dev/null)")


@dataclass
class _Redirected:
    """Applies the redirections `2>&1`, `>&2` and `>/dev/null`."""

    behind: ShellIo
    drops_stdout: bool = False
    drops_stderr: bool = False
    stderr_to_stdout: bool = False
    stdout_to_stderr: bool = False

    async def stdout(self, text: str) -> None:
        if self.stdout_to_stderr:
            await self.behind.stderr(text)
        elif not self.drops_stdout:
            await self.behind.stdout(text)

    async def stderr(self, text: str) -> None:
        if self.stderr_to_stdout:
            await self.stdout(text)
        elif not self.drops_stderr:
            await self.behind.stderr(text)


class Shell:
    """Runs command lines on a handset."""

    def __init__(self, handset: Handset) -> None:
        self._handset = handset
        self._last_code = 0

    async def run(self, line: str, io: ShellIo) -> int:
        """Run a command line and return the exit code of its last command."""
        self._handset.counters.shell_commands += 1
        await self._print_linker_warning("sh", io)
        try:
            commands = parse(line)
        except ShellSyntaxError as error:
            await io.stderr(f"/system/bin/sh: syntax error: {error}\n")
            return 1
        for pipeline in _pipelines(commands):
            if pipeline[0].after == "&&" and self._last_code != 0:
                continue
            if pipeline[0].after == "||" and self._last_code == 0:
                continue
            self._last_code = await self._run_pipeline(pipeline, io)
        return self._last_code

    async def _run_pipeline(self, pipeline: list[Command], io: ShellIo) -> int:
        stdin, code = "", 0
        for number, command in enumerate(pipeline):
            is_last = number == len(pipeline) - 1
            pipe = Pipe(io)
            code = await self._run_command(command, stdin, io if is_last else pipe)
            stdin = pipe.text
        return code

    async def _run_command(self, command: Command, stdin: str, io: ShellIo) -> int:
        words = []
        redirected = _Redirected(io)
        for word in command.words:
            text = word.expanded(self._variables())
            is_bare = all(expands for _, expands in word.pieces)
            if is_bare and (found := _REDIRECT.fullmatch(text)) is not None:
                _apply_redirect(redirected, found[1], found[2])
            else:
                words.append(text)
        return await self._run_program(words, stdin, redirected)

    async def _print_linker_warning(self, program: str, io: ShellIo) -> None:
        if self._handset.profile.warns_always:
            await io.stderr(linker_warning(program))

    async def _run_program(self, words: list[str], stdin: str, io: ShellIo) -> int:
        handset = self._handset
        if words and words[0] not in BUILTINS:
            await self._print_linker_warning(words[0], io)
        match words:
            case ["content", *rest]:
                return await content(handset, rest, io)
            case ["logcat", *rest]:
                return await logcat(handset, rest, io)
            case ["service", "call", name, code, *rest] if code.isdigit():
                return await _service_call(handset, name, int(code), rest, io)
            case ["dumpsys", *rest]:
                return await dumpsys(handset, rest, io)
            case ["settings", *rest]:
                return await settings(handset, rest, io)
            case ["pm", *rest]:
                return await pm(handset, rest, io)
            case ["cmd", *rest]:
                return await cmd(handset, rest, io)
            case _:
                return await self._run_utility(words, stdin, io)

    async def _run_utility(self, words: list[str], stdin: str, io: ShellIo) -> int:
        """Run a command that needs no JVM and no service."""
        handset = self._handset
        match words:
            case ["cat", *rest]:
                return await cat(handset, rest, stdin, io)
            case ["df", *rest]:
                return await df(handset, rest, io)
            case ["grep", *rest] if handset.profile.has_grep:
                return await grep(rest, stdin, io)
            case ["head", *rest]:
                return await head(rest, stdin, io)
            case ["test", *rest] | ["[", *rest, "]"]:
                return test(rest)
            case ["false"]:
                return 1
        output = self._output_of(words)
        if output is None:
            await io.stderr(f"/system/bin/sh: {words[0]}: not found\n")
            return NOT_FOUND
        await io.stdout(output)
        return 0

    def _output_of(self, words: list[str]) -> str | None:
        """The output of a command that cannot fail; None for an unknown command."""
        match words:
            case [] | ["true" | ":", *_]:
                return ""
            case ["echo", *rest]:
                return " ".join(rest) + "\n"
            case ["date", "+%s"]:
                return f"{int(self._handset.now())}\n"
            case ["getprop", *rest]:
                return getprop(self._handset, rest)
            case _:
                return None

    def _variables(self) -> dict[str, str]:
        now = self._handset.now()
        return {"?": str(self._last_code), "EPOCHREALTIME": f"{now:.6f}", "EPOCHSECONDS": str(int(now))}


def _apply_redirect(redirected: _Redirected, stream: str, target: str) -> None:
    if target == "&1":
        redirected.stderr_to_stdout = True
    elif target == "&2":
        redirected.stdout_to_stderr = True
    elif stream == "2":
        redirected.drops_stderr = True
    else:
        redirected.drops_stdout = True


def _pipelines(commands: list[Command]) -> list[list[Command]]:
    pipelines: list[list[Command]] = []
    for command in commands:
        if command.after == "|" and pipelines:
            pipelines[-1].append(command)
        else:
            pipelines.append([command])
    return pipelines


async def _service_call(handset: Handset, name: str, code: int, arguments: list[str], io: ShellIo) -> int:
    if name != "iphonesubinfo" or handset.is_booting:
        await io.stdout(f"service: Service {name} does not exist\n")
        return 0
    return await iphonesubinfo.call(handset, code, arguments, io)

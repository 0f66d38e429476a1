"""Prefetched answers are used once, expire soon, and change no result."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from phonefarm.adapters.adb import phone_calls
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.shell import ShellAnswer
from phonefarm.application.ports.world import PhoneUnreachable
from tests.fakes.scripted_shell import Answer, ScriptedShell


def echo(command: str) -> Answer:
    return f"{command} output\n", f"{command} error\n"


def calls_of(shell: ScriptedShell) -> PhoneCalls:
    return PhoneCalls("R5", shell)


async def test_prefetched_command_needs_no_further_call() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.prefetch("one", "two", "three", within=5.0)

    answers = await calls.run("two", within=5.0)

    assert shell.calls == 1
    assert [section.text for section in answers.sections] == ["two output\n"]
    assert answers.stderr == "two error\n", "stderr of other commands must not be included"


async def test_prefetched_answer_is_used_once() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.prefetch("one", within=5.0)
    await calls.run("one", within=5.0)

    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_only_missing_answers_are_requested_and_the_sequence_is_kept() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.prefetch("two", within=5.0)

    answers = await calls.run("one", "two", "three", within=5.0)

    assert shell.commands == ["two", "one", "three"]
    assert [section.text for section in answers.sections] == ["one output\n", "two output\n", "three output\n"]


async def test_answers_have_the_time_of_the_earliest_request() -> None:
    calls = calls_of(ScriptedShell(echo))
    before = asyncio.get_running_loop().time()
    await calls.prefetch("one", within=5.0)
    after = asyncio.get_running_loop().time()

    answers = await calls.run("one", "two", within=5.0)

    assert before <= answers.asked_at <= after


async def test_expired_answer_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_calls, "PREFETCH_LIFETIME_SECONDS", -1.0)
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.prefetch("one", within=5.0)

    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_nothing_is_prefetched_from_a_shell_that_mixes_its_streams() -> None:
    shell = ScriptedShell(echo)
    shell.separates_stderr = False
    calls = calls_of(shell)

    await calls.prefetch("one", within=5.0)

    assert shell.calls == 0


async def test_cut_stderr_is_an_error() -> None:
    class Cut(ScriptedShell):
        async def run(self, command: str, *, within: float) -> ShellAnswer:
            whole = await super().run(command, within=within)
            return replace(whole, stderr=whole.stderr[:-1])

    shell = Cut(echo)
    calls = calls_of(shell)

    await calls.prefetch("one", within=5.0)
    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_failed_prefetch_is_ignored() -> None:
    class Hangs(ScriptedShell):
        async def run(self, command: str, *, within: float) -> ShellAnswer:
            if "two" in command:
                raise PhoneUnreachable("no answer in time")
            return await super().run(command, within=within)

    calls = calls_of(Hangs(echo))

    await calls.prefetch("one", "two", within=5.0)

    assert (await calls.run("one", within=5.0)).sections[0].text == "one output\n"

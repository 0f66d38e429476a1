"""What is asked ahead serves once and soon, and changes nothing of what is understood."""

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
    return f"{command} said\n", f"{command} moaned\n"


def calls_of(shell: ScriptedShell) -> PhoneCalls:
    return PhoneCalls("R5", shell)


async def test_what_was_asked_ahead_is_answered_without_another_call() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.ask_ahead("one", "two", "three", within=5.0)

    answers = await calls.run("two", within=5.0)

    assert shell.calls == 1
    assert [section.text for section in answers.sections] == ["two said\n"]
    assert answers.stderr == "two moaned\n", "the words of others would be taken for its own"


async def test_it_serves_once() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.ask_ahead("one", within=5.0)
    await calls.run("one", within=5.0)

    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_only_what_is_missing_is_asked_and_all_comes_in_its_order() -> None:
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.ask_ahead("two", within=5.0)

    answers = await calls.run("one", "two", "three", within=5.0)

    assert shell.commands == ["two", "one", "three"]
    assert [section.text for section in answers.sections] == ["one said\n", "two said\n", "three said\n"]


async def test_answers_are_as_old_as_their_question() -> None:
    calls = calls_of(ScriptedShell(echo))
    before = asyncio.get_running_loop().time()
    await calls.ask_ahead("one", within=5.0)
    after = asyncio.get_running_loop().time()

    answers = await calls.run("one", "two", within=5.0)

    assert before <= answers.asked_at <= after


async def test_an_old_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_calls, "AHEAD_GOOD_FOR", -1.0)
    shell = ScriptedShell(echo)
    calls = calls_of(shell)
    await calls.ask_ahead("one", within=5.0)

    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_a_shell_that_mixes_its_streams_is_asked_nothing_ahead() -> None:
    shell = ScriptedShell(echo)
    shell.keeps_stderr_apart = False
    calls = calls_of(shell)

    await calls.ask_ahead("one", within=5.0)

    assert shell.calls == 0


async def test_a_cut_stderr_is_no_answer() -> None:
    class Cut(ScriptedShell):
        async def run(self, command: str, *, within: float) -> ShellAnswer:
            whole = await super().run(command, within=within)
            return replace(whole, stderr=whole.stderr[:-1])

    shell = Cut(echo)
    calls = calls_of(shell)

    await calls.ask_ahead("one", within=5.0)
    await calls.run("one", within=5.0)

    assert shell.calls == 2


async def test_a_question_that_hangs_costs_the_others_nothing() -> None:
    class Hangs(ScriptedShell):
        async def run(self, command: str, *, within: float) -> ShellAnswer:
            if "two" in command:
                raise PhoneUnreachable("no answer in time")
            return await super().run(command, within=within)

    calls = calls_of(Hangs(echo))

    await calls.ask_ahead("one", "two", within=5.0)

    assert (await calls.run("one", within=5.0)).sections[0].text == "one said\n"

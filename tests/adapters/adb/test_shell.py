"""Commands with complete answers in both forms of the shell service, and streams."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import aclosing

import pytest

from phonefarm.adapters.adb import shell as shell_module
from phonefarm.adapters.adb.shell import Shell
from phonefarm.adapters.adb.smart_socket import SmartSocket
from phonefarm.application.ports.world import PhoneUnreachable, ServerDown
from tests.fakes.adb_server import EXIT, STDERR, STDOUT, FakeAdbServer, Line, Service, answer, frame


def sends(data: bytes) -> Service:
    async def service(line: Line, _: str) -> None:
        await line.send(data)

    return service


def shell_on(server: FakeAdbServer, *, v2: bool = True) -> Shell:
    return Shell(SmartSocket("127.0.0.1", server.port), "R5", v2=v2)


async def test_stdout_stderr_and_exit_code_are_kept_apart() -> None:
    data = frame(STDOUT, b"out ") + frame(STDERR, b"err") + frame(STDOUT, b"more") + frame(EXIT, b"\x07")
    async with FakeAdbServer(shell=sends(data)) as server:
        result = await shell_on(server).run("ls", within=2)

    assert (result.stdout, result.stderr, result.exit_code) == (b"out more", b"err", 7)
    assert result.first_output_at is not None
    assert server.requests == ["host:transport:R5", "shell,v2,raw:ls"]


async def test_every_cut_of_an_answer_is_refused() -> None:
    data = answer(b"Row: 0 _id=1\n", b"warn")
    for size in range(len(data)):
        async with FakeAdbServer(shell=sends(data[:size])) as server:
            with pytest.raises(PhoneUnreachable, match="cut"):
                await shell_on(server).run("ls", within=2)


async def test_frames_in_single_bytes_are_joined() -> None:
    async def service(line: Line, _: str) -> None:
        await line.send_byte_by_byte(answer(b"hello"))

    async with FakeAdbServer(shell=service) as server:
        assert (await shell_on(server).run("ls", within=5)).stdout == b"hello"


async def test_hanging_phone_times_out() -> None:
    async def service(line: Line, _: str) -> None:
        await line.send(frame(STDOUT, b"half"))
        await line.hang()

    async with FakeAdbServer(shell=service) as server:
        with pytest.raises(PhoneUnreachable, match=r"within 0\.2 s"):
            await shell_on(server).run("ls", within=0.2)


async def test_endless_answer_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_module, "MAX_ANSWER_BYTES", 100_000)

    async def service(line: Line, _: str) -> None:
        while True:
            await line.send(frame(STDOUT, b"x" * 10_000))

    for v2 in (True, False):
        async with FakeAdbServer(shell=service) as server:
            with pytest.raises(PhoneUnreachable, match="more than"):
                await shell_on(server, v2=v2).run("yes", within=5)


async def test_oversized_frame_is_refused() -> None:
    async with FakeAdbServer(shell=sends(b"\x01\xff\xff\xff\xff")) as server:
        with pytest.raises(PhoneUnreachable, match="more than"):
            await shell_on(server).run("ls", within=2)


async def test_refusal_has_the_cause() -> None:
    async with FakeAdbServer(refusals={"R5": "device offline"}) as server:
        with pytest.raises(PhoneUnreachable, match="is offline"):
            await shell_on(server).run("ls", within=2)


async def test_missing_server_is_no_error_of_the_phone() -> None:
    async with FakeAdbServer() as server:
        shell = shell_on(server)

    with pytest.raises(ServerDown):
        await shell.run("ls", within=2)


def old_shell(print_: Callable[[str], bytes]) -> Service:
    async def service(line: Line, name: str) -> None:
        await line.send(print_(name))

    return service


def _nonce(service: str) -> bytes:
    found = re.fullmatch(r"shell:ls; echo ([0-9a-f]{16}):\$\?", service)
    assert found is not None
    return found[1].encode()


async def test_mark_ends_the_output_of_the_old_shell() -> None:
    async with FakeAdbServer(shell=old_shell(lambda name: b"a\r\nb" + _nonce(name) + b":3\n")) as server:
        result = await shell_on(server, v2=False).run("ls", within=2)

    assert (result.stdout, result.exit_code) == (b"a\r\nb", 3)


async def test_line_ends_of_a_terminal_are_converted_back() -> None:
    async with FakeAdbServer(shell=old_shell(lambda name: b"a\r\r\nb\r\n" + _nonce(name) + b":0\r\n")) as server:
        result = await shell_on(server, v2=False).run("ls", within=2)

    assert result.stdout == b"a\r\nb\n"


@pytest.mark.parametrize("end", [b"", b"%s", b"%s:", b"%s:0", b"0000000000000000:0\n", b"%s:x\n", b"%s:0\nlate"])
async def test_output_of_the_old_shell_without_its_mark_was_cut(end: bytes) -> None:
    def cut(name: str) -> bytes:
        return b"rows\n" + (end % _nonce(name) if b"%s" in end else end)

    async with FakeAdbServer(shell=old_shell(cut)) as server:
        with pytest.raises(PhoneUnreachable, match="cut"):
            await shell_on(server, v2=False).run("ls", within=2)


async def lines_of(shell: Shell) -> list[str]:
    got: list[str] = []

    async def read() -> None:
        async with aclosing(shell.lines("logcat")) as lines:
            async for line in lines:
                got.append(line)  # noqa: PERF401 - the end is an error

    with pytest.raises(PhoneUnreachable):
        await read()
    return got


async def test_a_stream_gives_lines_across_frames_and_ends_with_an_error() -> None:
    data = frame(STDOUT, b"on") + frame(STDERR, b"no\n") + frame(STDOUT, b"e\r\ntwo\nhal")
    for end in (b"", frame(EXIT, b"\x00")):
        async with FakeAdbServer(shell=sends(data + end)) as server:
            assert await lines_of(shell_on(server)) == ["one", "two"]


async def test_stream_of_the_old_shell_gives_lines() -> None:
    async with FakeAdbServer(shell=sends(b"one\r\ntwo\nhal")) as server:
        assert await lines_of(shell_on(server, v2=False)) == ["one", "two"]


async def test_endless_line_does_not_exhaust_memory() -> None:
    data = frame(STDOUT, b"x" * 1_000_000) * 3 + frame(STDOUT, b"\nend\n")
    async with FakeAdbServer(shell=sends(data)) as server:
        first, second = await lines_of(shell_on(server))

    assert len(first) <= shell_module.MAX_LINE_BYTES
    assert second == "end"


async def test_silent_stream_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_module, "STREAM_IDLE_TIMEOUT_SECONDS", 0.1)

    async def service(line: Line, _: str) -> None:
        await line.hang()

    async with FakeAdbServer(shell=service) as server:
        assert await lines_of(shell_on(server)) == []

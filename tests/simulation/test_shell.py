"""The device's shell parses and runs command lines like Android's."""

from __future__ import annotations

import pytest

from phonefarm.simulation.profiles import SAMSUNG_J5, SONY_XA
from tests.simulation.handsets import a_handset
from tests.simulation.recording_io import run_line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("echo a; echo b", "a\nb\n"),
        ("echo 'a;b' \"c d\"", "a;b c d\n"),
        ("foo 2>/dev/null; echo n:$?", "n:127\n"),
        ("echo one >&2; echo two", "two\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("foo 2>/dev/null && echo yes || echo no", "no\n"),
        ("echo '$?' \"\\$x\"", "$? $x\n"),
        ("echo one | grep two; echo $?", "1\n"),
        ("echo one two | grep -o t.o", "two\n"),
        ("echo a; echo b | grep -E 'a|b' | grep -c b", "a\n1\n"),
        ("echo x | grep -v x; echo $?", "1\n"),
        ("echo 'a|b' | grep 'a|b'", "a|b\n"),
        ("echo b | grep 'a\\|b'", "b\n"),
        ("echo B | grep -i -e a -e b", "B\n"),
        ("echo 'a.b' | grep -F a.b; echo axb | grep -F a.b", "a.b\n"),
        ("echo a | cat | head -n 1", "a\n"),
        ("test -d /data && echo yes; [ -e /no ] || echo no", "yes\nno\n"),
        ("test a = a; echo $?; test -z a; echo $?", "0\n1\n"),
        ("cat /no 2>/dev/null; echo n:$?", "n:1\n"),
        ("dumpsys nothing 2>&1", "Can't find service: nothing\n"),
        ("foo 2>&1", "/system/bin/sh: foo: not found\n"),
    ],
)
async def test_lines_print_as_in_a_shell(line: str, expected: str) -> None:
    out, _, _ = await run_line(a_handset(), line)

    assert out == expected


async def test_an_unknown_command_is_not_found() -> None:
    assert await run_line(a_handset(), "foo") == ("", "/system/bin/sh: foo: not found\n", 127)


async def test_the_date_is_by_the_phones_clock() -> None:
    handset = a_handset()
    handset.host_clock = lambda: 1_700_000_000.25
    handset.clock_skew = 90.5

    out, _, _ = await run_line(handset, "echo $EPOCHREALTIME; date +%s")

    assert out == "1700000090.750000\n1700000090\n"


async def test_an_open_quote_is_a_syntax_error() -> None:
    _, err, code = await run_line(a_handset(), "echo 'open")

    assert "syntax error" in err
    assert code == 1


async def test_properties_keep_an_empty_slot() -> None:
    handset = a_handset(SAMSUNG_J5)
    numeric = handset.active[0].sim.operator.numeric

    out, _, _ = await run_line(handset, "getprop gsm.sim.state; getprop gsm.sim.operator.numeric; getprop no.such")

    assert out == f"LOADED,ABSENT\n{numeric},\n\n"


async def test_all_properties_are_listed_in_brackets() -> None:
    out, _, _ = await run_line(a_handset(), "getprop")

    assert "[ro.build.version.sdk]: [35]\n" in out
    assert "[ro.product.model]: [Pixel 8]\n" in out


async def test_logcat_before_android_7_knows_no_regex() -> None:
    _, err, code = await run_line(a_handset(SONY_XA), "logcat -b radio --regex x")

    assert "unrecognized option '--regex'" in err
    assert code == 255


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-d -v brief RILJ:D '*:S'", "D/RILJ    ( 1431): [UNSL]< UNSOL_RESPONSE_NEW_SMS\n"),
        ("-t 1 -v brief", "D/GsmInboundSmsHandler( 1431): Deleted 1 rows from raw table.\n"),
        ("-d -v time -e UNSOL", "11-14 22:13:20.000 D/RILJ    ( 1431): [UNSL]< UNSOL_RESPONSE_NEW_SMS\n"),
        ("-d -v epoch -e UNSOL", "     1700000000.000  1431  1502 D RILJ    : [UNSL]< UNSOL_RESPONSE_NEW_SMS\n"),
    ],
)
async def test_logcat_filters_and_formats(options: str, expected: str) -> None:
    handset = a_handset()
    handset.host_clock = lambda: 1_700_000_000.0
    handset.log.sms_arriving()
    handset.log.sms_delivered(60)

    out, _, _ = await run_line(handset, f"logcat -b radio {options}")

    assert out == "--------- beginning of radio\n" + expected

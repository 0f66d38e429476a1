"""Each known program is started as its manual says, without a secret, and its URL is found in its output."""

from __future__ import annotations

import pytest

from phonefarm.adapters.tunnel.presets import program_spec, split_command
from phonefarm.domain.errors import KnownError
from phonefarm.domain.tunnels import TunnelKind

ADDRESS = "127.0.0.1:8080"
CLOUDFLARED = "2026-11-24T08:32:58Z INF |  https://ten-small-blue-trees.trycloudflare.com                |"
NGROK = (
    't=2026-11-24T08:32:58+0300 lvl=info msg="started tunnel" obj=tunnels name=command_line '
    "addr=http://127.0.0.1:8080 url=https://1b2c-95-1-2-3.ngrok-free.app"
)
TUNA = "Forwarding https://qwerty-95-1-2-3.ru.tuna.am -> 127.0.0.1:8080"


@pytest.mark.parametrize(
    ("kind", "line", "url"),
    [
        (TunnelKind.CLOUDFLARED, CLOUDFLARED, "https://ten-small-blue-trees.trycloudflare.com"),
        (TunnelKind.CLOUDFLARED, "POST https://api.trycloudflare.com/tunnel: timeout", None),
        (TunnelKind.NGROK, NGROK, "https://1b2c-95-1-2-3.ngrok-free.app"),
        (TunnelKind.NGROK, 'lvl=info msg="update available" url=https://ngrok.com/download', None),
        (TunnelKind.TUNA, TUNA, "https://qwerty-95-1-2-3.ru.tuna.am"),
        (TunnelKind.LOCALTONET, "Online https://abc.localto.net", "https://abc.localto.net"),
    ],
)
def test_url_is_found_in_what_the_program_prints(kind: TunnelKind, line: str, url: str | None) -> None:
    assert program_spec(kind, ADDRESS).url_in(line) == url


def test_command_of_the_users_gets_address_and_port() -> None:
    spec = program_spec(TunnelKind.COMMAND, ADDRESS, command="bore local {port} --to {address}")

    assert spec.command == ("bore", "local", "8080", "--to", ADDRESS)
    assert spec.url_in("listening at https://bore.example.com/") == "https://bore.example.com"


def test_pattern_of_the_users_may_name_the_url_by_a_group() -> None:
    spec = program_spec(TunnelKind.COMMAND, ADDRESS, command="x", pattern=r"public=(\S+)")

    assert spec.url_in("local=http://127.0.0.1:8080 public=https://a.example.com") == "https://a.example.com"


@pytest.mark.parametrize(
    ("command", "pattern", "reason"),
    [("", "", "empty"), ('x "y', "", "quotation marks"), ("x", "(", "regular expression")],
)
def test_command_or_pattern_that_cannot_be_understood_is_refused(command: str, pattern: str, reason: str) -> None:
    with pytest.raises(KnownError, match=reason):
        program_spec(TunnelKind.COMMAND, ADDRESS, command=command, pattern=pattern)


def test_named_tunnel_of_cloudflared_has_no_url_in_its_output() -> None:
    spec = program_spec(TunnelKind.CLOUDFLARED_NAMED, ADDRESS, name="farm")

    assert spec.command[-2:] == ("run", "farm")
    assert spec.url_in("https://anything.example.com") is None


def test_words_in_quotation_marks_stay_together() -> None:
    assert split_command('"my tunnel" --port 1') == ("my tunnel", "--port", "1")

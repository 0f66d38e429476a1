"""Settings: precedence, validation, and errors that never show a value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from phonefarm.adapters.onlinesim.market_connection import MarketConnections
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import (
    Settings,
    file_values,
    load_settings,
    parse_address,
    parse_ssh_server,
    settings_file,
    write_settings,
)
from phonefarm.domain.errors import KnownError

SECRET = "planted-partner-key-5e1f"


@pytest.fixture(autouse=True)
def _no_settings_of_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))


def in_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")


def refusal(**values: Any) -> str:
    with pytest.raises(KnownError) as refused:
        load_settings(**values)
    return str(refused.value)


# Precedence -----------------------------------------------------------------------


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.data_dir == tmp_path
    assert (settings.listen, settings.admin_listen) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert settings.adb_server_list == ["127.0.0.1:5037"]
    assert (settings.push_url, settings.push_retry_seconds, settings.sms_id) == ("", 10.0, "rent")
    assert (settings.require_bearer, settings.api_key) == (False, None)


def test_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file(tmp_path, 'listen = "127.0.0.1:1111"\nadmin_listen = "127.0.0.1:2222"\n')
    monkeypatch.setenv("PHONEFARM_LISTEN", "127.0.0.1:3333")

    settings = load_settings()

    assert (settings.listen, settings.admin_listen) == ("127.0.0.1:3333", "127.0.0.1:2222")


def test_file_of_the_given_data_folder_is_read(tmp_path: Path) -> None:
    """A demo on a temporary folder must not use the settings of the real farm."""
    in_file(tmp_path, 'numbers_file = "/the/real/farm.csv"\n')
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    in_file(scratch, "poll_seconds = 30\n")

    settings = load_settings(data_dir=scratch)

    assert (settings.numbers_file, settings.poll_seconds) == ("", 30)


def test_file_cannot_define_its_own_location(tmp_path: Path) -> None:
    in_file(tmp_path, 'data_dir = "/elsewhere"\n')

    assert load_settings().data_dir == tmp_path


def test_unknown_entries_are_ignored(tmp_path: Path) -> None:
    in_file(tmp_path, 'of_a_newer_phonefarm = 1\nlisten = "127.0.0.1:1"\n')

    assert load_settings().listen == "127.0.0.1:1"


@pytest.mark.parametrize("name", ["farm", "with blank", "процент %41 #1 ?x=1"])
def test_database_is_in_the_data_folder_for_any_folder_name(tmp_path: Path, name: str) -> None:
    from sqlalchemy.engine import make_url

    folder = tmp_path / name

    url = make_url(load_settings(data_dir=folder).resolved_database_url)

    assert url.database == (folder / "phonefarm.db").as_posix()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("localhost:5037", "127.0.0.1:5037"),
        ("[::1]:5037", "127.0.0.1:5037"),
        (" LocalHost:05037 , pc2:5038", "127.0.0.1:5037,pc2:5038"),
        ("localhost:5037,127.0.0.1:5038", "127.0.0.1:5037,127.0.0.1:5038"),
        ("[fe80::2]:5037", "[fe80::2]:5037"),
    ],
)
def test_adb_server_of_this_pc_has_one_name(given: str, meant: str) -> None:
    """The server is part of a phone's id, so two spellings would duplicate the phones."""
    assert load_settings(adb_servers=given).adb_servers == meant


# Validation -----------------------------------------------------------------------

BAD: list[tuple[str, Any, str]] = [
    ("listen", "8080", "must be host:port"),
    ("listen", ":8080", "must be host:port"),
    ("listen", "127.0.0.1:70000", "must be host:port"),
    ("listen", "127.0.0.1:abc", "must be host:port"),
    ("listen", "127.0.0.1:" + "9" * 5000, "must be host:port"),
    ("listen", "x..y:8080", "must be host:port"),
    ("adb_servers", "a.example:5037,x..y:5037", "must be host:port"),
    ("adb_servers", "a b:5037", "must be host:port"),
    ("push_url", "https://x..y/", "full web address"),
    ("push_url", "https://[::1/", "full web address"),
    ("push_url", "https://" + "a" * 64 + ".example/", "full web address"),
    ("push_url", "https://" + "a." * 130 + "example/", "full web address"),
    ("push_url", "https://-a.example/", "full web address"),
    ("push_url", "https://a b.example/", "full web address"),
    ("push_url", "https://a.example/x\ny", "full web address"),
    ("push_url", "https://a.example:" + "9" * 5000 + "/", "must have a port"),
    ("push_url", "https://a.example:0/", "must have a port"),
    ("admin_listen", "0.0.0.0:8081", "of this PC only"),
    ("admin_listen", "192.168.1.5:8081", "of this PC only"),
    ("admin_listen", "farm.example:8081", "of this PC only"),
    ("admin_listen", "[::]:8081", "of this PC only"),
    ("push_url", "onlinesim.io/v1/PUSH_SMS_RENT", "full web address"),
    ("push_url", "ftp://onlinesim.io/", "full web address"),
    ("push_url", "https://user:word@onlinesim.io/", "full web address"),
    ("push_url", "https:///path", "full web address"),
    ("push_url", "http://onlinesim.io/v1/PUSH_SMS_RENT", "must start with https"),
    ("push_url", "http://127.0.0.1.evil.example/", "must start with https"),
    ("push_url", "https://onlinesim.io:99999/", "must have a port"),
    ("adb_servers", "", "at least one host:port"),
    ("adb_servers", "127.0.0.1", "must be host:port"),
    ("adb_servers", "127.0.0.1:0", "port 0"),
    ("adb_servers", "a:1, a:1", "same server twice"),
    ("adb_servers", "farm:1, FARM:01", "same server twice"),
    ("adb_servers", "localhost:5037,127.0.0.1:5037", "same server twice"),
    ("adb_servers", "127.0.0.1:5037,[::1]:5037", "same server twice"),
    ("database_url", "postgresql+psycopg://x", "sqlite:///PATH"),
    ("database_url", "sqlite://", "sqlite:///PATH"),
    ("database_url", "sqlite:///", "sqlite:///PATH"),
    ("database_url", "sqlite:///:memory:", "sqlite:///PATH"),
    ("push_retry_seconds", 0, "greater than 0"),
    ("push_retry_seconds", "soon", "valid number"),
    ("push_retry_seconds", 601, "less than or equal to 600"),
    ("sms_id", "phone", "'rent' or 'message'"),
    ("require_bearer", "perhaps", "valid boolean"),
    ("poll_seconds", 0.5, "greater than or equal to 1"),
    ("rent_poll_seconds", 1000, "less than or equal to 300"),
    ("api_key", "two words", "without blanks"),
    ("api_key", "line\nbreak", "without blanks"),
    ("api_key", "ключ", "without blanks"),
]


@pytest.mark.parametrize(("name", "value", "problem"), BAD)
def test_invalid_setting_is_reported_with_valid_values(name: str, value: Any, problem: str) -> None:
    said = refusal(**{name: value})

    assert said.startswith(f"A setting is wrong. {name}: ")
    assert problem in said


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "data_dir"])
@pytest.mark.parametrize("where", ["environment", "file"])
def test_no_error_shows_the_refused_value(
    name: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users may paste the key into the wrong line."""
    misplaced = f"{SECRET} misplaced"
    if where == "file":
        in_file(tmp_path, f'{name} = "{misplaced}"\n')
    else:
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", misplaced)

    if name in ("numbers_file", "adb_path", "tunnel_command", "tunnel_url_pattern"):  # any text is one
        assert getattr(load_settings(), name) == misplaced
        return
    with pytest.raises(KnownError) as refused:
        load_settings()

    assert SECRET not in f"{refused.value} {refused.value!r} {refused.value.__cause__!r}"
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "text",
    [
        f'api_key = "{SECRET}',
        f"{SECRET} = = 1",
        f"api_key = {SECRET}",
        f'x = 1\nx = "{SECRET}"',
        f"[{SECRET}]\na=1\n[{SECRET}]",
    ],
)
def test_broken_file_is_reported_without_its_text(tmp_path: Path, text: str) -> None:
    in_file(tmp_path, text)

    said = refusal()

    assert said.startswith("settings.toml cannot be read: it is not TOML")
    assert SECRET not in said


def test_file_in_another_encoding_is_reported(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes('listen = "ключ"'.encode("cp1251"))

    assert "not UTF-8" in refusal()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_file_saved_by_notepad_or_powershell_is_read_and_written(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes("# моя ферма\r\npoll_seconds = 20\r\n".encode(encoding))

    assert load_settings().poll_seconds == 20
    write_settings(path, {"sms_id": "message"})

    assert file_values(path) == {"poll_seconds": 20, "sms_id": "message"}
    assert load_settings().sms_id == "message"
    assert "моя ферма" in path.read_text(encoding="utf-8")


def test_reading_a_broken_file_raises_a_known_error(tmp_path: Path) -> None:
    in_file(tmp_path, "x = = 1")

    with pytest.raises(KnownError, match="not TOML"):
        file_values(tmp_path / "settings.toml")


def test_addresses_of_both_servers_must_differ() -> None:
    assert "must differ" in refusal(listen="127.0.0.1:8081")
    assert load_settings(listen="127.0.0.1:0", admin_listen="127.0.0.1:0").listen == "127.0.0.1:0"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9/x", "https://any.host/x"]
)
def test_http_is_for_this_pc_only(url: str) -> None:
    assert load_settings(push_url=url).push_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://рынок.рф/x?y=1",
        "https://under_score.example./x",
        "https://[2001:db8::1]:8443/",
        "https://10.0.0.1/%D1%8F",
    ],
)
def test_every_valid_address_is_accepted_as_push_url(url: str) -> None:
    assert MarketConnections(load_settings(push_url=url).push_url).head({}).startswith(b"POST /")


@given(st.text(max_size=30), st.text(max_size=30))
@trials(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_address_that_is_accepted_fails_later(host: str, path: str) -> None:
    try:
        url = Settings(push_url=f"https://{host}/{path}").push_url
    except ValidationError:
        return
    MarketConnections(url)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.9.9.9:81", "localhost:81", "[::1]:81"])
def test_admin_port_may_be_any_address_of_this_pc(address: str) -> None:
    assert load_settings(admin_listen=address).admin_listen == address


def test_adb_servers_are_a_list_with_blanks_allowed() -> None:
    assert load_settings(adb_servers=" a:1 , [::1]:5037,").adb_server_list == ["a:1", "127.0.0.1:5037"]


# The key ----------------------------------------------------------------------------


@pytest.mark.parametrize("given", [SECRET, f"  {SECRET}\n"])
def test_key_is_stripped(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEFARM_API_KEY", given)

    key = load_settings().api_key

    assert key is not None
    assert key.get_secret_value() == SECRET


@pytest.mark.parametrize("given", ["", "  "])
def test_empty_key_is_no_key(given: str) -> None:
    assert load_settings(api_key=given).api_key is None


def test_settings_never_print_the_key() -> None:
    settings = load_settings(api_key=SecretStr(SECRET))

    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


# Writing ------------------------------------------------------------------------------


def test_writing_keeps_comments_and_other_entries(tmp_path: Path) -> None:
    in_file(tmp_path, '# mine\nlisten = "127.0.0.1:1" # tunnel\nunknown = 1\npoll_seconds = 20\n')

    write_settings(tmp_path / "settings.toml", {"listen": "127.0.0.1:2", "poll_seconds": None, "sms_id": "message"})

    text = (tmp_path / "settings.toml").read_text(encoding="utf-8")
    assert "# mine" in text
    assert "# tunnel" in text
    assert file_values(tmp_path / "settings.toml") == {"listen": "127.0.0.1:2", "unknown": 1, "sms_id": "message"}


def test_interrupted_write_leaves_the_file_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_file(tmp_path, "poll_seconds = 20\n")

    def disk_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", disk_full)
    with pytest.raises(KnownError, match="No space"):
        write_settings(tmp_path / "settings.toml", {"poll_seconds": 30.0})

    assert file_values(tmp_path / "settings.toml") == {"poll_seconds": 20}
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_writing_makes_the_folder_and_the_file(tmp_path: Path) -> None:
    path = settings_file(load_settings(data_dir=tmp_path / "new" / "farm"))

    write_settings(path, {"poll_seconds": 30.0})

    assert file_values(path) == {"poll_seconds": 30.0}


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:80", ("::1", 80)), (" host:0 ", ("host", 0))],
)
def test_address_is_split(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("path", ["/onlinesim", "/a/b-c_d.e", ""])
def test_shared_path_is_a_plain_path_or_none(path: str) -> None:
    assert load_settings(shared_path=path).shared_path == path


@pytest.mark.parametrize(
    "path", ["onlinesim", "/", "/a b", "/<x>", "/a//b", "/getNumberRent", "/GETSERVICESRENT", "/probe"]
)
def test_reserved_or_invalid_shared_path_is_refused(path: str) -> None:
    with pytest.raises(KnownError, match="shared_path"):
        load_settings(shared_path=path)


def test_defaults_for_open_questions_of_the_contract() -> None:
    settings = load_settings()

    assert (settings.sms_id, settings.push_phone, settings.no_numbers) == ("rent", "string", "error")
    assert (settings.require_bearer, settings.retire_after_sale, settings.shared_path) == (False, False, "")
    assert (settings.push_retry_seconds, settings.push_refusals_before_parking) == (10, 6)


@pytest.mark.parametrize(
    ("name", "least"), [("calls_per_second", 20), ("wrong_keys_per_minute", 1), ("most_connections", 32)]
)
def test_limits_cannot_be_set_below_what_the_market_needs(name: str, least: int) -> None:
    assert getattr(load_settings(**{name: least}), name) == least
    with pytest.raises(KnownError, match=name):
        load_settings(**{name: least - 1})


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"tunnel": "url"}, "public_url"),
        ({"tunnel": "ssh", "public_url": "https://farm.example.com"}, "ssh_server"),
        ({"tunnel": "cloudflared named", "public_url": "https://farm.example.com"}, "tunnel_name"),
        ({"tunnel": "command"}, "tunnel_command"),
    ],
)
def test_tunnel_that_lacks_what_it_needs_is_refused(values: dict[str, str], missing: str) -> None:
    with pytest.raises(KnownError, match=missing):
        load_settings(**values)


@pytest.mark.parametrize(
    "url", ["farm.example.com", "http://farm.example.com", "https://a b", "https://a/?key=1", "ftp://a"]
)
def test_public_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(KnownError, match="public_url"):
        load_settings(public_url=url)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("me@farm.example.com", ("me", "farm.example.com", 22)),
        ("me@farm.example.com:2222", ("me", "farm.example.com", 2222)),
        ("me@10.0.0.1", ("me", "10.0.0.1", 22)),
        ("me@[2001:db8::1]:2222", ("me", "2001:db8::1", 2222)),
    ],
)
def test_ssh_server_is_user_host_and_port(text: str, parts: tuple[str, str, int]) -> None:
    assert parse_ssh_server(text) == parts


@pytest.mark.parametrize(
    "text", ["farm.example.com", "@host", "-oProxyCommand=x@host", "me@", "me@host:0x", "me@host name"]
)
def test_ssh_server_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KnownError, match="ssh_server"):
        load_settings(ssh_server=text)

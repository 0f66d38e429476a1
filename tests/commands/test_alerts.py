"""`alerts list` and `alerts test`: what is kept in the data folder, and real tests by its channels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phonefarm.adapters.notify.alert_files import AlertFiles
from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.secrets.named_secrets import NamedSecretStore
from phonefarm.application.model.alerts import DESKTOP_CHANNEL, AlertSettings, Channel, ChannelKind
from phonefarm.commands.alerts import as_lines, as_text, describe, send_tests
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.support.logs import SecretFilter
from tests.fakes.alert_sinks import HttpSink, listening


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    KeyStore(tmp_path).write_key_file("partner-key")  # so the keyring of this PC is left alone
    return load_settings(data_dir=tmp_path)


def keep(settings: Settings, *urls: tuple[str, str], is_on: bool = True) -> None:
    """A webhook of each name and URL."""
    channels = [DESKTOP_CHANNEL]
    for name, url in urls:
        channels.append(Channel(channel_id=name, kind=ChannelKind.WEBHOOK, name=name, target="127.0.0.1", is_on=is_on))
        NamedSecretStore(settings.data_dir).write(f"alert channel {name}", json.dumps({"url": url}))
    AlertFiles(settings.data_dir).write_settings(AlertSettings(channels=tuple(channels)))


def test_list_shows_rules_and_channels_without_their_secrets(settings: Settings) -> None:
    keep(settings, ("Hook", "https://example.org/planted-token"))

    values = describe(settings, SecretFilter())
    text = as_text(values)

    assert "on  nothing for sale (5 min)" in text
    assert "off wrong keys (20 calls, 60 min)" in text
    assert "on  Hook 127.0.0.1" in text
    assert "planted-token" not in json.dumps(values) + text
    assert "Nobody is called" not in text


def test_list_says_where_nobody_is_called(settings: Settings) -> None:
    assert "Nobody is called" in as_text(describe(settings, SecretFilter()))


async def test_test_sends_by_every_channel_and_says_what_helps(settings: Settings) -> None:
    async with listening(good := HttpSink()), listening(bad := HttpSink(status=500)):
        keep(settings, ("Good", good.url), ("Bad", bad.url))
        found = await send_tests(settings, SecretFilter(), "")

    assert [(result["name"], result["arrived"], result["fault"]) for result in found] == [
        ("Good", True, None),
        ("Bad", False, "server error"),
    ]
    assert good.bodies[0]["title"] == "phonefarm: This is a test"
    lines = as_lines(found).splitlines()
    assert lines[0].startswith("ok   Good: arrived in ")
    assert lines[1].startswith("FAIL Bad: The service has a fault of its own (500).")


async def test_test_of_one_channel_is_by_its_name_although_it_is_off(settings: Settings) -> None:
    async with listening(sink := HttpSink()):
        keep(settings, ("Hook", sink.url), is_on=False)
        found = await send_tests(settings, SecretFilter(), "hook")

    assert [result["arrived"] for result in found] == [True]


@pytest.mark.parametrize(("name", "said"), [("", "No channel is on"), ("Pager", "There is no channel 'Pager'")])
async def test_test_without_a_channel_says_so(settings: Settings, name: str, said: str) -> None:
    with pytest.raises(KnownError, match=said):
        await send_tests(settings, SecretFilter(), name)


async def test_secrets_of_channels_are_hidden_from_the_log(settings: Settings) -> None:
    hidden = SecretFilter()
    async with listening(sink := HttpSink()):
        keep(settings, ("Hook", f"{sink.url}/planted-token"))
        await send_tests(settings, hidden, "")

    assert "planted-token" not in hidden.clean(f"{sink.url}/planted-token")

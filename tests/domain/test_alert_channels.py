"""What may be entered for a channel, and what of it is shown."""

from __future__ import annotations

import pytest

from phonefarm.domain.alert_channels import DESKTOP_CHANNEL, FORMS, ChannelKind, FormProblem, form_problems, target_of
from phonefarm.domain.alert_channels import with_desktop as desktop_among

TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
GOOD = {
    ChannelKind.DESKTOP: {},
    ChannelKind.TELEGRAM: {"token": TOKEN, "chat": "-1001234"},
    ChannelKind.EMAIL: {"server": "smtp.example.org:587", "user": "me", "password": "x", "recipient": "a@b.org"},
    ChannelKind.DISCORD: {"url": "https://discord.com/api/webhooks/12345/Ab-C_d"},
    ChannelKind.NTFY: {"topic": "my-farm"},
    ChannelKind.WEBHOOK: {"url": "https://example.org/hook?key=planted"},
    ChannelKind.OTHER: {"url": "slack://planted/token"},
}


@pytest.mark.parametrize("kind", ChannelKind)
def test_a_form_that_is_filled_in_is_right_and_an_empty_one_says_what_is_needed(kind: ChannelKind) -> None:
    needed = {field.name for field in FORMS[kind] if not field.is_optional}

    assert form_problems(kind, GOOD[kind]) == {}
    assert form_problems(kind, {}) == dict.fromkeys(needed, FormProblem.MISSING)


@pytest.mark.parametrize(
    ("kind", "name", "value", "problem"),
    [
        (ChannelKind.TELEGRAM, "token", "123:abc", FormProblem.TOKEN),
        (ChannelKind.TELEGRAM, "chat", "my chat", FormProblem.CHAT),
        (ChannelKind.EMAIL, "server", "smtp example", FormProblem.SERVER),
        (ChannelKind.EMAIL, "server", "smtp.example.org:99999", FormProblem.SERVER),
        (ChannelKind.EMAIL, "server", "smtp.example.org:0", FormProblem.SERVER),
        (ChannelKind.EMAIL, "recipient", "a@b.org, c@d.org", FormProblem.ADDRESS),
        (ChannelKind.EMAIL, "sender", "farm", FormProblem.ADDRESS),
        (ChannelKind.DISCORD, "url", "https://evil.example/api/webhooks/1/a", FormProblem.DISCORD_URL),
        (ChannelKind.NTFY, "topic", "my farm", FormProblem.TOPIC),
        (ChannelKind.NTFY, "server", "ntfy.sh", FormProblem.WEB_URL),
        (ChannelKind.WEBHOOK, "url", "example.org/hook", FormProblem.WEB_URL),
        (ChannelKind.WEBHOOK, "url", "https://example.org:0/", FormProblem.WEB_URL),
        (ChannelKind.WEBHOOK, "url", "https://example.org:port/", FormProblem.WEB_URL),
    ],
)
def test_a_value_that_cannot_be_right_is_told_at_its_field(
    kind: ChannelKind, name: str, value: str, problem: FormProblem
) -> None:
    assert form_problems(kind, GOOD[kind] | {name: value}) == {name: problem}


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (ChannelKind.TELEGRAM, "-1001234"),
        (ChannelKind.EMAIL, "a@b.org"),
        (ChannelKind.NTFY, "my-farm"),
        (ChannelKind.WEBHOOK, "example.org"),
        (ChannelKind.OTHER, "slack"),
        (ChannelKind.DISCORD, ""),
    ],
)
def test_of_an_address_only_what_is_no_secret_is_shown(kind: ChannelKind, target: str) -> None:
    assert target_of(kind, GOOD[kind]) == target


def test_the_desktop_is_always_among_the_channels() -> None:
    assert desktop_among([]) == (DESKTOP_CHANNEL,)
    assert desktop_among([DESKTOP_CHANNEL]) == (DESKTOP_CHANNEL,)

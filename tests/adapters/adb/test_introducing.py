"""Whether a phone is up and unlocked; without evidence it counts as unlocked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.introducing import introduce
from phonefarm.adapters.adb.phone_calls import PhoneCalls
from phonefarm.adapters.adb.user_state import parse_started_user_state, parse_users
from phonefarm.application.ports.world import PhoneUnreachable
from phonefarm.domain.phones import Introduction, PhoneFacts
from tests.fakes.scripted_shell import Answer, ScriptedShell

UP = {"sys.boot_completed": "1", "dev.bootcomplete": "1"}
ENCRYPTED = {"ro.crypto.state": "encrypted", "ro.crypto.type": "file"}
UNLOCKED = {"sys.user.0.ce_available": "true"}
USERS = """Users:
  UserInfo{{0:Owner {{0:c13}} serialNo=0 isPrimary=true
    Flags: 3091 (ADMIN|FULL|INITIALIZED|PRIMARY|SYSTEM)
    State: {STATE}
    Created: <unknown>
  UserInfo{{10:Work:1030}} serialNo=10
    State: RUNNING_LOCKED
"""


def properties(sdk: int, **values: str) -> str:
    properties = {"ro.build.version.sdk": str(sdk), **values}
    return "".join(f"[{name}]: [{value}]\n" for name, value in properties.items())


async def introduced(
    *parts: dict[str, str], sdk: int = 34, state: str = "", users: str = ""
) -> tuple[Introduction, ScriptedShell]:
    merged = {name: value for part in parts for name, value in part.items()}

    def answer(command: str) -> Answer:
        return {"getprop": properties(sdk, **merged), "am get-started-user-state 0": state}.get(command, users)

    shell = ScriptedShell(answer)
    return await introduce(PhoneCalls("R5", shell)), shell


async def test_unlocked_phone_needs_one_call() -> None:
    introduction, shell = await introduced(UP, ENCRYPTED, UNLOCKED)

    assert introduction == Introduction(facts=PhoneFacts(sdk=34))
    assert shell.calls == 1


async def test_firmware_is_the_build_fingerprint() -> None:
    introduction, _ = await introduced(UP, {"ro.build.fingerprint": "google/shiba/shiba:15/AP4A:user/release-keys"})

    assert introduction.facts.firmware == "google/shiba/shiba:15/AP4A:user/release-keys"


@pytest.mark.parametrize(
    ("properties", "is_up"),
    [
        ({"sys.boot_completed": "1"}, True),
        ({"dev.bootcomplete": "1"}, True),
        ({"sys.boot_completed": "0", "dev.bootcomplete": "1"}, True),
        ({"sys.boot_completed": "0"}, False),
        ({}, False),
    ],
)
async def test_either_property_means_that_android_is_up(properties: dict[str, str], is_up: bool) -> None:
    introduction, shell = await introduced(properties, ENCRYPTED)

    assert introduction.is_up is is_up
    assert (shell.calls > 1) is is_up, "whether it is unlocked is no question before"


@pytest.mark.parametrize("state", ["BOOTING", "RUNNING_LOCKED"])
async def test_locked_state_is_recognised(state: str) -> None:
    introduction, _ = await introduced(UP, ENCRYPTED, state=f"{state}\n")

    assert not introduction.is_unlocked


@pytest.mark.parametrize("state", ["RUNNING_UNLOCKED", "RUNNING_UNLOCKING"])
async def test_unlocked_state_counts_without_the_property(state: str) -> None:
    introduction, _ = await introduced(UP, ENCRYPTED, state=f"{state}\n")

    assert introduction.is_unlocked


@pytest.mark.parametrize(("state", "is_unlocked"), [("RUNNING_LOCKED", False), ("RUNNING_UNLOCKED", True)])
async def test_list_of_users_is_used_if_the_command_is_unknown(state: str, is_unlocked: bool) -> None:
    users = USERS.replace("{{", "{").replace("{STATE}", state)
    introduction, _ = await introduced(UP, ENCRYPTED, sdk=26, state="Error: unknown command\n", users=users)

    assert introduction.is_unlocked is is_unlocked


@pytest.mark.parametrize(("sdk", "is_unlocked"), [(24, True), (27, True), (28, False), (36, False)])
async def test_missing_property_counts_on_releases_that_always_set_it(sdk: int, is_unlocked: bool) -> None:
    introduction, _ = await introduced(UP, ENCRYPTED, sdk=sdk)

    assert introduction.is_unlocked is is_unlocked


@pytest.mark.parametrize(
    ("sdk", "properties"),
    [(34, {}), (34, {"ro.crypto.type": "block"}), (34, {"ro.crypto.state": "unencrypted"}), (23, ENCRYPTED)],
)
async def test_phone_without_file_encryption_is_never_locked(sdk: int, properties: dict[str, str]) -> None:
    introduction, shell = await introduced(UP, properties, sdk=sdk)

    assert introduction.is_unlocked
    assert shell.calls == 1


async def test_phone_without_properties_is_not_understood() -> None:
    with pytest.raises(PhoneUnreachable, match="not understood"):
        await introduce(PhoneCalls("R5", ScriptedShell(lambda _: "/system/bin/sh: getprop: not found\n")))


def test_only_the_first_user_counts() -> None:
    users = USERS.replace("{{", "{").replace("{STATE}", "-1")

    assert parse_users(users) is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_parsers(text: str) -> None:
    assert parse_started_user_state(text) is None
    assert parse_users(text) is None

"""Several secrets by name, in the keyring or in a file for its owner only."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import keyring
import pytest
from keyring.errors import NoKeyringError, PasswordDeleteError

from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.secrets.named_secrets import FILE_NAME, NamedSecretStore
from phonefarm.domain.errors import KnownError


class Keyring:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.is_closed = False

    def get(self, service: str, entry: str) -> str | None:
        self._ask()
        return self.kept.get((service, entry))

    def set(self, service: str, entry: str, secret: str) -> None:
        self._ask()
        self.kept[service, entry] = secret

    def delete(self, service: str, entry: str) -> None:
        self._ask()
        if (service, entry) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, entry]

    def _ask(self) -> None:
        if self.is_closed:
            raise NoKeyringError


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    ring = Keyring()
    monkeypatch.setattr(keyring, "get_password", ring.get)
    monkeypatch.setattr(keyring, "set_password", ring.set)
    monkeypatch.setattr(keyring, "delete_password", ring.delete)
    return ring


def test_secrets_are_kept_apart_by_name_and_farm(ring: Keyring, tmp_path: Path) -> None:
    one, two = NamedSecretStore(tmp_path / "one"), NamedSecretStore(tmp_path / "two")
    one.write("a", "secret a")
    one.write("b", "secret b")
    two.write("a", "another")

    assert (one.read("a"), one.read("b"), two.read("a"), two.read("b")) == ("secret a", "secret b", "another", None)
    assert not (tmp_path / "one" / FILE_NAME).exists()


def test_a_forgotten_secret_is_gone_and_forgetting_twice_is_fine(ring: Keyring, tmp_path: Path) -> None:
    store = NamedSecretStore(tmp_path)
    store.write("a", "secret")

    store.forget("a")
    store.forget("a")

    assert store.read("a") is None
    assert ring.kept == {}


def test_what_no_keyring_takes_goes_to_a_file_for_its_owner_only(ring: Keyring, tmp_path: Path) -> None:
    ring.is_closed = True
    store = NamedSecretStore(tmp_path)

    store.write("a", "secret a")
    store.write("b", "secret b")

    assert (store.read("a"), store.read("b")) == ("secret a", "secret b")
    if sys.platform != "win32":
        assert os.stat(tmp_path / FILE_NAME).st_mode & 0o077 == 0


def test_a_keyring_that_opens_later_takes_what_is_written_anew(ring: Keyring, tmp_path: Path) -> None:
    store = NamedSecretStore(tmp_path)
    ring.is_closed = True
    store.write("a", "old")

    ring.is_closed = False
    store.write("a", "new")

    assert store.read("a") == "new"
    assert "old" not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")


def test_who_chose_the_file_for_the_key_has_chosen_it_for_all(ring: Keyring, tmp_path: Path) -> None:
    KeyStore(tmp_path).write_key_file("partner-key")
    store = NamedSecretStore(tmp_path)

    store.write("a", "secret")
    in_file = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    store.forget("a")

    assert in_file == {"a": "secret"}
    assert store.read("a") is None
    assert ring.kept == {}


def test_a_keyring_that_cannot_be_asked_is_told_where_the_file_does_not_know(ring: Keyring, tmp_path: Path) -> None:
    ring.is_closed = True

    with pytest.raises(KnownError, match="keyring cannot be read"):
        NamedSecretStore(tmp_path).read("a")

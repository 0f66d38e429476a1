"""The partner key is kept in the system's keyring, or nowhere."""

from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError

from phonefarm.adapters.secrets.keyring_store import KeyringStore
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.domain.errors import KnownError


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


class Closed(InMemory):
    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NoKeyringError


@pytest.fixture
def open_keyring(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    backend = InMemory()
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setattr(keyring, "set_password", backend.set_password)
    return backend


@pytest.fixture
def closed_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Closed()
    monkeypatch.setattr(keyring, "get_password", backend.get_password)
    monkeypatch.setattr(keyring, "set_password", backend.set_password)


def test_key_comes_back_and_each_farm_has_its_own(open_keyring: InMemory) -> None:
    KeyringStore("/farm/one").write_key("first")
    KeyringStore("/farm/two").write_key("second")

    assert KeyringStore("/farm/one").read_key() == "first"
    assert KeyringStore("/farm/two").read_key() == "second"
    assert KeyringStore("/farm/three").read_key() is None


def test_system_without_a_keyring_has_no_key(closed_keyring: None) -> None:
    assert KeyringStore("/farm").read_key() is None


def test_key_that_cannot_be_kept_is_refused_with_the_way_out_and_without_the_key(closed_keyring: None) -> None:
    with pytest.raises(KnownError, match="PHONEFARM_API_KEY") as refused:
        KeyringStore("/farm").write_key("planted-key")

    assert "planted-key" not in str(refused.value)


def test_memory_store_keeps_a_key_for_as_long_as_it_lives() -> None:
    store = MemoryStore()
    assert store.read_key() is None

    store.write_key("a key")

    assert store.read_key() == "a key"

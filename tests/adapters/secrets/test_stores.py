"""The partner key in the system's keyring, or in a file for its owner only."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError

from phonefarm.adapters.secrets.key_file import KeyFile
from phonefarm.adapters.secrets.key_store import KeyStore
from phonefarm.adapters.secrets.keyring_store import KeyringStore
from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.ports.world import KeyPlace
from phonefarm.domain.errors import KnownError
from tests.fakes.held_file import Holder


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


def test_each_farm_reads_back_its_own_key(open_keyring: InMemory) -> None:
    KeyringStore("/farm/one").write_key("first")
    KeyringStore("/farm/two").write_key("second")

    assert KeyringStore("/farm/one").read_key() == "first"
    assert KeyringStore("/farm/two").read_key() == "second"
    assert KeyringStore("/farm/three").read_key() is None


class WindowsError1312(Exception):
    """Like pywintypes.error: not an OSError, with a number and the system's message."""

    winerror = 1312


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        (NoKeyringError(), "there is none"),
        (OSError(5, "D-Bus said planted-key"), "OSError 5"),
        (RuntimeError("planted-key"), "RuntimeError"),
        (WindowsError1312("planted-key"), "WindowsError1312 1312"),
    ],
)
def test_any_keyring_error_becomes_one_sentence_without_its_message(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, cause: str
) -> None:
    def fail(*_words: str) -> None:
        raise raised

    monkeypatch.setattr(keyring, "get_password", fail)
    monkeypatch.setattr(keyring, "set_password", fail)

    with pytest.raises(KnownError) as unread:
        KeyringStore("/farm").read_key()
    with pytest.raises(KnownError) as unwritten:
        KeyringStore("/farm").write_key("planted-key")

    assert str(unread.value) == f"The system's keyring cannot be read: {cause}."
    assert str(unwritten.value) == f"The system's keyring cannot be written: {cause}."


def test_hanging_keyring_times_out_and_is_used_again_once_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlocked = threading.Event()

    def hang(*_words: str) -> str:
        unlocked.wait(30)
        return "the key"

    monkeypatch.setattr(keyring, "get_password", hang)
    store = KeyringStore("/farm", timeout_seconds=0.05)

    for _ in range(3):
        with pytest.raises(KnownError, match=r"does not answer within 0\.05 s"):
            store.read_key()
    unlocked.set()

    assert KeyringStore("/farm").read_key() == "the key"


def test_error_without_a_keyring_names_both_alternatives(closed_keyring: None, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="in a file that only you can read, or set PHONEFARM_API_KEY") as refused:
        KeyStore(tmp_path).write_key("planted-key")

    assert "planted-key" not in str(refused.value)


def test_existing_key_file_replaces_the_keyring(open_keyring: InMemory, tmp_path: Path) -> None:
    store = KeyStore(tmp_path)
    store.write_key_file("first")
    store.write_key("second")

    assert (KeyStore(tmp_path).read_key(), store.place) == ("second", KeyPlace.FILE)
    assert open_keyring.kept == {}


def test_key_file_is_readable_by_its_owner_only_even_if_it_existed(tmp_path: Path) -> None:
    path = tmp_path / "partner.key"
    path.write_text("older", encoding="utf-8")
    path.chmod(0o644)

    KeyFile(path).write_key("a key")

    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["partner.key"]


def test_key_file_saved_by_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "partner.key"
    path.write_bytes("a key\r\n".encode("utf-16"))

    assert KeyFile(path).read_key() == "a key"


def test_unusable_key_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "partner.key").mkdir()

    with pytest.raises(KnownError, match="cannot be read"):
        KeyFile(tmp_path / "partner.key").read_key()
    with pytest.raises(KnownError, match="cannot be written"):
        KeyFile(tmp_path / "partner.key").write_key("a key")
    assert not (tmp_path / "partner.new").exists()


def test_key_file_opened_by_another_program_stays_complete(tmp_path: Path, held: Holder) -> None:
    path = tmp_path / "partner.key"
    KeyFile(path).write_key("a key")
    held.hold(path)

    with pytest.raises(KnownError, match=r"partner\.key is held open by another program") as raised:
        KeyFile(path).write_key("a new key")

    assert "a new key" not in str(raised.value)
    assert KeyFile(path).read_key() == "a key"
    assert [file.name for file in tmp_path.iterdir()] == ["partner.key"]


def test_memory_store_keeps_the_key() -> None:
    store = MemoryStore()
    assert store.read_key() is None

    store.write_key("a key")

    assert store.read_key() == "a key"

"""The settings editor: saves all changes or none, and the key to the keyring only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phonefarm.adapters.secrets.memory_store import MemoryStore
from phonefarm.application.model.read_models import SettingField, SettingKind
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import file_values, load_settings
from phonefarm.config.settings_editor import SettingsEditor
from phonefarm.domain.errors import KnownError
from phonefarm.support.logs import SecretFilter
from tests.fakes.held_file import Holder

SECRET = "planted-partner-key-5e1f"


class ClosedStore(MemoryStore):
    def write_key(self, key: str) -> None:
        raise KnownError("This system has no keyring that is open.")


class Page:
    """A settings editor on a temporary data folder."""

    def __init__(self, folder: Path, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.hidden = SecretFilter()
        self.path = folder / "settings.toml"
        self.editor = SettingsEditor(load_settings(), self.store, self.hidden)

    def field(self, name: str) -> SettingField:
        return next(field for field in self.editor.fields() if field.name == name)

    def save(self, **changes: str) -> dict[str, str]:
        return {problem.name: problem.problem for problem in self.editor.save(changes)}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PHONEFARM_DATA_DIR", str(tmp_path))
    return Page(tmp_path)


def test_changes_are_kept_in_their_types_and_shown(page: Page) -> None:
    problems = page.save(push_url=" https://host/x ", poll_seconds="20", require_bearer="true", sms_id="message")

    assert problems == {}
    assert file_values(page.path) == {
        "push_url": "https://host/x",
        "poll_seconds": 20.0,
        "require_bearer": True,
        "sms_id": "message",
    }
    assert (page.field("poll_seconds").value, page.field("poll_seconds").source) == ("20", "file")
    assert page.field("require_bearer").value == "true"


def test_one_invalid_value_rejects_all_changes(page: Page) -> None:
    problems = page.save(poll_seconds="20", push_url="nonsense", api_key=SECRET)

    assert list(problems) == ["push_url"]
    assert not page.path.exists()
    assert page.store.read_key() is None


def test_empty_value_restores_the_default(page: Page) -> None:
    page.save(poll_seconds="20")

    page.save(poll_seconds="")

    assert file_values(page.path) == {}
    assert (page.field("poll_seconds").value, page.field("poll_seconds").source) == ("10", "default")


def test_change_is_checked_together_with_what_the_file_holds(page: Page) -> None:
    page.save(admin_listen="127.0.0.1:9000")

    assert "must differ" in " ".join(page.save(listen="127.0.0.1:9000").values())


def test_key_goes_to_the_keyring_and_into_no_file_and_no_field(page: Page, tmp_path: Path) -> None:
    assert page.save(api_key=SECRET, poll_seconds="20") == {}

    assert page.store.read_key() == SECRET
    assert all(SECRET not in file.read_text(encoding="utf-8") for file in tmp_path.iterdir())
    field = page.field("api_key")
    assert (field.value, field.secret, field.is_set, field.source) == ("", True, True, "keyring")
    assert SECRET not in page.hidden.clean(f"the key is {SECRET}")


def test_empty_key_keeps_the_present_one(page: Page) -> None:
    page.save(api_key=SECRET)

    page.save(api_key="", poll_seconds="20")

    assert page.store.read_key() == SECRET


@pytest.mark.parametrize("key", ["two words", "ключ"])
def test_key_that_no_header_can_carry_is_refused_without_being_shown(page: Page, key: str) -> None:
    problems = page.save(api_key=key)

    assert list(problems) == ["api_key"]
    assert key not in problems["api_key"]
    assert page.store.read_key() is None


def test_system_without_a_keyring_keeps_all_but_the_key_and_offers_a_file(page: Page, tmp_path: Path) -> None:
    closed = Page(tmp_path, ClosedStore())

    (problem,) = closed.editor.save({"api_key": SECRET, "poll_seconds": "20"})

    assert (problem.name, problem.offers_key_file) == ("api_key", True)
    assert problem.problem == "This system has no keyring that is open."
    assert file_values(closed.path) == {"poll_seconds": 20.0}


def test_key_goes_to_the_protected_file_when_the_user_wants_that(page: Page, tmp_path: Path) -> None:
    closed = Page(tmp_path, ClosedStore())

    problems = closed.editor.save({"api_key": SECRET}, key_in_file=True)

    assert list(problems) == []
    assert (closed.field("api_key").is_set, closed.field("api_key").source) == (True, "key file")
    assert SECRET not in closed.hidden.clean(f"the key is {SECRET}")


def test_keyring_that_cannot_be_asked_leaves_the_page_usable(page: Page, tmp_path: Path) -> None:
    class Broken(MemoryStore):
        def read_key(self) -> str | None:
            raise KnownError("The system's keyring cannot be read: OSError 1312.")

    broken = Page(tmp_path, Broken())

    assert broken.field("api_key").is_set is False


def test_value_of_the_environment_is_shown_as_such_and_not_changed_here(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEFARM_POLL_SECONDS", "30")
    page = Page(tmp_path)

    assert (page.field("poll_seconds").value, page.field("poll_seconds").source) == ("30", "environment")
    assert "PHONEFARM_POLL_SECONDS" in page.save(poll_seconds="20")["poll_seconds"]
    assert not page.path.exists()


def test_key_of_the_environment_is_never_shown(tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEFARM_API_KEY", SECRET)
    page = Page(tmp_path)

    assert all(SECRET not in repr(field) for field in page.editor.fields())
    assert page.field("api_key").source == "environment"


@pytest.mark.parametrize("name", ["data_dir", "no_such_setting"])
def test_read_only_settings_are_refused(page: Page, name: str) -> None:
    assert page.save(**{name: "x"}) == {name: "cannot be changed here"}


def test_every_setting_has_a_help_text_and_its_environment_name(page: Page) -> None:
    for field in page.editor.fields():
        assert field.help
        assert field.environment == f"PHONEFARM_{field.name.upper()}"


def test_checking_names_the_problems_and_saves_nothing(page: Page) -> None:
    problems = page.editor.check({"poll_seconds": "301", "push_url": "https://host/x", "api_key": SECRET})

    assert [(found.name, found.problem) for found in problems] == [
        ("poll_seconds", "must be a number between 1 and 300")
    ]
    assert not page.path.exists()
    assert page.store.read_key() is None


def test_restoring_a_default_is_checked_with_the_default(page: Page) -> None:
    page.save(listen="127.0.0.1:9000", admin_listen="127.0.0.1:8080")

    assert list(page.save(listen="")) == ["admin_listen"]


@pytest.mark.parametrize(
    ("name", "text", "repair"),
    [
        ("push_url", "htps://push.example/v1/rent", "https://push.example/v1/rent"),
        ("push_url", "http://push.example/v1/rent", "https://push.example/v1/rent"),
        ("push_url", "push.example/v1/rent", "https://push.example/v1/rent"),
        ("push_url", "nonsense", ""),
        ("public_url", "farm.example.com", "https://farm.example.com"),
        ("listen", "8082", "127.0.0.1:8082"),
        ("listen", "localhost", "localhost:8080"),
        ("admin_listen", "0.0.0.0:9000", "127.0.0.1:9000"),
        ("poll_seconds", "301", "300"),
        ("poll_seconds", "0,5", "1"),
        ("poll_seconds", "soon", ""),
        ("push_refusals_before_parking", "6.4", "6"),
        ("push_retry_seconds", "0", ""),
        ("api_key", "two words", ""),
    ],
)
def test_refused_value_comes_with_a_repair_where_one_is_near(page: Page, name: str, text: str, repair: str) -> None:
    (problem,) = page.editor.check({name: text})

    assert (problem.name, problem.repair) == (name, repair)


def test_tunnel_names_the_fields_that_it_needs(page: Page) -> None:
    assert page.save(tunnel="ssh") == {
        "ssh_server": "is needed for this kind of tunnel",
        "public_url": "is needed for this kind of tunnel",
    }


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("require_bearer", (SettingKind.SWITCH, "", None, None, False)),
        ("poll_seconds", (SettingKind.NUMBER, "s", 1, 300, False)),
        ("backup_keep", (SettingKind.NUMBER, "backups", 1, 1000, True)),
        ("push_retry_seconds", (SettingKind.NUMBER, "s", 0, 600, False)),
        ("sms_id", (SettingKind.CHOICE, "", None, None, False)),
        ("numbers_file", (SettingKind.PATH, "", None, None, False)),
        ("push_url", (SettingKind.ADDRESS, "", None, None, False)),
        ("api_key", (SettingKind.SECRET, "", None, None, False)),
        ("tunnel_name", (SettingKind.TEXT, "", None, None, False)),
    ],
)
def test_field_says_which_control_it_needs(page: Page, name: str, control: tuple[object, ...]) -> None:
    field = page.field(name)

    assert (field.kind, field.unit, field.minimum, field.maximum, field.is_whole) == control


def test_every_number_has_a_unit_and_limits(page: Page) -> None:
    numbers = [field for field in page.editor.fields() if field.kind is SettingKind.NUMBER]

    assert len(numbers) == 12
    assert all(field.unit and field.minimum is not None and field.maximum is not None for field in numbers)


def test_help_is_one_short_sentence_or_two(page: Page) -> None:
    for field in page.editor.fields():
        assert len(field.help) <= 105, field.name
        assert field.help.endswith("."), field.name


def test_choices_are_offered_where_there_are_few(page: Page) -> None:
    assert page.field("sms_id").choices == ("rent", "message")
    assert page.field("require_bearer").choices == ("true", "false")
    assert page.field("listen").choices == ()


# While another program holds the file open -----------------------------------------


def test_settings_are_saved_once_the_other_program_releases_the_file(page: Page, held: Holder) -> None:
    page.save(poll_seconds="20")
    held.hold(page.path, pauses=5)

    assert page.save(poll_seconds="30", api_key=SECRET) == {}

    assert file_values(page.path) == {"poll_seconds": 30.0}
    assert page.store.read_key() == SECRET


def test_settings_in_a_held_file_stay_unchanged_like_the_key(page: Page, held: Holder) -> None:
    page.save(poll_seconds="20")
    held.hold(page.path)

    with pytest.raises(KnownError, match=r"settings\.toml is held open by another program: close it there"):
        page.save(poll_seconds="30", api_key=SECRET)

    assert file_values(page.path) == {"poll_seconds": 20.0}
    assert page.store.read_key() is None
    assert [path.name for path in page.path.parent.iterdir()] == ["settings.toml"]


def test_settings_that_cannot_be_written_report_the_cause(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    with pytest.raises(KnownError, match=r"settings\.toml cannot be written: No space left on device\. Check"):
        page.save(poll_seconds="30", api_key=SECRET)

    assert page.store.read_key() is None

"""What `service` says, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from phonefarm.adapters.autostart.services import SystemdService
from phonefarm.commands.service import as_json, as_text, install, remove
from phonefarm.config import own_environment
from phonefarm.config.data_folder import DataFolder
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.runtime.autostart import command_for
from tests.fakes.system_programs import SystemPrograms


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(own_environment, "_taken", {})
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def programs() -> SystemPrograms:
    return SystemPrograms()


@pytest.fixture
def service(tmp_path: Path, settings: Settings, programs: SystemPrograms) -> SystemdService:
    return SystemdService(tmp_path / "config", command_for(settings, "serve"), programs)


def test_service_gets_a_data_folder_of_ones_own(settings: Settings) -> None:
    assert command_for(settings, "serve").words[-3:] == ("--data-dir", str(settings.data_dir), "serve")


def test_install_says_where_it_is_and_what_holds_for_it(service: SystemdService, settings: Settings) -> None:
    lines = install(service, settings)

    assert lines[0].startswith("The service is installed as a systemd user unit (")
    assert lines[1] == service.note + "."
    assert len(lines) == 3
    assert as_text(service.status()).endswith("is running.")


def test_settings_that_only_this_terminal_knows_are_named(
    service: SystemdService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_environment, "_taken", {"PHONEFARM_API_KEY": "secret-5e1f", "PHONEFARM_DATA_DIR": "x"})

    lines = install(service, settings)

    assert "unknown to the service: PHONEFARM_API_KEY." in lines[-1]
    assert "secret-5e1f" not in "".join(lines)


def test_service_is_not_installed_beside_a_running_farm(service: SystemdService, settings: Settings) -> None:
    held = DataFolder(settings.data_dir)
    held.take()
    try:
        with pytest.raises(KnownError, match="The service needs the folder for itself"):
            install(service, settings)
    finally:
        held.release()

    assert not service.status().is_installed


def test_running_service_may_be_installed_anew(
    service: SystemdService, settings: Settings, programs: SystemPrograms
) -> None:
    install(service, settings)
    held = DataFolder(settings.data_dir)
    held.take()
    try:
        assert install(service, settings)
    finally:
        held.release()


def test_remove_tells_whether_there_was_one(service: SystemdService, settings: Settings) -> None:
    assert remove(service) == ["There is no service to remove."]
    install(service, settings)
    assert remove(service) == ["The service is stopped and removed."]
    assert as_text(service.status()) == "No service is installed: 'phonefarm service install' makes one."
    assert as_json(service.status())["installed"] is False


def test_service_that_is_down_is_not_called_running(
    service: SystemdService, settings: Settings, programs: SystemPrograms
) -> None:
    install(service, settings)
    programs.answer("systemctl", "--user", "is-active", exit_code=3)

    assert "is not running" in as_text(service.status())
    assert as_json(service.status())["running"] is False

"""Lists the settings with their sources, and saves changes: the key to the secret store, others to the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from phonefarm.application.model.read_models import SettingField, SettingProblem
from phonefarm.application.ports.world import SecretStore
from phonefarm.config.own_environment import PREFIX, own_environment
from phonefarm.config.settings import Settings, file_values, problems_in, settings_file, write_settings
from phonefarm.domain.errors import KnownError
from phonefarm.support.logs import SecretFilter

KEY = "api_key"
FIXED = frozenset({"data_dir"})
"""settings.toml cannot define its own location."""


class SettingsEditor:
    """Reads and changes the settings for the Settings page."""

    def __init__(self, settings: Settings, secrets: SecretStore, hidden: SecretFilter) -> None:
        self._settings = settings
        self._secrets = secrets
        self._hidden = hidden

    def fields(self) -> Sequence[SettingField]:
        """All settings as they are saved, in the order of the Settings class."""
        in_file = file_values(settings_file(self._settings))
        return [self._field(name, info, in_file) for name, info in Settings.model_fields.items()]

    def save(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        """Validate all changes together; save all of them, or none and return the problems.

        If no keyring accepts the key, the other settings are saved and the key's problem offers `key_in_file`.
        """
        wanted = {name: text.strip() for name, text in changes.items()}
        problems = [
            SettingProblem(name=name, problem=problem)
            for name in wanted
            if (problem := self._why_read_only(name)) is not None
        ]
        if problems:
            return problems
        key = wanted.pop(KEY, None)
        in_file = file_values(settings_file(self._settings))
        candidate = {**in_file, **wanted, "data_dir": str(self._settings.data_dir), KEY: key or None}
        parsed, problems = _validate(candidate, wanted)
        if problems:
            return problems
        if parsed:
            write_settings(settings_file(self._settings), parsed)
        return self._save_key(key, in_file=key_in_file) if key else []

    def _save_key(self, key: str, *, in_file: bool) -> Sequence[SettingProblem]:
        self._hidden.add(key)
        try:
            if in_file:
                self._secrets.write_key_file(key)
            else:
                self._secrets.write_key(key)
        except KnownError as error:
            return [SettingProblem(name=KEY, problem=str(error), offers_key_file=not in_file)]
        return []

    def _why_read_only(self, name: str) -> str | None:
        if name not in Settings.model_fields or name in FIXED:
            return "cannot be changed here"
        if _from_environment(name):
            return f"is set by the environment ({PREFIX}{name.upper()}), which wins; change it there"
        return None

    def _field(self, name: str, info: FieldInfo, in_file: Mapping[str, Any]) -> SettingField:
        default = info.get_default(call_default_factory=True, validated_data={})
        if name == KEY:
            return self._key_field(info)
        if name in FIXED or _from_environment(name):
            value, source = getattr(self._settings, name), "environment" if _from_environment(name) else "default"
        else:
            value, source = (in_file[name], "file") if name in in_file else (default, "default")
        return SettingField(
            name=name,
            environment=f"{PREFIX}{name.upper()}",
            value=_as_text(value),
            default=_as_text(default),
            source=source,
            help=info.description or "",
            choices=_choices(info),
        )

    def _key_source(self) -> str | None:
        """The store that holds a key; None if there is no key or the store cannot be read."""
        try:
            return self._secrets.place.value if self._secrets.read_key() is not None else None
        except KnownError:
            return None

    def _key_field(self, info: FieldInfo) -> SettingField:
        source = "environment" if _from_environment(KEY) else self._key_source() or "default"
        return SettingField(
            name=KEY,
            environment=f"{PREFIX}API_KEY",
            value="",
            default="",
            source=source,
            help=info.description or "",
            secret=True,
            is_set=source != "default",
        )


def _validate(candidate: Mapping[str, Any], wanted: Mapping[str, str]) -> tuple[dict[str, Any], list[SettingProblem]]:
    """The typed values (None: restore the default), or the problems."""
    given = {name: value for name, value in candidate.items() if value != "" and name in Settings.model_fields}
    try:
        validated = Settings.model_validate(given)
    except ValidationError as error:
        return {}, [SettingProblem(name=name, problem=problem) for name, problem in problems_in(error).items()]
    return {name: None if text == "" else getattr(validated, name) for name, text in wanted.items()}, []


def _from_environment(name: str) -> bool:
    return bool(own_environment().get(f"{PREFIX}{name.upper()}"))


def _as_text(value: object) -> str:
    if value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _choices(info: FieldInfo) -> tuple[str, ...]:
    if info.annotation is bool:
        return ("true", "false")
    if get_origin(info.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(info.annotation))
    return ()

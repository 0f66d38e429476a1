"""What the type of a setting says of its value: its kind, its limits, its choices, its unit."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from phonefarm.application.model.read_models import SettingKind


def kind_of(info: FieldInfo) -> SettingKind:
    """By its type; of a text, as the field declares."""
    annotation: Any = info.annotation
    if get_origin(annotation) is Literal:
        return SettingKind.CHOICE
    if annotation is bool:
        return SettingKind.SWITCH
    if annotation in (int, float):
        return SettingKind.NUMBER
    if SecretStr in get_args(annotation):
        return SettingKind.SECRET
    return SettingKind(_extra(info, "kind") or SettingKind.TEXT)


def choices_of(info: FieldInfo) -> tuple[str, ...]:
    if info.annotation is bool:
        return ("true", "false")
    if get_origin(info.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(info.annotation))
    return ()


def unit_of(info: FieldInfo) -> str:
    return _extra(info, "unit")


def is_whole(info: FieldInfo) -> bool:
    return info.annotation is int


def limits_of(info: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest number; the smallest may itself be excluded: see `is_minimum_excluded`."""
    return _limit(info, "ge", "gt"), _limit(info, "le")


def is_minimum_excluded(info: FieldInfo) -> bool:
    return _limit(info, "gt") is not None


def _limit(info: FieldInfo, *names: str) -> float | None:
    found = (getattr(rule, name, None) for rule in info.metadata for name in names)
    return next((float(limit) for limit in found if limit is not None), None)


def _extra(info: FieldInfo, name: str) -> str:
    extra = info.json_schema_extra
    return str(extra.get(name, "")) if isinstance(extra, dict) else ""

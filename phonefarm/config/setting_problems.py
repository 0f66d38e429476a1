"""What is wrong with a value of a setting, in plain words: no text of a library, and never the value itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from phonefarm.application.model.read_models import SettingKind
from phonefarm.config.setting_kinds import choices_of, is_minimum_excluded, is_whole, kind_of, limits_of

WHOLE_FILE = "settings"
"""The name of a problem that concerns no single setting."""
_HTTPS = "https://"
_THIS_PC = "127.0.0.1"


class SettingConflict(ValueError):
    """Settings that are right alone and wrong together; `problems` by the name of the one to correct."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name} {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


def problems_in(error: ValidationError, fields: Mapping[str, FieldInfo]) -> dict[str, str]:
    """The problem of each wrong setting, by its name.

    A validator of our own says what is wrong itself. Every other error is told by what the setting may be.
    """
    found: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        cause = item.get("ctx", {}).get("error")
        name = str(item["loc"][0]) if item["loc"] else WHOLE_FILE
        if isinstance(cause, SettingConflict):
            found |= cause.problems
        elif item["type"] == "value_error" and isinstance(cause, ValueError):
            found[name] = str(cause)
        else:
            found[name] = allowed_values(fields[name]) if name in fields else "cannot be read"
    return found


def allowed_values(info: FieldInfo) -> str:
    """`must be a number between 1 and 300`."""
    kind = kind_of(info)
    match kind:
        case SettingKind.NUMBER:
            return _allowed_numbers(info)
        case SettingKind.SWITCH:
            return "must be true or false"
        case SettingKind.CHOICE:
            *others, last = choices_of(info)
            return f"must be {', '.join(others)} or {last}"
        case SettingKind.PATH | SettingKind.TEXT | SettingKind.SECRET | SettingKind.ADDRESS:
            return "must be text; in the file, text in quotation marks"
    assert_never(kind)


def _allowed_numbers(info: FieldInfo) -> str:
    least, most = limits_of(info)
    noun = "a whole number" if is_whole(info) else "a number"
    if least is None or most is None:
        return f"must be {noun}"
    if is_minimum_excluded(info):
        return f"must be {noun} above {least:g} and at most {most:g}"
    return f"must be {noun} between {least:g} and {most:g}"


def near_values(text: str, info: FieldInfo, default: str) -> Iterator[str]:
    """What the user may have meant, likeliest first; not validated yet."""
    match kind_of(info):
        case SettingKind.NUMBER:
            yield from _near_numbers(text, info)
        case SettingKind.ADDRESS:
            yield from _near_addresses(text, default)
        case SettingKind.SWITCH | SettingKind.CHOICE:
            yield text.lower()
        case _:
            return


def _near_numbers(text: str, info: FieldInfo) -> Iterator[str]:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return
    least, most = limits_of(info)
    if number != number or least is None or most is None:
        return
    within = min(max(number, least), most)
    yield f"{round(within) if is_whole(info) else within:g}"


def _near_addresses(text: str, default: str) -> Iterator[str]:
    scheme, separator, rest = text.partition("://")
    if separator or "." in text:
        yield _HTTPS + (rest if separator else scheme)
    host, _, port = text.rpartition(":")
    if text.isdecimal():
        yield f"{_THIS_PC}:{text}"
    elif host:
        yield f"{_THIS_PC}:{port}"
    elif default.rpartition(":")[2].isdecimal():
        yield f"{text}:{default.rpartition(':')[2]}"

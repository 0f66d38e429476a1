"""All text files are read and written with an explicit encoding, never in the system's code page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    ROOT / "farm.py",
    ROOT / "phonefarm.spec",
    *(path for room in ("phonefarm", "ui", "bench", "tools") for path in (ROOT / room).rglob("*.py")),
]
ENCODING_POSITION = {"read_text": 0, "write_text": 1, "TextIOWrapper": 1}
TEXT_MODE_KEYWORDS = {"text", "universal_newlines"}


def find_calls_without_encoding(source: str) -> Iterator[int]:
    """The lines of calls without an explicit encoding."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _lacks_encoding(node):
            yield node.lineno


def _lacks_encoding(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    words = {word.arg: word.value for word in call.keywords}
    if "encoding" in words:
        return False
    if name in ENCODING_POSITION:
        return len(call.args) <= ENCODING_POSITION[name] and not _is_own_read_text(call)
    if name in ("open", "fdopen"):
        return _is_text_mode(call, words)
    return any(_is_true(words.get(word)) for word in TEXT_MODE_KEYWORDS)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _is_own_read_text(call: ast.Call) -> bool:
    """`phonefarm.support.text_files.read_text` detects the encoding by its byte order mark."""
    return isinstance(call.func, ast.Name) and call.func.id == "read_text"


def _is_text_mode(call: ast.Call, words: dict[str | None, ast.expr]) -> bool:
    """Whether a call of builtin `open` or `Path.open` opens a text; other `open` methods take no mode."""
    is_function = isinstance(call.func, ast.Name) or (
        isinstance(call.func, ast.Attribute) and call.func.attr == "fdopen"
    )
    place = 1 if is_function else 0
    mode = words.get("mode") or (call.args[place] if len(call.args) > place else None)
    if mode is None:
        return is_function
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and _opens_text(mode.value)


def _opens_text(mode: str) -> bool:
    return set(mode) <= set("rwxa+t") and "b" not in mode


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_has_an_explicit_encoding(path: Path) -> None:
    assert list(find_calls_without_encoding(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "call",
    [
        "open(path)",
        "open(path, 'w')",
        "path.open('a')",
        "path.open(mode='w')",
        "os.fdopen(number, 'w')",
        "path.read_text()",
        "path.write_text(text)",
        "subprocess.run(words, text=True)",
        "subprocess.Popen(words, universal_newlines=True)",
    ],
)
def test_call_without_encoding_is_found(call: str) -> None:
    assert list(find_calls_without_encoding(call)) == [1]


@pytest.mark.parametrize(
    "call",
    [
        "open(path, 'rb')",
        "open(path, encoding='utf-8')",
        "path.open('rb+')",
        "farm.open()",
        "dialog.open()",
        "path.read_text('utf-8')",
        "path.write_text(text, 'ascii')",
        "read_text(path)",
        "subprocess.run(words, capture_output=True)",
        "subprocess.run(words, text=True, encoding='utf-8')",
    ],
)
def test_call_with_encoding_or_bytes_is_not_found(call: str) -> None:
    assert list(find_calls_without_encoding(call)) == []

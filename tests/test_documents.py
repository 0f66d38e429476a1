"""The documents: links work, and the files, commands and settings that they name exist."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import farm
import phonefarm
from phonefarm.commands.cli import TableName, app
from phonefarm.config.own_environment import PREFIX
from phonefarm.config.settings import Settings
from tools.wine import wine

ROOT = Path(__file__).parents[1]
GENERATED = {".venv", "build", "dist"}
"""Folders that commands generate; a clean checkout has none of them."""
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."} - GENERATED
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.md"))])
MOST_LINES_OF_README = 130
PARTS_OF_A_DECISION = ["Context", "Decision", "Consequence", "Refused"]

_FENCED = re.compile(r"^```.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_PATH = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?")
_FILE_NAME = re.compile(r"[\w-]+\.(py|md|toml|txt|csv|json|ya?ml|png|svg|qss|spec|key|db|exe|xml)", re.ASCII)
_SETTING = re.compile(PREFIX + r"[A-Z][A-Z_]*")
_SETTING_ROW = re.compile(rf"^\| `({PREFIX}[A-Z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)

Check = Callable[[str, Path], list[str]]
"""Returns the problems of a document's text; relative links start at its path."""


def prose(text: str) -> str:
    return _FENCED.sub("", text)


def named(text: str) -> Iterator[str]:
    """The texts in backticks, and the lines of fenced code."""
    for block in _FENCED.findall(text):
        for line in block.splitlines():
            yield line.partition(" #")[0].strip()
    for code in _CODE.findall(prose(text)):
        yield " ".join(code.split())


# Links ---------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors of headings by GitHub's rules: lower case, no punctuation, duplicates numbered."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(prose(text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def relative_links(text: str) -> list[str]:
    return [link for link in _LINK.findall(prose(text)) if "://" not in link]


def broken_links(text: str, path: Path) -> list[str]:
    problems = []
    for link in relative_links(text):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists():
            problems.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(text if not name else target.read_text("utf-8")):
            problems.append(f"{link}: no such heading")
    return problems


# Files ---------------------------------------------------------------------------

FILE_NAMES = {path.name for room in ROOMS for path in (ROOT / room).rglob("*")} | {path.name for path in ROOT.iterdir()}
SOURCES = "".join(path.read_text("utf-8") for path in [*(ROOT / "phonefarm").rglob("*.py"), ROOT / "phonefarm.spec"])


def missing_files(text: str, _path: Path) -> list[str]:
    return [code for code in named(text) for word in code.split() if is_missing(word, is_alone=word == code)]


def is_missing(word: str, *, is_alone: bool) -> bool:
    """Whether a word names a missing file; among other words, a path must begin with a top-level folder."""
    if not _PATH.fullmatch(word) or word.rstrip("/").rpartition("/")[2].isupper():  # DIR, FILE: placeholders
        return False
    room, slash, _ = word.partition("/")
    if slash:
        return room not in GENERATED and (is_alone or room in ROOMS) and not (ROOT / word).exists()
    is_file = _FILE_NAME.fullmatch(word) is not None
    return is_file and word not in FILE_NAMES and word not in SOURCES  # else a file that the program writes


# Commands ------------------------------------------------------------------------

PROGRAM: Any = typer.main.get_command(app)
WINE_CHECK = Path(wine.__file__)
BENCHES = {path.stem: path for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_")}
_STARTS = {
    **dict.fromkeys(("python3 farm.py", "python farm.py", "py farm.py"), "farm.py"),
    **dict.fromkeys(("phonefarm", ".venv/bin/phonefarm"), "phonefarm"),
}


def wrong_commands(text: str, _path: Path) -> list[str]:
    return [f"{code}: {problem}" for code in named(text) if (problem := problem_of_command(code))]


def problem_of_command(code: str) -> str:
    for start, program in _STARTS.items():
        if code == start or code.startswith(f"{start} "):
            arguments = code.removeprefix(start).split()
            return problem_of_task(arguments) if program == "farm.py" else problem_of_program(arguments)
    first = code.split()[0] if code else ""
    return f"no command has {first}" if first.startswith("--") and first not in ALL_OPTIONS else ""


def problem_of_task(arguments: list[str]) -> str:
    if not arguments:
        return ""
    task, rest = arguments[0], arguments[1:]
    if task not in {*farm.LOCK_OF_TASK, "wine"}:
        return f"no task {task}"
    match task:
        case "demo":
            return problem_of_program(["demo", *rest])
        case "run":
            return problem_of_program([word for word in rest if word != "--"])
        case "bench":
            return problem_of_bench(rest)
        case "wine":
            return problem_of_wine(rest)
    return ""


def problem_of_wine(arguments: list[str]) -> str:
    own, _, others = " ".join(arguments).partition(" -- ")
    task, *options = own.split() or [""]
    if task not in {"", "TASK", *wine.TASKS}:
        return f"no task {task}"
    unknown = [word for word in options if word.startswith("--") and word not in options_in(WINE_CHECK)]
    return f"no option {unknown[0]}" if unknown else problem_of_task(others.split() if task == "run" else [])


def problem_of_bench(arguments: list[str]) -> str:
    if not arguments or arguments[0].isupper():
        return ""
    if arguments[0] not in BENCHES:
        return f"no benchmark {arguments[0]}"
    known = options_in(BENCHES[arguments[0]])
    return next((f"no option {word}" for word in arguments[1:] if word.startswith("--") and word not in known), "")


def options_in(bench: Path) -> set[str]:
    return set(re.findall(r'"(--[a-z-]+)"', bench.read_text("utf-8")))


def problem_of_program(arguments: list[str]) -> str:
    command = PROGRAM
    for word in arguments:
        if word.startswith("--"):
            if word not in options_of(command):
                return f"{command.name} has no {word}"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
        elif is_no_choice(command, word):
            return f"{command.name} knows no {word}"
    return ""


def options_of(command: Any) -> set[str]:
    return {"--help"} | {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def is_no_choice(command: Any, word: str) -> bool:
    """Whether a lower-case word is not among the choices of the command's argument."""
    return word.islower() and word not in set(TableName) and any(one.name == "table" for one in command.params)


def all_commands(command: Any) -> Iterator[Any]:
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from all_commands(inner)


ALL_OPTIONS = {name for command in all_commands(PROGRAM) for name in options_of(command)} | {
    name for script in [*BENCHES.values(), WINE_CHECK] for name in options_in(script)
}


# Settings ------------------------------------------------------------------------


def unknown_settings(text: str, _path: Path) -> list[str]:
    return [name for name in _SETTING.findall(text) if name.removeprefix(PREFIX).lower() not in Settings.model_fields]


def settings_table(text: str) -> dict[str, str]:
    return dict(_SETTING_ROW.findall(text))


def settings_of_the_code() -> dict[str, str]:
    return {f"{PREFIX}{name.upper()}": format_default(info) for name, info in Settings.model_fields.items()}


def format_default(info: Any) -> str:
    """A default in the table's notation."""
    match info.default:
        case _ if info.default_factory is not None:
            return "the user's data folder"
        case None | "":
            return "none"
        case bool() as switch:
            return f"`{str(switch).lower()}`"
        case float() as number:
            return f"`{number:g}`"
        case other:
            return f"`{other}`"


# Tests ---------------------------------------------------------------------------

CHECKS: list[Check] = [broken_links, missing_files, wrong_commands, unknown_settings]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
@pytest.mark.parametrize("check", CHECKS)
def test_document_names_only_what_exists(check: Check, path: Path) -> None:
    assert check(path.read_text("utf-8"), path) == []


@pytest.mark.parametrize(
    ("check", "text", "problems"),
    [
        (broken_links, "[a](docs/nowhere.md)", 1),
        (broken_links, "[a](CHANGELOG.md#nowhere)", 1),
        (broken_links, "# Here, twice\n[a](#here-twice) [b](CHANGELOG.md#unreleased) [c](https://x.y/z.md)", 0),
        (missing_files, "`phonefarm/nowhere.py`, `nowhere.py`, `nowhere/at_all.csv`", 3),
        (missing_files, "```\npython -m pytest tests/nowhere.py\n```", 1),
        (missing_files, "`farm.py`, `ui/pages/`, `settings.toml`, `/health`, `.venv/bin/python`, `export FILE`", 0),
        (wrong_commands, "`python3 farm.py fly`, `phonefarm fly`, `python3 farm.py run -- numbers fly FILE`", 3),
        (wrong_commands, "`phonefarm status --loud`, `python3 farm.py demo --loud`, `--loud`", 3),
        (wrong_commands, "`python3 farm.py bench nowhere`, `python3 farm.py bench arrival --loud`", 2),
        (wrong_commands, "`phonefarm export secrets FILE`", 1),
        (wrong_commands, "```\npython3 farm.py fly   # away\n```", 1),
        (wrong_commands, "`phonefarm export rents FILE`, `python3 farm.py run -- status --json`, `--seconds 30`", 0),
        (unknown_settings, f"`{PREFIX}NOWHERE`", 1),
        (unknown_settings, f"`{PREFIX}LISTEN`, `{PREFIX}*`", 0),
    ],
)
def test_checks_find_exactly_the_problems(check: Check, text: str, problems: int) -> None:
    assert len(check(text, ROOT / "README.md")) == problems


def test_every_document_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path.suffix != ".md" or path in reached:
            continue
        reached.add(path)
        links = relative_links(path.read_text("utf-8"))
        waiting += [(path.parent / link.partition("#")[0]).resolve() for link in links if not link.startswith("#")]

    assert set(DOCUMENTS) - reached == set()


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= MOST_LINES_OF_README


def test_guide_lists_every_setting_with_its_default() -> None:
    table = settings_table((ROOT / "docs" / "guide" / "settings.md").read_text("utf-8"))

    assert table == settings_of_the_code()


def test_every_decision_has_its_four_parts_and_a_number_of_its_own() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    listed = relative_links((folder / "README.md").read_text("utf-8"))

    assert [int(path.name[:3]) for path in decisions] == list(range(1, len(decisions) + 1))
    assert {path.name for path in decisions} == {link for link in listed if "/" not in link}
    for path in decisions:
        title, *parts = re.split(r"^#+ ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
        assert title.startswith(f"{path.name[:3]}. "), path.name
        assert [part.splitlines()[0] for part in parts] == PARTS_OF_A_DECISION, path.name
        assert all(part.partition("\n")[2].strip() for part in parts), path.name


def test_every_farm_test_has_the_farm_mark() -> None:
    unmarked = [
        path.name
        for path in (ROOT / "tests" / "farm").glob("test_*.py")
        if "pytest.mark.farm" not in path.read_text("utf-8")
    ]

    assert unmarked == []


def test_version_has_one_source() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "phonefarm/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", phonefarm.__version__)


def test_program_does_not_depend_on_build_tools() -> None:
    assert "hatchling" not in (ROOT / farm.RUNTIME).read_text("utf-8")
    assert "hatchling==" in (ROOT / farm.BUILD).read_text("utf-8")

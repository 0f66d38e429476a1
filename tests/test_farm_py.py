"""farm.py: when it creates an environment, which packages it finds missing, which commands it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import farm


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout whose path no single code page can encode."""
    tmp_path = tmp_path / "Иван Петров Ä"
    (tmp_path / "requirements").mkdir(parents=True)
    for name in ("pyproject.toml", farm.RUNTIME, farm.DEVELOPMENT, farm.BUILD):
        (tmp_path / name).write_text(name, "utf-8")
    monkeypatch.setattr(farm, "ROOT", tmp_path)
    monkeypatch.setattr(farm, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(farm, "STAMP", tmp_path / ".venv" / "farm-stamp")
    monkeypatch.setattr(farm, "LOCK_FILE", tmp_path / ".venv.lock")
    return tmp_path


class FakeInstall:
    """Replaces venv and pip, and records their calls."""

    def __init__(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.breaks = False
        self._python = farm.venv_python()
        monkeypatch.setattr(farm, "create_venv", self.create_venv)
        monkeypatch.setattr(farm, "pip", self.pip)

    def create_venv(self) -> None:
        self.calls.append("venv")
        self._python.parent.mkdir(parents=True, exist_ok=True)
        self._python.touch()

    def pip(self, *arguments: str) -> None:
        if self.breaks:
            raise farm.Stop("interrupted")
        if "--editable" in arguments:  # like hatchling
            farm.site_packages().mkdir(parents=True, exist_ok=True)
            (farm.site_packages() / farm.SOURCES_FILE).write_text(str(farm.ROOT), "utf-8")
        self.calls.append(next(word for word in ("--editable", "--requirement") if word in arguments))


@pytest.fixture
def install(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> FakeInstall:
    return FakeInstall(checkout, monkeypatch)


FULL_INSTALL = ["venv", "--requirement", "--editable"]


def test_the_first_start_installs_and_the_second_does_not(install: FakeInstall) -> None:
    farm.make_environment(farm.RUNTIME)
    farm.make_environment(farm.RUNTIME)

    assert install.calls == FULL_INSTALL


def test_an_environment_for_development_serves_for_running(install: FakeInstall) -> None:
    farm.make_environment(farm.DEVELOPMENT)
    farm.make_environment(farm.RUNTIME)
    farm.make_environment(farm.DEVELOPMENT)

    assert install.calls == FULL_INSTALL


def test_an_environment_for_running_is_completed_for_development(install: FakeInstall) -> None:
    farm.make_environment(farm.RUNTIME)
    farm.make_environment(farm.DEVELOPMENT)

    assert install.calls == FULL_INSTALL * 2


@pytest.mark.parametrize("changed", [farm.RUNTIME, farm.BUILD, "pyproject.toml"])
def test_a_changed_lock_or_project_is_installed_again(install: FakeInstall, checkout: Path, changed: str) -> None:
    farm.make_environment(farm.RUNTIME)
    (checkout / changed).write_text("another", "utf-8")
    farm.make_environment(farm.RUNTIME)

    assert install.calls == FULL_INSTALL * 2


def test_an_interrupted_install_is_done_again(install: FakeInstall) -> None:
    farm.make_environment(farm.RUNTIME)
    install.breaks = True
    with pytest.raises(farm.Stop):
        farm.make_environment(farm.DEVELOPMENT)
    install.breaks = False
    install.calls.clear()

    farm.make_environment(farm.RUNTIME)

    assert install.calls == FULL_INSTALL


def test_the_environment_finds_the_sources_in_every_code_page(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python before 3.13 reads the .pth file in the system's code page, here ASCII, and may fail."""
    create_venv = farm.create_venv
    install = FakeInstall(checkout, monkeypatch)
    monkeypatch.setattr(farm, "create_venv", create_venv)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(farm.VENV)], check=True, timeout=120)
    monkeypatch.setattr(farm, "venv_version", lambda: sys.version.split()[0])
    (checkout / "phonefarm.py").write_text("print('found')", "utf-8")
    farm.make_environment(farm.RUNTIME)

    plain = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    plain.pop("PYTHONPATH", None)
    found = subprocess.run(
        [str(farm.venv_python()), "-c", "import phonefarm"],
        env=plain,
        cwd=checkout.parent,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert install.calls == ["--requirement", "--editable"]
    assert (found.returncode, found.stdout.strip()) == (0, b"found"), found.stderr.decode("utf-8", "replace")
    assert (farm.site_packages() / farm.SOURCES_FILE).read_bytes().isascii()


def test_an_environment_with_pips_own_source_path_is_stale(install: FakeInstall) -> None:
    former = {name: value for name, value in farm.wanted_stamp(farm.RUNTIME).items() if name != "sources"}

    assert not farm.is_ready(former, farm.wanted_stamp(farm.RUNTIME))


def test_a_path_that_the_output_cannot_encode_is_printed_with_replacements() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import farm\n"
        "farm.replace_unencodable_output(); print('== making', 'Иван')"
    )
    command = [sys.executable, "-c", code, str(Path(farm.__file__).parent)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    output = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout

    assert output.strip() == b"== making ????"


def test_an_environment_of_another_python_or_place_is_stale(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = farm.wanted_stamp(farm.RUNTIME)

    assert farm.is_ready(dict(wanted), wanted)
    assert not farm.is_ready({**wanted, "python": "3.99.0"}, wanted)
    assert not farm.is_ready({**wanted, "place": "/elsewhere"}, wanted)
    assert not farm.is_ready({}, wanted)


def test_a_stamp_without_its_python_is_ignored(install: FakeInstall) -> None:
    farm.make_environment(farm.RUNTIME)
    farm.venv_python().unlink()

    assert farm.read_stamp() == {}


def test_two_farm_pys_exclude_each_other(checkout: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import farm; from pathlib import Path\n"
        "farm.LOCK_FILE = Path(sys.argv[2])\n"
        "with farm.LOCK_FILE.open('a+b') as f: print(farm.try_lock(f.fileno()))"
    )
    command = [sys.executable, "-c", code, str(Path(farm.__file__).parent), str(farm.LOCK_FILE)]

    with farm.hold_checkout_lock():
        during = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    after = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert (during.strip(), after.strip()) == ("False", "True")


def test_an_old_python_gets_an_error_with_a_remedy() -> None:
    with pytest.raises(farm.Stop, match=r"this is Python 3\.9.*3\.11 or newer"):
        farm.check_python((3, 9))
    farm.check_python((3, 11))
    farm.check_python((3, 14))


# Commands -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "options", "expected"),
    [
        ("demo", [], ["-m", "phonefarm", "demo"]),
        ("demo", ["--phones", "3", "--headless"], ["-m", "phonefarm", "demo", "--phones", "3", "--headless"]),
        ("run", [], ["-m", "phonefarm"]),
        ("run", ["--", "status", "--json"], ["-m", "phonefarm", "status", "--json"]),
        ("run", ["status", "--json"], ["-m", "phonefarm", "status", "--json"]),
        ("run", ["--", "x", "--", "y"], ["-m", "phonefarm", "x", "--", "y"]),
    ],
)
def test_options_are_passed_as_they_are(task: str, options: list[str], expected: list[str]) -> None:
    assert farm.build_command(task, options) == [str(farm.venv_python()), *expected]


def test_a_benchmark_is_run_by_name(checkout: Path) -> None:
    (checkout / "bench").mkdir()
    (checkout / "bench" / "polling.py").touch()
    (checkout / "bench" / "_shared.py").touch()

    assert farm.build_command("bench", ["polling", "-n", "5"])[1:] == [
        str(checkout / "bench" / "polling.py"),
        "-n",
        "5",
    ]
    for unknown in ([], ["other"], ["_shared"]):
        with pytest.raises(farm.Stop, match=r"benchmarks: polling$"):
            farm.build_command("bench", unknown)


@pytest.mark.parametrize("arguments", [[], ["dance"], ["--help"]])
def test_an_unknown_task_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert farm.main(arguments) == 2
    assert "farm.py demo" in capsys.readouterr().err


@pytest.mark.parametrize(("failing", "code"), [("ruff check", 1), ("mypy", 1), ("pytest", 1), ("none", 0)])
def test_the_gate_runs_every_check_and_the_tests_last(failing: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def step(name: str, command: list[str], within: float | None = None) -> int:
        ran.append(name)
        return 1 if name == failing else 0

    monkeypatch.setattr(farm, "step", step)

    assert farm.run_gate([]) == code
    assert ran == ["ruff check", "ruff format", "import rules", "mypy", "pytest"]


def test_a_step_that_hangs_is_a_failure() -> None:
    assert farm.step("sleep", [sys.executable, "-c", "import time; time.sleep(60)"], within=0.2) == 124


# System packages --------------------------------------------------------------------


def test_a_window_needs_more_libraries_and_other_systems_need_none() -> None:
    offscreen = farm.wanted_libraries("linux", with_window=False)

    assert "libegl1" in offscreen
    assert "libxcb-cursor0" not in offscreen
    assert "libxcb-cursor0" in farm.wanted_libraries("linux", with_window=True)
    assert farm.wanted_libraries("win32", with_window=True) == {}


def test_a_library_that_cannot_be_loaded_is_named_by_its_package() -> None:
    assert farm.missing_libraries({"libno1": "libno-such-library.so.1"}) == ["libno1"]


@pytest.mark.skipif(sys.platform == "win32", reason="apt-get")
def test_without_root_the_install_command_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(farm.Stop, match="sudo apt-get update && sudo apt-get install -y libegl1 libgl1"):
        farm.provide_packages(["libegl1", "libgl1"], "the libraries of the window")


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(farm.Stop, match="On Debian they are in: libegl1"):
        farm.provide_packages(["libegl1"], "the libraries of the window")


@pytest.mark.parametrize(("task", "goes_on"), [("demo", True), ("run", True), ("test", False), ("build", False)])
def test_a_task_without_a_window_continues_without_its_libraries(
    task: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def provide(packages: list[str], what: str) -> None:
        raise farm.Stop(f"missing {packages[0]}")

    monkeypatch.setattr(farm, "missing_libraries", lambda _: ["libegl1"])
    monkeypatch.setattr(farm, "provide_packages", provide)

    if goes_on:
        farm.provide_qt_libraries(task)
        assert "missing libegl1" in capsys.readouterr().err
    else:
        with pytest.raises(farm.Stop):
            farm.provide_qt_libraries(task)

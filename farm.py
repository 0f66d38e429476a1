"""Creates the environment of this checkout and runs a task in it; requires only Python 3.11 or newer.

python3 farm.py demo [--headless] [--phones N] [--seconds S] [--screenshots DIR]
python3 farm.py run -- serve          any command of phonefarm
python3 farm.py test [pytest options] the gate
python3 farm.py build                 the executable, and its self-test
python3 farm.py bench NAME [...]      a benchmark of bench/
python3 farm.py wine [TASK]           the check with Windows Python under Wine (root on Debian; docs/windows.md)
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "farm-stamp"
SOURCES_FILE = "_phonefarm.pth"
"""The .pth file of the editable install, by which Python finds the sources."""
LOCK_FILE = ROOT / ".venv.lock"
OTHER_FARM_PY_TIMEOUT_SECONDS = 20 * 60.0
SELF_TEST_TIMEOUT_SECONDS = 180.0
WINDOWS = sys.platform == "win32"

RUNTIME, DEVELOPMENT = "requirements/runtime.txt", "requirements/development.txt"
SYSTEM_PROGRAMS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
BUILD = "requirements/build.txt"
"""Build requirements of the editable install."""
WINE_CHECK = ROOT / "tools" / "wine" / "wine.py"
LOCK_OF_TASK = {"demo": RUNTIME, "run": RUNTIME, "test": DEVELOPMENT, "build": DEVELOPMENT, "bench": DEVELOPMENT}

# Debian packages, and the library of each that Qt needs.
QT_LIBRARIES = {
    "libgl1": "libGL.so.1",
    "libegl1": "libEGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
}
QT_WINDOW_LIBRARIES = {
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libx11-xcb1": "libX11-xcb.so.1",
}


class Stop(Exception):
    """An error with its remedy, for the user; the exit code is 1."""


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["wine"]:
        return exec_command([sys.executable, str(WINE_CHECK), *arguments[1:]])
    if not arguments or arguments[0] not in LOCK_OF_TASK:
        print(__doc__, file=sys.stderr)
        return 2
    task, options = arguments[0], arguments[1:]
    replace_unencodable_output()
    try:
        check_python(sys.version_info[:2])
        make_environment(LOCK_OF_TASK[task])
        provide_qt_libraries(task)
        if task == "build":
            provide_pyinstaller_packages()
        if task == "test":
            provide_ssh_server()
        return run_task(task, options)
    except Stop as stop:
        print(f"farm.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def replace_unencodable_output() -> None:
    """Replace characters that the encoding of a log or pipe does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def check_python(version: tuple[int, ...]) -> None:
    if version < OLDEST_PYTHON:
        raise Stop(
            f"this is Python {version[0]}.{version[1]}, and phonefarm needs 3.11 or newer. "
            "Install a newer Python and start farm.py with it, for example: python3.11 farm.py demo"
        )


# The tasks ------------------------------------------------------------------------


def run_task(task: str, options: list[str]) -> int:
    if task == "test":
        return run_gate(options)
    if task == "build":
        return build()
    return exec_command(build_command(task, options))


def build_command(task: str, options: list[str]) -> list[str]:
    python = str(venv_python())
    if task == "demo":
        return [python, "-m", "phonefarm", "demo", *options]
    if task == "run":
        return [python, "-m", "phonefarm", *(options[1:] if options[:1] == ["--"] else options)]
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_"))
    if not options or options[0] not in names:
        raise Stop(f"name one of the benchmarks: {', '.join(names) or 'there is none yet'}")
    return [python, str(ROOT / "bench" / f"{options[0]}.py"), *options[1:]]


def exec_command(command: list[str]) -> int:
    """Replace this process by the command; on Windows, wait for it and return its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the command also received it
                return process.wait()


PARALLEL_PYTEST = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
"""Two processes; the tests of a file run in one, as they may share a farm."""


def run_gate(pytest_options: list[str]) -> int:
    """Run all checks, even after a failure; pytest last, so that its summary ends the log."""
    checks = {
        "ruff check": [tool("ruff"), "check", "."],
        "ruff format": [tool("ruff"), "format", "--check", "."],
        "import rules": [tool("lint-imports")],
        "mypy": [tool("mypy")],
    }
    failed = [name for name, command in checks.items() if step(name, command) != 0]
    print(f"\n== {'FAILED: ' + ', '.join(failed) if failed else 'all checks passed'}; now the tests")
    tests = step("pytest", [str(venv_python()), "-m", "pytest", *(pytest_options or PARALLEL_PYTEST)])
    return 1 if failed or tests != 0 else 0


def build() -> int:
    command = [str(venv_python()), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "phonefarm.spec"]
    if step("PyInstaller", command) != 0:
        raise Stop("the executable could not be built; see the output above.")
    folder = ROOT / "dist" / "phonefarm"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"== {folder}: {size / 1e6:.0f} MB")
    if (
        step(
            "self-test of the executable", [str(built_program(folder)), "--self-test"], within=SELF_TEST_TIMEOUT_SECONDS
        )
        != 0
    ):
        raise Stop("the executable was built, but its self-test failed; see the output above.")
    return 0


def built_program(folder: Path) -> Path:
    return folder / ("phonefarm-cli.exe" if WINDOWS else "phonefarm")


def step(name: str, command: list[str], within: float | None = None) -> int:
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    try:
        code = subprocess.run(command, cwd=ROOT, env=environment, timeout=within, check=False).returncode
    except subprocess.TimeoutExpired:
        code = 124
    if name != "pytest":
        print(f"== {name}: {'ok' if code == 0 else f'FAILED ({code})'} after {time.monotonic() - started:.0f} s")
    return code


# The environment --------------------------------------------------------------------


def make_environment(lock: str) -> None:
    """Install what the lock specifies into .venv, unless it is up to date."""
    if is_ready(read_stamp(), wanted_stamp(lock)):
        return
    with hold_checkout_lock():
        if is_ready(read_stamp(), wanted_stamp(lock)):  # another farm.py has made it meanwhile
            return
        STAMP.unlink(missing_ok=True)
        create_venv()
        print(f"== installing {lock}; the first time this takes about a minute", flush=True)
        locks = [argument for name in (lock, BUILD) for argument in ("--requirement", str(ROOT / name))]
        pip("install", "--require-hashes", "--no-deps", *locks)
        pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        (site_packages() / SOURCES_FILE).write_text(f"{relative_source_path()}\n", "ascii")
        write_stamp(wanted_stamp(lock))


def wanted_stamp(lock: str) -> dict[str, str]:
    """The inputs of an environment; a change of Python, path or lock makes it stale."""
    stamp = {
        "python": sys.version.split()[0],
        "place": str(ROOT),
        "sources": relative_source_path(),
        "project": digest("pyproject.toml"),
        RUNTIME: digest(RUNTIME),
        BUILD: digest(BUILD),
    }
    if lock == DEVELOPMENT:
        stamp[DEVELOPMENT] = digest(DEVELOPMENT)
    return stamp


def is_ready(found: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether the environment has at least the wanted inputs; a development one may also run the program."""
    return all(found.get(name) == value for name, value in wanted.items())


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def site_packages() -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))


def relative_source_path() -> str:
    """The relative path from site-packages to this checkout, which is always ASCII.

    pip writes the absolute path in UTF-8, but Python before 3.13 reads it in the system's code page.
    """
    return Path(os.path.relpath(ROOT, site_packages())).as_posix()


def read_stamp() -> dict[str, str]:
    if not venv_python().is_file():
        return {}
    try:
        lines = STAMP.read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def write_stamp(stamp: dict[str, str]) -> None:
    """Needs no atomic write: an incomplete stamp only makes the environment stale."""
    STAMP.write_text("".join(f"{name}={value}\n" for name, value in stamp.items()), "utf-8")


def create_venv() -> None:
    """Create .venv if there is none or one of another Python; an interrupted install is kept and completed."""
    if venv_version() == sys.version.split()[0]:
        return
    if importlib.util.find_spec("ensurepip") is None:
        provide_packages([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"], "Python's venv and pip")
        importlib.invalidate_caches()
    print(f"== making {VENV}", flush=True)
    base = getattr(sys, "_base_executable", None) or sys.executable
    if subprocess.run([base, "-m", "venv", "--clear", str(VENV)], check=False).returncode != 0:
        raise Stop(f"the environment {VENV} could not be created; see the output above.")


def venv_version() -> str:
    """The version of the Python in .venv; empty unless it runs and has pip."""
    code = "import sys, pip; print(sys.version.split()[0])"
    try:
        found = subprocess.run(
            [str(venv_python()), "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode("ascii", "replace").strip() if found.returncode == 0 else ""


def pip(*arguments: str) -> None:
    command = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, "-qq"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Stop("installing failed; see the output above. Start farm.py again to continue.")


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def tool(name: str) -> str:
    return str(VENV / (f"Scripts/{name}.exe" if WINDOWS else f"bin/{name}"))


@contextlib.contextmanager
def hold_checkout_lock() -> Iterator[None]:
    """Hold the checkout's lock, which the system releases even if this process is killed."""
    deadline = time.monotonic() + OTHER_FARM_PY_TIMEOUT_SECONDS
    with LOCK_FILE.open("a+b") as handle:
        waited = False
        while not try_lock(handle.fileno()):
            if time.monotonic() > deadline:
                raise Stop(f"another farm.py has held {LOCK_FILE} for too long; end it and start again.")
            if not waited:
                print("== waiting for another farm.py that makes the environment", flush=True)
            waited = True
            time.sleep(0.5)
        yield


def try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# System packages -----------------------------------------------------------------------


def provide_qt_libraries(task: str) -> None:
    """Install missing libraries as root on Debian; otherwise print how. Tasks without a window continue without."""
    # The executable bundles the libraries of the build system, so a build also needs those of the window.
    with_window = task == "build" or bool(os.environ.get("DISPLAY"))
    missing = missing_libraries(wanted_libraries(sys.platform, with_window=with_window))
    if not missing:
        return
    try:
        provide_packages(missing, "the libraries of the window")
    except Stop as stop:
        if task in ("test", "build"):
            raise
        print(f"farm.py: {stop}\nContinuing: only the window needs them.", file=sys.stderr)


def wanted_libraries(platform: str, *, with_window: bool) -> dict[str, str]:
    if not platform.startswith("linux"):
        return {}
    return {**QT_LIBRARIES, **(QT_WINDOW_LIBRARIES if with_window else {})}


def missing_libraries(wanted: dict[str, str]) -> list[str]:
    """The Debian packages whose library cannot be loaded."""
    return [package for package, library in wanted.items() if not can_load(library)]


def can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def provide_ssh_server() -> None:
    """What the tests of the SSH tunnel forward through; where it cannot be installed, they are skipped."""
    if not sys.platform.startswith("linux") or shutil.which("sshd", path=SYSTEM_PROGRAMS):
        return
    try:
        provide_packages(["openssh-server"], "the SSH server of the tests")
    except Stop as stop:
        print(f"farm.py: {stop}\nGoing on: the tests of the SSH tunnel are skipped.", file=sys.stderr)


def provide_pyinstaller_packages() -> None:
    """Install binutils and libpython, which Debian packages separately."""
    if not sys.platform.startswith("linux"):
        return
    packages = [] if shutil.which("objdump") else ["binutils"]
    library = sysconfig.get_config_var("INSTSONAME") or ""
    beside_python = Path(sysconfig.get_config_var("LIBDIR") or "", library)
    if library.endswith(".a") or not (beside_python.is_file() or can_load(library)):
        packages.append(f"libpython{sys.version_info.major}.{sys.version_info.minor}")
    if packages:
        provide_packages(packages, "the packages for PyInstaller")


def provide_packages(packages: list[str], what: str) -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        raise Stop(f"{what} are missing. On Debian they are in: {' '.join(packages)}")
    if os.geteuid() != 0:
        raise Stop(f"{what} are missing. Install them with: {install_command(packages)}")
    print(f"== installing {what}: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "--no-install-recommends", *packages]):
        if subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            raise Stop(f"{what} could not be installed. Try: {install_command(packages)}")


def install_command(packages: list[str]) -> str:
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

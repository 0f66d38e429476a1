"""Runs a scenario in a separate process and prints every import after the start of its first thread."""

from __future__ import annotations

import sys
import threading

late: dict[str, str] = {}
"""The thread that first imported a module, by module."""
threads_begun = threading.Event()


def _record_import(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and threads_begun.is_set():
        late.setdefault(str(arguments[0]), threading.current_thread().name)


def _watch_imports() -> None:
    start = threading.Thread.start

    def start_and_watch(thread: threading.Thread) -> None:
        threads_begun.set()
        start(thread)

    threading.Thread.start = start_and_watch  # type: ignore[method-assign,assignment]
    sys.addaudithook(_record_import)


def _run_command() -> None:
    from phonefarm.commands.cli import main

    sys.argv[1:] = sys.argv[2:]
    main()


def _drive_the_engine() -> None:
    """Use all parts of the engine that could import lazily: files, codecs, numbers, keyring, HTTP, a logged bug."""
    import asyncio
    import tempfile
    import time
    import urllib.error
    import urllib.request
    from datetime import UTC, datetime, timedelta
    from pathlib import Path

    from openpyxl import Workbook

    from phonefarm.application.desk.farm_desk import FarmDesk
    from phonefarm.config.settings import load_settings
    from phonefarm.domain.errors import KnownError
    from phonefarm.runtime.engine_thread import EngineThread
    from phonefarm.support.logs import SecretFilter, set_up_logs

    folder = Path(tempfile.mkdtemp())
    (folder / "numbers.csv").write_bytes(
        "iccid;number;label\n8970199000000000017;+79161234567;Полка\n".encode("cp1251")
    )
    book = Workbook()
    sheet = book.create_sheet()
    sheet.append(["iccid", "number"])
    sheet.append(["8970199000000000017", "+79161234567"])
    book.save(folder / "numbers.xlsx")
    settings = load_settings(
        data_dir=folder / "data", listen="127.0.0.1:0", admin_listen="127.0.0.1:0", adb_servers="127.0.0.1:1",
        adb_path=str(folder / "no adb"), numbers_file=str(folder / "numbers.csv"),
    )  # fmt: skip

    def fetch(address: str, path: str, body: bytes | None) -> None:
        try:
            urllib.request.urlopen(f"http://{address}{path}", body, timeout=10).read()
        except urllib.error.HTTPError as answer:
            answer.close()

    async def use(desk: FarmDesk) -> None:
        for name in ("numbers.csv", "numbers.xlsx"):
            try:
                await desk.import_numbers(str(folder / name))
            except KnownError as error:
                print(f"refused: {error}", file=sys.stderr)
        await desk.settings()
        await desk.save_settings({"api_key": "a-key", "poll_seconds": "20"})
        try:
            await desk.reconcile(str(folder / "numbers.xlsx"), datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))
        except KnownError as error:
            print(f"refused: {error}", file=sys.stderr)
        await desk.overview()

    set_up_logs(folder / "logs", SecretFilter(), to_stderr=False)
    engine = EngineThread(settings, SecretFilter())
    engine.start()
    before = engine.farm
    engine.ask(use, within=60)
    give_up_at = time.monotonic() + 30
    while engine.farm is before and time.monotonic() < give_up_at:  # the saved settings restart the farm
        time.sleep(0.01)
    fetch(engine.farm.listeners.webhooks_address, "/getServicesRent", b"{")
    fetch(engine.farm.listeners.admin_address, "/metrics", None)
    fetch(engine.farm.listeners.admin_address, "/health", None)

    async def bug() -> None:
        raise ZeroDivisionError

    done = threading.Event()

    def start_bug() -> None:
        task = asyncio.get_running_loop().create_task(bug())
        task.add_done_callback(lambda _: done.set())

    engine.loop.call_soon_threadsafe(start_bug)
    done.wait(10)
    engine.stop()


SCENARIOS = {"command": _run_command, "engine": _drive_the_engine}

if __name__ == "__main__":
    _watch_imports()
    try:
        SCENARIOS[sys.argv[1]]()
    finally:
        for module, thread in late.items():
            print(f"late import: {module} on {thread}")

"""Searches all files and outputs of an app's life cycle for a planted key and planted texts."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from phonefarm.adapters.adb.script import Section
from phonefarm.adapters.adb.sms_query import NewestText
from phonefarm.application.model.read_models import MessageRow
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.application.ports.records.numbers import SmsText
from phonefarm.application.ports.records.pushes import NewPush
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.sms import InboundSms, SmsRow
from phonefarm.simulation.farm import VirtualFarm
from phonefarm.simulation.simulation_thread import SimulationThread
from tests.checkout import CHECKOUT
from tests.farm.app_process import ADDRESSES
from tests.farm.app_with_bugs import BUGGY_SENDER
from tests.farm.harness import until
from tests.simulation.adb_server import own_adb_server

pytestmark = [
    pytest.mark.farm,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

KEY = "planted/partner+key-5e1f7ac0"
TEXT = "planted sms text 7c41e9"
TABLES = ("phones", "sims", "rents", "messages", "pushes", "bans")


# A market that echoes requests -------------------------------------------------------------

ECHO = json.dumps({"status": "ERROR", "message": "cannot take KEY TEXT", "text": "TEXT", "key": "KEY"})
ANSWERS: dict[str, list[tuple[int, str]]] = {
    "accepted": [(200, '{"status": "SUCCESS", "text": "TEXT", "key": "KEY"}')],
    "bad service": [(400, '{"error": "BAD_SERVICE", "text": "TEXT", "key": "KEY"}')],
    "parked": [(400, '{"error": "IGNORED", "message": "TEXT KEY"}')],
    "garbage": [(500, ECHO), (200, ECHO), (503, "KEY\r\nTEXT\x1b[2J"), (302, "KEY"), (200, "\x00TEXT KEY")],
    "buggy": [(200, "KEY TEXT")],
    "unauthorized": [(401, ECHO)],
}
"""Answers by the last words of a text; the last one repeats."""


class EchoingMarket(ThreadingHTTPServer):
    """Answers pushes by `ANSWERS`, and echoes key and text in every field of the answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PushHandler)
        self.pushes: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/PUSH_SMS_RENT"

    def count(self, what: str) -> int:
        return sum(str(push["text"]).endswith(what) for push in list(self.pushes))

    def answer_to(self, push: dict[str, Any]) -> tuple[int, str]:
        what = next(what for what in ANSWERS if str(push["text"]).endswith(what))
        self.pushes.append(push)
        status, body = ANSWERS[what][min(self.count(what), len(ANSWERS[what])) - 1]
        return status, body.replace("KEY", str(push["key"])).replace("TEXT", str(push["text"]))


class _PushHandler(BaseHTTPRequestHandler):
    server: EchoingMarket

    def do_POST(self) -> None:
        push = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.server.answer_to(push)
        self.send_response(status, f"{KEY} {TEXT}")
        self.send_header("Location", f"/?key={KEY}")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        return


# The life cycle ------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Artifacts:
    """The files and outputs of the app by name; those that may contain texts of SMS are separate."""

    content: dict[str, bytes] = field(default_factory=dict)
    data: Path
    exports: Path
    market: EchoingMarket

    def add(self, what: str, content: str | bytes) -> None:
        self.content[what] = self.content.get(what, b"") + (content.encode() if isinstance(content, str) else content)

    def everything(self) -> dict[str, bytes]:
        files = [path for folder in (self.data, self.exports) for path in folder.rglob("*") if path.is_file()]
        return self.content | {str(path): _read_plain(path) for path in files}


def _read_plain(path: Path) -> bytes:
    """The bytes of a file; an .xlsx is unpacked."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return b"\n".join(book.read(name) for name in book.namelist())


class App:
    """Runs commands of the app with bugs and collects their output."""

    def __init__(self, environment: dict[str, str], artifacts: Artifacts) -> None:
        self._environment = environment
        self._remains = artifacts
        self.webhooks = ""
        self.admin = ""

    def run(self, *words: str) -> int:
        done = self._command(*words)
        output, _ = done.communicate(timeout=60)
        self._remains.add(f"output of {' '.join(words[:2])}", output)
        return done.returncode

    @contextlib.contextmanager
    def serving(self, ending: signal.Signals) -> Iterator[None]:
        process = self._command("serve")
        assert process.stdout is not None
        try:
            line = process.stdout.readline().decode()
            found = ADDRESSES.search(line)
            assert found is not None, line
            self.webhooks, self.admin = f"http://{found[1]}", f"http://{found[2]}"
            self._environment["PHONEFARM_ADMIN_LISTEN"] = found[2]
            yield
            for pid in (process.pid, *_children(process.pid)):
                self._remains.add(f"arguments of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes())
            process.send_signal(ending)
            output, _ = process.communicate(timeout=20)
            self._remains.add("output of serve", line.encode() + output)
        finally:
            process.kill()
            process.communicate()
            self._environment["PHONEFARM_ADMIN_LISTEN"] = "127.0.0.1:0"

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self.ask(self.admin, "/health"))["counts"]
        return counts

    def ask(self, where: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """Make a request and return the body; collects the whole answer with its headers."""
        request = urllib.request.Request(where + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                content = bytes(answer.read())
                self._remains.add(f"answer of {path.partition('?')[0]}", str(answer.headers).encode() + content)
        except urllib.error.HTTPError as refusal:
            with refusal:
                content = refusal.read()
                self._remains.add(f"answer of {path.partition('?')[0]}", str(refusal.headers).encode() + content)
        return content

    def call(self, path: str, key: str = KEY, **fields: Any) -> dict[str, Any]:
        body = json.dumps({"key": key, "service": "rent", **fields}).encode()
        answer: dict[str, Any] = json.loads(self.ask(self.webhooks, path, body, Authorization=f"Bearer {key}"))
        return answer

    def order(self) -> tuple[int, str]:
        answer = self.call("/getNumberRent", action="GET_NUMBER", sum=320)
        return int(answer["activationId"]), str(answer["number"])

    def _command(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.farm.app_with_bugs", *words],
            env=self._environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    folder = tmp_path_factory.mktemp("planted")
    (folder / "exports").mkdir()
    with (
        EchoingMarket() as market,
        own_adb_server() as server,
        SimulationThread(lambda: VirtualFarm(2, query_seconds=0.02)) as farm,
    ):
        threading.Thread(target=market.serve_forever, daemon=True).start()
        farm.run(lambda it: it.connect_to("127.0.0.1", server.port))
        (folder / "numbers.csv").write_text(farm.sim.numbers_csv(), encoding="utf-8")
        artifacts = Artifacts(data=folder / "data", exports=folder / "exports", market=market)
        own = {
            "DATA_DIR": str(folder / "data"),
            "API_KEY": KEY,
            "LISTEN": "127.0.0.1:0",
            "ADMIN_LISTEN": "127.0.0.1:0",
            "PUSH_URL": market.url,
            "ADB_SERVERS": f"127.0.0.1:{server.port}",
            "NUMBERS_FILE": str(folder / "numbers.csv"),
            "PUSH_RETRY_SECONDS": "0.2",
            "PUSH_REFUSALS_BEFORE_PARKING": "1",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}
        app = App(kept | {f"PHONEFARM_{name}": value for name, value in own.items()}, artifacts)
        _run_life_cycle(app, farm, artifacts)
        market.shutdown()
    return artifacts


def _run_life_cycle(app: App, farm: SimulationThread[VirtualFarm], artifacts: Artifacts) -> None:
    """Run through orders and messages of all kinds, a bug, a crash, a restart and the window."""
    with app.serving(signal.SIGKILL):
        _order_and_send(app, farm, artifacts.market)
        _send_unauthenticated_calls(app)
        for page in ("/health", "/metrics"):
            app.ask(app.admin, page)
        for words in (
            ("doctor",),
            ("status",),
            ("status", "--json"),
            ("backup",),
            ("backup", f"{artifacts.exports}/b.db"),
        ):
            assert app.run(*words) == (1 if words == ("doctor",) else 0) or words == ("doctor",)
        _export(app, artifacts.exports)
    with app.serving(signal.SIGTERM):
        until(lambda: app.counts()["phones_ready"] == 2, 40, "all phones ready")
    memory = artifacts.data.parent / "window.ini"
    assert app.run("window", str(memory)) == 0
    artifacts.add("the window's state", memory.read_bytes())


def _order_and_send(app: App, farm: SimulationThread[VirtualFarm], market: EchoingMarket) -> None:
    def send(number: str, what: str, sender: str = "Shop") -> None:
        farm.run(lambda it: it.deliver(number, sender, f"{TEXT}, {what}"))

    until(lambda: app.counts()["phones_ready"] == 2, 40, "all phones ready")
    (_, one), (_, two) = app.order(), app.order()
    (stranger,) = {sim.msisdn for _, _, sim in farm.sim.sims()} - {one, two}
    send(stranger, "for nobody")
    send(one, "withheld", sender="Sberbank")
    send(one, "accepted")
    send(one, "bad service")
    send(one, "parked")
    send(one, "garbage")
    send(two, "buggy", sender=BUGGY_SENDER)
    until(lambda: market.count("garbage") == len(ANSWERS["garbage"]), what="the end of the garbage")
    until(lambda: market.count("buggy") == 1, what="the attempt after the bug")
    send(two, "unauthorized")
    until(lambda: market.count("unauthorized") == 1, what="the refused key")
    until(lambda: app.counts()["sms_received"] == 8, what="all messages stored")
    until(lambda: app.counts()["pushes_waiting"] == 1, what="one push waiting for a better key")
    app.call("/getServicesRent", action="GET_SERVICES")
    app.call("/finishActivationRent", action="FINISH_ACTIVATION", activationId=1, status=3, sum=1)


def _send_unauthenticated_calls(app: App) -> None:
    for key in (f"{KEY}x", KEY[:-1], "", "guess"):
        app.call("/getNumberRent", key=key, action="GET_NUMBER", sum=KEY, country=KEY)
    app.call("/getNumberRent", action=KEY, sum=KEY, operator=[KEY])
    where = app.webhooks
    app.ask(where, f"/getServicesRent?key={quote(KEY)}")
    app.ask(where, f"/{quote(KEY, safe='')}", b"{}")
    app.ask(where, "/getNumberRent", f'{{"key": "{KEY}'.encode())
    app.ask(where, "/getNumberRent", b"\x1f\x8b" + KEY.encode(), **{"Content-Encoding": "gzip"})
    app.ask(where, "/getNumberRent", b"{}", Authorization=f"Bearer {KEY}", Cookie=f"key={KEY}")
    app.ask(app.admin, f"/health?key={quote(KEY)}")


def _export(app: App, folder: Path) -> None:
    for table in TABLES:
        assert app.run("export", table, str(folder / f"{table}.csv")) == 0
    assert app.run("export", "messages", str(folder / "messages.xlsx")) == 0
    for ending in ("csv", "xlsx"):
        assert app.run("numbers", "export", str(folder / f"numbers.{ending}")) == 0


# The search ---------------------------------------------------------------------------------


def _encodings_of(secret: str) -> list[bytes]:
    """The encodings in which a file might contain the secret."""
    raw = secret.encode()
    return [
        raw,
        secret.encode("utf-16-le"),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        base64.b64encode(raw)[:-4],
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret)[1:-1].replace("/", "\\/").encode(),
    ]


def find_holders(secret: str, artifacts: Artifacts) -> list[str]:
    forms = _encodings_of(secret)
    return sorted(name for name, content in artifacts.everything().items() if any(form in content for form in forms))


def test_search_covers_everything(artifacts: Artifacts) -> None:
    """The search covers logs, journal, exports, answers and arguments."""
    what = " ".join(artifacts.everything())

    assert {str(push["key"]) for push in artifacts.market.pushes} == {KEY}
    for part in ("phonefarm.db", "phonefarm.log", "backups/", "b.db", "output of doctor", "output of status"):
        assert part in what
    for part in ("answer of /health", "answer of /metrics", "answer of /getNumberRent", "arguments of", "window"):
        assert part in what
    for export in (*(f"{table}.csv" for table in TABLES), "messages.xlsx", "numbers.csv", "numbers.xlsx"):
        assert export in what
    log = (artifacts.data / "logs" / "phonefarm.log").read_text(encoding="utf-8")
    assert "KeyError: (PushMessage(sms_id=" in log
    assert "a bug that speaks of [hidden]" in log


def test_key_is_nowhere(artifacts: Artifacts) -> None:
    assert find_holders(KEY, artifacts) == []


def test_texts_are_in_the_database_and_in_the_messages_export_only(artifacts: Artifacts) -> None:
    allowed = re.compile(r".*/(phonefarm\.db(-wal)?|messages\.csv|messages\.xlsx|backups/[^/]+\.db|b\.db)")

    found = find_holders(TEXT, artifacts)

    assert [what for what in found if not allowed.fullmatch(what)] == []
    assert any(what.endswith("messages.csv") for what in found)


def test_backup_holds_the_texts_that_are_still_needed_and_no_other(artifacts: Artifacts) -> None:
    for path in (artifacts.exports / "b.db", *(artifacts.data / "backups").glob("*.db")):
        held = path.read_bytes()
        texts = [what for what in (*ANSWERS, "withheld", "for nobody") if f"{TEXT}, {what}".encode() in held]
        assert set(texts) <= {"parked", "unauthorized"}


def test_market_received_every_text(artifacts: Artifacts) -> None:
    assert {str(push["text"]).removeprefix(f"{TEXT}, ") for push in artifacts.market.pushes} == set(ANSWERS)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (SmsRow, "body"),
        (InboundSms, "body"),
        (SmsText, "body"),
        (PushMessage, "text"),
        (NewPush, "text"),
        (MessageRow, "text"),
        (TimelineEntry, "body"),
        (NewestText, "text"),
        (Section, "text"),
    ],
)
def test_repr_does_not_show_texts(value: type, name: str) -> None:
    """The message of a bug may print any value."""
    (found,) = [one for one in fields(value) if one.name == name]

    assert not found.repr

"""`phonefarm certify` as a user runs it: against its own farm, against one with customers, against a careless one.

The run against its own farm lasts some forty seconds. It waits for thirty-four of them: the contract's ten until the
second attempt of a push, and twice twelve in which nothing may be sent. The other tests of this file pass meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.checkout import CHECKOUT
from tests.commands.certify.careless_farm import CarelessFarm
from tests.farm.app_process import KEY
from tests.farm.harness import Harness

pytestmark = pytest.mark.farm

CHECKS = 18
OWN_RUN_TIMEOUT_SECONDS = 150.0
END_TIMEOUT_SECONDS = 90.0


def examination(*options: str, key: str = "") -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PHONEFARM_")}
    return subprocess.Popen(
        [sys.executable, "-m", "phonefarm", "certify", *options],
        env=kept | {"PYTHONIOENCODING": "utf-8"} | ({"PHONEFARM_API_KEY": key} if key else {}),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def ended(process: subprocess.Popen[str], within: float = END_TIMEOUT_SECONDS) -> tuple[int, list[str], list[str]]:
    """Wait for the end; returns the exit code and the lines of stdout and stderr."""
    with process:
        try:
            out, err = process.communicate(timeout=within)
        finally:
            process.kill()
    return process.returncode, out.splitlines(), err.splitlines()


@pytest.fixture(scope="module", autouse=True)
def own_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Started by the first test of the file, so that the others run meanwhile."""
    report = tmp_path_factory.mktemp("certify") / "report.xml"
    process = examination("--junit", str(report))
    yield process, report
    if process.poll() is None:
        process.kill()
        process.communicate()


def test_private_farm_passes_all_checks_and_the_report_lists_them(
    own_run: tuple[subprocess.Popen[str], Path],
) -> None:
    process, report = own_run

    code, said, complaints = ended(process, OWN_RUN_TIMEOUT_SECONDS)

    assert (code, complaints) == (0, [])
    assert said[-1] == f"The farm passes: {CHECKS} passed, 0 failed, 0 skipped."
    assert all(line.startswith("ok   ") for line in said[:-1])
    suite = ElementTree.parse(report).getroot()
    assert [suite.get(name) for name in ("tests", "failures", "skipped", "errors")] == [str(CHECKS), "0", "0", "0"]
    assert [f"ok   {case.get('name')}: {case.findtext('system-out')}" for case in suite] == said[:-1]


def test_farm_with_a_customers_rent_is_checked_only_with_the_option_and_keeps_the_rent(harness: Harness) -> None:
    harness.open_app()
    rent = harness.order()
    counts = harness.app.counts()
    admin = harness.app.admin.removeprefix("http://")

    refused = ended(examination("--url", harness.app.webhooks, "--admin", admin, key=KEY))
    ordered_meanwhile = harness.app.counts()["numbers_on_offer"] - counts["numbers_on_offer"]
    examined = ended(examination("--url", harness.app.webhooks, "--admin", admin, "--even-with-open-rents", key=KEY))

    assert refused[:2] == (1, [])
    (complaint,) = refused[2]
    assert complaint.startswith("phonefarm: 1 rents of customers are open on that farm")
    assert ordered_meanwhile == 0
    assert (examined[0], examined[2]) == (0, [])
    assert examined[1][-1].startswith("The farm passes as far as it could be examined: ")
    assert harness.app.counts()["rents_open"] == 1
    harness.send(rent.msisdn, "for the customer")
    harness.until_texts(rent, "for the customer")


async def test_farm_that_breaks_a_rule_ends_with_one_and_the_report_names_it(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    async with CarelessFarm("double issue", key=KEY) as farm:
        options = ("--url", farm.url, "--even-with-open-rents", "--junit", str(report))

        code, said, complaints = await asyncio.to_thread(lambda: ended(examination(*options, key=KEY)))

    assert (code, complaints) == (1, [])
    assert said[-1].startswith("The farm would FAIL the acceptance: ")
    failures = [case.get("name") for case in ElementTree.parse(report).getroot() if case.find("failure") is not None]
    assert "30 equal orders at once get different numbers" in failures


@pytest.mark.parametrize(
    ("options", "key", "code"),
    [
        (("--url", "http://127.0.0.1:9"), "", 2),
        (("--url", "http://127.0.0.1:9", "--admin", "127.0.0.1:9"), KEY, 1),
    ],
)
def test_errors_of_certify_differ_from_wrong_usage(options: tuple[str, ...], key: str, code: int) -> None:
    found, said, complaints = ended(examination(*options, key=key))

    assert (found, said) == (code, [])
    assert complaints
    assert "Traceback" not in "".join(complaints)

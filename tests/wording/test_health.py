"""Every finding of a health check is a short phrase, in /health and in the window."""

from __future__ import annotations

import pytest

from phonefarm.domain.fields import PlainValue
from phonefarm.domain.health import Health, HealthKind, health, problem
from phonefarm.wording.health import health_text

NUMBERS: dict[str, PlainValue] = {"count": 12, "unused": 0, "objection": "", "left_out": 0, "reasons": ""}
PHRASES = [
    (health(HealthKind.NOT_STARTED), "not started"),
    (problem("disk {full}"), "disk {full}"),
    (health(HealthKind.RUNNING), "running"),
    (health(HealthKind.IN_ORDER), "in order"),
    (health(HealthKind.BUG, task="pushes", error="KeyError"), "bug in 'pushes' (KeyError); see the log"),
    (health(HealthKind.LISTENS, port="8080"), "port 8080"),
    (health(HealthKind.ADMIN_PORT_ANSWERS), "admin port: answers"),
    (health(HealthKind.ADMIN_PORT_FAILS, problem="is taken"), "admin port: is taken"),
    (health(HealthKind.ADB_ANSWERS, version="1.0.41"), "adb 1.0.41 answers"),
    (Health(kind=HealthKind.NUMBERS_READ, fields=NUMBERS), "12 numbers from the file"),
    (
        Health(kind=HealthKind.NUMBERS_READ, fields={**NUMBERS, "unused": 2, "objection": "of another country"}),
        "12 numbers from the file, 2 of them not used: of another country",
    ),
    (
        Health(kind=HealthKind.NUMBERS_READ, fields={**NUMBERS, "left_out": 1, "reasons": "line 3: no ICCID"}),
        "12 numbers from the file, 1 line left out: line 3: no ICCID",
    ),
    (health(HealthKind.NOTHING_PUSHED), "nothing pushed yet"),
    (health(HealthKind.ACCEPTS), "accepts messages"),
    (health(HealthKind.REFUSED_ONE, token="IGNORED"), "answers; it refused a message with IGNORED"),
    (health(HealthKind.UNREADABLE), "answers; what it said of a message could not be read"),
    (health(HealthKind.PUSH_FAILED), "a push failed just now"),
    (health(HealthKind.UNREACHABLE, cause="no connection: refused"), "cannot be reached (no connection: refused)"),
    (health(HealthKind.ERRORS, http_status=502), "answers with errors (502)"),
    (health(HealthKind.ERRORS, http_status=200), "answers with errors (200 with an error in the body)"),
    (health(HealthKind.RENT_UNKNOWN), "NO_OPERATION for a rent that is open: check the setting sms_id"),
    (health(HealthKind.KEY_REFUSED, http_status=401), "HTTP 401: the key is refused"),
    (health(HealthKind.KEY_MISSING), "the Onlinesim key is not set"),
    (health(HealthKind.KEY_UNKNOWN, cause="it is locked"), "the Onlinesim key is not known: it is locked"),
    (health(HealthKind.PUSH_URL_MISSING), "the push URL is not set"),
    (health(HealthKind.SELLING_PAUSED, by="the user"), "selling is paused by the user"),
    (health(HealthKind.CLOCK_TOO_EARLY, date="1980-01-01"), "this PC's clock says 1980-01-01: set it"),
    (
        health(HealthKind.CLOCK_BEHIND, minutes=60, phones=3),
        "this PC's clock is 60 min behind the clocks of 3 phones: set it",
    ),
    (
        health(HealthKind.CLOCK_AHEAD, minutes=60, phones=3),
        "this PC's clock is 60 min ahead of the clocks of 3 phones: set it",
    ),
    (health(HealthKind.PUBLIC_ADDRESS_MISSING), "no public address"),
    (health(HealthKind.TUNNEL_STARTING), "starting"),
    (health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=84), "answers in 84 ms"),
    (
        health(HealthKind.PUBLIC_HOST_UNKNOWN, host="a.example"),
        "the name a.example is not known: check the address, or wait for the DNS",
    ),
    (health(HealthKind.PUBLIC_ADDRESS_SILENT, cause="refused"), "no answer from outside (refused)"),
    (health(HealthKind.PUBLIC_CERTIFICATE_WRONG, cause="expired"), "the certificate is not accepted (expired)"),
    (
        health(HealthKind.PUBLIC_ADDRESS_ERRORS, http_status=502),
        "the other side answers with HTTP 502, not phonefarm",
    ),
    (health(HealthKind.PUBLIC_ADDRESS_FOREIGN), "something else answers there: check where the address leads"),
    (health(HealthKind.TUNNEL_WITHOUT_URL, program="tuna"), "tuna runs and has named no URL"),
    (
        health(HealthKind.TUNNEL_PROGRAM_MISSING, program="tuna"),
        "the program tuna is not installed: install it, or choose another tunnel",
    ),
    (
        health(HealthKind.TUNNEL_PROGRAM_ENDED, program="tuna", code=1, last_line="no account"),
        "tuna ended with code 1: no account",
    ),
    (
        health(HealthKind.SSH_SERVER_SILENT, server="me@host:22", cause="refused"),
        "the SSH server me@host:22 cannot be reached (refused)",
    ),
    (
        health(HealthKind.SSH_KEY_REFUSED, server="me@host:22"),
        "me@host:22 does not accept phonefarm's key: add it to authorized_keys there",
    ),
    (
        health(HealthKind.SSH_HOST_KEY_NEW, server="me@host:22", fingerprint="SHA256:a"),
        "confirm the key of me@host:22: SHA256:a",
    ),
    (
        health(HealthKind.SSH_HOST_KEY_CHANGED, server="me@host:22", fingerprint="SHA256:a"),
        "me@host:22 shows another key than before: SHA256:a. Confirm it only if you know why",
    ),
    (
        health(HealthKind.SSH_FORWARD_REFUSED, server="me@host:22", port=8080),
        "me@host:22 does not forward port 8080: is it taken, or is AllowTcpForwarding off?",
    ),
    (
        health(HealthKind.SSH_ENDED, server="me@host:22", cause="lost"),
        "the connection to me@host:22 ended (lost)",
    ),
]


@pytest.mark.parametrize(("found", "phrase"), PHRASES, ids=lambda value: str(value)[:40])
def test_finding_is_told_in_a_phrase(found: Health, phrase: str) -> None:
    assert health_text(found) == phrase


def test_every_kind_of_finding_has_a_phrase() -> None:
    assert {found.kind for found, _ in PHRASES} == set(HealthKind)


def test_template_is_translated_before_its_values_are_put_in() -> None:
    found = health(HealthKind.ADB_ANSWERS, version="1.0.41")

    assert health_text(found, {"adb {version} answers": "adb {version} отвечает"}.__getitem__) == "adb 1.0.41 отвечает"

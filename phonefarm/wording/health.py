"""The phrases of health checks."""

from __future__ import annotations

from collections.abc import Callable

from phonefarm.domain.fields import Fields
from phonefarm.domain.health import Health, HealthKind

Kind = HealthKind
Translate = Callable[[str], str]

PHRASES = {
    Kind.NOT_STARTED: "not started",
    Kind.PROBLEM: "{problem}",
    Kind.RUNNING: "running",
    Kind.IN_ORDER: "in order",
    Kind.BUG: "bug in '{task}' ({error}); see the log",
    Kind.LISTENS: "port {port}",
    Kind.ADMIN_PORT_ANSWERS: "admin port: answers",
    Kind.ADMIN_PORT_FAILS: "admin port: {problem}",
    Kind.ADB_ANSWERS: "adb {version} answers",
    Kind.NUMBERS_READ: "{count} numbers from the file",
    Kind.NOTHING_PUSHED: "nothing pushed yet",
    Kind.ACCEPTS: "accepts messages",
    Kind.REFUSED_ONE: "answers; it refused a message with {token}",
    Kind.UNREADABLE: "answers; what it said of a message could not be read",
    Kind.PUSH_FAILED: "a push failed just now",
    Kind.UNREACHABLE: "cannot be reached ({cause})",
    Kind.ERRORS: "answers with errors ({http_status})",
    Kind.RENT_UNKNOWN: "NO_OPERATION for a rent that is open: check the setting sms_id",
    Kind.KEY_REFUSED: "HTTP {http_status}: the key is refused",
    Kind.KEY_MISSING: "the Onlinesim key is not set",
    Kind.KEY_UNKNOWN: "the Onlinesim key is not known: {cause}",
    Kind.PUSH_URL_MISSING: "the push URL is not set",
    Kind.SELLING_PAUSED: "selling is paused by {by}",
    Kind.CLOCK_TOO_EARLY: "this PC's clock says {date}: set it",
    Kind.CLOCK_BEHIND: "this PC's clock is {minutes} min behind the clocks of {phones} phones: set it",
    Kind.CLOCK_AHEAD: "this PC's clock is {minutes} min ahead of the clocks of {phones} phones: set it",
    Kind.PUBLIC_ADDRESS_MISSING: "no public address",
    Kind.TUNNEL_STARTING: "starting",
    Kind.PUBLIC_ADDRESS_ANSWERS: "answers in {milliseconds} ms",
    Kind.PUBLIC_HOST_UNKNOWN: "the name {host} is not known: check the address, or wait for the DNS",
    Kind.PUBLIC_ADDRESS_SILENT: "no answer from outside ({cause})",
    Kind.PUBLIC_CERTIFICATE_WRONG: "the certificate is not accepted ({cause})",
    Kind.PUBLIC_ADDRESS_ERRORS: "the other side answers with HTTP {http_status}, not phonefarm",
    Kind.PUBLIC_ADDRESS_FOREIGN: "something else answers there: check where the address leads",
    Kind.TUNNEL_WITHOUT_URL: "{program} runs and has named no URL",
    Kind.TUNNEL_PROGRAM_MISSING: "the program {program} is not installed: install it, or choose another tunnel",
    Kind.TUNNEL_PROGRAM_ENDED: "{program} ended with code {code}: {last_line}",
    Kind.SSH_SERVER_SILENT: "the SSH server {server} cannot be reached ({cause})",
    Kind.SSH_KEY_REFUSED: "{server} does not accept phonefarm's key: add it to authorized_keys there",
    Kind.SSH_HOST_KEY_NEW: "confirm the key of {server}: {fingerprint}",
    Kind.SSH_HOST_KEY_CHANGED: "{server} shows another key than before: {fingerprint}. Confirm it only if you know why",
    Kind.SSH_FORWARD_REFUSED: "{server} does not forward port {port}: is it taken, or is AllowTcpForwarding off?",
    Kind.SSH_ENDED: "the connection to {server} ended ({cause})",
}
ERROR_IN_BODY = "answers with errors (200 with an error in the body)"
UNUSED = "{unused} of them not used: {objection}"
LEFT_OUT = ("1 line left out: {reasons}", "{left_out} lines left out: {reasons}")


def health_text(health: Health, translate: Translate = str) -> str:
    """A short phrase; `translate` brings each template into the user's language."""
    phrases = [PHRASES[health.kind]]
    match health.kind:
        case Kind.ERRORS if health.fields["http_status"] == 200:
            phrases = [ERROR_IN_BODY]
        case Kind.NUMBERS_READ:
            phrases += _numbers_phrases(health.fields)
        case _:
            pass
    return ", ".join(translate(phrase).format(**health.fields) for phrase in phrases)


def _numbers_phrases(fields: Fields) -> list[str]:
    left_out = [LEFT_OUT[0] if fields["left_out"] == 1 else LEFT_OUT[1]] if fields["left_out"] else []
    return [UNUSED, *left_out] if fields["unused"] else left_out

"""Only this very process answers its probe; every other end of one is named."""

from __future__ import annotations

import asyncio

import pytest

from phonefarm.adapters.tunnel.prober import HttpProber, ProbeIdentity
from phonefarm.domain.health import HealthKind
from tests.adapters.tunnel.conftest import Webhooks
from tests.adapters.tunnel.ssh_server import free_port


def prober_of(webhooks: Webhooks) -> tuple[HttpProber, str]:
    return HttpProber(webhooks.identity, "/probe"), f"http://127.0.0.1:{webhooks.port}"


async def test_own_answer_is_recognised(webhooks: Webhooks) -> None:
    prober, url = prober_of(webhooks)

    result = await prober.probe(url, within=5)

    assert result.is_answered
    assert result.health.kind is HealthKind.PUBLIC_ADDRESS_ANSWERS


async def test_answer_of_another_instance_is_foreign(webhooks: Webhooks) -> None:
    _, url = prober_of(webhooks)

    result = await HttpProber(ProbeIdentity(), "/probe").probe(url, within=5)

    assert not result.is_answered
    assert result.health.kind is HealthKind.PUBLIC_ADDRESS_FOREIGN


@pytest.mark.parametrize(
    "body", ["", "not json", "[]", '{"proof": 7}', '{"proof": "ключ"}', '{"proof": ""}', "x" * 99_999]
)
async def test_what_is_no_proof_is_foreign(webhooks: Webhooks, body: str) -> None:
    prober, url = prober_of(webhooks)
    webhooks.body = body

    assert (await prober.probe(url, within=5)).health.kind is HealthKind.PUBLIC_ADDRESS_FOREIGN


@pytest.mark.parametrize("status", [302, 401, 404, 502, 530])
async def test_error_of_the_tunnels_other_side_says_its_status(webhooks: Webhooks, status: int) -> None:
    prober, url = prober_of(webhooks)
    webhooks.body, webhooks.status = "tunnel not found", status

    result = await prober.probe(url, within=5)

    assert result.health.kind is HealthKind.PUBLIC_ADDRESS_ERRORS
    assert result.health.fields["http_status"] == status


async def test_name_that_is_not_known_is_said() -> None:
    result = await HttpProber(ProbeIdentity(), "/probe").probe("https://no-such-name.invalid", within=5)

    assert result.health.kind is HealthKind.PUBLIC_HOST_UNKNOWN
    assert result.health.fields["host"] == "no-such-name.invalid"


async def test_port_that_nobody_listens_on_is_silent() -> None:
    result = await HttpProber(ProbeIdentity(), "/probe").probe(f"http://127.0.0.1:{free_port()}", within=5)

    assert result.health.kind is HealthKind.PUBLIC_ADDRESS_SILENT


async def test_other_side_that_never_answers_is_given_up() -> None:
    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hung.wait()
        writer.close()

    hung = asyncio.Event()
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    result = await HttpProber(ProbeIdentity(), "/probe").probe(url, within=0.2)

    assert result.health.kind is HealthKind.PUBLIC_ADDRESS_SILENT
    assert "0.2 s" in str(result.health.fields["cause"])
    hung.set()
    server.close()


async def test_plain_http_behind_https_is_a_certificate_problem(webhooks: Webhooks) -> None:
    prober = HttpProber(webhooks.identity, "/probe")

    result = await prober.probe(f"https://127.0.0.1:{webhooks.port}", within=5)

    assert result.health.kind is HealthKind.PUBLIC_CERTIFICATE_WRONG

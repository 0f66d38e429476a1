"""Requests from outside to our own probe path."""

from __future__ import annotations

import hmac
import json
import secrets
import ssl
import time
from urllib.parse import urlsplit

import aiohttp

from phonefarm.domain.health import Health, HealthKind, health
from phonefarm.domain.tunnels import ProbeResult, probe_url
from phonefarm.support import deadlines
from phonefarm.support.os_errors import cause_of

LONGEST_ANSWER_BYTES = 4096
NONCE_BYTES = 16
NONCE = "nonce"
PROOF = "proof"


class ProbeIdentity:
    """Proves that an answer comes from this very process: it alone knows the secret."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def proof_of(self, nonce: str) -> str:
        return hmac.digest(self._secret, nonce.encode("utf-8", "replace"), "sha256").hex()

    def is_proof(self, nonce: str, proof: object) -> bool:
        return isinstance(proof, str) and proof.isascii() and hmac.compare_digest(proof, self.proof_of(nonce))


class HttpProber:
    """Fulfils `Prober`. Each probe takes a new connection: a kept one may outlive the tunnel."""

    def __init__(self, identity: ProbeIdentity, path: str) -> None:
        self._identity = identity
        self._path = path

    async def probe(self, url: str, *, within: float) -> ProbeResult:
        begun = time.monotonic()
        try:
            async with deadlines.within(within):
                status, body, nonce = await self._ask(url)
        except Exception as error:
            found = _failure(error, url, within)
            if found is None:
                raise
            return ProbeResult(is_answered=False, health=found)
        seconds = time.monotonic() - begun
        if self._is_ours(body, nonce):
            found = health(HealthKind.PUBLIC_ADDRESS_ANSWERS, milliseconds=round(seconds * 1000))
            return ProbeResult(is_answered=True, health=found, seconds=seconds)
        if status == 200:
            return ProbeResult(is_answered=False, health=health(HealthKind.PUBLIC_ADDRESS_FOREIGN))
        return ProbeResult(is_answered=False, health=health(HealthKind.PUBLIC_ADDRESS_ERRORS, http_status=status))

    async def _ask(self, url: str) -> tuple[int, bytes, str]:
        nonce = secrets.token_hex(NONCE_BYTES)
        connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False)
        # ngrok puts a page of its own before what browsers ask for, unless this header stands there.
        headers = {"User-Agent": "phonefarm", "ngrok-skip-browser-warning": "1"}
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers, trust_env=False) as session,
            session.get(probe_url(url, self._path), params={NONCE: nonce}, allow_redirects=False) as answer,
        ):
            return answer.status, await _body_of(answer), nonce

    def _is_ours(self, body: bytes, nonce: str) -> bool:
        try:
            answer = json.loads(body)
        except ValueError:
            return False
        return isinstance(answer, dict) and self._identity.is_proof(nonce, answer.get(PROOF))


async def _body_of(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > LONGEST_ANSWER_BYTES:
            break
    return bytes(body)


def _failure(error: Exception, url: str, within: float) -> Health | None:
    """What an exception tells of the way; None for a bug of ours."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return health(HealthKind.PUBLIC_HOST_UNKNOWN, host=urlsplit(url).hostname or url)
        case aiohttp.ClientConnectorCertificateError():
            return health(HealthKind.PUBLIC_CERTIFICATE_WRONG, cause=_certificate_cause(error.certificate_error))
        case aiohttp.ClientSSLError():
            return health(HealthKind.PUBLIC_CERTIFICATE_WRONG, cause="no TLS there")
        case aiohttp.ClientConnectorError():
            return health(HealthKind.PUBLIC_ADDRESS_SILENT, cause=cause_of(error.os_error))
        case TimeoutError():
            return health(HealthKind.PUBLIC_ADDRESS_SILENT, cause=f"no answer within {within:g} s")
        case aiohttp.ClientError() | OSError() | ValueError():
            return health(HealthKind.PUBLIC_ADDRESS_SILENT, cause="the connection broke off")
        case _:
            return None


def _certificate_cause(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it cannot be read"

"""One attempt to give an SMS to Onlinesim, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp

from phonefarm import __version__
from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.push_answer import outcome_of
from phonefarm.application.interfaces import PushMessage
from phonefarm.domain.pushes import Failed, PushOutcome

ATTEMPT_SECONDS = 10.0
MOST_ANSWER_BYTES = 64 * 1024
CONNECTIONS = 32


class OnlinesimPushChannel:
    """Makes one attempt and says how it ended; what follows is the domain's to decide."""

    def __init__(
        self,
        push_url: str,
        current_key: Callable[[], str | None],
        sms_id: wire.SmsIdMode,
        *,
        phone: wire.PhoneMode = "string",
        attempt_seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._push_url = push_url
        self._current_key = current_key
        self._sms_id: wire.SmsIdMode = sms_id
        self._phone: wire.PhoneMode = phone
        self._attempt_seconds = attempt_seconds
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._attempt_seconds),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60),
            headers={"User-Agent": f"phonefarm/{__version__}", "Accept-Encoding": "gzip"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def push(self, message: PushMessage) -> PushOutcome:
        key = self._current_key()
        if self._http is None or not self._push_url or not key:
            return Failed(detail="nothing is sent: the push URL or the key is not set")
        fields = wire.push_body(message, key, self._sms_id, self._phone)
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {key}"}
        begun = datetime.now(UTC)
        try:
            async with self._http.post(self._push_url, data=body, headers=headers, allow_redirects=False) as answer:
                text = await _text_of(answer)
                took = datetime.now(UTC) - begun
                return outcome_of(answer.status, text, answer.headers, took)
        except TimeoutError:
            return Failed(detail=f"no answer within {self._attempt_seconds:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Failed(detail=f"no connection: {_cause(error)}")


async def _text_of(answer: aiohttp.ClientResponse) -> str:
    """The answer's body, cut at the cap.

    A 200 whose body breaks off is read as far as it came: the market has said 200, and
    sending again after that is what the contract forbids.
    """
    parts = bytearray()
    try:
        async for part in answer.content.iter_any():
            parts += part
            if len(parts) >= MOST_ANSWER_BYTES:
                break
    except (aiohttp.ClientError, OSError):
        if answer.status != 200:
            raise
    return bytes(parts[:MOST_ANSWER_BYTES]).decode("utf-8", "replace")


def _cause(error: Exception) -> str:
    """The cause without the URL: it may carry what is nobody's business."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error.os_error.strerror or type(error.os_error).__name__)
    return type(error).__name__

"""Reads /health from the running farm's admin port."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import aiohttp

from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import within

ANSWER_SECONDS = 5.0


async def fetch_health(admin_address: str) -> dict[str, Any]:
    """The body of /health; raises KnownError if no farm answers."""
    is_refused = False
    try:
        async with (
            within(ANSWER_SECONDS),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http,
            http.get(f"http://{admin_address}/health", allow_redirects=False) as answer,
        ):
            is_refused = answer.status == HTTPStatus.TOO_MANY_REQUESTS
            body = await answer.json()
    except (aiohttp.ContentTypeError, ValueError):
        body = None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise KnownError(f"No phonefarm answers on {admin_address}. Start it, or check admin_listen.") from error
    if is_refused:
        raise KnownError(
            f"Too many requests to {admin_address}. Try again in a few seconds, or find out which program sends them."
        )
    if not isinstance(body, dict) or "counts" not in body:
        raise KnownError(f"The program that answers on {admin_address} is not phonefarm.")
    return body


def as_text(health: dict[str, Any]) -> str:
    """Format the checks and counts for a person; an older farm does not send all fields."""
    lines = [f"status: {health['status']}"]
    if paused := health.get("paused"):
        lines.append(f"selling is paused by {paused['by']} since {paused['since']}: 'phonefarm resume' ends that")
    lines += [f"  {check['status']:<5}{name}: {check['detail']}" for name, check in health["checks"].items()]
    lines += [f"  {number:>5} {_readable(name)}" for name, number in health["counts"].items()]
    if refused := health.get("wrong_keys"):
        last = f", the last at {refused['last_at']}" if refused["last_at"] else ""
        lines.append(f"  {refused['count']:>5} calls with a wrong key{last}")
    return "\n".join(lines)


def _readable(name: str) -> str:
    return " ".join({"sms": "SMS", "sims": "SIMs", "parked": "stopped"}.get(word, word) for word in name.split("_"))

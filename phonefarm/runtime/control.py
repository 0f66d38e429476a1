"""How a command talks to the farm that runs on the same data folder."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from phonefarm.adapters.admin.control import PATH
from phonefarm.adapters.admin.control_file import ControlFile
from phonefarm.config.settings import Settings
from phonefarm.domain.errors import KnownError
from phonefarm.support.deadlines import within

ANSWER_SECONDS = 40.0
"""A command may try out something that has a deadline of its own."""


def admin_address(settings: Settings) -> str:
    """Where the running farm's admin port is: also where the settings let the system choose the port."""
    access = ControlFile(settings.data_dir).read()
    return settings.admin_listen if access is None else access.address


async def tell_farm(settings: Settings, command: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The farm's answer; raises KnownError if none runs, or with what it says is wrong."""
    access = ControlFile(settings.data_dir).read()
    if access is None:
        raise KnownError(f"No phonefarm runs on {settings.data_dir}. Start it first.")
    try:
        async with (
            within(ANSWER_SECONDS),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http,
            http.post(
                f"http://{access.address}{PATH}{command}",
                json=dict(values or {}),
                headers={"Authorization": f"Bearer {access.token}"},
                allow_redirects=False,
            ) as answer,
        ):
            status, body = answer.status, await answer.json()
    except (aiohttp.ContentTypeError, ValueError):
        status, body = 0, None
    except TimeoutError as error:
        raise KnownError(f"phonefarm has not answered for {ANSWER_SECONDS:g} s. Look at its window or log.") from error
    except (aiohttp.ClientError, OSError) as error:
        raise KnownError(f"No phonefarm runs on {settings.data_dir}. Start it first.") from error
    if not isinstance(body, dict):
        raise KnownError(f"What answers on {access.address} is no phonefarm. Start yours first.")
    if status == HTTPStatus.OK:
        return body
    if status == HTTPStatus.UNAUTHORIZED:
        raise KnownError(f"Another phonefarm than that of {settings.data_dir} answers on {access.address}.")
    raise KnownError(str(body.get("error", f"phonefarm refused the command ({status}).")))

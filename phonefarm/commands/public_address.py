"""The running farm's public address for a person at the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def address_lines(answer: Mapping[str, Any]) -> str:
    """What the address is, whether it answers, and what the user still has to do."""
    lines = [
        f"tunnel: {answer['tunnel']}",
        f"URL: {answer['url'] or 'none yet'}",
        f"{answer['status']}: {answer['detail']}",
    ]
    if answer["ssh_host_key"]:
        lines.append("Compare this key on the server, then trust it on the Settings page.")
    told = answer["told_onlinesim"]
    if answer["url"] and not told:
        lines.append("Tell Onlinesim this URL.")
    elif answer["url"] != told:
        lines.append(f"Onlinesim was told {told}: send its support this URL.")
    return "\n".join(lines)

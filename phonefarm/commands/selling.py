"""What `pause` and `resume` say of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_text(answer: Mapping[str, Any]) -> str:
    rents, numbers = answer["rents_open"], answer["numbers_on_offer"]
    if answer["paused"]:
        going_on = f" {_counted(rents, 'open rent goes', 'open rents go')} on." if rents else ""
        return f"Selling is paused by {answer['by']}: nothing is for sale.{going_on}"
    return f"Selling is on: {_counted(numbers, 'number is', 'numbers are')} for sale now."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

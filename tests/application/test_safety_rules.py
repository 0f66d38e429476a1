"""A safety rule is always stated: a forgotten argument must not switch it off."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from phonefarm.adapters.onlinesim.webhooks import Webhooks
from phonefarm.application.messages.intake import SmsIntake
from phonefarm.application.messages.privacy import Privacy
from phonefarm.application.trade.rentals import Rentals


@pytest.mark.parametrize(
    ("use_case", "rule"),
    [
        (SmsIntake, "withholds"),
        (SmsIntake.accept, "heard"),
        (Privacy, "blocks"),
        (Rentals, "selling"),
        (Rentals, "retire_after_sale"),
        (Webhooks, "require_bearer"),
        (Webhooks, "was_delivered"),
        (Webhooks, "has_disconnected"),
    ],
)
def test_safety_rule_has_no_default(use_case: Callable[..., object], rule: str) -> None:
    assert inspect.signature(use_case).parameters[rule].default is inspect.Parameter.empty

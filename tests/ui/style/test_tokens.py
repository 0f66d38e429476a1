"""The colours have enough contrast."""

from __future__ import annotations

import pytest

from ui.style.tokens import DARK, LIGHT, Tokens, contrast, text_pairs

LEAST_CONTRAST = 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_has_enough_contrast(tokens: Tokens) -> None:
    too_weak = {
        name: round(contrast(ink, ground), 2)
        for name, ink, ground in text_pairs(tokens)
        if contrast(ink, ground) < LEAST_CONTRAST
    }

    assert too_weak == {}


def test_contrast_follows_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)

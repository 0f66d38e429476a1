"""The colours: tokens for light and dark, tones for states, and how to measure their contrast."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """The meaning of a colour, which is never the only sign: there is always a word beside it."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, kw_only=True)
class ToneColours:
    text: str
    fill: str


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """One theme; every colour in the window comes from here."""

    dark: bool
    background: str
    panel: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    selection: str
    hover: str
    track: str
    ok: ToneColours
    info: ToneColours
    warn: ToneColours
    bad: ToneColours
    idle: ToneColours

    def tone(self, tone: Tone) -> ToneColours:
        return {
            Tone.OK: self.ok,
            Tone.INFO: self.info,
            Tone.WARN: self.warn,
            Tone.BAD: self.bad,
            Tone.IDLE: self.idle,
        }[tone]


LIGHT = Tokens(
    dark=False,
    background="#f6f7f9",
    panel="#ffffff",
    line="#e3e6ea",
    text="#16191d",
    dim="#5f6978",
    accent="#205ae4",
    on_accent="#ffffff",
    selection="#e8effd",
    hover="#f3f5f8",
    track="#e9ecf0",
    ok=ToneColours(text="#157a3a", fill="#e3f4e8"),
    info=ToneColours(text="#1d4ed8", fill="#e6eefe"),
    warn=ToneColours(text="#935100", fill="#fdf0d9"),
    bad=ToneColours(text="#b42318", fill="#fde6e3"),
    idle=ToneColours(text="#596373", fill="#eceef1"),
)

DARK = Tokens(
    dark=True,
    background="#14171b",
    panel="#1b1f24",
    line="#2a3037",
    text="#e7eaee",
    dim="#9aa6b4",
    accent="#6ea0ff",
    on_accent="#0d1420",
    selection="#22304a",
    hover="#20252b",
    track="#2b323a",
    ok=ToneColours(text="#5fd38a", fill="#17301f"),
    info=ToneColours(text="#8fb4ff", fill="#1b2a47"),
    warn=ToneColours(text="#f0b35a", fill="#38290f"),
    bad=ToneColours(text="#ff8f84", fill="#3b1a17"),
    idle=ToneColours(text="#9fabb8", fill="#262c33"),
)


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two `#rrggbb` colours: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def text_pairs(tokens: Tokens) -> list[tuple[str, str, str]]:
    """Every (name, text colour, background) that can occur together in the window."""
    grounds = {name: getattr(tokens, name) for name in ("background", "panel", "selection", "hover")}
    pairs = [
        (f"{ink} on {name}", getattr(tokens, ink), ground)
        for ink in ("text", "dim")
        for name, ground in grounds.items()
    ]
    pairs += [(f"accent on {name}", tokens.accent, grounds[name]) for name in ("panel", "selection")]
    pairs.append(("button text on accent", tokens.on_accent, tokens.accent))
    for tone in Tone:
        colours = tokens.tone(tone)
        pairs.append((f"{tone} chip", colours.text, colours.fill))
        pairs += [(f"{tone} on {name}", colours.text, ground) for name, ground in grounds.items()]
    for tone in (Tone.WARN, Tone.BAD):
        fill = tokens.tone(tone).fill
        pairs += [(f"dim on {tone} fill", tokens.dim, fill), (f"text on {tone} fill", tokens.text, fill)]
    return pairs

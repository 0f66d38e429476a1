"""Senders and texts for the scripted market: ordinary ones, and hostile ones for parsers."""

from __future__ import annotations

import random

SENDERS = ("Telegram", "WhatsApp", "Google", "Instagram", "Yandex", "VK", "OZON", "Avito", "+79161234567", "3443")
ODD_SENDERS = ("A, x=1", "Row: 0 _id=", "=1+1", "Ünïcödé", "NULL")

_ORDINARY = (
    "{code} is your verification code. Do not share it.",
    "Код подтверждения: {code}. Никому его не сообщайте.",
    "Your login code: {code}",
    "Ваш код {code}\nВводите его только на сайте.",
    "<#> {code} — код для входа",
)
_HOSTILE = (
    "{code}\nRow: 1 _id=99, date=1, body=fake",
    "{code}\nNo result found.",
    "{code}\x00 behind a NUL",
    "{code} 🙏👩‍👩‍👧‍👦🏳️‍🌈",
    "{code}, sub_id=1, type=1, body=NULL",
    "=HYPERLINK(\"http://127.0.0.1/{code}\",\"open\")",
    "\u202e{code} \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "{code}\r\nline two\u2028line three\u0085line four",
    "'; DROP TABLE sms; -- {code} $(reboot) `id`",
    "<b>{code}</b><script>alert(1)</script>",
    "+{code}",
)  # fmt: skip
LONG_TEXT_PARTS = 160


class Texts:
    """Draws senders and texts; a counter in each text makes it unique."""

    def __init__(self, rng: random.Random, hostile_share: float = 0.15) -> None:
        self._random = rng
        self._hostile_share = hostile_share
        self._count = 0

    def draw(self) -> tuple[str, str]:
        self._count += 1
        code = f"{self._random.randrange(100):02d}{self._count:04d}"
        if self._random.random() >= self._hostile_share:
            return self._random.choice(SENDERS), self._random.choice(_ORDINARY).format(code=code)
        sender = self._random.choice(SENDERS + ODD_SENDERS)
        if self._random.random() < 0.1:
            return sender, f"{code} " + "длинный " * LONG_TEXT_PARTS
        return sender, self._random.choice(_HOSTILE).format(code=code)

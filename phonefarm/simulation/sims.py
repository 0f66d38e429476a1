"""SIM cards, and mobile operators with their codes and number ranges."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MobileOperator:
    """A network with the market's names (`country`, `name`) and the phone's (`mcc`, `mnc`, `alpha`)."""

    country: str
    iso: str
    name: str
    alpha: str
    mcc: str
    mnc: str
    number_prefixes: tuple[str, ...]
    number_length: int
    """Digits with country code, without plus."""
    iccid_prefix: str

    @property
    def numeric(self) -> str:
        return self.mcc + self.mnc


def _operator(country: str, iso: str, name: str, alpha: str, code: str, numbers: str, iccid: str) -> MobileOperator:
    mcc, _, mnc = code.partition("-")
    length, *prefixes = numbers.split()
    return MobileOperator(
        country=country,
        iso=iso,
        name=name,
        alpha=alpha,
        mcc=mcc,
        mnc=mnc,
        number_prefixes=tuple(prefixes),
        number_length=int(length),
        iccid_prefix=iccid,
    )


OPERATORS = (
    _operator("russia", "ru", "mts", "MTS RUS", "250-01", "11 7915 7916 7985", "8970101"),
    _operator("russia", "ru", "megafon", "MegaFon", "250-02", "11 7925 7926 7936", "8970102"),
    _operator("russia", "ru", "beeline", "beeline", "250-99", "11 7903 7905 7909", "8970199"),
    _operator("russia", "ru", "tele2", "Tele2", "250-20", "11 7952 7977 7900", "8970120"),
    _operator("ukraine", "ua", "vodafone", "Vodafone UA", "255-01", "12 38050 38066 38095", "8938001"),
    _operator("ukraine", "ua", "kyivstar", "Kyivstar", "255-03", "12 38067 38096 38097", "8938003"),
    _operator("germany", "de", "telekom", "Telekom.de", "262-01", "13 491511 491512 491515", "8949020"),
    _operator("germany", "de", "o2", "o2 - de", "262-03", "13 4915901 4915902", "8949226"),
    _operator("kazakhstan", "kz", "kcell", "Kcell", "401-02", "11 7701 7702 7775", "8999702"),
    _operator("kazakhstan", "kz", "beeline", "Beeline KZ", "401-01", "11 7705 7771 7777", "8999701"),
)


@dataclass(frozen=True, kw_only=True)
class VirtualSim:
    """A SIM card and whether it stores its own number."""

    iccid: str
    imsi: str
    msisdn: str
    operator: MobileOperator
    states_number: bool = True
    number_by_ims: bool = False
    """The number is known from the IMS registration, not from the card."""

    @property
    def on_card(self) -> str | None:
        """The number stored on the card, or None."""
        return f"+{self.msisdn}" if self.states_number and not self.number_by_ims else None

    @property
    def from_ims(self) -> str | None:
        return f"+{self.msisdn}" if self.number_by_ims else None


def luhn_digit(digits: str) -> str:
    """The check digit that completes `digits`."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


class SimFactory:
    """Creates SIMs with unique numbers, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def make(
        self, operator: MobileOperator | None = None, *, states_number: bool = True, number_by_ims: bool = False
    ) -> VirtualSim:
        """Create a SIM whose number is on the card, known to IMS only, or unknown to the phone."""
        home = operator or self._random.choice(OPERATORS)
        length = self._random.choice((19, 20))
        body = self._random_digits(home.iccid_prefix, length - 1)
        return VirtualSim(
            iccid=body + luhn_digit(body),
            imsi=self._random_digits(home.numeric, 15),
            msisdn=self._unused_number(home),
            operator=home,
            states_number=states_number,
            number_by_ims=number_by_ims,
        )

    def _unused_number(self, operator: MobileOperator) -> str:
        while True:
            number = self._random_digits(self._random.choice(operator.number_prefixes), operator.number_length)
            if number not in self._used:
                self._used.add(number)
                return number

    def _random_digits(self, prefix: str, length: int) -> str:
        return prefix + "".join(self._random.choices("0123456789", k=length - len(prefix)))

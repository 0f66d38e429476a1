"""What the rules of a country say about renting numbers out, as far as phonefarm knows, and where to ask."""

from __future__ import annotations

from collections.abc import Sequence

from ui.text.words import tr

GENERAL = (
    "Numbers are registered to a person or a company, and their operator's contract says who may use them. Many "
    "countries limit how many SIM cards one person may have and forbid giving a number to somebody else. You answer "
    "for what is done with your numbers. phonefarm checks none of this and gives no legal advice: read the contract, "
    "and ask a lawyer of your country before you sell."
)
BY_COUNTRY = {
    "russia": "A subscriber may have up to 20 numbers (a foreigner up to 10), and since September 2025 may hand a "
    "number to other people in a few cases only, such as close relatives. Both are followed up with fines.",
    "kazakhstan": "Numbers are registered to the owner's identity number and device. Ask the operator before others "
    "use them.",
    "germany": "Cards are activated after the owner was identified, also prepaid ones. Most contracts forbid to resell "
    "the service.",
    "united_kingdom": "Cards need no registration, but most contracts forbid commercial use by third parties.",
}


def country_name(country: str) -> str:
    return tr(country.replace("_", " ").title())


def rules_text(countries: Sequence[str]) -> str:
    known = [f"{country_name(country)}: {tr(BY_COUNTRY[country])}" for country in countries if country in BY_COUNTRY]
    return "\n\n".join([*known, tr(GENERAL)])


def countries_phrase(countries: Sequence[str]) -> str:
    """`Russia`, `Russia and Kazakhstan`, `Russia, Kazakhstan and 2 more`."""
    names = [country_name(country) for country in countries]
    if len(names) > 2:
        left = len(names) - 2
        return tr("{first}, {second} and {left} more").format(first=names[0], second=names[1], left=left)
    return tr(" and ").join(names)


def confirmation_text(countries: Sequence[str]) -> str:
    if not countries:
        return tr("The SIM cards are mine to rent out, and I follow the rules of their country for them")
    return tr("The SIM cards are mine to rent out, and I follow the rules of {countries} for them").format(
        countries=countries_phrase(countries)
    )

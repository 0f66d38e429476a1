"""The path of the checkout, for tests that start the program or read its documents."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

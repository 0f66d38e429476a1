"""Imports modules that libraries would import at first use, while there is only one thread.

An import on one thread can abort the process while another thread uses the module table: shiboken, Qt's binding,
iterates over that table when it loads.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from importlib.metadata import entry_points

import phonenumbers
import structlog

log = structlog.get_logger(__name__)

FIRST_USE_MODULES = (
    "_strptime",
    "keyring.core",
    "rich._emoji_codes",
    "sqlalchemy.dialects.sqlite",
    *(("rich._win32_console", "rich._windows", "rich._windows_renderer") if sys.platform == "win32" else ()),
)
CODECS = (
    "ascii",
    "cp1251",
    "cp437",
    "cp866",
    "idna",
    "iso8859_1",
    "iso8859_5",
    "koi8_r",
    "latin_1",
    *(("mbcs", "oem") if sys.platform == "win32" else ()),
    "punycode",
    "raw_unicode_escape",
    "unicode_escape",
    "utf_16",
    "utf_16_be",
    "utf_16_le",
    "utf_32",
    "utf_32_be",
    "utf_32_le",
    "utf_8_sig",
)
"""Python imports a codec's module at its first use."""


@cache
def preload_modules() -> None:
    """Call before the first thread starts. Calling it again does nothing."""
    for name in FIRST_USE_MODULES:
        importlib.import_module(name)
    for codec in CODECS:
        importlib.import_module(f"encodings.{codec}")
    phonenumbers.PhoneMetadata.load_all()
    _import_keyring_backends()


def _import_keyring_backends() -> None:
    """Import the back ends without calling one, as a call may wait for D-Bus."""
    for entry in entry_points(group="keyring.backends"):
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001 - third-party code, for another system or broken
            log.info("a keyring back end cannot be imported", backend=entry.name, cause=type(error).__name__)

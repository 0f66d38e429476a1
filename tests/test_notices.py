"""The third-party notices: every package of the lock with the text of its licence."""

from __future__ import annotations

import re

import pytest

from tools import notices


@pytest.fixture(scope="module")
def text() -> str:
    return notices.notices()


def test_notices_name_every_installed_package_of_the_lock(text: str) -> None:
    packages = list(notices.installed(notices.LOCK.read_text("utf-8")))

    assert len(packages) > 50
    for package in packages:
        assert f"\n{package.metadata['Name']} {package.version}\nLicence: " in text


def test_every_package_has_a_licence_and_its_text(text: str) -> None:
    sections = text.split("=" * 80)[1:]

    without = [section.strip().splitlines()[0] for section in sections if len(section.strip()) < 400]

    assert without == []
    assert not re.search(r"^Licence: *$", text, re.MULTILINE)


def test_qt_is_named_with_the_texts_of_the_lgpl_and_the_gpl(text: str) -> None:
    section = next(part for part in text.split("=" * 80) if part.lstrip().startswith("PySide6_Essentials"))

    assert "GNU LESSER GENERAL PUBLIC LICENSE" in section
    assert "GNU GENERAL PUBLIC LICENSE" in section


def test_package_of_another_system_is_left_out() -> None:
    assert list(notices.installed("no-such-package-anywhere==1.0 ; sys_platform == 'win32'\n")) == []

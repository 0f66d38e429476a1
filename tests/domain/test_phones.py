"""What adb's words mean for a phone."""

from __future__ import annotations

import pytest

from phonefarm.domain.phones import PhoneState, state_from_adb


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("device", PhoneState.STARTING),
        ("unauthorized", PhoneState.UNAUTHORIZED),
        ("authorizing", PhoneState.AUTHORIZING),
        ("connecting", PhoneState.AUTHORIZING),
        ("offline", PhoneState.OFFLINE),
        ("detached", PhoneState.OFFLINE),
        ("no permissions (missing udev rules? user is in the plugdev group)", PhoneState.NO_PERMISSIONS),
        ("recovery", PhoneState.OTHER_MODE),
        ("sideload", PhoneState.OTHER_MODE),
        ("bootloader", PhoneState.OTHER_MODE),
        ("", PhoneState.OTHER_MODE),
        ("something new", PhoneState.OTHER_MODE),
    ],
)
def test_every_word_of_adb_has_a_state_and_only_device_can_be_spoken_with(word: str, state: PhoneState) -> None:
    assert state_from_adb(word) is state

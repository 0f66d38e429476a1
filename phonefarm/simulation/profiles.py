"""Makes and releases of phones: how each differs in what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ANDROID_SDK = {
    "5.0": 21, "5.1": 22, "6.0": 23, "7.0": 24, "7.1.2": 25, "8.0.0": 26, "8.1.0": 27, "9": 28, "10": 29,
    "11": 30, "12": 31, "13": 33, "14": 34, "15": 35, "16": 36, "17": 37,
}  # fmt: skip


class Vendor(StrEnum):
    """Whose SMS provider it is: which columns tell the SIM."""

    AOSP = "aosp"
    SAMSUNG = "samsung"
    XIAOMI = "xiaomi"
    HUAWEI = "huawei"


class Expressions(StrEnum):
    """What the SMS provider lets a projection hold."""

    ALL = "all"
    NO_HEX = "no hex"
    """Functions other than hex() pass."""
    PLAIN_COLUMNS = "plain columns"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of handset."""

    name: str
    manufacturer: str
    brand: str
    model: str
    device: str
    release: str
    slots: int = 2
    vendor: Vendor = Vendor.AOSP
    expressions: Expressions = Expressions.ALL
    withholds_sms: bool = False
    """READ_SMS is switched off for the shell: every query of the SMS provider comes back empty."""
    opens_siminfo: bool = True
    """Counts on Android 11 and 12 only, where phones differ."""
    guards_identifiers: bool = False
    """iphonesubinfo refuses the shell (some Samsung builds)."""
    has_pty: bool = False
    """Its v1 shell turns every newline into CR LF."""
    warns_linker: bool = False
    brief_isub: bool = False
    """Prints a reduced SubscriptionController list without ICCIDs."""

    @property
    def sdk(self) -> int:
        return ANDROID_SDK[self.release]

    @property
    def has_shell_v2(self) -> bool:
        return self.sdk >= 24

    @property
    def cuts_integers(self) -> bool:
        """`content` prints integer columns through a 32-bit getter."""
        return self.sdk <= 22

    @property
    def siminfo_readable(self) -> bool:
        if self.sdk >= 33:
            return False
        return self.sdk <= 29 or self.opens_siminfo


def _profile(make: str, brand: str, model: str, device: str, release: str, **more: object) -> Profile:
    name = f"{brand.lower()}-{release.split('.')[0]}"
    return Profile(
        name=name,
        manufacturer=make,
        brand=brand,
        model=model,
        device=device,
        release=release,
        **more,  # type: ignore[arg-type]
    )


PIXEL_8 = _profile("Google", "google", "Pixel 8", "shiba", "15")
PIXEL_6A = _profile("Google", "google", "Pixel 6a", "bluejay", "13")
PIXEL_10 = _profile("Google", "google", "Pixel 10", "frankel", "17")
NEXUS_5 = _profile("LGE", "google", "Nexus 5", "hammerhead", "5.1", slots=1, has_pty=True, warns_linker=True)
SAMSUNG_A52 = _profile("samsung", "samsung", "SM-A525F", "a52q", "13", vendor=Vendor.SAMSUNG)
SAMSUNG_A15 = _profile("samsung", "samsung", "SM-A155F", "a15", "14", vendor=Vendor.SAMSUNG, guards_identifiers=True)
SAMSUNG_J5 = _profile("samsung", "samsung", "SM-J530FM", "j5y17lte", "9", vendor=Vendor.SAMSUNG)
REDMI_NOTE_9 = _profile("Xiaomi", "Redmi", "Redmi Note 9 Pro", "joyeuse", "11", vendor=Vendor.XIAOMI)
XIAOMI_13 = _profile("Xiaomi", "Xiaomi", "2211133G", "fuxi", "14", vendor=Vendor.XIAOMI)
HUAWEI_P30 = _profile("HUAWEI", "HUAWEI", "ELE-L29", "HWELE", "10", vendor=Vendor.HUAWEI)
HONOR_8 = _profile("HUAWEI", "honor", "FRD-L09", "HWFRD", "8.0.0", vendor=Vendor.HUAWEI)
MOTO_G9 = _profile("motorola", "motorola", "moto g(9) plus", "odessa", "11", opens_siminfo=False)
MOTO_G5 = _profile("motorola", "motorola", "Moto G (5)", "cedric", "7.0")
REALME_C35 = _profile("realme", "realme", "RMX3511", "RE54C1L1", "12")
ONEPLUS_NORD = _profile("OnePlus", "OnePlus", "AC2003", "Nord", "12", brief_isub=True)
SONY_XA = _profile("Sony", "Sony", "F3111", "F3111", "6.0", slots=1, has_pty=True, expressions=Expressions.NO_HEX)

PROFILES = (
    PIXEL_8, SAMSUNG_A52, REDMI_NOTE_9, HUAWEI_P30, MOTO_G9, REALME_C35, SAMSUNG_A15, PIXEL_6A, XIAOMI_13, SAMSUNG_J5,
    HONOR_8, ONEPLUS_NORD, MOTO_G5, PIXEL_10, SONY_XA, NEXUS_5,
)  # fmt: skip

"""Profiles of makes and releases: how the answers of each phone differ from AOSP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ANDROID_SDK = {
    "5.0": 21, "5.1": 22, "6.0": 23, "7.0": 24, "7.1.2": 25, "8.0.0": 26, "8.1.0": 27, "9": 28, "10": 29,
    "11": 30, "12": 31, "12L": 32, "13": 33, "14": 34, "15": 35, "16": 36, "17": 37,
}  # fmt: skip
FIRST_SDK_WITH_FILE_ENCRYPTION = 24
FIRST_SDK_WITH_NATIVE_COMMANDS = 26
"""Before it, `settings` and `pm` each start a JVM, as `content` does in every release."""
FIRST_SDK_WITH_SECOND_GROUP_ID = 36
_BUILD_IDS = {
    21: "LRX22C", 22: "LMY47V", 23: "MRA58K", 24: "NRD90M", 25: "N2G47H", 26: "OPR1.170623.027", 27: "OPM1.171019.011",
    28: "PPR1.180610.011", 29: "QKQ1.190825.002", 30: "RKQ1.200826.002", 31: "SKQ1.211006.001", 32: "SQ3A.220705.004",
    33: "TP1A.220624.014", 34: "UP1A.231005.007", 35: "AP3A.240905.015", 36: "BP2A.250605.031", 37: "CP1A.260405.005",
}  # fmt: skip


class Vendor(StrEnum):
    """The vendor of the SMS provider, which decides the columns that identify the SIM."""

    AOSP = "aosp"
    SAMSUNG = "samsung"
    XIAOMI = "xiaomi"
    HUAWEI = "huawei"
    MEDIATEK = "mediatek"


GOOGLE_MESSAGES = "com.google.android.apps.messaging"
_SMS_APPS = {Vendor.SAMSUNG: "com.samsung.android.messaging", Vendor.AOSP: GOOGLE_MESSAGES}
_OTHER_SMS_APP = "com.android.mms"


class Refusal(StrEnum):
    """The answer of a phone that withholds SMS from the shell."""

    SILENT = "silent"
    """An empty result, as for an empty inbox."""
    DENIED = "denied"
    """The shell lacks READ_SMS: an exception on stderr."""


class Expressions(StrEnum):
    """The SQL expressions that the SMS provider accepts in a projection."""

    ALL = "all"
    NO_HEX = "no hex"
    """All functions but hex()."""
    PLAIN_COLUMNS = "plain columns"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One model of phone on one Android release."""

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
    """The shell gets no SMS until the user allows it."""
    refusal: Refusal = Refusal.SILENT
    opens_siminfo: bool = True
    """Whether the shell may read siminfo; only used for Android 11 and 12, where phones differ."""
    has_source_numbers: bool = True
    """siminfo has a column per source of the number; only used from Android 12 on."""
    guards_identifiers: bool = False
    """iphonesubinfo denies device identifiers to the shell (some Samsung builds)."""
    has_pty: bool = False
    """The v1 shell has a pty, which converts each newline to CR LF."""
    warns_linker: bool = False
    """The linker prints a warning before the output of `app_process`."""
    warns_always: bool = False
    """The linker prints a warning before the output of every program, including the shell."""
    brief_isub: bool = False
    """isub prints a reduced SubscriptionController list without ICCIDs."""
    shifts_codes: int = 0
    """The number of vendor methods that shift the transaction codes of iphonesubinfo."""
    has_second_group_id_early: bool = False
    """iphonesubinfo has the method added in Android 16, which shifts later codes; some Android 15 builds have it."""
    mediatek_radio: bool = False
    """The framework is MediaTek's, although the SMS provider is another vendor's."""
    has_no_hints: bool = False
    """The radio log is disabled."""
    marks_codes: bool = False
    """The SMS table marks texts with a one-time code."""
    delays_codes: float = 0.0
    """Seconds for which a message with a one-time code is hidden from the shell."""
    has_grep: bool = True
    sms_app: str = ""
    """The SMS app, if it is not the default one of the vendor."""
    total_bytes: int = 64_000_000_000

    @property
    def sdk(self) -> int:
        return ANDROID_SDK[self.release]

    @property
    def version(self) -> str:
        """The release as the phone reports it: 12 for 12L."""
        return self.release.removesuffix("L")

    @property
    def default_sms_app(self) -> str:
        return self.sms_app or _SMS_APPS.get(self.vendor, _OTHER_SMS_APP)

    @property
    def build_id(self) -> str:
        return _BUILD_IDS[self.sdk]

    @property
    def encrypts_files(self) -> bool:
        """Whether the user's files stay locked from a boot to the first unlock."""
        return self.sdk >= FIRST_SDK_WITH_FILE_ENCRYPTION

    @property
    def has_native_commands(self) -> bool:
        return self.sdk >= FIRST_SDK_WITH_NATIVE_COMMANDS

    @property
    def has_shell_v2(self) -> bool:
        return self.sdk >= 24

    @property
    def has_second_group_id(self) -> bool:
        return self.has_second_group_id_early or self.sdk >= FIRST_SDK_WITH_SECOND_GROUP_ID

    @property
    def has_mediatek_radio(self) -> bool:
        return self.mediatek_radio or self.vendor is Vendor.MEDIATEK

    @property
    def cuts_integers(self) -> bool:
        """`content` prints integer columns through a 32-bit getter."""
        return self.sdk <= 22

    @property
    def siminfo_readable(self) -> bool:
        if self.sdk >= 33:
            return False
        return self.sdk <= 29 or self.opens_siminfo


def make_profile(
    make: str, brand: str, model: str, device: str, release: str, *, name: str = "", **more: object
) -> Profile:
    return Profile(
        name=name or f"{brand.lower()}-{release.split('.')[0]}",
        manufacturer=make,
        brand=brand,
        model=model,
        device=device,
        release=release,
        **more,  # type: ignore[arg-type]
    )


PIXEL_8 = make_profile("Google", "google", "Pixel 8", "shiba", "15")
PIXEL_6A = make_profile("Google", "google", "Pixel 6a", "bluejay", "13")
PIXEL_10 = make_profile("Google", "google", "Pixel 10", "frankel", "17", marks_codes=True)
NEXUS_5 = make_profile("LGE", "google", "Nexus 5", "hammerhead", "5.1", slots=1, has_pty=True, warns_linker=True)
SAMSUNG_A52 = make_profile("samsung", "samsung", "SM-A525F", "a52q", "13", vendor=Vendor.SAMSUNG)
SAMSUNG_A15 = make_profile(
    "samsung", "samsung", "SM-A155F", "a15", "14", vendor=Vendor.SAMSUNG, guards_identifiers=True
)
SAMSUNG_J5 = make_profile("samsung", "samsung", "SM-J530FM", "j5y17lte", "9", vendor=Vendor.SAMSUNG)
REDMI_NOTE_9 = make_profile("Xiaomi", "Redmi", "Redmi Note 9 Pro", "joyeuse", "11", vendor=Vendor.XIAOMI)
XIAOMI_13 = make_profile("Xiaomi", "Xiaomi", "2211133G", "fuxi", "14", vendor=Vendor.XIAOMI)
HUAWEI_P30 = make_profile("HUAWEI", "HUAWEI", "ELE-L29", "HWELE", "10", vendor=Vendor.HUAWEI)
HONOR_8 = make_profile("HUAWEI", "honor", "FRD-L09", "HWFRD", "8.0.0", vendor=Vendor.HUAWEI)
MOTO_G9 = make_profile("motorola", "motorola", "moto g(9) plus", "odessa", "11", opens_siminfo=False)
MOTO_G5 = make_profile("motorola", "motorola", "Moto G (5)", "cedric", "7.0")
REALME_C35 = make_profile("realme", "realme", "RMX3511", "RE54C1L1", "12")
ONEPLUS_NORD = make_profile("OnePlus", "OnePlus", "AC2003", "Nord", "12", brief_isub=True)
SONY_XA = make_profile("Sony", "Sony", "F3111", "F3111", "6.0", slots=1, has_pty=True, expressions=Expressions.NO_HEX)

PROFILES = (
    PIXEL_8, SAMSUNG_A52, REDMI_NOTE_9, HUAWEI_P30, MOTO_G9, REALME_C35, SAMSUNG_A15, PIXEL_6A, XIAOMI_13, SAMSUNG_J5,
    HONOR_8, ONEPLUS_NORD, MOTO_G5, PIXEL_10, SONY_XA, NEXUS_5,
)  # fmt: skip

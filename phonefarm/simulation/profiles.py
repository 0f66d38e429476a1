"""Makes and releases of phones: how each differs in what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ANDROID_SDK = {
    "5.0": 21, "5.1": 22, "6.0": 23, "7.0": 24, "7.1.2": 25, "8.0.0": 26, "8.1.0": 27, "9": 28, "10": 29,
    "11": 30, "12": 31, "12L": 32, "13": 33, "14": 34, "15": 35, "16": 36, "17": 37,
}  # fmt: skip
FIRST_SDK_WITH_FILE_ENCRYPTION = 24
FIRST_SDK_WITH_NATIVE_COMMANDS = 26
"""Before it, `settings` and `pm` start a JVM each, as `content` does in every release."""
FIRST_SDK_WITH_SECOND_GROUP_ID = 36
_BUILD_IDS = {
    21: "LRX22C", 22: "LMY47V", 23: "MRA58K", 24: "NRD90M", 25: "N2G47H", 26: "OPR1.170623.027", 27: "OPM1.171019.011",
    28: "PPR1.180610.011", 29: "QKQ1.190825.002", 30: "RKQ1.200826.002", 31: "SKQ1.211006.001", 32: "SQ3A.220705.004",
    33: "TP1A.220624.014", 34: "UP1A.231005.007", 35: "AP3A.240905.015", 36: "BP2A.250605.031", 37: "CP1A.260405.005",
}  # fmt: skip


class Vendor(StrEnum):
    """Whose SMS provider it is: which columns tell the SIM."""

    AOSP = "aosp"
    SAMSUNG = "samsung"
    XIAOMI = "xiaomi"
    HUAWEI = "huawei"
    MEDIATEK = "mediatek"


GOOGLE_MESSAGES = "com.google.android.apps.messaging"
_SMS_APPS = {Vendor.SAMSUNG: "com.samsung.android.messaging", Vendor.AOSP: GOOGLE_MESSAGES}
_OTHER_SMS_APP = "com.android.mms"


class Refusal(StrEnum):
    """How a phone that withholds its SMS answers a query of them."""

    SILENT = "silent"
    """An empty result, as of an empty inbox."""
    DENIED = "denied"
    """READ_SMS is taken from the shell: an exception on stderr."""


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
    """Until its user allows it, the shell gets no SMS."""
    refusal: Refusal = Refusal.SILENT
    opens_siminfo: bool = True
    """Counts on Android 11 and 12 only, where phones differ."""
    has_source_numbers: bool = True
    """Its siminfo tells which source a number came from; counts from Android 12 on."""
    guards_identifiers: bool = False
    """iphonesubinfo refuses the shell (some Samsung builds)."""
    has_pty: bool = False
    """Its v1 shell turns every newline into CR LF."""
    warns_linker: bool = False
    """Its linker warns before whatever `app_process` prints."""
    warns_always: bool = False
    """Its linker warns before the output of every program, the shell itself among them."""
    brief_isub: bool = False
    """Prints a reduced SubscriptionController list without ICCIDs."""
    shifts_codes: int = 0
    """By how much the vendor's own methods move the codes of iphonesubinfo."""
    asks_second_group_id: bool = False
    """Its iphonesubinfo has the method that came with Android 16, which moves those behind it; some of 15 have it."""
    mediatek_radio: bool = False
    """Its framework is MediaTek's, under another provider's columns."""
    has_no_hints: bool = False
    """Its log is switched off."""
    marks_codes: bool = False
    """Its SMS table says which texts hold a one-time code."""
    delays_codes: float = 0.0
    """Seconds for which the shell does not see a message with a one-time code."""
    has_grep: bool = True
    sms_app: str = ""
    """Its SMS app, where it is not the one of its provider's vendor."""
    total_bytes: int = 64_000_000_000

    @property
    def sdk(self) -> int:
        return ANDROID_SDK[self.release]

    @property
    def version(self) -> str:
        """As the phone says it: 12L calls itself 12."""
        return self.release.removesuffix("L")

    @property
    def default_sms_app(self) -> str:
        return self.sms_app or _SMS_APPS.get(self.vendor, _OTHER_SMS_APP)

    @property
    def build_id(self) -> str:
        return _BUILD_IDS[self.sdk]

    @property
    def encrypts_files(self) -> bool:
        """Its user's files stay closed from a boot to the first unlock."""
        return self.sdk >= FIRST_SDK_WITH_FILE_ENCRYPTION

    @property
    def has_native_commands(self) -> bool:
        return self.sdk >= FIRST_SDK_WITH_NATIVE_COMMANDS

    @property
    def has_shell_v2(self) -> bool:
        return self.sdk >= 24

    @property
    def has_second_group_id(self) -> bool:
        return self.asks_second_group_id or self.sdk >= FIRST_SDK_WITH_SECOND_GROUP_ID

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


def profile_of(
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


PIXEL_8 = profile_of("Google", "google", "Pixel 8", "shiba", "15")
PIXEL_6A = profile_of("Google", "google", "Pixel 6a", "bluejay", "13")
PIXEL_10 = profile_of("Google", "google", "Pixel 10", "frankel", "17", marks_codes=True)
NEXUS_5 = profile_of("LGE", "google", "Nexus 5", "hammerhead", "5.1", slots=1, has_pty=True, warns_linker=True)
SAMSUNG_A52 = profile_of("samsung", "samsung", "SM-A525F", "a52q", "13", vendor=Vendor.SAMSUNG)
SAMSUNG_A15 = profile_of("samsung", "samsung", "SM-A155F", "a15", "14", vendor=Vendor.SAMSUNG, guards_identifiers=True)
SAMSUNG_J5 = profile_of("samsung", "samsung", "SM-J530FM", "j5y17lte", "9", vendor=Vendor.SAMSUNG)
REDMI_NOTE_9 = profile_of("Xiaomi", "Redmi", "Redmi Note 9 Pro", "joyeuse", "11", vendor=Vendor.XIAOMI)
XIAOMI_13 = profile_of("Xiaomi", "Xiaomi", "2211133G", "fuxi", "14", vendor=Vendor.XIAOMI)
HUAWEI_P30 = profile_of("HUAWEI", "HUAWEI", "ELE-L29", "HWELE", "10", vendor=Vendor.HUAWEI)
HONOR_8 = profile_of("HUAWEI", "honor", "FRD-L09", "HWFRD", "8.0.0", vendor=Vendor.HUAWEI)
MOTO_G9 = profile_of("motorola", "motorola", "moto g(9) plus", "odessa", "11", opens_siminfo=False)
MOTO_G5 = profile_of("motorola", "motorola", "Moto G (5)", "cedric", "7.0")
REALME_C35 = profile_of("realme", "realme", "RMX3511", "RE54C1L1", "12")
ONEPLUS_NORD = profile_of("OnePlus", "OnePlus", "AC2003", "Nord", "12", brief_isub=True)
SONY_XA = profile_of("Sony", "Sony", "F3111", "F3111", "6.0", slots=1, has_pty=True, expressions=Expressions.NO_HEX)

PROFILES = (
    PIXEL_8, SAMSUNG_A52, REDMI_NOTE_9, HUAWEI_P30, MOTO_G9, REALME_C35, SAMSUNG_A15, PIXEL_6A, XIAOMI_13, SAMSUNG_J5,
    HONOR_8, ONEPLUS_NORD, MOTO_G5, PIXEL_10, SONY_XA, NEXUS_5,
)  # fmt: skip

"""More makes of phones: some work as they come, others need help from the user."""

from __future__ import annotations

from phonefarm.simulation.profiles import PROFILES, Expressions, Refusal, Vendor, make_profile

SAMSUNG_S5 = make_profile("samsung", "samsung", "SM-G900F", "klte", "5.0", vendor=Vendor.SAMSUNG, slots=1, has_pty=True)
DOOGEE_X5 = make_profile(
    "DOOGEE", "DOOGEE", "X5", "X5", "5.1", vendor=Vendor.MEDIATEK, has_pty=True, warns_always=True,
    sms_app="com.android.mms",
)  # fmt: skip
SAMSUNG_J7 = make_profile("samsung", "samsung", "SM-J710F", "j7xelte", "6.0", vendor=Vendor.SAMSUNG, has_pty=True)
REDMI_4X = make_profile("Xiaomi", "Xiaomi", "Redmi 4X", "santoni", "7.1.2", vendor=Vendor.XIAOMI)
SONY_XZ1 = make_profile(
    "Sony", "Sony", "G8342", "G8342", "8.0.0", expressions=Expressions.NO_HEX, sms_app="com.sonyericsson.conversations"
)
MOTO_G6 = make_profile("motorola", "motorola", "moto g(6)", "ali", "8.1.0")
PIXEL_3 = make_profile("Google", "google", "Pixel 3", "blueline", "10", slots=1)
POCO_X3 = make_profile("Xiaomi", "POCO", "M2007J20CG", "surya", "12", vendor=Vendor.XIAOMI, has_source_numbers=False)
NOKIA_G21 = make_profile("HMD Global", "Nokia", "Nokia G21", "SKR", "12", expressions=Expressions.PLAIN_COLUMNS)
SAMSUNG_FOLD_4 = make_profile("samsung", "samsung", "SM-F936B", "q4q", "12L", vendor=Vendor.SAMSUNG)
VIVO_Y22 = make_profile("vivo", "vivo", "V2207", "V2207", "13", sms_app="com.android.mms", mediatek_radio=True)
TECNO_SPARK = make_profile("TECNO MOBILE LIMITED", "TECNO", "TECNO KI5k", "TECNO-KI5k", "13", mediatek_radio=True)
HONOR_MAGIC_6 = make_profile(
    "HONOR", "HONOR", "BVL-N49", "HNBVL", "14", sms_app="com.hihonor.mms"
)  # fmt: skip
SAMSUNG_S24 = make_profile(
    "samsung", "samsung", "SM-S921B", "e1s", "16", vendor=Vendor.SAMSUNG, guards_identifiers=True
)
PIXEL_9 = make_profile("Google", "google", "Pixel 9", "tokay", "16", marks_codes=True)

PIXEL_9A = make_profile(
    "Google", "google", "Pixel 9a", "tegu", "15", has_second_group_id_early=True, name="google-15-late"
)

MORE_PROFILES = (
    SAMSUNG_S5, DOOGEE_X5, SAMSUNG_J7, REDMI_4X, SONY_XZ1, MOTO_G6, PIXEL_3, POCO_X3, NOKIA_G21, SAMSUNG_FOLD_4,
    VIVO_Y22, TECNO_SPARK, HONOR_MAGIC_6, SAMSUNG_S24, PIXEL_9, PIXEL_9A,
)  # fmt: skip
"""They work without help once their SMS app is chosen."""

LENOVO_WITHOUT_GREP = make_profile(
    "LENOVO", "Lenovo", "Lenovo A6000", "Kraft-A6000", "5.0", has_pty=True, has_grep=False
)
REDMI_5_STRIPPED = make_profile(
    "Xiaomi", "xiaomi", "Redmi 5 Plus", "vince", "8.1.0", vendor=Vendor.XIAOMI, withholds_sms=True,
    refusal=Refusal.DENIED, name="miui-10-stripped",
)  # fmt: skip
XIAOMI_15_STRIPPED = make_profile(
    "Xiaomi", "Xiaomi", "24129PN74G", "dada", "15", vendor=Vendor.XIAOMI, withholds_sms=True,
    refusal=Refusal.DENIED, name="hyperos-2-stripped",
)  # fmt: skip
HONOR_9X_SILENT = make_profile(
    "HONOR", "HONOR", "STK-LX1", "HWSTK-HF", "9", vendor=Vendor.HUAWEI, has_no_hints=True, name="honor-9-no-hints"
)
OPPO_A54 = make_profile("OPPO", "OPPO", "CPH2239", "OP4F39L1", "11", withholds_sms=True, name="oppo-11-withholds")
REALME_9 = make_profile("realme", "realme", "RMX3521", "RE549C", "13", withholds_sms=True, name="realme-13-withholds")
ONEPLUS_9 = make_profile(
    "OnePlus", "OnePlus", "LE2113", "OnePlus9", "14", withholds_sms=True, name="oneplus-14-withholds"
)
ZENFONE_SHIFTED = make_profile("asus", "asus", "ASUS_I006D", "ASUS_I006D", "13", shifts_codes=3, name="asus-13-shifted")
LG_SHIFTED = make_profile("LGE", "lge", "LM-V600", "timelm", "11", shifts_codes=3, slots=1, name="lge-11-shifted")
PIXEL_10_DELAYING = make_profile(
    "Google", "google", "Pixel 10 Pro", "blazer", "17", marks_codes=True, delays_codes=3 * 3600.0,
    name="google-17-delays-codes",
)  # fmt: skip

PROBLEM_PROFILES = (
    LENOVO_WITHOUT_GREP, REDMI_5_STRIPPED, XIAOMI_15_STRIPPED, HONOR_9X_SILENT, OPPO_A54, REALME_9, ONEPLUS_9,
    ZENFONE_SHIFTED, LG_SHIFTED, PIXEL_10_DELAYING,
)  # fmt: skip
"""They hide, misattribute, do not announce or delay messages until the user helps."""

ALL_PROFILES = PROFILES + MORE_PROFILES + PROBLEM_PROFILES

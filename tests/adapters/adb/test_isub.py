"""`dumpsys isub` from Android 5 to 17, also with display names that imitate keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.adb.isub import ActiveSub, parse_isub

ANDROID_5 = """SubscriptionController:
 defaultSubId=1
 sSlotIdxToSubId[0]: subId=1
 ActiveSubInfoList:
  {id=1, iccId=897010112XXXXXXXXXXX simSlotIndex=0 displayName=MTS carrierName=MTS RUS nameSource=0 iconTint=-16746133 \
dataRoaming=0 iconBitmap=android.graphics.Bitmap@1 mcc 250 mnc 1}
++++++++++++++++++++++++++++++++
 AllSubInfoList:
  {id=1, iccId=897010112XXXXXXXXXXX simSlotIndex=0 displayName=MTS carrierName=MTS RUS mcc 250 mnc 1}
  {id=2, iccId=897010299XXXXXXXXXXX simSlotIndex=-1 displayName=old carrierName=old mcc 250 mnc 2}
++++++++++++++++++++++++++++++++
""".replace("\\\n", "")

ANDROID_10 = """SubscriptionController:
 mLastISubServiceRegTime=1
 sSlotIndexToSubId[0]: subIds=1=[3]
 ActiveSubInfoList:
  {id=4, iccId=897010299[****] simSlotIndex=1 carrierId=1 displayName=b carrierName=b nameSource=0 iconTint=-1 \
mNumber= dataRoaming=0 mcc 250 mnc 02 countryIso=ru isEmbedded false cardString=897010299[****] cardId=1}
  {id=3, iccId=897010112[****] simSlotIndex=0 carrierId=1 displayName=a carrierName=a mcc 250 mnc 01 countryIso=ru}
++++++++++++++++++++++++++++++++
 AllSubInfoList:
""".replace("\\\n", "")

ANDROID_14 = """SubscriptionManagerService:
Active modem count=2
Logical SIM slot sub id mapping:
  Logical SIM slot 0: subId=2

Active subscriptions:
  [SubscriptionInfoInternal: id=2 iccId=898600451[****] simSlotIndex=0 portIndex=0 isEmbedded=0 carrierId=1 \
displayName={NAME} carrierName={NAME} isOpportunistic=0 groupUuid= groupOwner= displayNameSource=SIM_SPN iconTint=-1 \
number={NUMBER} dataRoaming=0 mcc=460 mnc=02 ehplmns=46000 hplmns= cardString=898600451[****] cardId=1 countryIso=cn]

All subscriptions:
  [SubscriptionInfoInternal: id=1 iccId=898601198[****] simSlotIndex=-1 displayName=x \
number= dataRoaming=0 mcc=460 mnc=01]

Embedded subscriptions: []
""".replace("\\\n", "")


def on_14(name: str = "CMCC", number: str = "[****]") -> str:
    return ANDROID_14.replace("{NAME}", name).replace("{NUMBER}", number)


def test_android_5_prints_ids_with_a_comma_and_codes_without_a_sign() -> None:
    assert parse_isub(ANDROID_5) == [
        ActiveSub(sub_id=1, slot=0, icc="897010112XXXXXXXXXXX", mcc_mnc="25001", number="")
    ]


def test_subscriptions_are_sorted_by_slot() -> None:
    assert parse_isub(ANDROID_10) == [
        ActiveSub(sub_id=3, slot=0, icc="897010112[****]", mcc_mnc="25001", number=""),
        ActiveSub(sub_id=4, slot=1, icc="897010299[****]", mcc_mnc="25002", number=""),
    ]


def test_only_the_active_list_counts() -> None:
    assert parse_isub(on_14()) == [ActiveSub(sub_id=2, slot=0, icc="898600451[****]", mcc_mnc="46002", number="[****]")]


@pytest.mark.parametrize(
    "name",
    [
        "CMCC Spare, data | x=y",
        "] [SubscriptionInfoInternal: id=9 iccId=89 simSlotIndex=1",
        "x number=+79990000000 dataRoaming=0 mcc=250 mnc=01 ehplmns=",
        "mcc 1 mnc 2",
        "",
        "没有服务",
    ],
)
def test_display_name_that_imitates_keys_is_ignored(name: str) -> None:
    (sub,) = parse_isub(on_14(name=name)) or []

    assert (sub.sub_id, sub.slot, sub.icc, sub.mcc_mnc, sub.number) == (2, 0, "898600451[****]", "46002", "[****]")


@pytest.mark.parametrize("number", ["", "[****]", "+8613900000000"])
def test_the_number_is_kept_as_printed(number: str) -> None:
    (sub,) = parse_isub(on_14(number=number)) or []

    assert sub.number == number


def test_empty_active_list_means_no_sim() -> None:
    assert parse_isub("SubscriptionManagerService:\n\nActive subscriptions:\n\nAll subscriptions:\n  [x]\n") == []
    assert parse_isub(" ActiveSubInfoList:\n++++++++\n AllSubInfoList:\n  {id=1, iccId=8 simSlotIndex=0 d=}\n") == []


WITHOUT_A_CARD = """SubscriptionController:
 defaultSubId=2147483643
 defaultDataSubId=1
++++++++++++++++++++++++++++++++
 ActiveSubInfoList: is null
++++++++++++++++++++++++++++++++
 AllSubInfoList:
  {id=1, iccId=897010100 simSlotIndex=-1 displayName=a b carrierName=No service nameSource=0 mcc 250 mnc 1}
++++++++++++++++++++++++++++++++
"""
ONE_UI_8 = """SubscriptionManagerService:
 defaultDataSubId=4
 mAllSubscriptionInfo:
  [SubscriptionInfoInternal: id=4 iccId=897010112[****] simSlotIndex=1 portIndex=0 displayName=A B mcc=250 mnc=01]
  [SubscriptionInfoInternal: id=2 iccId=897010299[****] simSlotIndex=-1 portIndex=-1 displayName=old mcc=250 mnc=02]
  SubscriptionInfoInternal{id=5 iccId=897019999[****] simSlotIndex=0 portIndex=0 displayName=C mcc=250 mnc=99}
"""


def test_null_list_means_no_sim() -> None:
    assert parse_isub(WITHOUT_A_CARD) == []


def test_one_ui_8_lists_all_and_those_in_a_slot_are_active() -> None:
    assert [(sub.sub_id, sub.slot, sub.icc_prefix, sub.mcc_mnc) for sub in parse_isub(ONE_UI_8) or []] == [
        (5, 0, "897019999", "25099"),
        (4, 1, "897010112", "25001"),
    ]


@pytest.mark.parametrize("dump", [on_14(), ONE_UI_8, WITHOUT_A_CARD, ANDROID_5])
def test_dump_that_timed_out_is_not_used(dump: str) -> None:
    for end in range(0, len(dump), 40):
        assert parse_isub(f"{dump[:end]}\n*** SERVICE 'isub' DUMP TIMEOUT (10000ms) EXPIRED ***\n") is None


def test_card_named_like_a_timeout_is_read() -> None:
    assert parse_isub(on_14(name="*** SERVICE 'isub' DUMP TIMEOUT (10000ms) EXPIRED ***")) != None  # noqa: E711


@pytest.mark.parametrize("text", ["", "Can't find service: isub\n", "Permission Denial: can't dump isub\n"])
def test_other_text_is_no_dump(text: str) -> None:
    assert parse_isub(text) is None


def test_the_prefix_of_a_masked_iccid_is_its_digits() -> None:
    (sub,) = parse_isub(on_14()) or []

    assert sub.icc_prefix == "898600451"


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_isub("Active subscriptions:\n" + text)

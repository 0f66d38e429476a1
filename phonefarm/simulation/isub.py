"""`dumpsys isub`: SubscriptionController up to Android 13, SubscriptionManagerService from Android 14 on."""

from __future__ import annotations

from phonefarm.simulation.handset import NO_SLOT, Handset, Subscription
from phonefarm.simulation.profiles import Vendor

MASK = "[****]"
LAST_SDK_WITH_NULL_LIST = 28
FIRST_SDK_OF_ONE_UI_8 = 36


def isub(handset: Handset) -> str:
    if handset.profile.vendor is Vendor.SAMSUNG and handset.profile.sdk >= FIRST_SDK_OF_ONE_UI_8:
        return _one_ui(handset)
    if handset.profile.sdk >= 34:
        return _manager_service(handset)
    return _controller(handset)


def masked_iccid(iccid: str, sdk: int) -> str:
    return iccid[:9] + ("XXXXXXXXXXX" if sdk <= 25 else MASK)


def _controller(handset: Handset) -> str:
    sdk = handset.profile.sdk
    default = handset.listed[0].sub_id if handset.listed else -1
    rule = "++++++++++++++++++++++++++++++++"
    lines = [
        "SubscriptionController:",
        f" mLastISubServiceRegTime={3 if sdk >= 30 else 2}",
        f" defaultSubId={default}",
        f" defaultDataSubId={default}",
        f" defaultVoiceSubId={default}",
        f" defaultSmsSubId={default}",
        *(_slot_line(sub, sdk) for sub in handset.listed),
        rule,
        *_active_list(handset),
        rule,
        " AllSubInfoList:",
        *(f"  {_controller_row(sub, handset)}" for sub in handset.subscriptions),
        rule,
        "",
    ]
    return "\n".join(lines)


def _active_list(handset: Handset) -> list[str]:
    if not handset.listed and handset.profile.sdk <= LAST_SDK_WITH_NULL_LIST:
        return [" ActiveSubInfoList: is null"]
    return [" ActiveSubInfoList:", *(f"  {_controller_row(sub, handset)}" for sub in handset.listed)]


def _slot_line(sub: Subscription, sdk: int) -> str:
    if sdk <= 25:
        return f" sSlotIdxToSubId[{sub.slot}]: subId={sub.sub_id}"
    if sdk <= 28:
        return f" sSlotIndexToSubId[{sub.slot}]: subId={sub.sub_id}"
    return f" sSlotIndexToSubId[{sub.slot}]: subIds={sub.slot}=[{sub.sub_id}]"


def _controller_row(sub: Subscription, handset: Handset) -> str:
    sdk, sim = handset.profile.sdk, sub.sim
    alpha, slot = sim.operator.alpha, handset.listed_slot(sub)
    if handset.profile.brief_isub:
        return f"{{id={sub.sub_id} simSlotIndex={slot} displayName={alpha} carrierName={alpha} isEmbedded=false}}"
    codes = f"mcc {sim.operator.mcc} mnc {int(sim.operator.mnc)}"
    if sdk >= 29:
        codes = f"mcc={sim.operator.mcc} mnc={sim.operator.mnc}"
    tail = (
        ""
        if sdk < 28
        else f" isEmbedded=false nativeAccessRules=null cardString={masked_iccid(sim.iccid, sdk)} cardId=0"
    )
    return (
        f"{{id={sub.sub_id}{',' if sdk < 29 else ''} iccId={masked_iccid(sim.iccid, sdk)} "
        f"simSlotIndex={slot} displayName={alpha} carrierName={alpha} nameSource=0 iconTint=-16746133 "
        f"dataRoaming=0 iconBitmap=android.graphics.Bitmap@1fa2b3c {codes}{tail}}}"
    )


def _one_ui(handset: Handset) -> str:
    """One UI 8 lists all subscriptions, but not the active ones separately."""
    lines = [
        "SubscriptionManagerService:",
        f" defaultDataSubId={handset.active[0].sub_id if handset.active else -1}",
        " mAllSubscriptionInfo:",
        *(f"  {_internal(sub, handset.profile.sdk)}" for sub in handset.subscriptions),
        "",
    ]
    return "\n".join(lines)


def _manager_service(handset: Handset) -> str:
    slots = range(handset.profile.slots)
    inserted = [handset.subscription_in(slot) for slot in slots]
    default = handset.active[0].sub_id if handset.active else -1
    ids = [sub.sub_id for sub in handset.active]
    lines = [
        "SubscriptionManagerService:",
        f"Active modem count={handset.profile.slots}",
        "Logical SIM slot sub id mapping:",
        *(f"  Logical SIM slot {slot}: subId={sub.sub_id if sub else -1}" for slot, sub in enumerate(inserted)),
        "ICCID:",
        *(
            f"  slot {slot}: {masked_iccid(sub.sim.iccid, handset.profile.sdk) if sub else ''}"
            for slot, sub in enumerate(inserted)
        ),
        "",
        *(f"default{kind}SubId={default}" for kind in ("", "Voice", "Data", "Sms")),
        "areAllSubscriptionsLoaded=true",
        "",
        *(f"mSimState[{slot}]={handset.slot(slot).sim_state}" for slot in slots),
        "",
        "Active subscriptions:",
        *(f"  {_internal(sub, handset.profile.sdk)}" for sub in handset.active),
        "",
        "All subscriptions:",
        *(f"  {_internal(sub, handset.profile.sdk)}" for sub in handset.subscriptions),
        "",
        "Embedded subscriptions: []",
        "Opportunistic subscriptions: []",
        f"getAvailableSubscriptionInfoList: {ids}",
        f"getSelectableSubscriptionInfoList: {ids}",
        "",
    ]
    return "\n".join(lines)


def _internal(sub: Subscription, sdk: int) -> str:
    sim, operator = sub.sim, sub.sim.operator
    iccid = masked_iccid(sim.iccid, sdk)
    number, ims_number = (MASK if value is not None else "" for value in (sim.on_card, sim.from_ims))
    return (
        f"[SubscriptionInfoInternal: id={sub.sub_id} iccId={iccid} simSlotIndex={sub.slot} "
        f"portIndex={0 if sub.slot != NO_SLOT else -1} isEmbedded=0 isRemovableEmbedded=0 carrierId=1435 "
        f"displayName={operator.alpha} carrierName={operator.alpha} isOpportunistic=0 groupUuid= groupOwner= "
        f"displayNameSource=SIM_SPN iconTint=-16738131 number={number} dataRoaming=0 mcc={operator.mcc} "
        f"mnc={operator.mnc} ehplmns= hplmns={operator.numeric} cardString={iccid} cardId=1 nativeAccessRules= "
        f"carrierConfigAccessRules= countryIso={operator.iso} profileClass=-1 type=LOCAL_SIM "
        "areUiccApplicationsEnabled=1 usageSetting=DEFAULT wifiCallingMode=UNKNOWN enabledMobileDataPolicies= "
        f"imsi={sim.imsi[:9]}{MASK} rcsUceEnabled=0 allowedNetworkTypesForReasons=user=840583 "
        f"numberFromCarrier= numberFromIms={ims_number} userId=-10000 isSatelliteEnabled=-1 isGroupDisabled=false]"
    )

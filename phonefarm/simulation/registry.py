"""`dumpsys telephony.registry`: service and signal of each slot, in the format of each release."""

from __future__ import annotations

from phonefarm.simulation.handset import Handset
from phonefarm.simulation.profiles import Vendor
from phonefarm.simulation.radio import NETWORK_TYPES, Service, SlotView

UNKNOWN = 2147483647
_VOICE_STATES = {
    Service.IN_SERVICE: "0(IN_SERVICE)",
    Service.NO_SERVICE: "1(OUT_OF_SERVICE)",
    # The modem camps on a foreign network for emergency calls, which Android still reports as out of service.
    Service.EMERGENCY_ONLY: "1(OUT_OF_SERVICE)",
    Service.POWER_OFF: "3(POWER_OFF)",
}
_RSRP = (-133, -123, -113, -103, -88)
"""dBm for levels 0 to 4, by the thresholds of AOSP's carrier configuration."""
_RSSNR = (-100, -20, 20, 80, 200)
_GSM_ASU = (1, 3, 6, 9, 20)
_SIGNAL_CLASSES = {"NR": "Nr", "UMTS": "Wcdma", "HSPA": "Wcdma", "EDGE": "Gsm", "GPRS": "Gsm", "GSM": "Gsm"}
_LTE_SIGNAL_TYPES = frozenset({"LTE", "NR", "IWLAN"})


def telephony_registry(handset: Handset) -> str:
    lines = ["last known state:"]
    for number in range(handset.profile.slots):
        slot = handset.slot(number)
        lines += [
            f"  Phone Id={number}",
            "    mCallState=0",
            "    mCallIncomingNumber=",
            f"    mServiceState={_service_state(slot, handset.profile.sdk)}",
            f"    mSignalStrength={_signal_strength(slot, handset)}",
            "    mMessageWaiting=false",
            "    mCallForwarding=false",
            "    mDataActivity=0",
            f"    mDataConnectionState={2 if slot.can_receive and number == 0 else 0}",
        ]
    return "\n".join(lines) + "\n"


def _service_state(slot: SlotView, sdk: int) -> str:
    """Android 5 to 7 print values without names, 8 and 9 with names, 10 one operator for voice and data."""
    if sdk <= 25:
        return _unnamed_service_state(slot)
    state = _VOICE_STATES[slot.service]
    emergency = _java_bool(slot.service is Service.EMERGENCY_ONLY)
    middle, end = _two_operators(slot) if sdk <= 28 else _one_operator(slot)
    return (
        f"{{mVoiceRegState={state}, mDataRegState={state}, {middle}, mCssIndicator=unsupported, "
        "mNetworkId=-1, mSystemId=-1, mCdmaRoamingIndicator=-1, mCdmaDefaultRoamingIndicator=-1, "
        f"mIsEmergencyOnly={emergency}, {end}}}"
    )


def _two_operators(slot: SlotView) -> tuple[str, str]:
    alpha, technology = _alpha(slot), _technology(slot)
    roaming = "International Roaming" if slot.is_roaming else "home"
    middle = (
        f"mVoiceRoamingType={roaming}, mDataRoamingType={roaming}, mVoiceOperatorAlphaLong={alpha}, "
        f"mVoiceOperatorAlphaShort={alpha}, mDataOperatorAlphaLong={alpha}, mDataOperatorAlphaShort={alpha}, "
        "isManualNetworkSelection=false(automatic), "
        f"mRilVoiceRadioTechnology={technology}, mRilDataRadioTechnology={technology}"
    )
    return middle, f"mIsDataRoamingFromRegistration={_java_bool(slot.is_roaming)}, mIsUsingCarrierAggregation=false"


def _one_operator(slot: SlotView) -> tuple[str, str]:
    alpha, technology = _alpha(slot), _technology(slot)
    middle = (
        "mChannelNumber=1700, duplexMode()=1, mCellBandwidths=[15000], "
        f"mOperatorAlphaLong={alpha}, mOperatorAlphaShort={alpha}, isManualNetworkSelection=false(automatic), "
        f"getRilVoiceRadioTechnology={technology}, getRilDataRadioTechnology={technology}"
    )
    return middle, f"isUsingCarrierAggregation=false, {_registrations(slot)}"


def _unnamed_service_state(slot: SlotView) -> str:
    state = 2 if slot.service is Service.EMERGENCY_ONLY else int(_VOICE_STATES[slot.service][0])
    data_state = 1 if state == 2 else state
    roaming = "international" if slot.is_roaming else "home"
    alpha = _alpha(slot)
    operator = f"{alpha} {alpha} {slot.network.numeric if slot.network is not None else 'null'}"
    return (
        f"{state} {data_state} voice {roaming} data {roaming} {operator} {operator}  {slot.network_type} "
        f"{slot.network_type} CSS not supported -1 -1 RoamInd=-1 DefRoamInd=-1 "
        f"EmergOnly={_java_bool(slot.service is Service.EMERGENCY_ONLY)} "
        f"IsDataRoamingFromRegistration={_java_bool(slot.is_roaming)}"
    )


def _registrations(slot: SlotView) -> str:
    registered = {Service.IN_SERVICE: "ROAMING" if slot.is_roaming else "HOME"}.get(
        slot.service,
        "NOT_REG_OR_SEARCHING_EMERGENCY" if slot.service is Service.EMERGENCY_ONLY else "NOT_REG_OR_SEARCHING",
    )
    roaming = "INTERNATIONAL" if slot.is_roaming else "NOT_ROAMING"
    technology = slot.network_type if slot.can_receive else "UNKNOWN"
    numeric = slot.network.numeric if slot.network is not None else ""
    domains = ", ".join(
        f"NetworkRegistrationInfo{{ domain={domain} transportType=WWAN registrationState={registered} "
        f"roamingType={roaming} accessNetworkTechnology={technology} rejectCause=0 emergencyEnabled=false "
        f"rRplmn={numeric}}}"
        for domain in ("CS", "PS")
    )
    return f"mNetworkRegistrationInfos=[{domains}]"


def _alpha(slot: SlotView) -> str:
    return slot.network.alpha if slot.network is not None else "null"


def _technology(slot: SlotView) -> str:
    return f"{NETWORK_TYPES.get(slot.network_type, 0)}({slot.network_type})"


def _java_bool(value: bool) -> str:
    return "true" if value else "false"


def _signal_strength(slot: SlotView, handset: Handset) -> str:
    if handset.profile.sdk < 29:
        return _unnamed_signal(slot, handset.profile.sdk)
    return _signal_by_technology(slot, handset.profile.sdk, handset.profile.vendor)


def _unnamed_signal(slot: SlotView, sdk: int) -> str:
    """Values by position, without a level: GSM, then CDMA, then LTE's strength, rsrp, rsrq, rssnr and cqi."""
    asu, lte, measures = 99, 99, (UNKNOWN, UNKNOWN, UNKNOWN)
    if slot.level is not None and slot.network_type in _LTE_SIGNAL_TYPES:
        lte, measures = 10 + 4 * slot.level, (_RSRP[slot.level], -9, _RSSNR[slot.level])
    elif slot.level is not None:
        asu = _GSM_ASU[slot.level]
    rsrp, rsrq, rssnr = measures
    boost = f"{UNKNOWN} " if sdk <= 25 else f"{UNKNOWN} 0 "
    return f"SignalStrength: {asu} 0 -120 -160 -120 -1 -1 {lte} {rsrp} {rsrq} {rssnr} {UNKNOWN} {boost}gsm|lte"


def _signal_by_technology(slot: SlotView, sdk: int, vendor: Vendor) -> str:
    kind = _SIGNAL_CLASSES.get(slot.network_type, "Lte")
    level = {kind: slot.level} if slot.level is not None else {}
    used = " parametersUseForLevel=0" if sdk >= 31 else ""
    table = f"cqiTableIndex={UNKNOWN} " if sdk >= 31 else ""
    lte = (
        f"rssi={-67 if 'Lte' in level else UNKNOWN} rsrp={_rsrp(level, 'Lte')} "
        f"rsrq={-9 if 'Lte' in level else UNKNOWN} rssnr={UNKNOWN} "
        f"{table}cqi={UNKNOWN} ta={UNKNOWN} level={level.get('Lte', 0)}{used}"
    )
    gsm_rssi = -113 + 2 * _GSM_ASU[level["Gsm"]] if "Gsm" in level else UNKNOWN
    wcdma = _RSRP[level["Wcdma"]] + 15 if "Wcdma" in level else UNKNOWN
    parts = {
        "Cdma": f"cdmaDbm={UNKNOWN} cdmaEcio={UNKNOWN} evdoDbm={UNKNOWN} evdoEcio={UNKNOWN} evdoSnr={UNKNOWN} level=0",
        "Gsm": f"rssi={gsm_rssi} ber={UNKNOWN} mTa={UNKNOWN} mLevel={level.get('Gsm', 0)}",
        "Wcdma": f"ss={wcdma} ber={UNKNOWN} rscp={wcdma} ecno={UNKNOWN} level={level.get('Wcdma', 0)}",
        "Tdscdma": f"rssi={UNKNOWN} ber={UNKNOWN} rscp={UNKNOWN} level=0",
        "Lte": lte,
    }
    if vendor is Vendor.SAMSUNG and sdk >= 31:
        # One UI prints "Invalid" for technologies that it does not measure.
        return f"SignalStrength:{{{_one_ui_signal(parts, level)},primary=CellSignalStrength{kind}}}"
    printed = ",".join(f"m{name}=CellSignalStrength{name}: {text}" for name, text in parts.items())
    nr = f"mNr=CellSignalStrengthNr:{{ {_nr_signal(level, sdk)} }}"
    return f"SignalStrength:{{{printed},{nr},primary=CellSignalStrength{kind}}}"


def _one_ui_signal(parts: dict[str, str], level: dict[str, int]) -> str:
    printed = [
        f"m{name}=CellSignalStrength{name}: {text}" if name in level else f"m{name}=Invalid"
        for name, text in parts.items()
    ]
    nr = f"CellSignalStrengthNr:{{ {_nr_signal(level, 31)} }}" if "Nr" in level else "Invalid"
    bars = f"lteLevel={level['Lte']}" if "Lte" in level else "no level"
    return f"{','.join(printed)},mNr={nr},SignalBarInfo{{ {bars} }},rat=14"


def _nr_signal(level: dict[str, int], sdk: int) -> str:
    used = " parametersUseForLevel = 0" if sdk >= 31 else ""
    return (
        f"csiRsrp = {UNKNOWN} csiRsrq = {UNKNOWN} csiSinr = {UNKNOWN} ssRsrp = {_rsrp(level, 'Nr')} "
        f"ssRsrq = {UNKNOWN} ssSinr = {UNKNOWN} level = {level.get('Nr', 0)}{used}"
    )


def _rsrp(level: dict[str, int], kind: str) -> int:
    return _RSRP[level[kind]] if kind in level else UNKNOWN

"""What the radio of a slot has found: a network of its own or another's, how strong, or none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from phonefarm.simulation.sims import MobileOperator

NETWORK_TYPES = {"Unknown": 0, "GPRS": 1, "EDGE": 2, "UMTS": 3, "HSPA": 11, "LTE": 14, "GSM": 16, "IWLAN": 18, "NR": 20}
"""Names in `gsm.network.type`, and the radio technology's number in mServiceState."""
STRONGEST = 4
LOADED_STATES = frozenset({"READY", "LOADED"})
READABLE_STATES = LOADED_STATES | {"NETWORK_LOCKED"}
"""States in which the card's home network is known."""


class Service(StrEnum):
    IN_SERVICE = "in service"
    NO_SERVICE = "no service"
    EMERGENCY_ONLY = "emergency only"
    POWER_OFF = "power off"


@dataclass
class SlotRadio:
    """`visited` is the network that a roaming card is in."""

    level: int | None = 3
    """0 to 4; None where the radio cannot say."""
    network_type: str = "LTE"
    service: Service = Service.IN_SERVICE
    visited: MobileOperator | None = None
    sms_over_ims: bool = False
    """SMS come over IMS (VoLTE, VoWiFi): the radio itself announces none."""


@dataclass(frozen=True, kw_only=True)
class SlotView:
    """What the phone says of a slot."""

    sim_state: str
    service: Service
    home: MobileOperator | None
    network: MobileOperator | None
    network_type: str
    level: int | None
    is_roaming: bool

    @property
    def can_receive(self) -> bool:
        return self.service is Service.IN_SERVICE

"""The radio of a SIM slot: service state, network, technology and signal level."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from phonefarm.simulation.sims import MobileOperator

NETWORK_TYPES = {"Unknown": 0, "GPRS": 1, "EDGE": 2, "UMTS": 3, "HSPA": 11, "LTE": 14, "GSM": 16, "IWLAN": 18, "NR": 20}
"""Radio technology numbers in mServiceState, by name in `gsm.network.type`."""
MAX_LEVEL = 4
LOADED_STATES = frozenset({"READY", "LOADED"})
READABLE_STATES = LOADED_STATES | {"NETWORK_LOCKED"}
"""States in which the home network of the SIM is known."""


class Service(StrEnum):
    IN_SERVICE = "in service"
    NO_SERVICE = "no service"
    EMERGENCY_ONLY = "emergency only"
    POWER_OFF = "power off"


@dataclass
class SlotRadio:
    """The settings of one slot's radio; `visited` is the network of a roaming SIM."""

    level: int | None = 3
    """0 to 4; None if unknown."""
    network_type: str = "LTE"
    service: Service = Service.IN_SERVICE
    visited: MobileOperator | None = None
    sms_over_ims: bool = False
    """SMS arrive over IMS (VoLTE, VoWiFi) and are not logged by the radio."""


@dataclass(frozen=True, kw_only=True)
class SlotView:
    """The state that the phone reports for a slot."""

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

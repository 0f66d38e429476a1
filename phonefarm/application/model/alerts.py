"""The alerts as the window and the command line are shown them, and as they are kept over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from phonefarm.domain.alert_channels import DESKTOP_CHANNEL as DESKTOP_CHANNEL
from phonefarm.domain.alert_channels import FORMS as FORMS
from phonefarm.domain.alert_channels import NTFY_SERVER as NTFY_SERVER
from phonefarm.domain.alert_channels import Channel as Channel
from phonefarm.domain.alert_channels import ChannelKind as ChannelKind
from phonefarm.domain.alert_channels import Delivery as Delivery
from phonefarm.domain.alert_channels import DeliveryFault as DeliveryFault
from phonefarm.domain.alert_channels import FormField as FormField
from phonefarm.domain.alert_rules import REMINDER_HOURS as REMINDER_HOURS
from phonefarm.domain.alert_rules import STOPS_SALES as STOPS_SALES
from phonefarm.domain.alert_rules import THRESHOLDS as THRESHOLDS
from phonefarm.domain.alert_rules import AlertPolicy as AlertPolicy
from phonefarm.domain.alert_rules import QuietHours as QuietHours
from phonefarm.domain.alert_rules import Rule as Rule
from phonefarm.domain.alert_rules import RuleKind as RuleKind
from phonefarm.domain.alert_rules import Threshold as Threshold
from phonefarm.domain.alert_rules import Unit as Unit
from phonefarm.domain.alerts import AlertMessage as AlertMessage
from phonefarm.domain.alerts import AlertState as AlertState
from phonefarm.domain.alerts import Cause as Cause
from phonefarm.domain.alerts import MessageKind as MessageKind


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One message as it is sent: never the text of an SMS, a whole number or ICCID."""

    at: datetime
    kind: MessageKind
    title: str
    body: str
    stops_sales: bool = False


@dataclass(frozen=True, kw_only=True)
class ChannelResult:
    """How a channel has done lately."""

    arrived_at: datetime | None = None
    seconds: float = 0.0
    failing_since: datetime | None = None
    last: Delivery | None = None
    was_test: bool = False
    """Whether the last attempt was a test."""
    undelivered: int = 0
    """Alerts that wait for it to work again, or were given up."""


@dataclass(frozen=True, kw_only=True)
class PendingAlert:
    channel_id: str
    alert: Alert


@dataclass(frozen=True, kw_only=True)
class AlertSettings:
    """What the user has chosen; kept in one file."""

    policy: AlertPolicy = field(default_factory=AlertPolicy)
    channels: tuple[Channel, ...] = (DESKTOP_CHANNEL,)


@dataclass(frozen=True, kw_only=True)
class AlertMemory:
    """What must outlive a restart, so that nothing is told twice and nothing told is lost."""

    state: AlertState = field(default_factory=AlertState)
    history: tuple[Alert, ...] = ()
    """Newest last."""
    pending: tuple[PendingAlert, ...] = ()
    results: Mapping[str, ChannelResult] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ChannelRow:
    channel: Channel
    result: ChannelResult


@dataclass(frozen=True, kw_only=True)
class AlertsOverview:
    """All that the page Alerts shows."""

    policy: AlertPolicy
    last_told_at: Mapping[RuleKind, datetime]
    channels: tuple[ChannelRow, ...]
    sent_in_30_days: int
    open_causes: int
    """That were told, hold, and were not marked as seen."""


@dataclass(frozen=True, kw_only=True)
class ChannelForm:
    """A channel as the user entered it."""

    channel_id: str = ""
    """Empty: a new one."""
    kind: ChannelKind
    name: str
    is_on: bool = True
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """A secret that is left empty stays as it is."""

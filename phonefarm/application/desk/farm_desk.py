"""FarmDesk: all queries and commands of the window and the command line.

Every coroutine runs on the engine's loop; the window reaches it through `ui.engine.engine_link`.
Methods raise `KnownError` with a sentence for the user.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from phonefarm.application.model.alerts import Alert, AlertPolicy, AlertsOverview, ChannelForm, Delivery
from phonefarm.application.model.log_entries import (
    CallDetails,
    HealthHistory,
    LogBatch,
    LogQuery,
    LogSummary,
    OrderStanding,
)
from phonefarm.application.model.read_models import (
    Changes,
    Difference,
    Grouping,
    ImportReport,
    MoneyRow,
    Overview,
    PublicAddress,
    Restored,
    SettingField,
    SettingProblem,
    Topic,
)
from phonefarm.application.model.row_queries import Keys, RowQuery
from phonefarm.application.model.setup_state import NumberDraft, PushTest, SetupState, SmsChainResult
from phonefarm.application.model.timeline import TimelineEntry
from phonefarm.domain.blocklist import BlockedSender
from phonefarm.domain.health import Health
from phonefarm.domain.number_patterns import NumberPattern

Row = TypeVar("Row")


class FarmDesk(Protocol):
    # Reading ---------------------------------------------------------------

    async def overview(self) -> Overview: ...

    async def rows(self, query: RowQuery[Row], keys: Keys = None) -> Sequence[Row]:
        """The rows of one of `row_queries.ROW_QUERIES`; of histories at most the newest `views.HISTORY_ROWS`."""
        ...

    async def number_patterns(self) -> Sequence[NumberPattern]: ...

    async def built_in_number_patterns(self) -> Sequence[NumberPattern]:
        """Saving exactly these restores the built-in ones, with later improvements of them."""
        ...

    async def money(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        """The account for [begin, end): credits at the finish of the rent, reversals at their own time."""
        ...

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        """Compare the market's account (CSV or XLSX: rent_id, sum) with the database for [begin, end)."""
        ...

    async def restored(self) -> Restored | None:
        """The restored backup that the database comes from, until `dismiss_restored`; else None."""
        ...

    async def timeline(self, topic: Topic, key: str) -> Sequence[TimelineEntry]:
        """The timeline of one phone, SIM, rent, message or push, oldest first."""
        ...

    async def log_entries(self, query: LogQuery) -> LogBatch:
        """Calls of the market, pushes, and happenings of phones, SIMs and the user; newest first, in batches."""
        ...

    async def log_summary(self, query: LogQuery) -> LogSummary: ...

    async def call_details(self, call_id: int) -> CallDetails | None:
        """Request and response of a call; None if it is not kept any more."""
        ...

    async def health_history(self) -> HealthHistory:
        """How each health check stood in the last 24 hours."""
        ...

    async def order_standing(self) -> OrderStanding:
        """Today's orders against what is usual."""
        ...

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` on the engine's loop with coalesced changes, at most ten times a second; returns the undo."""
        ...

    # Commands --------------------------------------------------------------

    async def pause_selling(self) -> None:
        """Empty the offer at once and keep it empty, also after a restart, until resumed; open rents go on."""
        ...

    async def resume_selling(self) -> None: ...

    async def lift_ban(self, sim_id: str) -> None: ...

    async def set_ban(self, sim_id: str, length: timedelta) -> None: ...

    async def hold_back(self, sim_id: str, reason: str) -> None:
        """Withhold a SIM from the offer until `release`; an open rent continues."""
        ...

    async def release(self, sim_id: str) -> None: ...

    async def set_number(self, sim_id: str, number: str) -> None:
        """Set the number (any usual spelling); refused while a rent is open on the SIM."""
        ...

    async def name_phone(self, phone_id: str, label: str) -> None: ...

    async def reconnect_phone(self, phone_id: str) -> None: ...

    async def resend_push(self, sms_id: int) -> None:
        """Retry a parked, refused or closed push now; refused once Onlinesim has accepted it."""
        ...

    async def drop_push(self, sms_id: int) -> None:
        """Stop retrying: the push is closed as dropped; its message is kept."""
        ...

    async def release_orphan(self, rent_id: int) -> None:
        """Free the number of a rent whose answer may not have reached the market; refused for other rents."""
        ...

    async def assign_sim(self, sms_id: int, sim_id: str, *, remember: bool = False) -> None:
        """Assign a held message to a SIM of its phone; it is pushed if a rent was open.

        `remember`: all held and later messages of this phone with the same SIM mark are assigned to that SIM, too, as
        long as it stays there.
        """
        ...

    async def forget_sim_rules(self, phone_id: str) -> None:
        """Forget the remembered assignments of the phone; assigned messages stay assigned."""
        ...

    async def accept_number(self, sim_id: str, number: str) -> None:
        """Set the number that the SIM's own messages state; refused if they now state another one.

        Anybody can send a message, so only the number that the user saw may be accepted.
        """
        ...

    async def import_numbers(self, path: str) -> ImportReport:
        """Import the numbers of a CSV or XLSX file."""
        ...

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        """Set the market's names of a network; an empty country removes the user's own name."""
        ...

    async def save_number_patterns(self, patterns: Sequence[NumberPattern]) -> Sequence[SettingProblem]:
        """Store all, or nothing and return what is wrong; `name` of a problem is the index of its pattern."""
        ...

    async def blocked_senders(self) -> Sequence[BlockedSender]:
        """The senders whose messages are withheld."""
        ...

    async def built_in_blocked_senders(self) -> Sequence[BlockedSender]: ...

    async def save_blocked_senders(self, entries: Sequence[BlockedSender]) -> Sequence[SettingProblem]:
        """Store all, or nothing and return what is wrong; `name` of a problem is the index of its entry."""
        ...

    async def erase_number(self, number: str) -> str:
        """Erase the texts of a number now, except those still needed; returns a sentence about the result."""
        ...

    async def dismiss_restored(self) -> None: ...

    # The way to the first sale ---------------------------------------------

    async def setup(self) -> SetupState:
        """How the seven steps to the first sale stand."""
        ...

    async def confirm_own_sims(self, *, is_confirmed: bool) -> None:
        """The user says that the SIMs are their own to rent out and that they follow the country's rule."""
        ...

    async def test_push_url(self) -> PushTest:
        """Push once for a rent that cannot exist; nothing of it is stored. Raises KnownError without a push URL."""
        ...

    async def test_sms(self, sim_id: str) -> SmsChainResult:
        """Walk the way of an SMS with a made-up one; leaves no trace. Raises KnownError for a SIM that cannot."""
        ...

    async def preview_numbers(self, path: str) -> Sequence[NumberDraft]:
        """What `import_numbers` would take of a file, line by line; raises KnownError for what is no such table."""
        ...

    async def check_numbers(self, numbers: Mapping[str, str]) -> Mapping[str, str]:
        """What is wrong with numbers that were typed, by SIM; those that `set_number` takes are left out."""
        ...

    # Alerts ----------------------------------------------------------------

    async def alerts_overview(self) -> AlertsOverview: ...

    async def recent_alerts(self) -> Sequence[Alert]:
        """Those of the last 30 days, newest first."""
        ...

    async def save_alert_policy(self, policy: AlertPolicy) -> Sequence[SettingProblem]:
        """Rules, quiet hours and reminders: keep all and go by it at once, or keep nothing and say what is wrong."""
        ...

    async def save_alert_channel(self, form: ChannelForm) -> Sequence[SettingProblem]:
        """Keep a new or a changed channel, or nothing; `name` of a problem is the form's field."""
        ...

    async def switch_alert_channel(self, channel_id: str, *, is_on: bool) -> None: ...

    async def remove_alert_channel(self, channel_id: str) -> None:
        """Forget the channel and its secret."""
        ...

    async def test_alert_channel(self, channel_id: str) -> Delivery:
        """Send a test now; returns its result within about 15 s."""
        ...

    async def mark_alerts_seen(self) -> None:
        """Send no reminders of what was told until now."""
        ...

    def subscribe_alerts(self, listener: Callable[[Alert], None]) -> Callable[[], None]:
        """Call `listener` on the engine's loop with each notice for the screen of this PC; returns the undo."""
        ...

    # Settings --------------------------------------------------------------

    async def public_address(self) -> PublicAddress:
        """How Onlinesim reaches the webhooks; whether it does, the health check "tunnel" says."""
        ...

    async def test_public_address(self) -> Health:
        """Probe it from outside now, within 5 s; raises KnownError where there is no URL yet."""
        ...

    async def confirm_public_url(self) -> None:
        """The user has passed the present URL on to Onlinesim."""
        ...

    async def confirm_ssh_host_key(self, fingerprint: str) -> None:
        """The user trusts the SSH server with this key; the tunnel is opened at once. Raises KnownError."""
        ...

    async def restart_tunnel(self) -> None:
        """Restart the tunnel."""
        ...

    async def ssh_public_key(self) -> str:
        """The line for `authorized_keys` on the server; makes the key when it is first asked for. Raises KnownError."""
        ...

    async def settings(self) -> Sequence[SettingField]: ...

    async def check_settings(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        """The problems that `save_settings` would find in these values; saves nothing."""
        ...

    async def starts_at_login(self) -> bool:
        """Whether the system starts the window when this user logs in."""
        ...

    async def set_start_at_login(self, on: bool) -> None: ...

    async def save_settings(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        """Store all, or nothing and return what is wrong.

        `api_key` is stored in the system's keyring; with `key_in_file` in a file that only this user can read. If only
        the keyring fails, all other settings are stored, and the problem offers the file.
        """
        ...

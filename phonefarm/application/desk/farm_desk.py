"""FarmDesk: everything the window and the command line may ask for or order.

Every coroutine runs on the engine's loop; the window reaches it through `ui.engine.engine_link`.
A method raises `KnownError` with a sentence for the user when the world or the user is at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

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
        """What `save_number_patterns` takes to have the built-in ones again, and later improvements of them."""
        ...

    async def money(self, grouping: Grouping, begin: datetime, end: datetime) -> Sequence[MoneyRow]:
        """The account for [begin, end): credits by the rent's finish, reversals by their own time."""
        ...

    async def reconcile(self, path: str, begin: datetime, end: datetime) -> Sequence[Difference]:
        """Hold the market's account (CSV or XLSX with the columns rent_id, sum) against the books for [begin, end)."""
        ...

    async def restored(self) -> Restored | None:
        """Whether the books come from a backup, until `dismiss_restored`."""
        ...

    async def timeline(self, topic: Topic, key: str) -> Sequence[TimelineEntry]:
        """What happened to one phone, SIM, rent, message or push; oldest first."""
        ...

    def subscribe(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` on the engine's loop with coalesced changes, at most ten times a second; returns the undo."""
        ...

    # Orders ----------------------------------------------------------------

    async def lift_ban(self, sim_id: str) -> None: ...

    async def set_ban(self, sim_id: str, length: timedelta) -> None: ...

    async def hold_back(self, sim_id: str, reason: str) -> None:
        """Withhold a SIM from the offer until released; an open rent goes on."""
        ...

    async def release(self, sim_id: str) -> None: ...

    async def set_number(self, sim_id: str, number: str) -> None:
        """Set the number by hand (any usual spelling); refused while a rent is open on the SIM."""
        ...

    async def name_phone(self, phone_id: str, label: str) -> None: ...

    async def reconnect_phone(self, phone_id: str) -> None: ...

    async def resend_push(self, sms_id: int) -> None:
        """Try a parked, refused or closed push again now; refused once Onlinesim has accepted it."""
        ...

    async def drop_push(self, sms_id: int) -> None:
        """Stop trying; the message stays, its push is closed as dropped by the user."""
        ...

    async def release_orphan(self, rent_id: int) -> None:
        """Free the number of a rent whose answer never reached the market; refused for any other rent."""
        ...

    async def settle_message(self, sms_id: int, sim_id: str, *, remember: bool = False) -> None:
        """Say to which SIM of its phone a held message belongs; it is then pushed if a rent was open.

        `remember`: messages of this phone with the same SIM mark go to that SIM from now on, while it sits there;
        others that are held with that mark are settled, too.
        """
        ...

    async def forget_sim_rules(self, phone_id: str) -> None:
        """Undo what was remembered of the phone's messages."""
        ...

    async def accept_number(self, sim_id: str, number: str) -> None:
        """Give the SIM the number that its own messages state; refused if they do not state this one now.

        Anybody can send a message: what the user saw is what is accepted, not what came a moment later.
        """
        ...

    async def import_numbers(self, path: str) -> ImportReport:
        """Take the numbers of a CSV or XLSX file in; returns what was done, in words."""
        ...

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        """Say how the market names a network; an empty country takes the user's own name back."""
        ...

    async def save_number_patterns(self, patterns: Sequence[NumberPattern]) -> Sequence[SettingProblem]:
        """Keep all, or keep nothing and say what is wrong; `name` of a problem is the pattern's place from 0."""
        ...

    async def blocked_senders(self) -> Sequence[BlockedSender]:
        """The senders whose messages are withheld."""
        ...

    async def built_in_blocked_senders(self) -> Sequence[BlockedSender]: ...

    async def save_blocked_senders(self, entries: Sequence[BlockedSender]) -> Sequence[SettingProblem]:
        """Keep all, or keep nothing and say what is wrong; `name` of a problem is the entry's place from 0."""
        ...

    async def erase_number(self, number: str) -> str:
        """Erase the texts of a number now, except those still needed; returns what was done, in words."""
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
        """Close the tunnel, if it is open, and open it anew."""
        ...

    async def ssh_public_key(self) -> str:
        """The line for `authorized_keys` on the server; makes the key when it is first asked for. Raises KnownError."""
        ...

    async def settings(self) -> Sequence[SettingField]: ...

    async def save_settings(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        """Check all and keep all, or keep nothing and say what is wrong.

        `api_key` goes to the OS keyring; with `key_in_file` to a file that only this user can read. A problem that
        offers that is of the key alone: the rest is kept.
        """
        ...

"""Every query and command of the desk does what its name says: a call of the wrong use case is found here.

Each member is driven once on the real desk over a real database and judged by its rows or its effect. A member of
`FarmDesk` that no test here drives is an error, and so is a test that does not call what it claims to drive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, cast

import pytest

from phonefarm.adapters.storage.restore_note import RestoreNote
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model import row_queries
from phonefarm.application.model.alerts import Alert, AlertPolicy, ChannelForm, ChannelKind, Rule, RuleKind
from phonefarm.application.model.health_board import NAMES
from phonefarm.application.model.log_entries import CallDetails, EntryKind, Level, LevelChange, LogQuery
from phonefarm.application.model.read_models import (
    BY_USER,
    BlockedSender,
    Changes,
    Grouping,
    NumberPattern,
    Pause,
    PushState,
    RentState,
    Restored,
    SettingField,
    SettingProblem,
    SimStanding,
    Topic,
)
from phonefarm.application.model.row_queries import (
    BANS,
    MESSAGES,
    NETWORKS,
    NUMBER_TASKS,
    PHONES,
    PUSHES,
    RENTS,
    ROW_QUERIES,
    SIMS,
    RowQuery,
)
from phonefarm.application.model.setup_state import StepName, StepState
from phonefarm.application.ports.records.numbers import NumberEntry
from phonefarm.domain.calls import CallKind, Outcome, call_at
from phonefarm.domain.errors import KnownError
from phonefarm.domain.health import HealthKind
from phonefarm.domain.ids import RentId, SmsId
from phonefarm.domain.pushes import FinalRefusal
from phonefarm.domain.rents import FinishStatus
from phonefarm.domain.sms import SmsStanding
from tests.application.desk.office import BUILT_IN_SENDERS, Office
from tests.application.stored_farm import PATTERNS, StoredFarm
from tests.builders import HOUR, ICCID, NOON, NUMBER, OTHER_ICCID, OTHER_NUMBER, PHONE, a_seen_sim
from tests.fakes.desk_settings import a_setting
from tests.fakes.phone_bridge import ScriptedPhone, ScriptedPhoneBridge
from tests.timelines import sentences
from tests.waiting import until

MEMBERS = frozenset(name for name in vars(FarmDesk) if not name.startswith("_"))
OWN_PATTERN = NumberPattern(text="Mein Handy: {number}")
OWN_SENDER = BlockedSender(pattern="Casino", what="games")
MARK = "sim_id=7"

Test = Callable[..., Awaitable[None]]

driven: dict[str, str] = {}
"""The test of each member."""


@dataclass
class KeptSettings:
    """Settings in memory; the keyring refuses the key."""

    kept: dict[str, str] = field(default_factory=dict)

    def fields(self) -> Sequence[SettingField]:
        return [a_setting(name=name, value=value) for name, value in self.kept.items()]

    def check(self, changes: Mapping[str, str]) -> Sequence[SettingProblem]:
        return [SettingProblem(name=name, problem="is wrong") for name, value in changes.items() if value == "wrong"]

    def save(self, changes: Mapping[str, str], *, key_in_file: bool = False) -> Sequence[SettingProblem]:
        if "api_key" in changes and not key_in_file:
            return [SettingProblem(name="api_key", problem="no keyring", offers_key_file=True)]
        self.kept |= changes
        return []


class CallRecorder:
    """Records which members of the desk are used."""

    def __init__(self, desk: FarmDesk) -> None:
        self._desk = desk
        self.used: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.used.add(name)
        return getattr(self._desk, name)


@dataclass
class Stage:
    desk: FarmDesk
    used: set[str]
    farm: StoredFarm
    settings: KeptSettings
    restore_note: RestoreNote
    phone: ScriptedPhone
    bridge: ScriptedPhoneBridge
    office: Office


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> Stage:
    phone = ScriptedPhone("R58M123")
    bridge = ScriptedPhoneBridge(lambda: NOON, phone)
    settings, restore_note = KeptSettings(), RestoreNote(tmp_path)
    office = Office(database, bridges=[bridge], settings=settings, restore_note=restore_note)
    recorder = CallRecorder(office.desk)
    return Stage(cast(FarmDesk, recorder), recorder.used, office.farm, settings, restore_note, phone, bridge, office)


def drives(*members: str) -> Callable[[Test], Test]:
    """Marks a test that uses these members of the desk on `stage`."""

    def claim(test: Test) -> Test:
        driven.update(dict.fromkeys(members, test.__name__))

        @wraps(test)
        async def judged(*, stage: Stage, **fixtures: Any) -> None:
            await test(stage=stage, **fixtures)
            assert stage.used >= set(members)

        return judged

    return claim


def test_no_member_of_the_desk_is_left_out() -> None:
    assert set(driven) == MEMBERS


# All selling ------------------------------------------------------------------


@drives("pause_selling", "resume_selling")
async def test_pause_is_told_by_the_overview_until_resumed(stage: Stage) -> None:
    await stage.desk.pause_selling()
    assert (await stage.desk.overview()).paused == Pause(since=NOON, by=BY_USER)

    await stage.desk.resume_selling()
    assert (await stage.desk.overview()).paused is None


# This PC ----------------------------------------------------------------------


@drives("starts_at_login", "set_start_at_login")
async def test_start_at_login_is_switched_on_and_off(stage: Stage) -> None:
    assert not await stage.desk.starts_at_login()

    await stage.desk.set_start_at_login(True)
    assert await stage.desk.starts_at_login()

    await stage.desk.set_start_at_login(False)
    assert not await stage.desk.starts_at_login()


# Rows -----------------------------------------------------------------------


async def busy_farm(farm: StoredFarm) -> tuple[RentId, SmsId]:
    """Two SIMs in a phone; the first is rented and has a message, the second is banned and has no number."""
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None))
    rent_id = await farm.rent()
    (sms_id,) = (await farm.sms(body="Your code is 4821")).new
    return rent_id, sms_id


@drives("overview")
async def test_overview_counts_the_farm(stage: Stage) -> None:
    await busy_farm(stage.farm)

    counts = (await stage.desk.overview()).counts

    assert (counts.phones, counts.sims, counts.rents_open, counts.pushes_waiting) == (1, 2, 1, 1)


@drives("rows")
async def test_every_query_returns_its_own_rows(stage: Stage) -> None:
    desk = stage.desk
    rent_id, sms_id = await busy_farm(stage.farm)
    await desk.set_ban(OTHER_ICCID, HOUR)

    assert [row.serial for row in await desk.rows(PHONES, [PHONE])] == ["R58M123"]
    assert [row.iccid for row in await desk.rows(SIMS, [ICCID])] == [ICCID]
    assert [row.ordered_at for row in await desk.rows(RENTS, [str(rent_id)])] == [NOON]
    assert [row.text for row in await desk.rows(MESSAGES, [str(sms_id)])] == ["Your code is 4821"]
    assert [row.next_at for row in await desk.rows(PUSHES, [str(sms_id)])] == [stage.farm.clock()]
    assert [row.by_hand for row in await desk.rows(BANS, [OTHER_ICCID])] == [True]
    assert [row.found for row in await desk.rows(NUMBER_TASKS, [OTHER_ICCID])] == [""]
    assert [(row.source, row.sims) for row in await desk.rows(NETWORKS, ["25001"])] == [("built in", 2)]


@pytest.mark.parametrize("query", ROW_QUERIES, ids=lambda query: query.name)
async def test_every_query_finds_each_row_by_its_key_and_nothing_for_another(
    stage: Stage, query: RowQuery[Any]
) -> None:
    await busy_farm(stage.farm)
    await stage.desk.set_ban(OTHER_ICCID, HOUR)

    rows = await stage.desk.rows(query)

    assert len(rows) >= 1
    for row in rows:
        assert list(await stage.desk.rows(query, [query.key(row)])) == [row]
    assert list(await stage.desk.rows(query, ["999"])) == []


def test_no_query_is_left_out() -> None:
    constants = {value for value in vars(row_queries).values() if isinstance(value, RowQuery)}

    assert set(ROW_QUERIES) == constants


@drives("timeline")
async def test_timeline_is_of_the_requested_row(stage: Stage) -> None:
    rent_id, sms_id = await busy_farm(stage.farm)

    of_rent = sentences(await stage.desk.timeline(Topic.RENTS, str(rent_id)))
    of_message = sentences(await stage.desk.timeline(Topic.MESSAGES, str(sms_id)))

    assert of_rent[0].startswith("Ordered")
    assert of_rent != of_message != []


@drives("money", "reconcile")
async def test_money_is_summed_and_compared_with_the_markets_account(stage: Stage, tmp_path: Path) -> None:
    rent_id, _ = await busy_farm(stage.farm)
    await stage.farm.rentals.finish(rent_id, FinishStatus.SOLD, Decimal("870.25"))
    begin, end = NOON - HOUR, stage.farm.clock() + HOUR
    theirs = tmp_path / "account.csv"
    theirs.write_text(f"rent_id,sum\n{rent_id},870.00\n", encoding="utf-8")

    (by_country,) = await stage.desk.money(Grouping.COUNTRY, begin, end)
    (difference,) = await stage.desk.reconcile(str(theirs), begin, end)

    assert (by_country.key, by_country.sums.income) == ("russia", Decimal("870.25"))
    assert (difference.ours, difference.theirs) == (Decimal("870.25"), Decimal("870.00"))


@drives("subscribe")
async def test_listener_is_called_until_it_unsubscribes(stage: Stage) -> None:
    heard, unheard = list[Changes](), list[Changes]()
    take_back = stage.desk.subscribe(unheard.append)
    stage.desk.subscribe(heard.append)
    take_back()

    await busy_farm(stage.farm)
    await until(lambda: any(Topic.RENTS in changes.keys for changes in heard))

    assert unheard == []


@drives("log_entries", "log_summary", "call_details")
async def test_log_is_read_entry_by_entry_with_its_figures(stage: Stage) -> None:
    order = call_at(NOON, CallKind.ORDER, Outcome.ISSUED, request="{}", response="[]")
    call_id = await stage.farm.storage.write(lambda uow: uow.log.add_calls([order])[0])
    query = LogQuery(kinds=frozenset({EntryKind.ORDER}))

    (entry,) = (await stage.desk.log_entries(query)).entries
    summary = await stage.desk.log_summary(query)
    details = await stage.desk.call_details(call_id)

    assert (entry.outcome, entry.position.number) == (Outcome.ISSUED, call_id)
    assert (summary.entries, summary.last_call_at, summary.kept_days) == (1, NOON, 30)
    assert details == CallDetails(request="{}", response="[]")
    assert await stage.desk.call_details(call_id + 1) is None


@drives("health_history")
async def test_history_has_a_day_of_each_check(stage: Stage) -> None:
    down = LevelChange(at=NOON - HOUR, name="adb", level=Level.DOWN)
    await stage.farm.storage.write(lambda uow: uow.log.add_changes([down]))

    history = await stage.desk.health_history()

    assert (history.begin, history.end) == (NOON - 24 * HOUR, NOON)
    assert set(history.checks) == set(NAMES)
    assert [(each.begin, each.level) for each in history.checks["adb"]][-1] == (NOON - HOUR, Level.DOWN)


@drives("order_standing")
async def test_orders_of_today_are_counted(stage: Stage) -> None:
    await busy_farm(stage.farm)

    standing = await stage.desk.order_standing()

    assert (standing.today, standing.last_order_at, standing.is_learned) == (1, NOON, False)


# SIMs and phones ------------------------------------------------------------


async def standing(stage: Stage) -> SimStanding:
    return (await stage.farm.one_sim(ICCID)).standing


@drives("set_ban", "lift_ban")
async def test_ban_is_set_for_its_time_and_lifted(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim())

    await stage.desk.set_ban(ICCID, timedelta(hours=2))
    banned = await stage.farm.one_sim(ICCID)
    await stage.desk.lift_ban(ICCID)

    assert (banned.standing, banned.banned_until) == (SimStanding.BANNED, NOON + timedelta(hours=2))
    assert await standing(stage) is SimStanding.ON_OFFER


@drives("hold_back", "release")
async def test_sim_is_held_back_with_its_reason_and_released(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim())

    await stage.desk.hold_back(ICCID, "antenna")
    held = await stage.farm.one_sim(ICCID)
    await stage.desk.release(ICCID)

    assert (held.standing, held.held_reason) == (SimStanding.HELD_BACK, "antenna")
    assert await standing(stage) is SimStanding.ON_OFFER


@drives("name_phone")
async def test_phone_gets_its_name(stage: Stage) -> None:
    await stage.farm.phone()

    await stage.desk.name_phone(PHONE, "shelf 2")

    assert (await stage.farm.phones())[PHONE].label == "shelf 2"


@drives("reconnect_phone")
async def test_phone_is_reconnected(stage: Stage) -> None:
    await stage.desk.reconnect_phone(stage.bridge.id_of(stage.phone))

    assert stage.phone.reconnects == 1


@drives("release_orphan")
async def test_orphan_frees_its_number(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim())
    issued = await stage.farm.issue()
    assert issued is not None
    stage.farm.clock.forward(60)
    assert (await stage.farm.one_rent(issued.rent_id)).state is RentState.POSSIBLE_ORPHAN

    await stage.desk.release_orphan(issued.rent_id)

    assert (await stage.farm.one_rent(issued.rent_id)).finished_at == stage.farm.clock()
    assert await standing(stage) is SimStanding.ON_OFFER


# Messages and pushes --------------------------------------------------------


@drives("resend_push")
async def test_parked_push_is_due_again(stage: Stage) -> None:
    sms_id = await stage.farm.queue(1)
    await stage.farm.storage.write(lambda uow: uow.pushes.close(sms_id, PushState.PARKED, NOON))

    await stage.desk.resend_push(sms_id)

    assert await stage.farm.push_state(sms_id) is PushState.WAITING


@drives("drop_push")
async def test_waiting_push_is_dropped(stage: Stage) -> None:
    sms_id = await stage.farm.queue(1)

    await stage.desk.drop_push(sms_id)

    assert await stage.farm.push_state(sms_id) is PushState.DROPPED


@drives("assign_sim", "forget_sim_rules")
async def test_held_message_is_assigned_and_remembered_rules_are_forgotten(stage: Stage) -> None:
    farm = stage.farm
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=OTHER_NUMBER))
    rent = await farm.one_rent(await farm.rent())
    await farm.sms(sub_id=None, sim_mark=MARK)
    (held,) = await farm.messages()

    await stage.desk.assign_sim(held.sms_id, rent.sim_id, remember=True)
    (assigned,) = await farm.messages()
    remembered = (await farm.phones())[PHONE].sim_rules
    await stage.desk.forget_sim_rules(PHONE)

    assert (held.standing, assigned.standing) == (SmsStanding.HELD, SmsStanding.FOR_RENT)
    assert (assigned.sim_id, assigned.rent_id) == (rent.sim_id, rent.rent_id)
    assert (remembered, (await farm.phones())[PHONE].sim_rules) == (1, 0)


@drives("erase_number")
async def test_texts_of_a_number_are_erased(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim())
    await stage.farm.sms()

    said = await stage.desk.erase_number(f"+{NUMBER}")

    (message,) = await stage.farm.messages()
    assert (message.is_erased, said) == (True, f"1 texts of +{NUMBER} erased.")


# Numbers and networks -------------------------------------------------------


@drives("set_number")
async def test_number_is_set_by_hand(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim(msisdn=None))

    await stage.desk.set_number(ICCID, f"+{OTHER_NUMBER}")

    sim = await stage.farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source) == (OTHER_NUMBER, "hand")


@drives("accept_number")
async def test_number_that_a_message_states_is_accepted(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim(msisdn=None))
    await stage.farm.sms(body=f"Your number is +{OTHER_NUMBER}")

    await stage.desk.accept_number(ICCID, OTHER_NUMBER)

    sim = await stage.farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source) == (OTHER_NUMBER, "message")


@drives("import_numbers")
async def test_numbers_of_a_table_are_imported(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim(msisdn=None))
    stage.farm.tables["file"] = [NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)]

    report = await stage.desk.import_numbers("file")

    sim = await stage.farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source) == (OTHER_NUMBER, "import")
    assert report.summary.startswith("1 imported")


@drives("name_network")
async def test_network_gets_its_names(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim(mcc_mnc="99901"))

    await stage.desk.name_network("99901", "atlantis", "nemo_tel")

    sim = await stage.farm.one_sim(ICCID)
    assert (sim.country, sim.operator) == ("atlantis", "nemo_tel")


@drives("number_patterns", "built_in_number_patterns", "save_number_patterns")
async def test_own_patterns_are_kept_beside_the_built_in_ones(stage: Stage) -> None:
    refused = await stage.desk.save_number_patterns([NumberPattern(text="no place for a number")])
    accepted = await stage.desk.save_number_patterns([OWN_PATTERN])

    assert ([problem.name for problem in refused], list(accepted)) == (["0"], [])
    assert list(await stage.desk.number_patterns()) == [OWN_PATTERN]
    assert tuple(await stage.desk.built_in_number_patterns()) == PATTERNS


# Alerts ---------------------------------------------------------------------

WEBHOOK = ChannelForm(kind=ChannelKind.WEBHOOK, name="Hook", values={"url": "https://example.org/hook"})


@drives("alerts_overview", "save_alert_policy")
async def test_alert_rules_are_kept_and_shown(stage: Stage) -> None:
    off = Rule(kind=RuleKind.DISK, is_on=False, values=(7,))
    wrong = Rule(kind=RuleKind.DISK, is_on=True, values=(0,))

    refused = await stage.desk.save_alert_policy(AlertPolicy(rules=(wrong,)))
    accepted = await stage.desk.save_alert_policy(AlertPolicy(rules=(off,)))

    assert ([problem.name for problem in refused], list(accepted)) == (["disk"], [])
    assert off in (await stage.desk.alerts_overview()).policy.rules


@drives("save_alert_channel", "switch_alert_channel", "remove_alert_channel")
async def test_alert_channel_is_kept_switched_and_removed(stage: Stage) -> None:
    await stage.desk.save_alert_channel(WEBHOOK)
    _, row = (await stage.desk.alerts_overview()).channels
    await stage.desk.switch_alert_channel(row.channel.channel_id, is_on=False)
    _, switched = (await stage.desk.alerts_overview()).channels
    await stage.desk.remove_alert_channel(row.channel.channel_id)

    assert (row.channel.name, row.channel.is_on, switched.channel.is_on) == ("Hook", True, False)
    assert len((await stage.desk.alerts_overview()).channels) == 1


@drives("test_alert_channel", "subscribe_alerts", "recent_alerts", "mark_alerts_seen")
async def test_notices_of_this_pc_are_heard_and_a_test_is_no_alert(stage: Stage) -> None:
    heard = list[Alert]()
    stage.desk.subscribe_alerts(heard.append)

    delivery = await stage.desk.test_alert_channel("desktop")
    await stage.desk.mark_alerts_seen()

    assert delivery.arrived
    assert [alert.title for alert in heard] == ["phonefarm: This is a test"]
    assert list(await stage.desk.recent_alerts()) == []


# Privacy and settings -------------------------------------------------------


@drives("blocked_senders", "built_in_blocked_senders", "save_blocked_senders")
async def test_own_blocked_senders_are_kept_beside_the_built_in_ones(stage: Stage) -> None:
    refused = await stage.desk.save_blocked_senders([BlockedSender(pattern="", what="")])
    accepted = await stage.desk.save_blocked_senders([OWN_SENDER])

    assert ([problem.name for problem in refused], list(accepted)) == (["0"], [])
    assert list(await stage.desk.blocked_senders()) == [OWN_SENDER]
    assert tuple(await stage.desk.built_in_blocked_senders()) == BUILT_IN_SENDERS


@drives("restored", "dismiss_restored")
async def test_note_of_a_restore_is_shown_until_it_is_dismissed(stage: Stage) -> None:
    word = Restored(at=NOON, until=NOON - HOUR)
    stage.restore_note.leave(word)

    note = await stage.desk.restored()
    await stage.desk.dismiss_restored()

    assert (note, stage.restore_note.read()) == (word, None)


@drives("setup", "confirm_own_sims", "test_push_url", "test_sms")
async def test_way_to_the_first_sale_is_walked_and_tested(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim())
    stage.office.channel.always = FinalRefusal(token="NO_OPERATION")

    await stage.desk.confirm_own_sims(is_confirmed=True)
    pushed = await stage.desk.test_push_url()
    walked = await stage.desk.test_sms(ICCID)
    state = await stage.desk.setup()

    assert pushed.is_right
    assert walked.failed_link is None
    assert state.is_confirmed
    assert state.step(StepName.TEST_SMS).state is StepState.DONE


@drives("preview_numbers", "check_numbers")
async def test_numbers_are_looked_at_before_they_are_taken(stage: Stage) -> None:
    await stage.farm.seat(a_seen_sim(msisdn=None))
    stage.farm.tables["numbers.csv"] = [NumberEntry(iccid=ICCID, msisdn=NUMBER, line=2)]

    drafts = await stage.desk.preview_numbers("numbers.csv")
    problems = await stage.desk.check_numbers({ICCID: "12"})

    assert [(draft.line, draft.msisdn, draft.problem) for draft in drafts] == [(2, NUMBER, "")]
    assert list(problems) == [ICCID]
    assert (await stage.farm.one_sim(ICCID)).msisdn == ""


@drives("public_address", "test_public_address", "confirm_public_url", "restart_tunnel", "ssh_public_key")
async def test_public_address_is_probed_confirmed_and_opened_anew(stage: Stage) -> None:
    keeping = asyncio.get_running_loop().create_task(stage.office.public_address.run(), name="keeper")
    await until(lambda: stage.office.tunnel.url is not None)

    probed = await stage.desk.test_public_address()
    await stage.desk.confirm_public_url()
    address = await stage.desk.public_address()

    assert probed.kind is HealthKind.PUBLIC_ADDRESS_ANSWERS
    assert (address.url, address.reported_url) == ("https://one.example.com", "https://one.example.com")
    assert (await stage.desk.ssh_public_key()).startswith("ssh-ed25519 ")
    await stage.desk.restart_tunnel()
    await until(lambda: len(stage.office.tunnel.starts) == 2)
    keeping.cancel()


@drives("confirm_ssh_host_key")
async def test_host_key_that_no_server_shows_is_not_confirmed(stage: Stage) -> None:
    with pytest.raises(KnownError, match="does not show this key"):
        await stage.desk.confirm_ssh_host_key("SHA256:abc")

    assert stage.office.kept.keys == {}


@drives("check_settings")
async def test_settings_are_checked_and_not_saved(stage: Stage) -> None:
    problems = await stage.desk.check_settings({"listen": "wrong", "push_url": "https://host/x"})

    assert list(problems) == [SettingProblem(name="listen", problem="is wrong")]
    assert stage.settings.kept == {}
    assert stage.office.applied == []


@drives("settings", "save_settings")
async def test_settings_are_saved_and_shown(stage: Stage) -> None:
    problems = await stage.desk.save_settings({"listen": "127.0.0.1:9"})
    (refused,) = await stage.desk.save_settings({"api_key": "k"})
    into_file = await stage.desk.save_settings({"api_key": "k"}, key_in_file=True)

    assert (list(problems), refused.offers_key_file, list(into_file)) == ([], True, [])
    assert {field.name: field.value for field in await stage.desk.settings()} == {
        "listen": "127.0.0.1:9",
        "api_key": "k",
    }

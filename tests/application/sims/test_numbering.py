"""The worklist of numbers: messages propose numbers, the user decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.read_models import (
    Changes,
    ImportReport,
    NetworkRow,
    NumberTask,
    SimStanding,
    Topic,
)
from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry
from phonefarm.application.sims.numbering import MESSAGES_READ, concerning_numbers
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.number_patterns import NumberPattern
from tests.application.stored_farm import PATTERNS, StoredFarm
from tests.builders import ICCID, NUMBER, OTHER_ICCID, OTHER_NUMBER, OTHER_PHONE, PHONE, a_row, a_seen_sim
from tests.fakes.storage import WatchedReads
from tests.timelines import sentences

SIM = SimId(ICCID)
TOLD = f"Ваш номер +{NUMBER}."


async def a_sim_without_number(farm: StoredFarm, **changes: Any) -> None:
    await farm.seat(a_seen_sim(msisdn=None, **changes))


async def one_task(farm: StoredFarm) -> NumberTask:
    (task,) = await farm.numbering.tasks(None)
    return task


def an_entry(msisdn: Msisdn = OTHER_NUMBER, iccid: str = ICCID, **changes: Any) -> NumberEntry:
    return NumberEntry(iccid=iccid, msisdn=msisdn, **changes)


async def imported(farm: StoredFarm, *entries: NumberEntry) -> ImportReport:
    """The entries as lines of a table, from line 2 on."""
    farm.tables["file"] = [replace(entry, line=line) for line, entry in enumerate(entries, 2)]
    return await farm.numbering.import_table("file")


async def taken_in(farm: StoredFarm, *entries: NumberEntry) -> str:
    return (await imported(farm, *entries)).summary


# The worklist ---------------------------------------------------------------


async def test_complete_sim_is_no_task(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    assert await farm.numbering.tasks(None) == []


async def test_sim_without_number_or_known_network_is_a_task_while_it_is_in_a_phone(
    farm: StoredFarm,
) -> None:
    await farm.seat(
        a_seen_sim(msisdn=None), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, mcc_mnc="99901", msisdn=OTHER_NUMBER)
    )

    tasks = {task.sim_id: task for task in await farm.numbering.tasks(None)}

    assert (tasks[ICCID].msisdn, tasks[ICCID].country) == ("", "russia")
    assert (tasks[OTHER_ICCID].msisdn, tasks[OTHER_ICCID].country) == (OTHER_NUMBER, "")
    await farm.inventory.take_stock(PHONE, [])
    assert await farm.numbering.tasks(None) == []


async def test_tasks_are_read_by_key(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)

    assert [task.sim_id for task in await farm.numbering.tasks([ICCID, "another"])] == [ICCID]
    assert await farm.numbering.tasks(["another"]) == []


async def test_query_does_not_change_shared_state_on_the_readers_thread(farm: StoredFarm, database: Database) -> None:
    """Two readers run queries at once, so a query must not change a shared dictionary."""
    watched = WatchedReads(database, lambda: dict(farm.numbering._cache))
    farm.numbering._storage = watched
    await a_sim_without_number(farm)
    await farm.sms(body=TOLD, sender="MTS")

    await farm.numbering.tasks(None)

    assert watched.reads == 1
    assert watched.changes == []
    assert farm.numbering._cache != {}


# Found numbers --------------------------------------------------------------


async def test_number_in_a_message_of_the_sim_is_proposed_and_not_used(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)

    await farm.sms(body=TOLD, sender="MTS")

    task = await one_task(farm)
    assert (task.found, task.found_sender, task.found_text) == (NUMBER, "MTS", TOLD)
    assert task.found_at is not None
    assert (await farm.one_sim(ICCID)).standing is SimStanding.NO_NUMBER


async def test_baseline_messages_count_too(farm: StoredFarm) -> None:
    await farm.phone()
    await farm.inventory.take_stock(PHONE, [a_seen_sim(msisdn=None)])
    await farm.look(a_row(7, body=TOLD, sender="MTS"))

    assert (await one_task(farm)).found == NUMBER


async def test_messages_of_the_other_sim_do_not_count(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(msisdn=None), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None))

    await farm.sms(body=TOLD, sub_id=2)

    assert {task.sim_id: task.found for task in await farm.numbering.tasks(None)} == {ICCID: "", OTHER_ICCID: NUMBER}


async def test_newest_message_decides_and_other_numbers_are_listed(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(100, body=f"Ваш номер +{OTHER_NUMBER}", sender="MTS")
    await farm.sms(101, body=TOLD, sender="MTS")

    task = await one_task(farm)

    assert (task.found, task.found_others) == (NUMBER, (OTHER_NUMBER,))


async def test_operators_name_as_sender_has_priority_over_a_phone_number(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(100, body=TOLD, sender="MTS")
    await farm.sms(101, body=f"Ваш номер +{OTHER_NUMBER}", sender="+79160000000")

    task = await one_task(farm)

    assert (task.found, task.found_others) == (NUMBER, (OTHER_NUMBER,))


async def test_only_the_newest_messages_are_read(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(1, body=TOLD, sender="MTS")
    for row_id in range(2, MESSAGES_READ + 2):
        await farm.sms(row_id, body=f"code {row_id}")

    assert (await one_task(farm)).found == ""


async def test_proposal_follows_new_messages_and_new_patterns(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(100, body=f"Mein Anschluss {NUMBER}", sender="MTS")
    before = (await one_task(farm)).found

    await farm.numbering.save_patterns([*PATTERNS, NumberPattern(text="Mein Anschluss {number}")])
    with_pattern = (await one_task(farm)).found
    await farm.sms(101, body=f"Mein Anschluss {OTHER_NUMBER}", sender="MTS")

    assert (before, with_pattern, (await one_task(farm)).found) == ("", NUMBER, OTHER_NUMBER)


async def test_accepted_number_is_used_and_its_sender_is_in_the_timeline(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(body=TOLD, sender="MTS")

    await farm.numbering.accept(SIM, NUMBER)

    sim = await farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source, sim.standing) == (NUMBER, "message", SimStanding.ON_OFFER)
    assert await farm.numbering.tasks(None) == []
    line = (await farm.timeline(Topic.SIMS, ICCID))[-1]
    assert sentences([line]) == [f"Number taken from a message of MTS: +{NUMBER}"]


async def test_number_that_the_user_did_not_see_is_not_accepted(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(100, body=TOLD, sender="MTS")
    await farm.sms(101, body=f"Ваш номер +{OTHER_NUMBER}", sender="MTS")

    with pytest.raises(KnownError, match=f"states another number, .{OTHER_NUMBER}"):
        await farm.numbering.accept(SIM, NUMBER)

    assert (await farm.one_sim(ICCID)).msisdn == ""


async def test_number_that_no_message_states_is_not_accepted(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)

    with pytest.raises(KnownError, match="No message of this SIM"):
        await farm.numbering.accept(SIM, NUMBER)


async def test_number_of_another_sim_in_a_phone_is_not_accepted(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(OTHER_ICCID, slot=1), phone=OTHER_PHONE)
    await a_sim_without_number(farm)
    await farm.sms(body=TOLD, sender="MTS")

    assert (await one_task(farm)).found_on == "ZY22XYZ, slot 2"
    with pytest.raises(KnownError, match=f"belongs to the SIM {OTHER_ICCID}"):
        await farm.numbering.accept(SIM, NUMBER)


async def test_accepted_number_has_priority_over_the_phones_only(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.sms(body=TOLD, sender="MTS")
    await farm.numbering.accept(SIM, NUMBER)
    resolved = []

    await farm.seat(a_seen_sim(msisdn=OTHER_NUMBER))
    resolved.append(await farm.one_sim(ICCID))
    await taken_in(farm, an_entry())
    resolved.append(await farm.one_sim(ICCID))
    await farm.inventory.set_number(SIM, "+79161112233")
    resolved.append(await farm.one_sim(ICCID))

    assert [(sim.msisdn, sim.msisdn_source) for sim in resolved] == [
        (NUMBER, "message"),
        (OTHER_NUMBER, "import"),
        ("79161112233", "hand"),
    ]


async def test_number_of_another_country_than_the_sims_is_not_accepted(farm: StoredFarm) -> None:
    await a_sim_without_number(farm, mcc_mnc="99901")
    await farm.numbering.name_network("99901", "kazakhstan", "")
    await farm.sms(body=TOLD, sender="Kcell")

    with pytest.raises(KnownError, match=f"{NUMBER} is a number of russia, but the SIM is of kazakhstan"):
        await farm.numbering.accept(SIM, NUMBER)

    assert (await farm.one_sim(ICCID)).standing is SimStanding.NO_NUMBER


# Tables ---------------------------------------------------------------------


async def test_imported_numbers_stay_when_the_numbers_file_changes(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)

    said = await taken_in(farm, an_entry(country="russia", operator="yota"), an_entry(NUMBER, OTHER_ICCID))
    await farm.inventory.use_numbers_file([])

    assert said == "2 imported: 1 SIM updated, 1 ICCID not in any phone yet."
    sim = await farm.one_sim(ICCID)
    assert (sim.msisdn, sim.msisdn_source, sim.operator) == (OTHER_NUMBER, "import", "yota")


async def test_later_one_of_file_and_import_has_priority(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    resolved = []
    await farm.inventory.use_numbers_file([an_entry(NUMBER)])
    farm.clock.forward(60)
    await taken_in(farm, an_entry(OTHER_NUMBER))
    resolved.append((await farm.one_sim(ICCID)).msisdn)
    farm.clock.forward(60)
    await farm.inventory.use_numbers_file([an_entry(NUMBER)])  # read again at a start, and unchanged
    resolved.append((await farm.one_sim(ICCID)).msisdn)
    farm.clock.forward(60)
    await farm.inventory.use_numbers_file([an_entry(NUMBER, label="edited")])
    resolved.append((await farm.one_sim(ICCID)).msisdn)

    assert resolved == [OTHER_NUMBER, OTHER_NUMBER, NUMBER]


async def test_second_import_replaces_the_lines_it_names_only(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(msisdn=None), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None))
    await taken_in(farm, an_entry(NUMBER), an_entry(OTHER_NUMBER, OTHER_ICCID))

    await taken_in(farm, an_entry(Msisdn("79161112233")))

    assert {sim.msisdn for sim in (await farm.sims()).values()} == {"79161112233", OTHER_NUMBER}


async def test_import_reports_a_number_on_two_sims(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(OTHER_ICCID), phone=OTHER_PHONE)
    await a_sim_without_number(farm)

    said = await taken_in(farm, an_entry(NUMBER))

    assert f"+{NUMBER} is now on 2 SIMs in phones" in said
    assert OTHER_ICCID in said


async def test_import_reports_how_many_keep_the_typed_number(farm: StoredFarm) -> None:
    await a_sim_without_number(farm)
    await farm.inventory.set_number(SIM, NUMBER)

    assert "1 keeps the number that you entered" in await taken_in(farm, an_entry())


@pytest.mark.parametrize("country", ["", "russia"])
async def test_line_with_a_number_of_another_country_is_left_out_and_the_others_are_imported(
    farm: StoredFarm, country: str
) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None))
    foreign = an_entry(Msisdn("380501234567"), OTHER_ICCID, country=country)

    report = await imported(farm, an_entry(OTHER_NUMBER), foreign)

    assert report.summary.startswith("1 imported")
    assert report.left_out == ("line 3: +380501234567 is a number of ukraine, but the SIM is of russia",)
    assert {sim.msisdn for sim in (await farm.sims()).values()} == {OTHER_NUMBER, ""}


async def test_import_of_a_number_of_another_country_changes_nothing(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    report = await imported(farm, an_entry(Msisdn("380501234567")))

    assert report.summary == "No line of the file can be used: nothing was changed."
    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_line_that_would_change_a_rented_number_is_left_out_and_the_others_are_imported(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, msisdn=None, mcc_mnc="26201"))
    rent_id = await farm.rent()

    report = await imported(farm, an_entry(), an_entry(Msisdn("4915112345678"), OTHER_ICCID))

    assert report.left_out == (f"line 2: rent {rent_id} is open on the SIM: import the line when it is finished",)
    assert (await farm.one_sim(ICCID)).msisdn == NUMBER
    assert (await farm.one_sim(OTHER_ICCID)).msisdn == "4915112345678"
    await farm.inventory.use_numbers_file([])
    assert (await farm.one_sim(ICCID)).msisdn == NUMBER


async def test_bad_lines_are_reported_with_those_that_contradict_the_database(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())
    farm.bad_lines = tuple(LineProblem(line=line, problem="the ICCID is missing") for line in (4, 5, 6, 9))
    foreign = [an_entry(Msisdn(f"38050123456{n}"), f"89{n:017d}", country="russia") for n in range(2)]

    report = await imported(farm, *foreign)

    assert report.summary == "No line of the file can be used: nothing was changed."
    assert report.left_out == (
        "line 2: +380501234560 is a number of ukraine, but the SIM is of russia",
        "line 3: +380501234561 is a number of ukraine, but the SIM is of russia",
        "lines 4-6, 9: the ICCID is missing",
    )


async def test_empty_table_is_refused(farm: StoredFarm) -> None:
    with pytest.raises(KnownError, match="no numbers"):
        await taken_in(farm)


# Networks -------------------------------------------------------------------


async def test_unknown_networks_are_listed_first(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(), a_seen_sim(OTHER_ICCID, slot=1, sub_id=2, mcc_mnc="99901"))

    assert await farm.numbering.networks() == [
        NetworkRow(mcc_mnc="99901", country="", operator="", source="", sims=1),
        NetworkRow(mcc_mnc="25001", country="russia", operator="mts", source="built in", sims=1),
    ]


async def test_named_network_puts_all_its_sims_on_offer_and_those_that_come_later(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(mcc_mnc="99901"))
    assert await farm.on_offer() == 0

    await farm.numbering.name_network("99901", "atlantis", "nemo_tel")
    await farm.seat(a_seen_sim(OTHER_ICCID, mcc_mnc="99901", msisdn=OTHER_NUMBER), phone=OTHER_PHONE)

    assert {(sim.country, sim.operator) for sim in (await farm.sims()).values()} == {("atlantis", "nemo_tel")}
    assert await farm.on_offer() == 2
    assert [(row.source, row.sims) for row in await farm.numbering.networks()] == [("yours", 2)]


async def test_own_name_has_priority_over_the_built_in_one_until_it_is_removed(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim())

    await farm.numbering.name_network("25001", "russia", "mts_rus")
    own = (await farm.one_sim(ICCID)).operator
    await farm.numbering.name_network("25001", "", "")

    assert (own, (await farm.one_sim(ICCID)).operator) == ("mts_rus", "mts")


async def test_sims_of_an_unknown_network_lose_a_removed_name(farm: StoredFarm) -> None:
    await farm.seat(a_seen_sim(mcc_mnc="99901"))
    await farm.numbering.name_network("99901", "atlantis", "")

    await farm.numbering.name_network("99901", "", "")

    assert (await farm.one_sim(ICCID)).standing is SimStanding.NO_COUNTRY


@pytest.mark.parametrize(
    ("code", "country", "operator", "problem"),
    [
        ("25001", "Russia", "mts", "no country name"),
        ("25001", "россия", "mts", "no country name"),
        ("25001", "united kingdom", "", "no country name"),
        ("25001", "x" * 41, "", "no country name"),
        ("25001", "russia", "МТС", "no operator name"),
        ("25001", "russia", "any", "market's word for all"),
        ("any", "russia", "mts", "5 or 6 digits"),
    ],
)
async def test_name_that_the_market_cannot_have_is_refused(
    farm: StoredFarm, code: str, country: str, operator: str, problem: str
) -> None:
    with pytest.raises(KnownError, match=problem):
        await farm.numbering.name_network(code, country, operator)


# Patterns -------------------------------------------------------------------


async def test_own_patterns_are_stored_and_can_be_reset(farm: StoredFarm) -> None:
    own = [NumberPattern(text="Mein  Anschluss {number}", sender=" MTS ")]

    assert await farm.numbering.save_patterns(own) == []
    kept = await farm.numbering.patterns()
    assert await farm.numbering.save_patterns(farm.numbering.built_in) == []

    assert list(kept) == [NumberPattern(text="Mein Anschluss {number}", sender="MTS")]
    assert list(await farm.numbering.patterns()) == list(PATTERNS)
    assert await farm.storage.read(lambda views: views.number_patterns()) == []


async def test_one_bad_pattern_keeps_all_from_being_saved(farm: StoredFarm) -> None:
    problems = await farm.numbering.save_patterns([PATTERNS[0], NumberPattern(text="no number")])

    assert [problem.name for problem in problems] == ["1"]
    assert list(await farm.numbering.patterns()) == list(PATTERNS)


@pytest.mark.parametrize("count", [0, 301])
async def test_no_patterns_and_too_many_are_refused(farm: StoredFarm, count: int) -> None:
    assert len(await farm.numbering.save_patterns([PATTERNS[0]] * count)) == 1


# Changes --------------------------------------------------------------------


def test_new_message_concerns_the_worklist() -> None:
    changes = Changes(keys={Topic.MESSAGES: frozenset({"1"})})

    assert concerning_numbers(changes).keys == {Topic.MESSAGES: frozenset({"1"}), Topic.NUMBERS: None}
    assert concerning_numbers(Changes(keys={Topic.SIMS: None})).keys == {Topic.SIMS: None}

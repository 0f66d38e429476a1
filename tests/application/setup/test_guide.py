"""The way to the first sale: what is kept across starts, what is tested, who counts as confirmed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from phonefarm.adapters.storage.setup_notes import NAME, SetupNotesFile
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.setup_state import FactKind, Link, PushAnswer, SetupNotes, StepName, StepState
from phonefarm.domain.errors import KnownError
from phonefarm.domain.push_tests import TEST_RENT_ID
from phonefarm.domain.pushes import FinalRefusal, KeyRefused
from phonefarm.support.tasks import Tasks
from tests.application.desk.office import PUSH_URL, Office
from tests.builders import NOON, a_seen_sim
from tests.fakes.desk_setup import RIGHT_PUSH
from tests.waiting import until

OTHER_URL = "https://other.example/push"


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database)
    office.channel.always = FinalRefusal(token="NO_OPERATION")
    return office


async def test_test_push_is_for_a_rent_that_cannot_exist_and_is_stored_nowhere(office: Office) -> None:
    test = await office.setup.test_push_url()

    assert (test.url, test.answer, test.detail) == (PUSH_URL, PushAnswer.NO_RENT, "NO_OPERATION")
    assert [message.rent_id for message in office.channel.attempts] == [TEST_RENT_ID]
    assert (await office.overview()).counts.pushes_refused == 0


async def test_result_of_the_push_test_outlives_the_program_but_not_its_url(office: Office) -> None:
    await office.setup.test_push_url()

    same, other = office.setup_guide(), office.setup_guide(push_url=OTHER_URL)

    assert (await same.state()).step(StepName.PUSH_URL).state is StepState.DONE
    assert (await other.state()).step(StepName.PUSH_URL).fact is FactKind.PUSH_URL_UNTESTED


async def test_without_a_push_url_nothing_is_sent(office: Office) -> None:
    with pytest.raises(KnownError, match="no push URL yet"):
        await office.setup_guide(push_url="").test_push_url()

    assert office.channel.attempts == []


async def test_new_key_asks_for_a_new_test(office: Office) -> None:
    office.channel.always = KeyRefused(http_status=401)
    await office.setup.test_push_url()
    assert (await office.setup.state()).step(StepName.KEY).state is StepState.FAILED

    await office.setup.forget_push_test()

    assert (await office.setup.state()).step(StepName.KEY).state is StepState.DONE


async def test_confirmation_is_kept_and_can_be_taken_back(office: Office) -> None:
    await office.setup.confirm(is_confirmed=True)
    assert (await office.setup_guide().state()).is_confirmed

    await office.setup.confirm(is_confirmed=False)
    assert not (await office.setup_guide().state()).is_confirmed


async def test_farm_that_has_sold_counts_as_confirmed_and_is_over(office: Office) -> None:
    await office.farm.seat(a_seen_sim())
    assert not (await office.setup.state()).is_over

    await office.farm.rent()

    state = await office.setup.state()
    assert (state.is_confirmed, state.is_over) == (True, True)
    assert state.step(StepName.FIRST_ORDER).state is StepState.DONE


async def test_state_counts_phones_sims_and_numbers(office: Office) -> None:
    await office.farm.seat(a_seen_sim(), a_seen_sim("89701990098765432106", slot=1, sub_id=2, msisdn=None))

    state = await office.setup.state()

    assert state.step(StepName.PHONES).state is StepState.DONE
    assert state.step(StepName.NUMBERS).fields == {"sims": 2, "known": 1, "found": 0}
    assert state.countries == ("russia",)


async def test_last_call_is_shown_at_once_and_kept_across_starts(office: Office) -> None:
    tasks = Tasks()
    tasks.keep_going(office.setup.run, "calls")
    try:
        office.setup.note_call()
        assert (await office.setup.state()).step(StepName.FIRST_ORDER).at == NOON
        await until(lambda: office.notes.notes.last_call_at == NOON)
    finally:
        await tasks.stop()

    assert (await office.setup_guide().state()).step(StepName.FIRST_ORDER).at == NOON


async def test_many_calls_are_written_once_a_minute(office: Office) -> None:
    tasks = Tasks()
    tasks.keep_going(office.setup.run, "calls")
    try:
        office.setup.note_call()
        await until(lambda: office.notes.writes == 1)
        for _ in range(50):
            office.farm.clock.forward(1)
            office.setup.note_call()
        await office.setup.state()
        assert office.notes.writes == 1
        office.farm.clock.forward(20)
        office.setup.note_call()
        await until(lambda: office.notes.writes == 2)
    finally:
        await tasks.stop()


def test_notes_file_gives_back_what_was_written(tmp_path: Path) -> None:
    notes = SetupNotes(
        confirmed_at=NOON,
        push_test=RIGHT_PUSH,
        test_passed_at=NOON + timedelta(seconds=1),
        test_failed_link=Link.OUTBOX,
        last_call_at=NOON,
    )

    SetupNotesFile(tmp_path).write(notes)

    assert SetupNotesFile(tmp_path).read() == notes


@pytest.mark.parametrize("content", ["", "{", "[]", '{"push_test": {"url": 3}}', '{"confirmed_at": "soon"}'])
def test_notes_file_that_cannot_be_read_counts_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content, encoding="utf-8")

    assert SetupNotesFile(tmp_path).read() == SetupNotes()


def test_folder_that_cannot_be_written_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="free space"):
        SetupNotesFile(tmp_path / "missing").write(SetupNotes(confirmed_at=NOON))

"""Tables of numbers, names of networks and patterns in the database, and their migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from phonefarm.adapters.storage.sqlite import migrations
from phonefarm.adapters.storage.sqlite.database import Database
from phonefarm.application.model.row_queries import NETWORKS, NUMBER_TASKS
from phonefarm.application.ports.records.numbers import NumberEntry, NumberOrigin
from phonefarm.application.ports.storage import UnitOfWork
from phonefarm.domain.ids import Msisdn, SimId
from phonefarm.domain.networks import Network
from phonefarm.domain.phones import PhoneState
from tests.adapters.storage.conftest import Store
from tests.builders import ICCID, MINUTE, NOON, NUMBER, OTHER_NUMBER, PHONE, a_seen_sim

SIM = SimId(ICCID)
STAND_IN = SimId("sim:R58M123/1//0")


async def test_numbers_of_an_older_database_belong_to_the_file_with_an_old_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text(f"INSERT INTO numbers VALUES ('{ICCID}', '{NUMBER}', 'russia', 'mts', 'shelf 1')"))
    engine.dispose()
    database = Database(url)

    database.open()
    try:
        await database.write(lambda uow: uow.sims.place(a_seen_sim(), PHONE, "", "", NOON))
        found = await database.write(lambda uow: uow.numbers.entry_of(SIM))
        entry = NumberEntry(iccid=ICCID, msisdn=NUMBER, country="russia", operator="mts", label="shelf 1")
        later = NumberEntry(iccid=ICCID, msisdn=OTHER_NUMBER)
        await database.write(lambda uow: uow.numbers.take_in([later], NOON))
        after = await database.write(lambda uow: uow.numbers.entry_of(SIM))
    finally:
        database.close()

    assert found == (entry, NumberOrigin.FILE)
    assert after == (later, NumberOrigin.IMPORT)


async def test_number_accepted_for_a_stand_in_moves_to_its_card(store: Store) -> None:
    def work(uow: UnitOfWork) -> object:
        uow.phones.note(PHONE, PhoneState.READY, "", NOON)
        uow.sims.place(a_seen_sim(sim_id=STAND_IN, iccid="", msisdn=None), PHONE, "russia", "mts", NOON)
        uow.sims.place(a_seen_sim(msisdn=None), PHONE, "russia", "mts", NOON)
        uow.sims.set_message_number(STAND_IN, NUMBER)
        uow.sims.become(STAND_IN, SIM)
        return uow.sims.number_sources(SIM).by_message

    assert await store.database.write(work) == NUMBER


async def test_table_with_more_lines_than_a_query_accepts_is_imported(store: Store) -> None:
    entries = [NumberEntry(iccid=f"89{n:018d}", msisdn=Msisdn(f"7928{1000000 + n}")) for n in range(40_000)]
    entries.append(NumberEntry(iccid=ICCID, msisdn=NUMBER))

    def work(uow: UnitOfWork) -> list[list[SimId]]:
        uow.sims.place(a_seen_sim(), PHONE, "russia", "mts", NOON)
        first = uow.numbers.take_in(entries, NOON)
        return [first, uow.numbers.take_in(entries, NOON + MINUTE), uow.numbers.replace_file(entries, NOON)]

    assert await store.database.write(work) == [[SIM], [SIM], [SIM]]
    keys = [entry.iccid for entry in entries]
    tasks = await store.database.read(lambda views: views.rows(NUMBER_TASKS, keys, NOON))
    assert [task.sim_id for task in tasks] == [SIM]


async def test_users_name_of_a_network_is_stored_changed_and_removed(store: Store) -> None:
    for wanted in (Network(country="russia", operator="x"), Network(country="russia"), None):
        await store.database.write(lambda uow, wanted=wanted: uow.numbers.set_network_name("25077", wanted, NOON))  # type: ignore[misc]
        assert await store.database.write(lambda uow: uow.numbers.network_name("25077")) == wanted

    seen = await store.database.read(lambda views: views.rows(NETWORKS, None, NOON))
    assert seen == []

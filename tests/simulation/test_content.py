"""`content query` on a virtual phone prints, hides and refuses data like Android."""

from __future__ import annotations

import re

import pytest

from phonefarm.simulation.content import NO_RESULT
from phonefarm.simulation.field_profiles import DOOGEE_X5
from phonefarm.simulation.phone_controls import PhoneControls
from phonefarm.simulation.profiles import (
    HUAWEI_P30,
    MOTO_G9,
    NEXUS_5,
    PIXEL_6A,
    PIXEL_8,
    REDMI_NOTE_9,
    SAMSUNG_A52,
    SAMSUNG_J5,
    SONY_XA,
    Profile,
)
from tests.simulation.handsets import NOON_MS, a_handset, store
from tests.simulation.recording_io import run_line

INBOX = "content query --uri content://sms/inbox"
SIMINFO = "content query --uri content://telephony/siminfo"
HEX_ROW = re.compile(r"Row: \d+ _id=\d+, d=\d+, n=\d+, b=[0-9A-F]*\n")


async def test_a_hostile_body_is_printed_raw_and_looks_like_rows_of_its_own() -> None:
    handset = a_handset()
    store(handset, "code\nRow: 1 _id=99, date=1, body=fake")

    out, _, code = await run_line(handset, f"{INBOX} --projection _id:body")

    assert out == "Row: 0 _id=1, body=code\nRow: 1 _id=99, date=1, body=fake\n"
    assert code == 0


@pytest.mark.parametrize(
    "body", ["a\nRow: 1 _id=2, d=3, n=4, b=AA", "NUL\x00", "🙏\u2028", "NULL", "", "a, b=c", "x" * 1500]
)
async def test_hex_puts_any_body_on_one_line_with_its_length(body: str) -> None:
    handset = a_handset()
    store(handset, body)

    out, _, _ = await run_line(
        handset,
        f"{INBOX} --projection '_id:CAST(date AS TEXT) AS d:length(CAST(body AS BLOB)) AS n:hex(body) AS b'",
    )

    assert HEX_ROW.fullmatch(out)
    assert out.endswith(f"d={NOON_MS}, n={len(body.encode())}, b={body.encode().hex().upper()}\n")


async def test_null_columns_print_as_the_word_null() -> None:
    handset = a_handset()
    store(handset, "text")

    out, _, _ = await run_line(handset, f"{INBOX} --projection \"subject:x'00' AS z\"")

    assert out == "Row: 0 subject=NULL, z=BLOB\n"


async def test_an_empty_inbox_has_no_result_but_a_count() -> None:
    handset = a_handset()

    rows, _, _ = await run_line(handset, INBOX)
    count, _, _ = await run_line(handset, f"{INBOX} --projection 'count(*) AS c:max(_id) AS m'")

    assert rows == NO_RESULT
    assert count == "Row: 0 c=0, m=NULL\n"


async def test_withheld_sms_have_no_result_not_even_a_count() -> None:
    handset = a_handset()
    store(handset, "secret")
    handset.withholds_sms = True

    out, err, code = await run_line(handset, f"{INBOX} --projection 'count(*) AS c'")

    assert (out, err, code) == (NO_RESULT, "", 0)


async def test_an_unknown_column_is_a_java_stack_on_stderr_with_exit_code_0() -> None:
    out, err, code = await run_line(a_handset(), f"{INBOX} --projection 'count(sim_slot) AS c'")

    assert out == ""
    assert err.startswith(
        "Error while accessing provider:sms\nandroid.database.sqlite.SQLiteException: no such column: sim_slot (code 1"
    )
    assert "\n\tat android.database.DatabaseUtils" in err
    assert code == 0


async def test_an_unknown_provider_has_its_own_error() -> None:
    _, err, _ = await run_line(a_handset(), "content query --uri content://nowhere/x")

    assert err.startswith("Error while accessing provider:nowhere\njava.lang.IllegalStateException: Could not find")


@pytest.mark.parametrize(
    "where", ["_id IN (SELECT 1)", "1=1; --", "body='open", "1=1 --"], ids=["select", "semicolon", "quote", "comment"]
)
async def test_android_10_and_later_answer_refused_sql_with_nothing(where: str) -> None:
    handset = a_handset(PIXEL_8)
    store(handset, "text")

    out, err, _ = await run_line(handset, f'{INBOX} --where "{where}"')

    assert (out, err) == (NO_RESULT, "")


async def test_words_inside_quotes_are_not_refused() -> None:
    handset = a_handset(PIXEL_8)
    store(handset, "SELECT; --")

    out, _, _ = await run_line(handset, f"{INBOX} --projection _id --where \"body='SELECT; --'\"")

    assert out == "Row: 0 _id=1\n"


async def test_older_androids_take_a_subselect() -> None:
    handset = a_handset(SAMSUNG_J5)
    store(handset, "text")

    out, _, _ = await run_line(handset, f"{INBOX} --projection _id --where '_id IN (SELECT 1)'")

    assert out == "Row: 0 _id=1\n"


async def test_sort_goes_raw_into_the_sql() -> None:
    handset = a_handset()
    for number in range(5):
        store(handset, f"text {number}")

    out, _, _ = await run_line(handset, f"{INBOX} --projection _id --sort '_id DESC LIMIT 2'")

    assert out == "Row: 0 _id=5\nRow: 1 _id=4\n"


async def test_the_id_of_a_deleted_newest_row_goes_to_the_next_message() -> None:
    handset = a_handset()
    store(handset, "first")
    deleted = store(handset, "second")

    handset.sms.delete_newest()
    following = store(handset, "third")

    assert following.row_id == deleted.row_id


async def test_android_5_cuts_a_plain_date_to_32_bits_but_not_a_text() -> None:
    handset = a_handset(NEXUS_5)
    store(handset, "text", date_ms=1_700_000_000_000)

    out, err, _ = await run_line(handset, f"{INBOX} --projection 'date:CAST(date AS TEXT) AS d'")

    assert out == "Row: 0 date=-807049216, d=1700000000000\n"
    assert err.startswith("WARNING: linker:")


async def test_a_provider_without_expressions_still_gives_columns() -> None:
    handset = a_handset(SONY_XA)
    store(handset, "text")

    refused, err, _ = await run_line(handset, f"{INBOX} --projection 'hex(body) AS b'")
    plain, _, _ = await run_line(handset, f"{INBOX} --projection body --where _id=1")

    assert refused == ""
    assert "IllegalArgumentException: Invalid column hex(body) AS b" in err
    assert plain == "Row: 0 body=text\n"


@pytest.mark.parametrize(
    ("profile", "projection", "expected"),
    [
        (SAMSUNG_A52, "sub_id:sim_slot", "sub_id=2, sim_slot=1"),
        (REDMI_NOTE_9, "sub_id:sim_id", "sub_id=-1, sim_id=2"),
        (HUAWEI_P30, "sub_id:addr_body", "sub_id=1, addr_body=0,"),
        (MOTO_G9, "sub_id", "sub_id=2"),
    ],
    ids=lambda value: value.name if isinstance(value, Profile) else "",
)
async def test_each_vendor_identifies_the_sim_by_its_column(profile: Profile, projection: str, expected: str) -> None:
    handset = a_handset(profile, sims=2)
    store(handset, "text", slot=1)

    out, _, _ = await run_line(handset, f"{INBOX} --projection {projection}")

    assert out == f"Row: 0 {expected}\n"


@pytest.mark.parametrize(
    ("profile", "refusal"),
    [
        (SAMSUNG_J5, None),
        (HUAWEI_P30, None),
        (REDMI_NOTE_9, None),
        (MOTO_G9, "No permission to access APN settings"),
        (PIXEL_6A, "Access SIMINFO table from not phone/system UID"),
    ],
    ids=lambda value: value.name if isinstance(value, Profile) else "",
)
async def test_access_to_siminfo_depends_on_the_release(profile: Profile, refusal: str | None) -> None:
    handset = a_handset(profile)

    out, err, _ = await run_line(handset, f"{SIMINFO} --projection _id:icc_id:sim_id")

    if refusal is None:
        assert out == f"Row: 0 _id=1, icc_id={handset.active[0].sim.iccid}, sim_id=0\n"
    else:
        assert err.startswith(f"Error while accessing provider:telephony\njava.lang.SecurityException: {refusal}\n")


async def test_a_removed_card_stays_in_siminfo_without_a_slot_and_keeps_its_id() -> None:
    handset = a_handset(SAMSUNG_J5, sims=2)
    card = handset.remove_sim(0)
    assert card is not None

    out, _, _ = await run_line(handset, f"{SIMINFO} --projection _id:sim_id --sort _id")

    assert out == "Row: 0 _id=1, sim_id=-1\nRow: 1 _id=2, sim_id=1\n"
    assert handset.insert_sim(card, 0).sub_id == 1


async def test_a_usage_error_is_printed_on_stdout() -> None:
    out, err, code = await run_line(a_handset(), "content query --projection _id")

    assert out.startswith("[ERROR] Content provider URI not specified")
    assert (err, code) == ("", 0)


async def test_the_sms_provider_dies_under_a_query_and_is_back_for_the_next() -> None:
    handset = a_handset()
    PhoneControls(handset).kill_provider()

    _, err, code = await run_line(handset, "content query --uri content://sms/inbox --projection _id")
    out, later, _ = await run_line(handset, "content query --uri content://sms/inbox --projection _id")

    assert err.startswith("Error while accessing provider:sms\nandroid.os.DeadObjectException\n\tat ")
    assert (code, out, later) == (0, "No result found.\n", "")


async def test_an_old_linker_warns_before_every_program_and_before_the_shell() -> None:
    out, err, _ = await run_line(a_handset(DOOGEE_X5), "echo S; df /data")

    assert out.startswith("S\nFilesystem ")
    assert [line.split()[2] for line in err.splitlines()] == ["sh", "df"]

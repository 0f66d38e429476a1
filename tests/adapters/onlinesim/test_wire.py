"""Onlinesim's JSON: each field, and each way it can be wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonefarm.adapters.onlinesim import wire
from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import Msisdn, RentId, SmsId
from phonefarm.domain.rents import FinishStatus

DIAL_CODES = {"7": "russia", "49": "germany"}
DEEP = '{"action":' + "[" * 10_000 + "]" * 10_000 + "}"


def order(**fields: Any) -> wire.NumberOrder:
    body = wire.parse_body(json.dumps({"sum": 320, **fields}).encode())
    return wire.parse_number_order(body, DIAL_CODES)


def finish(**fields: Any) -> wire.Finish:
    return wire.parse_finish(wire.parse_body(json.dumps({"activationId": 5, "status": 3, **fields}).encode()))


# Bodies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"action=GET_NUMBER&key=x",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b'{"sum": NaN}',
        b'{"sum": Infinity}',
        b'{"sum": -Infinity}',
        b'{"sum": 1e99999999999999999999}',
        b'{"sum": 1e-99999999999999999999}',
        b'{"sum": ' + b"9" * 5000 + b"}",
        b'{"key": "\xff\xfe"}',
        '{"key": "x"}'.encode("utf-16"),
        DEEP.encode(),
        b"[" * 10_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_body_other_than_a_json_object_in_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(wire.BadRequest) as refused:
        wire.parse_body(raw)

    assert refused.value.status == 400


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    try:
        assert isinstance(wire.parse_body(raw), dict)
    except wire.BadRequest:
        return


def test_fractions_stay_exact() -> None:
    assert wire.parse_body(b'{"sum": 320.10}') == {"sum": Decimal("320.10")}


# action and service ---------------------------------------------------------------


@pytest.mark.parametrize("action", ["GET_NUMBER", "get_number"])
@pytest.mark.parametrize("service", ["rent", "RENT", "Rent"])
def test_action_and_service_are_case_insensitive(action: str, service: str) -> None:
    wire.expect_action({"action": action, "service": service}, "GET_NUMBER", service=True)


@pytest.mark.parametrize(
    "body", [{}, {"action": None}, {"action": 1}, {"action": ["GET_NUMBER"]}, {"action": "FINISH"}]
)
def test_wrong_action_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(wire.BadRequest, match="action must be GET_NUMBER"):
        wire.expect_action(body, "GET_NUMBER", service=False)


@pytest.mark.parametrize("service", [None, 1, "", "vk", ["rent"], True])
def test_wrong_service_is_refused(service: object) -> None:
    with pytest.raises(wire.BadRequest, match="service must be rent"):
        wire.expect_action({"action": "GET_NUMBER", "service": service}, "GET_NUMBER", service=True)


# GET_NUMBER -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "country"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("any", None),
        ("ANY", None),
        ("russia", "russia"),
        (" Russia ", "Russia"),
        (7, "russia"),
        ("7", "russia"),
        ("+49", "germany"),
        (999, "999"),
        (-7, "-7"),
        ("٧", "٧"),
        (2**70, str(2**70)),
    ],
)
def test_country_is_a_name_or_a_dial_code(given: object, country: str | None) -> None:
    assert order(country=given).order.country == country


@pytest.mark.parametrize("value", [True, 7.5, [], {}, ["russia"]])
def test_country_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(wire.BadRequest, match="country must be a string"):
        order(country=value)


@pytest.mark.parametrize(("value", "operator"), [(None, None), ("any", None), ("", None), (" MTS ", "MTS")])
def test_operator_is_a_name_or_no_filter(value: object, operator: str | None) -> None:
    assert order(operator=value).order.operator == operator


@pytest.mark.parametrize("value", [1, True, [], {}])
def test_operator_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(wire.BadRequest, match="operator must be a string"):
        order(operator=value)


@pytest.mark.parametrize(
    ("value", "prefixes"),
    [
        (None, ()),
        ([], ()),
        ([7928, "7903"], ("7928", "7903")),
        (["+7 928", " ", ""], ("7928",)),
        ([2**70], (str(2**70),)),
    ],
)
def test_excluded_prefixes_are_integers_or_digits(value: object, prefixes: tuple[str, ...]) -> None:
    assert order(exceptionPhoneSet=value).order.excluded_prefixes == prefixes


@pytest.mark.parametrize(
    "value", ["7928", 7928, {}, True, [True], [None], [7928.0], [-7928], ["79a"], ["٧"], [[7928]], [0] * 10_001]
)
def test_other_prefixes_are_refused(value: object) -> None:
    with pytest.raises(wire.BadRequest, match="exceptionPhoneSet must be an array"):
        order(exceptionPhoneSet=value)


@pytest.mark.parametrize(("value", "amount"), [(320, "320"), (320.5, "320.5"), (0, "0"), (10**9, "1000000000")])
def test_sum_is_a_number(value: object, amount: str) -> None:
    assert order(sum=value).expected == Decimal(amount)


@pytest.mark.parametrize("value", [None, "320", True, False, [], {}, -1, -0.01, 10**9 + 1, 10**40])
def test_sum_that_is_missing_of_another_type_or_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(wire.BadRequest, match="sum"):
        order(sum=value)


def test_unknown_fields_are_ignored() -> None:
    assert order(currency=643, whatever={"x": [1]}).expected == 320


# FINISH_ACTIVATION ------------------------------------------------------------------


@pytest.mark.parametrize("status", list(FinishStatus))
def test_all_statuses_of_the_contract_are_accepted(status: FinishStatus) -> None:
    assert finish(status=int(status)).status is status


@pytest.mark.parametrize("status", [None, "3", True, 0, 6, -1, 3.0, 2**70, [3], {}])
def test_other_statuses_are_refused(status: object) -> None:
    with pytest.raises(wire.BadRequest, match="status"):
        finish(status=status)


@pytest.mark.parametrize("rent_id", [1, 10_001, 2**53 - 1])
def test_activation_id_is_a_positive_integer(rent_id: int) -> None:
    assert finish(activationId=rent_id).rent_id == rent_id


@pytest.mark.parametrize("rent_id", [None, "5", True, 0, -1, 5.0, 2**53, [5], {}])
def test_other_activation_ids_are_refused(rent_id: object) -> None:
    with pytest.raises(wire.BadRequest, match="activationId"):
        finish(activationId=rent_id)


def test_total_may_be_missing_or_null() -> None:
    assert finish().total is None
    assert finish(sum=None).total is None
    assert finish(sum=870.25).total == Decimal("870.25")


@pytest.mark.parametrize("value", ["870", True, -1, [], 10**10])
def test_total_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(wire.BadRequest, match="sum"):
        finish(sum=value)


@given(
    st.dictionaries(
        st.sampled_from(["sum", "country", "operator", "exceptionPhoneSet"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=4,
        ),
    )
)
def test_any_field_value_is_parsed_or_refused(fields: dict[str, Any]) -> None:
    with suppress(wire.BadRequest):
        assert order(**fields).expected >= 0


# Answers and pushes -----------------------------------------------------------------


def test_services_answer_has_a_map_for_each_country_by_name() -> None:
    answer = wire.services_answer({"ukraine": {"any": 0}, "russia": {"any": 2, "mts": 1}})

    assert answer == {
        "status": "SUCCESS",
        "countryList": [
            {"country": "russia", "operatorMap": {"any": {"rent": 2}, "mts": {"rent": 1}}},
            {"country": "ukraine", "operatorMap": {"any": {"rent": 0}}},
        ],
    }


def test_number_and_id_are_integers_on_the_wire() -> None:
    assert json.dumps(wire.number_answer(Msisdn("79281234567"), RentId(10_001))) == (
        '{"status": "SUCCESS", "number": 79281234567, "activationId": 10001}'
    )


MESSAGE = PushMessage(
    sms_id=SmsId(10_002), rent_id=RentId(10_001), msisdn=Msisdn("79281234567"), sender="Shop", text="code"
)


def test_push_has_the_contracts_fields_and_types() -> None:
    assert wire.push_body(MESSAGE, "the key", "rent") == {
        "smsId": 10_001,
        "phoneFrom": "Shop",
        "phone": "79281234567",
        "text": "code",
        "action": "PUSH_SMS",
        "key": "the key",
        "service": "rent",
    }


def test_sms_id_carries_the_messages_own_id_by_setting() -> None:
    assert wire.push_body(MESSAGE, "the key", "message")["smsId"] == 10_002


def test_phone_is_a_string_of_digits_or_an_integer_by_setting() -> None:
    assert wire.push_body(MESSAGE, "the key", "rent")["phone"] == "79281234567"
    assert wire.push_body(MESSAGE, "the key", "rent", "integer")["phone"] == 79281234567


def test_no_numbers_has_neither_number_nor_id_in_either_form() -> None:
    assert wire.no_numbers_answer("error") == {"status": "ERROR", "error": "NO_NUMBERS"}
    assert wire.no_numbers_answer("status") == {"status": "NO_NUMBERS"}

"""Onlinesim's JSON, field by field: requests are parsed strictly, answers and pushes are built with exact types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, NoReturn

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.allocation import ANY, Order, folded
from phonefarm.domain.ids import Msisdn, RentId
from phonefarm.domain.rents import FinishStatus

Body = dict[str, object]

MAX_ID = 2**53 - 1
MAX_SUM = Decimal(10**9)
MAX_PREFIXES = 10_000

GET_SERVICES, GET_NUMBER, FINISH_ACTIVATION = "GET_SERVICES", "GET_NUMBER", "FINISH_ACTIVATION"
RENT = "rent"

SmsIdMode = Literal["rent", "message"]
PhoneMode = Literal["string", "integer"]
NoNumbersMode = Literal["error", "status"]


class BadRequest(Exception):
    """A refused request; it changes nothing. `reason` is sent to the caller and never repeats its values."""

    def __init__(self, reason: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, kw_only=True)
class NumberOrder:
    order: Order
    expected: Decimal


@dataclass(frozen=True, kw_only=True)
class Finish:
    rent_id: RentId
    status: FinishStatus
    total: Decimal | None


def parse_body(raw: bytes) -> Body:
    """The JSON object in a request; numbers with a fraction become Decimal."""
    try:
        body = json.loads(raw.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, InvalidOperation):
        raise BadRequest("the body is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def action_of(body: Mapping[str, object]) -> str:
    """The action of a request to the shared path."""
    given = body.get("action")
    action = given.strip().upper() if isinstance(given, str) else ""
    if action not in (GET_SERVICES, GET_NUMBER, FINISH_ACTIVATION):
        raise BadRequest(f"action must be {GET_SERVICES}, {GET_NUMBER} or {FINISH_ACTIVATION}")
    return action


def expect_action(body: Mapping[str, object], action: str, *, service: bool) -> None:
    """Raise BadRequest unless the request is for this route; words count in any letter case."""
    given = body.get("action")
    if not isinstance(given, str) or given.strip().upper() != action:
        raise BadRequest(f"action must be {action}")
    if service:
        wanted = body.get("service")
        if not isinstance(wanted, str) or wanted.strip().lower() != RENT:
            raise BadRequest("service must be rent")


def parse_number_order(body: Mapping[str, object], country_by_dial_code: Mapping[str, str]) -> NumberOrder:
    """GET_NUMBER. Country and operator are optional; `any` and empty text mean no filter."""
    return NumberOrder(
        order=Order(
            country=_country(body.get("country"), country_by_dial_code),
            operator=_operator(body.get("operator")),
            excluded_prefixes=_prefixes(body.get("exceptionPhoneSet")),
        ),
        expected=_amount(body.get("sum"), "sum"),
    )


def parse_finish(body: Mapping[str, object]) -> Finish:
    """FINISH_ACTIVATION. `sum` is optional."""
    rent_id = _integer(body.get("activationId"), "activationId")
    if not 1 <= rent_id <= MAX_ID:
        raise BadRequest("activationId must be a positive integer")
    status = _integer(body.get("status"), "status")
    if status not in set(FinishStatus):
        raise BadRequest("status must be 1, 3, 4 or 5")
    total = body.get("sum")
    return Finish(
        rent_id=RentId(rent_id),
        status=FinishStatus(status),
        total=None if total is None else _amount(total, "sum"),
    )


def services_answer(offer: Mapping[str, Mapping[str, int]]) -> Body:
    countries = [
        {"country": country, "operatorMap": {operator: {"rent": number} for operator, number in operators.items()}}
        for country, operators in sorted(offer.items())
    ]
    return {"status": "SUCCESS", "countryList": countries}


def number_answer(msisdn: Msisdn, rent_id: RentId) -> Body:
    return {"status": "SUCCESS", "number": int(msisdn), "activationId": int(rent_id)}


def no_numbers_answer(mode: NoNumbersMode) -> Body:
    """No number matches the order. Onlinesim documents ERROR; its older protocol has a status of its own."""
    return error_answer("NO_NUMBERS") if mode == "error" else {"status": "NO_NUMBERS"}


def error_answer(reason: str) -> Body:
    return {"status": "ERROR", "error": reason}


def push_body(message: PushMessage, key: str, sms_id: SmsIdMode, phone: PhoneMode = "string") -> Body:
    """PUSH_SMS_RENT. `smsId` is the rent's id, as documented, or the message's own, by setting."""
    return {
        "smsId": int(message.rent_id if sms_id == "rent" else message.sms_id),
        "phoneFrom": message.sender,
        "phone": str(message.msisdn) if phone == "string" else int(message.msisdn),
        "text": message.text,
        "action": "PUSH_SMS",
        "key": key,
        "service": RENT,
    }


def _integer(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} must be an integer")
    return value


def _amount(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadRequest(f"{name} must be a number")
    amount = Decimal(value)
    if not 0 <= amount <= MAX_SUM:
        raise BadRequest(f"{name} is out of range")
    return amount


def _country(value: object, by_dial_code: Mapping[str, str]) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    name = _name(value, "country")
    if name is None:
        return None
    digits = name.removeprefix("+")
    return by_dial_code.get(digits, name) if digits.isascii() and digits.isdigit() else name


def _operator(value: object) -> str | None:
    return _name(value, "operator")


def _name(value: object, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRequest(f"{field} must be a string")
    return None if folded(value) in ("", ANY) else value.strip()


def _prefixes(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_PREFIXES:
        raise BadRequest("exceptionPhoneSet must be an array of integers")
    prefixes = (_prefix(item) for item in value)
    return tuple(prefix for prefix in prefixes if prefix)


def _prefix(item: object) -> str:
    if isinstance(item, bool) or not isinstance(item, int | str):
        raise BadRequest("exceptionPhoneSet must be an array of integers")
    digits = "".join(str(item).split()).removeprefix("+")
    if digits and not (digits.isascii() and digits.isdigit()):
        raise BadRequest("exceptionPhoneSet must be an array of integers")
    return digits

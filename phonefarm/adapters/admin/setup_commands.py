"""The commands of the way to the first sale, for the owner's command line: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import PublicAddress, SettingProblem
from phonefarm.application.model.row_queries import PHONES, SIMS
from phonefarm.application.model.setup_state import FactKind, PushTest, SetupState, Step
from phonefarm.domain.errors import KnownError
from phonefarm.wording.health import health_text
from phonefarm.wording.setup import LINKS, NO_CALL_YET, STEP_NAMES, fact_text, push_advice, push_text

Values = Mapping[str, Any]


async def _state(desk: FarmDesk, _values: Values) -> Values:
    return state_as_json(await desk.setup())


async def _confirm(desk: FarmDesk, values: Values) -> Values:
    await desk.confirm_own_sims(is_confirmed=bool(values.get("confirmed")))
    return state_as_json(await desk.setup())


async def _save(desk: FarmDesk, values: Values) -> Values:
    changes = values.get("changes")
    if not isinstance(changes, dict):
        raise KnownError("The settings to save are missing.")
    texts = {str(name): str(value) for name, value in changes.items()}
    problems = await desk.save_settings(texts, key_in_file=bool(values.get("key_in_file")))
    return {"problems": [_problem(found) for found in problems]}


def _problem(found: SettingProblem) -> Values:
    return {"name": found.name, "problem": found.problem, "offers_key_file": found.offers_key_file}


async def _test_push(desk: FarmDesk, _values: Values) -> Values:
    return _push(await desk.test_push_url())


async def _address(desk: FarmDesk, _values: Values) -> Values:
    return _as_address(await desk.public_address())


async def _test_address(desk: FarmDesk, _values: Values) -> Values:
    await desk.test_public_address()
    return _as_address(await desk.public_address())


async def _reported(desk: FarmDesk, _values: Values) -> Values:
    await desk.confirm_public_url()
    return _as_address(await desk.public_address())


async def _trust(desk: FarmDesk, values: Values) -> Values:
    await desk.confirm_ssh_host_key(str(values.get("fingerprint", "")))
    return _as_address(await desk.public_address())


async def _ssh_key(desk: FarmDesk, _values: Values) -> Values:
    return {"line": await desk.ssh_public_key()}


async def _phones(desk: FarmDesk, _values: Values) -> Values:
    rows = await desk.rows(PHONES)
    return {"phones": [{"label": row.label, "state": row.state.value, "step": row.remedy.value} for row in rows]}


async def _sims(desk: FarmDesk, _values: Values) -> Values:
    rows = await desk.rows(SIMS)
    return {
        "sims": [
            {
                "sim_id": row.sim_id,
                "phone": row.phone_label,
                "slot": row.slot,
                "number": row.msisdn,
                "is_rented": row.rent_id is not None,
            }
            for row in rows
            if row.phone_id
        ]
    }


async def _number(desk: FarmDesk, values: Values) -> Values:
    await desk.set_number(str(values.get("sim_id", "")), str(values.get("number", "")))
    return {}


async def _test_sms(desk: FarmDesk, values: Values) -> Values:
    result = await desk.test_sms(str(values.get("sim_id", "")))
    return {
        "passed": result.failed_link is None,
        "links": [
            {
                "link": found.link.value,
                "name": LINKS[found.link],
                "passed": found.is_passed,
                "cause": found.cause if found.push is None else push_text(found.push),
            }
            for found in result.links
        ],
    }


def state_as_json(state: SetupState) -> dict[str, Any]:
    return {
        "confirmed": state.is_confirmed,
        "over": state.is_over,
        "countries": list(state.countries),
        "steps": [_step(step) for step in state.steps],
    }


def _step(step: Step) -> Values:
    text = fact_text(step)
    if step.fact is FactKind.ORDER_AWAITED and step.at is None:
        text = f"{text}. {NO_CALL_YET}"
    at = None if step.at is None else step.at.isoformat()
    return {"name": step.name.value, "title": STEP_NAMES[step.name], "state": step.state.value, "fact": text, "at": at}


def _push(test: PushTest) -> Values:
    return {
        "answer": test.answer.value,
        "right": test.is_right,
        "text": push_text(test),
        "advice": push_advice(test),
        "milliseconds": test.milliseconds,
    }


def _as_address(address: PublicAddress) -> Values:
    return {
        "kind": address.kind.value,
        "status": address.verdict.value,
        "detail": health_text(address.health),
        "url": address.url,
        "reported_url": address.reported_url,
        "host": address.host,
        "host_key": address.host_key,
    }


SETUP_COMMANDS: Mapping[str, Callable[[FarmDesk, Values], Awaitable[Values]]] = {
    "setup": _state,
    "setup-confirm": _confirm,
    "setup-save": _save,
    "setup-test-push": _test_push,
    "setup-address": _address,
    "setup-test-address": _test_address,
    "setup-reported": _reported,
    "setup-trust": _trust,
    "setup-ssh-key": _ssh_key,
    "setup-phones": _phones,
    "setup-sims": _sims,
    "setup-number": _number,
    "setup-test-sms": _test_sms,
}

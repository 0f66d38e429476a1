"""The OpenAPI description of our webhooks, generated from the constants they use.

`python -m phonefarm.adapters.onlinesim.openapi` prints it; docs/openapi.json is its output.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from phonefarm import __version__
from phonefarm.adapters.onlinesim import wire
from phonefarm.adapters.onlinesim.webhooks import FINISH_PATH, MAX_BODY_BYTES, NUMBER_PATH, PROBE_PATH, SERVICES_PATH
from phonefarm.domain.rents import ANSWER_WITHIN, FinishStatus

Schema = dict[str, Any]

REFUSALS = {
    "400": "The body is invalid; nothing has changed.",
    "401": "The key is wrong; the answer is the same for every wrong key.",
    "408": "The body came too slowly.",
    "413": f"The body is larger than {MAX_BODY_BYTES} bytes, compressed or decompressed.",
    "415": "The body has another compression than gzip.",
    "429": "Too many calls; Retry-After has the seconds until the next one.",
    "503": f"The database does not answer, or {ANSWER_WITHIN.total_seconds():g} seconds have passed.",
}


def document(key: str | None = None) -> Schema:
    """The whole description; with `key`, one that accepts just this key, for tests that generate calls from it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "phonefarm: webhooks for Onlinesim's rent protocol",
            "version": __version__,
            "description": "Three calls, POST with a JSON object in UTF-8. The key travels in the body; an "
            "Authorization header is optional and must have the same key. Unknown fields are ignored.",
        },
        "paths": {
            SERVICES_PATH: _call("GET_SERVICES: numbers that can be rented now.", _services_request(key), _services()),
            NUMBER_PATH: _call("GET_NUMBER: take a number.", _number_request(key), _either(_issued(), _no_numbers())),
            FINISH_PATH: _call("FINISH_ACTIVATION: end a rent.", _finish_request(key), _either(_done(), _error())),
            PROBE_PATH: {
                "get": {
                    "summary": "Lets a tunnel check that the port answers.",
                    "responses": {"200": _response("It answers.", _done())},
                }
            },
        },
    }


def _call(summary: str, request: Schema, answer: Schema) -> Schema:
    responses = {"200": _response("Done, or refused as the protocol defines it.", answer)}
    responses |= {status: _response(meaning, _error()) for status, meaning in REFUSALS.items()}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
            "responses": responses,
        }
    }


def _response(meaning: str, schema: Schema) -> Schema:
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}


def _services_request(key: str | None) -> Schema:
    return _object({"action": _word(wire.GET_SERVICES), "key": _key(key)}, closed=False)


def _number_request(key: str | None) -> Schema:
    fields = {
        "action": _word(wire.GET_NUMBER),
        "key": _key(key),
        "service": _word(wire.RENT),
        "sum": _sum("Price of the first period in roubles."),
    }
    optional = {
        "country": {
            "description": "A name in any spelling, or a dial code; `any`, empty or missing: no filter.",
            "type": ["string", "integer", "null"],
        },
        "operator": {"description": "A name; `any`, empty or missing: no filter.", "type": ["string", "null"]},
        "exceptionPhoneSet": {
            "description": "Prefixes, from the dial code on, of numbers that must not be issued.",
            "type": ["array", "null"],
            "maxItems": wire.MAX_PREFIXES,
            "items": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\+?[0-9]*$"}]},
        },
    }
    return _object(fields, optional, closed=False)


def _finish_request(key: str | None) -> Schema:
    fields = {
        "action": _word(wire.FINISH_ACTIVATION),
        "key": _key(key),
        "service": _word(wire.RENT),
        "activationId": {"type": "integer", "minimum": 1, "maximum": wire.MAX_ID},
        "status": {"enum": [int(status) for status in FinishStatus]},
    }
    total = {"anyOf": [_sum("Total of all periods in roubles."), {"type": "null"}]}
    return _object(fields, {"sum": total}, closed=False)


def _services() -> Schema:
    rentable = _object({"rent": {"type": "integer", "minimum": 0}})
    operators = {"type": "object", "required": ["any"], "additionalProperties": rentable}
    country = _object({"country": {"type": "string", "minLength": 1}, "operatorMap": operators})
    return _object({"status": {"const": "SUCCESS"}, "countryList": {"type": "array", "items": country}})


def _issued() -> Schema:
    return _object(
        {
            "status": {"const": "SUCCESS"},
            "number": {"type": "integer", "minimum": 1},
            "activationId": {"type": "integer", "minimum": 1, "maximum": wire.MAX_ID},
        }
    )


def _no_numbers() -> Schema:
    modes: tuple[wire.NoNumbersMode, ...] = ("error", "status")
    return {"enum": [wire.no_numbers_answer(mode) for mode in modes]}


def _done() -> Schema:
    return _object({"status": {"const": "SUCCESS"}})


def _error() -> Schema:
    return _object({"status": {"const": "ERROR"}, "error": {"type": "string", "minLength": 1}})


def _either(*schemas: Schema) -> Schema:
    return {"oneOf": list(schemas)}


def _object(fields: Schema, optional: Schema | None = None, *, closed: bool = True) -> Schema:
    properties = fields | (optional or {})
    return {
        "type": "object",
        "properties": properties,
        "required": list(fields),
        "additionalProperties": not closed,
    }


def _word(word: str) -> Schema:
    return {"description": "Case-insensitive.", "type": "string", "pattern": f"^{_any_case(word)}$", "examples": [word]}


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)


def _key(key: str | None) -> Schema:
    return {"type": "string"} if key is None else {"const": key}


def _sum(description: str) -> Schema:
    return {"description": description, "type": "number", "minimum": 0, "maximum": int(wire.MAX_SUM)}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")

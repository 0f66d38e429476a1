"""How the virtual market answers pushes: by its rents, by a script, or by seeded chance."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CONTENT_TYPE = "application/json; charset=utf-8"


class Outcome(StrEnum):
    ACCEPT = "accept"
    NO_OPERATION = "NO_OPERATION"
    NO_OP = "NO_OP"
    BAD_SERVICE = "BAD_SERVICE"
    IGNORED = "IGNORED"
    SERVICE_BAN = "SERVICE_BAN"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    TOO_MANY = "429"
    ERROR_500 = "500"
    UNAUTHORIZED = "401"
    STATUS_ERROR = "status error"
    """HTTP 200 with status ERROR and no reason in the body."""
    HANG = "hang"
    CUT = "cut"
    """The connection is closed before an answer; the message is not accepted."""
    ANSWER_LOST = "answer lost"
    """The message is accepted, and the connection is closed before the answer."""


class Shape(StrEnum):
    """The JSON field, or other place in the body, that holds the error token; the protocol does not specify it."""

    STATUS = "status"
    ERROR = "error"
    RESPONSE = "response"
    MESSAGE = "message"
    CODE = "code"
    LOWER_CASE = "lower case"
    TEXT = "text"


TOKENS = frozenset(
    {
        Outcome.NO_OPERATION,
        Outcome.NO_OP,
        Outcome.BAD_SERVICE,
        Outcome.IGNORED,
        Outcome.SERVICE_BAN,
        Outcome.TOO_MANY_ATTEMPTS,
    }
)


@dataclass(frozen=True, kw_only=True)
class PlannedAnswer:
    """An answer to give; `http_status` None means the usual one of the outcome."""

    outcome: Outcome
    shape: Shape = Shape.ERROR
    http_status: int | None = None
    retry_after: int | None = None
    """Seconds, with 429 only."""

    @property
    def token(self) -> str:
        return str(self.outcome) if self.outcome in TOKENS else ""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    status: int
    content_type: str
    body: str
    headers: Mapping[str, str]


class AnswerPolicy:
    """Chooses answers: scripted ones first, then random faults for valid pushes, else the correct answer."""

    def __init__(
        self, *, seed: int = 0, chances: Mapping[Outcome, float] | None = None, hang_seconds: float = 60.0
    ) -> None:
        self._random = random.Random(seed)
        self._script: deque[PlannedAnswer] = deque()
        self.chances: dict[Outcome, float] = dict(chances or {})
        self.hang_seconds = hang_seconds

    def script(self, *answers: Outcome | PlannedAnswer) -> None:
        """Queue answers for the next pushes."""
        self._script.extend(
            answer if isinstance(answer, PlannedAnswer) else PlannedAnswer(outcome=answer) for answer in answers
        )

    @property
    def scripted_left(self) -> int:
        return len(self._script)

    def choose(self, *, correct: Outcome) -> PlannedAnswer:
        if self._script:
            return self._script.popleft()
        if correct is Outcome.ACCEPT:
            return self._draw()
        return PlannedAnswer(outcome=correct, shape=self._random.choice(list(Shape)))

    def _draw(self) -> PlannedAnswer:
        throw = self._random.random()
        for outcome, chance in self.chances.items():
            if throw < chance:
                retry_after = 1 if outcome is Outcome.TOO_MANY else None
                return PlannedAnswer(outcome=outcome, shape=self._random.choice(list(Shape)), retry_after=retry_after)
            throw -= chance
        return PlannedAnswer(outcome=Outcome.ACCEPT)


def render_answer(planned: PlannedAnswer) -> HttpAnswer:
    """The HTTP answer of an outcome that has one."""
    status, body = _status_and_body(planned)
    is_text = planned.outcome in TOKENS and planned.shape is Shape.TEXT
    return HttpAnswer(
        status=planned.http_status or status,
        content_type="text/plain; charset=utf-8" if is_text else CONTENT_TYPE,
        body=body,
        headers={} if planned.retry_after is None else {"Retry-After": str(planned.retry_after)},
    )


def _status_and_body(planned: PlannedAnswer) -> tuple[int, str]:
    match planned.outcome:
        case Outcome.ACCEPT:
            return 200, json.dumps({"status": "SUCCESS"})
        case Outcome.STATUS_ERROR:
            return 200, json.dumps({"status": "ERROR"})
        case Outcome.TOO_MANY:
            return 429, json.dumps({"response": "TOO_MANY_ATTEMPTS"})
        case Outcome.UNAUTHORIZED:
            return 401, json.dumps({"response": "ERROR_WRONG_KEY"})
        case Outcome.NO_OPERATION | Outcome.NO_OP:
            return 404, _token_body(str(planned.outcome), planned.shape)
        case outcome if outcome in TOKENS:
            return 400, _token_body(str(outcome), planned.shape)
        case _:
            return 500, "<html><body>Internal Server Error</body></html>"


def _token_body(token: str, shape: Shape) -> str:
    match shape:
        case Shape.TEXT:
            return token
        case Shape.LOWER_CASE:
            return json.dumps({"status": "ERROR", "error": token.lower()})
        case Shape.STATUS:
            return json.dumps({"status": token})
        case _:
            return json.dumps({"status": "ERROR", str(shape): token})

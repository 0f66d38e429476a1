"""How the virtual market answers pushes: by truth, by a script, or by seeded chance."""

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
    """HTTP 200 whose body says ERROR and names no reason."""
    HANG = "hang"
    CUT = "cut"
    """The connection ends before an answer; the message was not taken."""
    ANSWER_LOST = "answer lost"
    """The message was taken, and the connection ends before the answer."""


class Shape(StrEnum):
    """Where in the body a token stands: the protocol does not say."""

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
class Planned:
    """An answer to be given; `http_status` None leaves the usual one."""

    outcome: Outcome
    shape: Shape = Shape.ERROR
    http_status: int | None = None
    retry_after: int | None = None
    """Seconds, with 429 only."""

    @property
    def token(self) -> str:
        return str(self.outcome) if self.outcome in TOKENS else ""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    status: int
    content_type: str
    body: str
    headers: Mapping[str, str]


class AnswerPolicy:
    """A scripted answer goes first; then chance, for pushes that would be accepted; then the truth."""

    def __init__(
        self, *, seed: int = 0, chances: Mapping[Outcome, float] | None = None, hang_seconds: float = 60.0
    ) -> None:
        self._random = random.Random(seed)
        self._script: deque[Planned] = deque()
        self.chances: dict[Outcome, float] = dict(chances or {})
        self.hang_seconds = hang_seconds

    def script(self, *answers: Outcome | Planned) -> None:
        """Answer the next pushes so, in order."""
        self._script.extend(answer if isinstance(answer, Planned) else Planned(outcome=answer) for answer in answers)

    @property
    def scripted_left(self) -> int:
        return len(self._script)

    def choose(self, *, truth: Outcome) -> Planned:
        if self._script:
            return self._script.popleft()
        if truth is Outcome.ACCEPT:
            return self._by_chance()
        return Planned(outcome=truth, shape=self._random.choice(list(Shape)))

    def _by_chance(self) -> Planned:
        throw = self._random.random()
        for outcome, chance in self.chances.items():
            if throw < chance:
                retry_after = 1 if outcome is Outcome.TOO_MANY else None
                return Planned(outcome=outcome, shape=self._random.choice(list(Shape)), retry_after=retry_after)
            throw -= chance
        return Planned(outcome=Outcome.ACCEPT)


def rendered(planned: Planned) -> Rendered:
    """The HTTP answer, for outcomes that have one."""
    status, body = _status_and_body(planned)
    is_text = planned.outcome in TOKENS and planned.shape is Shape.TEXT
    return Rendered(
        status=planned.http_status or status,
        content_type="text/plain; charset=utf-8" if is_text else CONTENT_TYPE,
        body=body,
        headers={} if planned.retry_after is None else {"Retry-After": str(planned.retry_after)},
    )


def _status_and_body(planned: Planned) -> tuple[int, str]:
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

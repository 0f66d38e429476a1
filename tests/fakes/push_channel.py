"""A `PushChannel` with scripted answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from phonefarm.application.ports.world import PushMessage
from phonefarm.domain.ids import SmsId
from phonefarm.domain.pushes import Accepted, PushOutcome


class ScriptedPushChannel:
    """Answers with `script` in order, then with `answer_to` (default `always`); blocks all attempts while `held`."""

    def __init__(self) -> None:
        self.script: list[PushOutcome | Exception] = []
        self.always: PushOutcome = Accepted()
        self.answer_to: Callable[[PushMessage], PushOutcome] = lambda message: self.always
        self.attempts: list[PushMessage] = []
        self.under_way: Counter[SmsId] = Counter()
        self.most_at_once = 0
        self.on_attempt: Callable[[PushMessage], None] = lambda message: None
        self._open = asyncio.Event()
        self._open.set()

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.attempts]

    async def push(self, message: PushMessage) -> PushOutcome:
        self.attempts.append(message)
        self.on_attempt(message)
        self.under_way[message.sms_id] += 1
        assert self.under_way[message.sms_id] == 1, "two attempts at one message at once"
        self.most_at_once = max(self.most_at_once, self.under_way.total())
        try:
            await self._open.wait()
        finally:
            self.under_way[message.sms_id] -= 1
        answer = self.script.pop(0) if self.script else self.answer_to(message)
        if isinstance(answer, Exception):
            raise answer
        return answer

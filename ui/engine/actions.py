"""Runs what the user asked for and says how it went: the one place where the window meets failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog
from PySide6.QtCore import QObject, Signal

from phonefarm.application.desk.farm_desk import FarmDesk
from phonefarm.application.model.read_models import KnownError
from phonefarm.support.tasks import Tasks
from ui.engine.engine_link import Answer, EngineLink
from ui.style.tokens import Tone
from ui.text.safe_text import one_line
from ui.text.words import BUG, counted, tr

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Notice:
    """One quiet sentence for the user; good news leaves by itself, the rest waits to be read."""

    tone: Tone
    text: str


class Asked(Protocol):
    """A dialog whose answer is being carried out."""

    def taken(self) -> None: ...

    def refused(self, problem: str) -> bool:
        """Whether the user is told there."""
        ...


class Actions(QObject):
    """Asks the desk, and turns every failure into a notice."""

    noticed = Signal(object)

    def __init__(self, link: EngineLink, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._tasks = tasks

    async def ask(self, what: str, question: Callable[[FarmDesk], Answer[T]]) -> T | None:
        """The answer, or None after the user was told why there is none."""
        try:
            return await self._link.ask(question)
        except KnownError as error:
            self.notice(Tone.WARN, str(error))
        except Exception as error:  # noqa: BLE001 - the window must outlive every bug behind it
            self.report_bug(what, error)
        return None

    def order(
        self,
        what: str,
        orders: Sequence[Callable[[FarmDesk], Answer[None]]],
        done: Callable[[int], str],
        asked: Asked | None = None,
    ) -> None:
        """Carry the orders out one after the other; `done` words the notice for those that went well.

        `asked` is the dialog that they come from: it hears whether they were taken, and says itself why not.
        """
        self._tasks.start(self._carry_out(what, orders, done, asked), what)

    def start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """Run any other work of the window under the same care."""
        self._tasks.start(self._guarded(work, what), what)

    def notice(self, tone: Tone, text: str) -> None:
        self.noticed.emit(Notice(tone, one_line(text, 400)))

    def report_bug(self, what: str, error: BaseException) -> None:
        log.error("a bug in phonefarm", what=what, exc_info=error)
        self.notice(Tone.BAD, bug_sentence(what, error))

    async def _carry_out(
        self,
        what: str,
        orders: Sequence[Callable[[FarmDesk], Answer[None]]],
        done: Callable[[int], str],
        asked: Asked | None,
    ) -> None:
        refusals: list[str] = []
        for order in orders:
            try:
                await self._link.ask(order)
            except KnownError as error:
                refusals.append(str(error))
            except Exception as error:  # noqa: BLE001 - as above
                self.report_bug(what, error)
                if asked is not None:
                    asked.refused(bug_sentence(what, error))
                return
        if not refusals:
            if asked is not None:
                asked.taken()
            self.notice(Tone.OK, done(len(orders)))
        elif asked is None or not asked.refused(_refusal(refusals, len(orders))):
            self.notice(Tone.WARN, _refusal(refusals, len(orders)))

    async def _guarded(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        try:
            await work()
        except KnownError as error:
            self.notice(Tone.WARN, str(error))
        except Exception as error:  # noqa: BLE001 - as above
            self.report_bug(what, error)


def bug_sentence(what: str, error: BaseException) -> str:
    return tr(BUG).format(what=what, kind=type(error).__name__)


def _refusal(refusals: Sequence[str], orders: int) -> str:
    if orders == 1:
        return refusals[0]
    failed = counted(len(refusals), "1 of {all} was refused", "%n of {all} were refused").format(all=orders)
    return f"{failed}: {refusals[0]}"

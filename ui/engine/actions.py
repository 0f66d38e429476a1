"""Runs what the user asked for and reports the outcome: the one place where the window handles failures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
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
Item = TypeVar("Item")
Command = Callable[[FarmDesk], Answer[None]]


@dataclass(frozen=True)
class Notice:
    """One sentence for the notice bar, which hides by itself only if the tone is OK."""

    tone: Tone
    text: str


class CommandDialog(Protocol):
    """The dialog whose answer is being executed."""

    def close_accepted(self) -> None: ...

    def show_refusal(self, problem: str) -> bool:
        """False if the dialog is closed, so that the user must be told elsewhere."""
        ...


class Actions(QObject):
    """Calls the desk, and turns every failure into a notice."""

    noticed = Signal(object)
    """A Notice."""

    def __init__(self, link: EngineLink, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._tasks = tasks

    async def ask(self, what: str, question: Callable[[FarmDesk], Answer[T]]) -> T | None:
        """The desk's answer; None after a notice about the failure."""
        try:
            return await self._link.ask(question)
        except KnownError as error:
            self.notice(Tone.WARN, str(error))
        except Exception as error:  # noqa: BLE001 - the window must outlive every bug behind it
            self.report_bug(what, error)
        return None

    def run(
        self,
        what: str,
        commands: Sequence[Command],
        success_text: Callable[[int], str],
        dialog: CommandDialog | None = None,
    ) -> None:
        """Execute the commands one after the other; a refused one does not stop the others.

        `success_text` makes the notice from the number of commands. `dialog` is where they come from: it is closed
        on success, and shows the refusal otherwise.
        """
        self._tasks.start(self._run(what, commands, success_text, dialog), what)

    def start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """Run any other coroutine of the window; its failure becomes a notice, too."""
        self._tasks.start(self._run_guarded(work, what), what)

    def notice(self, tone: Tone, text: str) -> None:
        self.noticed.emit(Notice(tone, one_line(text, 400)))

    def report_bug(self, what: str, error: BaseException) -> None:
        log.error("a bug in phonefarm", what=what, exc_info=error)
        self.notice(Tone.BAD, bug_sentence(what, error))

    async def _run(
        self,
        what: str,
        commands: Sequence[Command],
        success_text: Callable[[int], str],
        dialog: CommandDialog | None,
    ) -> None:
        refusals: list[str] = []
        for command in commands:
            try:
                await self._link.ask(command)
            except KnownError as error:
                refusals.append(str(error))
            except Exception as error:  # noqa: BLE001 - as above
                self.report_bug(what, error)
                if dialog is not None:
                    dialog.show_refusal(bug_sentence(what, error))
                return
        if not refusals:
            if dialog is not None:
                dialog.close_accepted()
            self.notice(Tone.OK, success_text(len(commands)))
            return
        problem = _refusal_text(refusals, len(commands))
        if dialog is None or not dialog.show_refusal(problem):
            self.notice(Tone.WARN, problem)

    async def _run_guarded(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        try:
            await work()
        except KnownError as error:
            self.notice(Tone.WARN, str(error))
        except Exception as error:  # noqa: BLE001 - as above
            self.report_bug(what, error)


def for_each(items: Iterable[Item], command: Callable[[FarmDesk, Item], Answer[None]]) -> list[Command]:
    """One command per item."""

    def bind(item: Item) -> Command:
        return lambda desk: command(desk, item)

    return [bind(item) for item in items]


def bug_sentence(what: str, error: BaseException) -> str:
    return tr(BUG).format(what=what, kind=type(error).__name__)


def _refusal_text(refusals: Sequence[str], count: int) -> str:
    if count == 1:
        return refusals[0]
    failed = counted(len(refusals), "1 of {all} was refused", "%n of {all} were refused").format(all=count)
    return f"{failed}: {refusals[0]}"

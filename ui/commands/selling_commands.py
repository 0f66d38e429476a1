"""Commands of the whole window: pause all selling, and resume it."""

from __future__ import annotations

from ui.engine.actions import Actions
from ui.text.words import tr


class SellingCommands:
    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def pause(self) -> None:
        self._actions.run(
            tr("pausing all selling"),
            [lambda desk: desk.pause_selling()],
            lambda _: tr("Selling is paused: nothing is for sale, open rents go on"),
        )

    def resume(self) -> None:
        self._actions.run(
            tr("resuming selling"),
            [lambda desk: desk.resume_selling()],
            lambda _: tr("Selling again"),
        )

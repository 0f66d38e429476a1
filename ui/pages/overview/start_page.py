"""The first page: the path to the first sale until a number was rented, then the overview."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from phonefarm.application.model.read_models import Overview, Topic
from phonefarm.application.model.setup_state import SetupState
from ui.engine.engine_link import Keys
from ui.listing.page import SETUP_KEY, Page
from ui.pages.overview.page import OverviewPage
from ui.pages.setup.page import SetupPage


class StartPage(Page):
    """Passes everything on to the page that is shown; a path that is over is asked no more."""

    def __init__(self, overview: OverviewPage, setup: SetupPage) -> None:
        super().__init__(Topic.OVERVIEW)
        self.overview = overview
        self.setup = setup
        self._is_awake = False
        self._is_over = False
        self._wants_overview = False
        self._wants_setup = False
        self._stack = QStackedWidget()
        self._stack.addWidget(overview)
        self._stack.addWidget(setup)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        for page in (overview, setup):
            page.row_requested.connect(self.row_requested)
            page.search_clear_requested.connect(self.search_clear_requested)
        setup.state_shown.connect(self._note_state)
        setup.closed.connect(self._show_the_overview)

    @property
    def is_setup_shown(self) -> bool:
        return self._stack.currentWidget() is self.setup

    # Called by the shell -------------------------------------------------------------

    def wake(self) -> None:
        self._is_awake = True
        self.overview.wake()
        if not self._is_over or self.is_setup_shown:
            self.setup.wake()

    def sleep(self) -> None:
        self._is_awake = False
        self.overview.sleep()
        self.setup.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        self.overview.note_change(topic, keys)
        self.setup.note_change(topic, keys)

    def show_overview(self, overview: Overview) -> None:
        self.overview.show_overview(overview)
        self.setup.show_overview(overview)

    def tick(self) -> None:
        if self.is_setup_shown:
            self.setup.tick()
        else:
            self.overview.tick()

    async def wait_until_idle(self) -> None:
        await self.overview.wait_until_idle()
        await self.setup.wait_until_idle()

    def show_keys(self, *keys: str) -> None:
        if SETUP_KEY in keys:
            self._wants_setup, self._wants_overview = True, False
            if self._is_awake:
                self.setup.wake()
            self._choose()

    # Which of the two ----------------------------------------------------------------

    def _note_state(self, state: SetupState) -> None:
        self._is_over = state.is_over
        self._choose()
        if self._is_over and not self.is_setup_shown:
            self.setup.sleep()

    def _show_the_overview(self) -> None:
        self._wants_setup, self._wants_overview = False, True
        self._choose()

    def _choose(self) -> None:
        is_needed = self.setup.state is not None and not self._is_over and not self._wants_overview
        self._stack.setCurrentWidget(self.setup if is_needed or self._wants_setup else self.overview)

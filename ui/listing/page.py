"""The base class of all pages, so that the shell treats them alike."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from phonefarm.application.model.read_models import Overview, Topic
from ui.engine.engine_link import Keys

SETUP_KEY = "setup"
"""`row_requested(Topic.OVERVIEW, SETUP_KEY)` opens the path to the first sale again."""


class Page(QWidget):
    """One screen of the window. The shell calls its methods; the page answers with signals only.

    The methods do nothing here: a page overrides those that concern it.
    """

    row_requested = Signal(object, str)
    """Topic and key of a row to show on its page."""
    search_clear_requested = Signal()
    unsaved_changed = Signal(int)
    """How many changes of the user wait to be saved."""

    is_searchable = False

    def __init__(self, topic: Topic) -> None:
        super().__init__()
        self.topic = topic
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def wake(self) -> None:
        """The page is shown now: keep it fresh."""

    def sleep(self) -> None:
        """The page is hidden now: query nothing more."""

    def note_change(self, topic: Topic, keys: Keys) -> None:
        """Rows have changed; of any topic, whether the page is shown or not."""

    def show_overview(self, overview: Overview) -> None:
        """The farm's counts have changed."""

    def tick(self) -> None:
        """A second has passed while the page is shown."""

    async def wait_until_idle(self) -> None:
        """Until the page shows what it has asked for."""

    def search(self, query: str) -> None:
        """Show only the rows that match."""

    def focus_search(self) -> bool:
        """Put the focus on the page's own search; False if it has none."""
        return False

    def show_filter(self, name: str) -> None:
        """Show the filter of this name."""

    def show_keys(self, *keys: str) -> None:
        """Select these rows, now or when they are loaded."""

    def select_example(self) -> None:
        """Select a row that makes a good screenshot."""


class ScrollPage(Page):
    """A page that scrolls as a whole."""

    def __init__(self, topic: Topic) -> None:
        super().__init__(topic)
        self.scroll_area = QScrollArea()
        self.scroll_area.setObjectName("page")
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.scroll_area)

"""The Phones page: every phone, its state, and what it needs."""

from __future__ import annotations

from phonefarm.application.model.read_models import Overview, PhoneRow, PhoneState, Topic
from phonefarm.application.model.row_queries import PHONES, SIMS
from phonefarm.support.tasks import Tasks
from ui.commands.row_commands import RowCommands
from ui.engine.actions import Actions
from ui.engine.engine_link import Keys
from ui.engine.feed import Feed
from ui.listing.list_page import ListPage
from ui.listing.list_spec import EmptyText, ListSpec, RowAction
from ui.pages.phones.phone_columns import model_text, phone_columns
from ui.pages.phones.phone_facts import phone_advice, phone_facts
from ui.pages.phones.phone_groups import PhonesNeedingAction, phone_filters, phones_summary
from ui.pages.phones.phone_sims import SimsByPhone
from ui.style.theme import Theme
from ui.text.safe_text import one_line
from ui.text.words import phone_word, tr


class PhonesPage(ListPage[PhoneRow]):
    """A list page that also reads the SIMs in its phones, for their signals and standings."""

    def __init__(self, commands: RowCommands, actions: Actions, tasks: Tasks, theme: Theme) -> None:
        self._sims = SimsByPhone()
        self._needing = PhonesNeedingAction()
        super().__init__(phones_spec(commands, self._sims, self._needing), actions, tasks, theme)
        self.sims_feed = Feed(self._refresh_sims, tasks, tr("the phones' SIMs"), self)

    def wake(self) -> None:
        super().wake()
        self.sims_feed.wake()

    def sleep(self) -> None:
        super().sleep()
        self.sims_feed.sleep()

    def note_change(self, topic: Topic, keys: Keys) -> None:
        super().note_change(topic, keys)
        if topic is Topic.SIMS:
            self.sims_feed.mark_stale(keys)

    def show_overview(self, overview: Overview) -> None:
        """Update which phones need action; their next step may have changed, too."""
        if changed := self._needing.replace_keys(overview.needing(Topic.PHONES)):
            self.table.upsert([row for key in changed if (row := self.table.row_of(key)) is not None])
            self._show_head()
            self.note_change(Topic.PHONES, changed)

    async def wait_until_idle(self) -> None:
        await super().wait_until_idle()
        await self.sims_feed.wait_until_idle()

    async def _refresh_sims(self, keys: Keys) -> bool:
        rows = await self._actions.ask(tr("reading the SIMs"), lambda desk: desk.rows(SIMS, keys))
        if rows is None:
            return False
        changed = self._sims.update(rows, keys)
        self.table.upsert([row for phone_id in changed if (row := self.table.row_of(phone_id)) is not None])
        self.selected.refresh_facts()
        return True


def phones_spec(commands: RowCommands, sims: SimsByPhone, needing: PhonesNeedingAction) -> ListSpec[PhoneRow]:
    return ListSpec(
        query=PHONES,
        title=tr("Phones"),
        columns=phone_columns(sims),
        haystack=lambda row: " ".join((row.label, row.serial, model_text(row), row.usb_path, *row.sims)),
        filters=phone_filters(needing),
        sort_column=0,
        summary=phones_summary,
        heading=lambda row: one_line(row.label),
        word=phone_word,
        advice=phone_advice,
        facts=lambda row, now: phone_facts(row, now, sims),
        actions=_actions(commands),
        empty=EmptyText(
            tr("No phones yet"),
            tr(
                "Connect a phone by USB. On the phone: Settings, About, tap “Build number” seven times; then "
                "Developer options, switch on “USB debugging”, and confirm the question on its screen."
            ),
        ),
        empty_by_filter={
            "ready": EmptyText(
                tr("No phone is ready"), tr("The filters “Needs action” and “In trouble” show what to do.")
            ),
            "need": EmptyText(tr("No phone needs action")),
            "trouble": EmptyText(tr("No phone is in trouble")),
            "warnings": EmptyText(tr("No phone has warnings")),
            "gone": EmptyText(tr("No phone is unplugged")),
        },
        is_example=lambda row: row in needing,
    )


def _actions(commands: RowCommands) -> list[RowAction[PhoneRow]]:
    return [
        RowAction(text=tr("Name…"), run=lambda rows: commands.name_phone(rows[0])),
        RowAction(
            text=tr("Reconnect"),
            run=commands.reconnect,
            applies=lambda row: row.state is not PhoneState.GONE,
            several=True,
        ),
        RowAction(text=tr("Copy serial"), run=lambda rows: commands.copy(rows[0].serial)),
        RowAction(
            text=tr("Forget SIM rules…"),
            run=lambda rows: commands.forget_sim_rules(rows[0]),
            applies=lambda row: row.sim_rules > 0,
        ),
    ]

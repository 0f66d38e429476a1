"""What the user can do with a row: asks for input where needed, then calls the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from phonefarm.application.model.read_models import MessageRow, NumberTask, PhoneRow, PushRow, RentRow, SimRow, Topic
from phonefarm.application.model.row_queries import SIMS
from ui.commands.privacy_commands import PrivacyCommands
from ui.dialogs.questions import Option, ask_choice, ask_hours, ask_text, confirm
from ui.engine.actions import Actions, for_each
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import counted, tr

Go = Callable[[Topic, str], None]
"""Shows the row with this key on the page of this topic."""


class RowCommands:
    """One method per button or menu entry."""

    def __init__(self, actions: Actions, parent: QWidget, go: Go, privacy: PrivacyCommands) -> None:
        self._actions = actions
        self._parent = parent
        self.go = go
        self.privacy = privacy

    def copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._actions.notice(Tone.OK, tr("Copied {text}").format(text=one_line(text, 60)))

    # SIMs and bans ---------------------------------------------------------

    def lift_bans(self, sim_ids: Sequence[str]) -> None:
        self._actions.run(
            tr("lifting a ban"),
            for_each(sim_ids, lambda desk, sim_id: desk.lift_ban(sim_id)),
            lambda count: counted(count, "Ban lifted", "%n bans lifted"),
        )

    def set_ban(self, sim: SimRow) -> None:
        ask_hours(
            self._parent,
            tr("Ban {number}").format(number=_sim_name(sim)),
            tr("The number is off the offer until the ban ends. An open rent continues."),
            tr("Set ban"),
            lambda hours, dialog: self._actions.run(
                tr("setting a ban"),
                [lambda desk: desk.set_ban(sim.sim_id, timedelta(hours=hours))],
                lambda _: counted(hours, "Banned for 1 hour", "Banned for %n hours"),
                dialog,
            ),
        )

    def pause(self, sims: Sequence[SimRow]) -> None:
        title = tr("Pause {number}").format(number=_sim_name(sims[0]))
        if len(sims) > 1:
            title = counted(len(sims), "Pause 1 SIM", "Pause %n SIMs")
        ask_text(
            self._parent,
            title,
            tr("It is off the offer until you resume it. An open rent continues."),
            tr("Reason, for you"),
            tr("Pause"),
            lambda reason, dialog: self._actions.run(
                tr("pausing a SIM"),
                for_each(sims, lambda desk, sim: desk.hold_back(sim.sim_id, reason)),
                lambda count: counted(count, "SIM paused", "%n SIMs paused"),
                dialog,
            ),
            may_be_empty=True,
        )

    def resume(self, sims: Sequence[SimRow]) -> None:
        self._actions.run(
            tr("resuming a SIM"),
            for_each(sims, lambda desk, sim: desk.release(sim.sim_id)),
            lambda count: counted(count, "SIM resumed", "%n SIMs resumed"),
        )

    def edit_number(self, sim: SimRow | NumberTask) -> None:
        ask_text(
            self._parent,
            tr("Number of SIM {iccid}").format(iccid=formats.short_iccid(sim.iccid)),
            tr("In any usual spelling, with the country code. Onlinesim offers the SIM under this number."),
            tr("Phone number"),
            tr("Save"),
            lambda number, dialog: self._actions.run(
                tr("setting a number"),
                [lambda desk: desk.set_number(sim.sim_id, number)],
                lambda _: tr("Number set to {number}").format(number=number),
                dialog,
            ),
            value=f"+{sim.msisdn}" if sim.msisdn else "",
            max_length=32,
        )

    # Phones ----------------------------------------------------------------

    def name_phone(self, phone: PhoneRow) -> None:
        ask_text(
            self._parent,
            tr("Name this phone"),
            tr("Its place helps you to find it, for example “shelf 2, port 7”. Leave it empty to use make and model."),
            tr("Name"),
            tr("Save"),
            lambda label, dialog: self._actions.run(
                tr("naming a phone"),
                [lambda desk: desk.name_phone(phone.phone_id, label)],
                lambda _: tr("Phone named"),
                dialog,
            ),
            value=phone.label,
            may_be_empty=True,
        )

    def reconnect(self, phones: Sequence[PhoneRow]) -> None:
        self._actions.run(
            tr("reconnecting a phone"),
            for_each(phones, lambda desk, phone: desk.reconnect_phone(phone.phone_id)),
            lambda count: counted(count, "Reconnecting the phone", "Reconnecting %n phones"),
        )

    def forget_sim_rules(self, phone: PhoneRow) -> None:
        confirm(
            self._parent,
            tr("Forget the SIM rules of {phone}").format(phone=one_line(phone.label, 60)),
            counted(
                phone.sim_rules,
                "New SMS that the rule would assign ask for their SIM again. SMS that are assigned stay so.",
                "New SMS that the %n rules would assign ask for their SIM again. SMS that are assigned stay so.",
            ),
            tr("Forget rules"),
            lambda: self._actions.run(
                tr("forgetting SIM rules"),
                [lambda desk: desk.forget_sim_rules(phone.phone_id)],
                lambda _: tr("SIM rules forgotten"),
            ),
        )

    # Pushes ----------------------------------------------------------------

    def resend(self, pushes: Sequence[PushRow]) -> None:
        self._actions.run(
            tr("resending an SMS"),
            for_each(pushes, lambda desk, push: desk.resend_push(push.sms_id)),
            lambda count: counted(count, "Sending the SMS again", "Sending %n SMS again"),
        )

    def resend_refused(self, pushes: Sequence[PushRow]) -> None:
        confirm(
            self._parent,
            counted(len(pushes), "Send the refused SMS again", "Send %n refused SMS again"),
            tr("Onlinesim refused them and will probably do so again. Read its answers first."),
            tr("Send again"),
            lambda: self.resend(pushes),
        )

    def drop(self, pushes: Sequence[PushRow]) -> None:
        confirm(
            self._parent,
            counted(len(pushes), "Stop sending this SMS", "Stop sending %n SMS"),
            tr("The customer does not get it. The SMS stays stored, and you can resend it later."),
            tr("Stop sending"),
            lambda: self._actions.run(
                tr("dropping a push"),
                for_each(pushes, lambda desk, push: desk.drop_push(push.sms_id)),
                lambda count: counted(count, "SMS stopped", "%n SMS stopped"),
            ),
            danger=True,
        )

    # Rents and messages ----------------------------------------------------

    def release_unconfirmed(self, rent: RentRow) -> None:
        confirm(
            self._parent,
            tr("Release rent {rent}").format(rent=rent.rent_id),
            tr(
                "First look in your Onlinesim account. If rent {rent} is listed there, do not release it: "
                "{number} would be rented to two customers, and one would read the other's SMS."
            ).format(rent=rent.rent_id, number=formats.grouped_msisdn(rent.msisdn)),
            tr("Not listed there: release"),
            lambda: self._actions.run(
                tr("releasing an unconfirmed rent"),
                [lambda desk: desk.release_orphan(rent.rent_id)],
                lambda _: tr("Rent {rent} released").format(rent=rent.rent_id),
            ),
            danger=True,
        )

    def assign_sim(self, message: MessageRow) -> None:
        self._actions.start(lambda: self._assign_sim(message), tr("assigning an SMS"))

    async def _assign_sim(self, message: MessageRow) -> None:
        sims = await self._actions.ask(tr("reading the SIMs"), lambda desk: desk.rows(SIMS))
        if sims is None:
            return
        in_phone = [sim for sim in sims if sim.phone_id == message.phone_id]
        if not in_phone:
            self._actions.notice(
                Tone.WARN, tr("No SIM is in this phone now: put its SIM back, then choose the SIM of the SMS.")
            )
            return
        ask_choice(
            self._parent,
            tr("Which SIM got this SMS?"),
            tr(
                "If a rent was open on that SIM when the SMS arrived, the SMS is sent to its customer. "
                "A wrong choice cannot be undone."
            ),
            tr("SIM in {phone}").format(phone=one_line(message.phone_label, 60)),
            tr("Choose this SIM"),
            [(sim.sim_id, f"{formats.slot(sim.slot)} · {_sim_name(sim)}") for sim in in_phone],
            _remember_option() if message.can_be_remembered else None,
            lambda sim_id, remember, dialog: self._actions.run(
                tr("assigning an SMS"),
                [lambda desk: desk.assign_sim(message.sms_id, sim_id, remember=remember)],
                lambda _: tr("SMS assigned, and later ones like it") if remember else tr("SMS assigned"),
                dialog,
            ),
        )


def _remember_option() -> Option:
    return Option(
        text=tr("Also for later messages of this phone that are marked the same way"),
        meaning=tr(
            "They are assigned to this SIM without asking while it stays in its slot, as are those that wait now. "
            "“Forget SIM rules” on the Phones page undoes it."
        ),
    )


def _sim_name(sim: SimRow) -> str:
    return formats.grouped_msisdn(sim.msisdn) if sim.msisdn else formats.short_iccid(sim.iccid)

"""What the user may order about a row: asks where an answer is needed, then tells the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from phonefarm.application.model.read_models import MessageRow, NumberTask, PhoneRow, PushRow, RentRow, SimRow, Topic
from phonefarm.application.model.row_queries import SIMS
from ui.commands.privacy_orders import PrivacyOrders
from ui.dialogs.questions import Option, ask_choice, ask_hours, ask_text, confirm
from ui.engine.actions import Actions
from ui.style.tokens import Tone
from ui.text import formats
from ui.text.safe_text import one_line
from ui.text.words import counted, tr

Go = Callable[[Topic, str], None]


class Orders:
    """Each method is one thing a button or a menu may say."""

    def __init__(self, actions: Actions, parent: QWidget, go: Go, privacy: PrivacyOrders) -> None:
        self._actions = actions
        self._parent = parent
        self.go = go
        self.privacy = privacy

    def copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._actions.notice(Tone.OK, tr("Copied {text}").format(text=one_line(text, 60)))

    # SIMs and bans ---------------------------------------------------------

    def lift_bans(self, sim_ids: Sequence[str]) -> None:
        self._actions.order(
            tr("lifting a ban"),
            [lambda desk, sim_id=sim_id: desk.lift_ban(sim_id) for sim_id in sim_ids],  # type: ignore[misc]
            lambda count: counted(count, "Ban lifted", "%n bans lifted"),
        )

    def set_ban(self, sim: SimRow) -> None:
        ask_hours(
            self._parent,
            tr("Ban {number}").format(number=_name_of(sim)),
            tr("The number leaves the offer and comes back by itself. A rent that is open on it goes on."),
            tr("Set ban"),
            lambda hours, asked: self._actions.order(
                tr("setting a ban"),
                [lambda desk: desk.set_ban(sim.sim_id, timedelta(hours=hours))],
                lambda _: counted(hours, "Banned for 1 hour", "Banned for %n hours"),
                asked,
            ),
        )

    def hold_back(self, sims: Sequence[SimRow]) -> None:
        title = tr("Pause {number}").format(number=_name_of(sims[0]))
        if len(sims) > 1:
            title = counted(len(sims), "Pause 1 SIM", "Pause %n SIMs")
        ask_text(
            self._parent,
            title,
            tr("It stays off the offer until you resume it. A rent that is open on it goes on."),
            tr("Reason, for you"),
            tr("Pause"),
            lambda reason, asked: self._actions.order(
                tr("pausing a SIM"),
                [lambda desk, sim=sim: desk.hold_back(sim.sim_id, reason) for sim in sims],  # type: ignore[misc]
                lambda count: counted(count, "SIM paused", "%n SIMs paused"),
                asked,
            ),
            may_be_empty=True,
        )

    def release(self, sims: Sequence[SimRow]) -> None:
        self._actions.order(
            tr("resuming a SIM"),
            [lambda desk, sim=sim: desk.release(sim.sim_id) for sim in sims],  # type: ignore[misc]
            lambda count: counted(count, "SIM resumed", "%n SIMs resumed"),
        )

    def edit_number(self, sim: SimRow | NumberTask) -> None:
        ask_text(
            self._parent,
            tr("Number of SIM {iccid}").format(iccid=formats.short_iccid(sim.iccid)),
            tr("In any usual spelling, with the country code. The market offers the SIM under this number."),
            tr("Phone number"),
            tr("Save"),
            lambda number, asked: self._actions.order(
                tr("setting a number"),
                [lambda desk: desk.set_number(sim.sim_id, number)],
                lambda _: tr("Number set to {number}").format(number=number),
                asked,
            ),
            value=f"+{sim.msisdn}" if sim.msisdn else "",
            most=32,
        )

    # Phones ----------------------------------------------------------------

    def name_phone(self, phone: PhoneRow) -> None:
        ask_text(
            self._parent,
            tr("Name this phone"),
            tr("By its place, for example “shelf 2, port 7”, you find it when it needs action. Empty: make and model."),
            tr("Name"),
            tr("Save"),
            lambda label, asked: self._actions.order(
                tr("naming a phone"),
                [lambda desk: desk.name_phone(phone.phone_id, label)],
                lambda _: tr("Phone named"),
                asked,
            ),
            value=phone.label,
            may_be_empty=True,
        )

    def reconnect(self, phones: Sequence[PhoneRow]) -> None:
        self._actions.order(
            tr("reconnecting a phone"),
            [lambda desk, phone=phone: desk.reconnect_phone(phone.phone_id) for phone in phones],  # type: ignore[misc]
            lambda count: counted(count, "Reconnecting the phone", "Reconnecting %n phones"),
        )

    def forget_sim_rules(self, phone: PhoneRow) -> None:
        confirm(
            self._parent,
            tr("Forget the SIM rules of {phone}").format(phone=one_line(phone.label, 60)),
            counted(
                phone.sim_rules,
                "Later messages of the kind that you assigned for good wait for your choice again. "
                "Messages that are assigned already stay where they are.",
                "Later messages of the %n kinds that you assigned for good wait for your choice again. "
                "Messages that are assigned already stay where they are.",
            ),
            tr("Forget rules"),
            lambda: self._actions.order(
                tr("forgetting SIM rules"),
                [lambda desk: desk.forget_sim_rules(phone.phone_id)],
                lambda _: tr("SIM rules forgotten"),
            ),
        )

    # Pushes ----------------------------------------------------------------

    def resend(self, pushes: Sequence[PushRow]) -> None:
        self._actions.order(
            tr("resending an SMS"),
            [lambda desk, push=push: desk.resend_push(push.sms_id) for push in pushes],  # type: ignore[misc]
            lambda count: counted(count, "It is sent again now", "%n are sent again now"),
        )

    def resend_refused(self, pushes: Sequence[PushRow]) -> None:
        confirm(
            self._parent,
            counted(len(pushes), "Send the refused SMS again", "Send %n refused SMS again"),
            tr("Onlinesim refused them for good and mostly does so again. Look at the answers first."),
            tr("Send again"),
            lambda: self.resend(pushes),
        )

    def drop(self, pushes: Sequence[PushRow]) -> None:
        confirm(
            self._parent,
            counted(len(pushes), "Stop sending this SMS", "Stop sending %n SMS"),
            tr("The renter does not get it. The message itself stays, and you may resend it later."),
            tr("Stop sending"),
            lambda: self._actions.order(
                tr("dropping a push"),
                [lambda desk, push=push: desk.drop_push(push.sms_id) for push in pushes],  # type: ignore[misc]
                lambda count: counted(count, "Stopped", "%n stopped"),
            ),
            danger=True,
        )

    # Rents and messages ----------------------------------------------------

    def release_orphan(self, rent: RentRow) -> None:
        confirm(
            self._parent,
            tr("Release rent {rent}").format(rent=rent.rent_id),
            tr(
                "First look in your Onlinesim account: if the market does know rent {rent}, do not release it. "
                "Its number {number} would be rented to two people, and one would read the other's SMS."
            ).format(rent=rent.rent_id, number=formats.grouped_msisdn(rent.msisdn)),
            tr("The market does not know it: release"),
            lambda: self._actions.order(
                tr("releasing an unconfirmed rent"),
                [lambda desk: desk.release_orphan(rent.rent_id)],
                lambda _: tr("Rent {rent} released").format(rent=rent.rent_id),
            ),
            danger=True,
        )

    def assign_sim(self, message: MessageRow) -> None:
        self._actions.start(lambda: self._assign_sim(message), tr("assigning a message"))

    async def _assign_sim(self, message: MessageRow) -> None:
        sims = await self._actions.ask(tr("reading the SIMs"), lambda desk: desk.rows(SIMS))
        if sims is None:
            return
        here = [sim for sim in sims if sim.phone_id == message.phone_id]
        if not here:
            self._actions.notice(
                Tone.WARN, tr("No SIM is known in this phone now: put it back, then assign the message.")
            )
            return
        ask_choice(
            self._parent,
            tr("Which SIM got this SMS?"),
            tr(
                "If a rent was open on that SIM when it arrived, its renter is given the text. "
                "A wrong choice cannot be undone."
            ),
            tr("SIM in {phone}").format(phone=one_line(message.phone_label, 60)),
            tr("It is this SIM"),
            [(sim.sim_id, f"{formats.slot(sim.slot)} · {_name_of(sim)}") for sim in here],
            _remembering() if message.can_be_remembered else None,
            lambda sim_id, remember, asked: self._actions.order(
                tr("assigning a message"),
                [lambda desk: desk.assign_sim(message.sms_id, sim_id, remember=remember)],
                lambda _: tr("Message assigned, and later ones like it") if remember else tr("Message assigned"),
                asked,
            ),
        )


def _remembering() -> Option:
    return Option(
        text=tr("Also for later messages of this phone that are marked the same way"),
        meaning=tr(
            "They then go to this SIM unasked, as long as it sits where it sits now, and those that wait now do, "
            "too; the phone's page can forget it again."
        ),
    )


def _name_of(sim: SimRow) -> str:
    return formats.grouped_msisdn(sim.msisdn) if sim.msisdn else formats.short_iccid(sim.iccid)

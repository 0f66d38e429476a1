"""The worklist of numbers: what is missing, what messages state, names of networks, imported tables, patterns."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from phonefarm.application.model import timeline
from phonefarm.application.model.events import Announcer
from phonefarm.application.model.read_models import (
    Changes,
    ImportReport,
    NetworkRow,
    NumberTask,
    SettingProblem,
    Topic,
)
from phonefarm.application.model.row_queries import NETWORKS, NUMBER_TASKS, Keys
from phonefarm.application.ports.records.numbers import LineProblem, NumberEntry, NumberTable, SmsText
from phonefarm.application.ports.records.sims import SimRecords
from phonefarm.application.ports.storage import Storage, UnitOfWork
from phonefarm.application.ports.views import Views
from phonefarm.application.sims.inventory import (
    SimInventory,
    objections,
    refuse_foreign,
    settle_number,
    settle_sim,
    unrented_sim,
)
from phonefarm.application.sims.number_lines import told
from phonefarm.domain.allocation import ANY
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, SimId, parse_msisdn
from phonefarm.domain.networks import Network, NetworkNames
from phonefarm.domain.number_patterns import NumberPattern, number_in, problem_of
from phonefarm.support.clock import Clock

MESSAGES_READ = 100
"""Of each SIM, newest first."""
MOST_PATTERNS = 300
TEXT_SHOWN = 320
_NAMED_AT_MOST = 3
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_CODE = re.compile(r"[0-9]{5,6}")

ReadTable = Callable[[str], Awaitable[NumberTable]]
"""The lines of a CSV or XLSX file; raises KnownError for what is no such table."""


class _LinesRefused(KnownError):
    """Lines that the books speak against; nothing was changed."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("lines of a table are refused")
        self.reasons = reasons
        """By ICCID."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The number that a SIM's own messages state."""

    msisdn: Msisdn
    told: SmsText
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a SIM's messages state, and what that was found in."""

    basis: object
    proposal: Proposal | None


class Numbering:
    def __init__(
        self,
        storage: Storage,
        announcer: Announcer,
        inventory: SimInventory,
        names: NetworkNames,
        built_in: Sequence[NumberPattern],
        read_table: ReadTable,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._announcer = announcer
        self._inventory = inventory
        self._names = names
        self.built_in = tuple(built_in)
        self._read_table = read_table
        self._clock = clock
        self._known: dict[str, _Found] = {}

    # Reading ---------------------------------------------------------------

    async def tasks(self, keys: Keys) -> list[NumberTask]:
        now = self._clock()
        known = dict(self._known)  # the query runs on a reader's thread: it takes values and gives values

        def query(views: Views) -> tuple[list[NumberTask], dict[str, _Found]]:
            tasks = views.rows(NUMBER_TASKS, keys, now)
            missing = [task.sim_id for task in tasks if not task.msisdn]
            patterns = tuple(views.number_patterns()) or self.built_in
            newest = views.newest_messages(missing)
            found = {
                task.sim_id: self._found(views, task, newest[task.sim_id], patterns, known.get(task.sim_id))
                for task in tasks
                if task.sim_id in newest
            }
            stated = {one.proposal.msisdn for one in found.values() if one.proposal is not None}
            taken = views.places_of_numbers(stated)
            return [
                _with(task, found[task.sim_id].proposal if task.sim_id in found else None, taken) for task in tasks
            ], found

        tasks, found = await self._storage.read(query)
        self._known = found if keys is None else {**self._known, **found}
        return tasks

    def _found(
        self,
        views: Views,
        task: NumberTask,
        newest: tuple[int, int],
        patterns: tuple[NumberPattern, ...],
        known: _Found | None,
    ) -> _Found:
        """What the SIM's messages state; looked for again only when there is another message or pattern."""
        region = self._names.region_of(task.mcc_mnc)
        basis = (newest, region, patterns)
        if known is not None and known.basis == basis:
            return known
        proposal = proposal_in(views.messages_of(task.sim_id, MESSAGES_READ), patterns, region)
        return _Found(basis=basis, proposal=proposal)

    async def networks(self, keys: Keys = None) -> list[NetworkRow]:
        """Unknown ones first, then those with most SIMs."""
        now = self._clock()
        stored = await self._storage.read(lambda views: views.rows(NETWORKS, keys, now))
        rows = [row if row.source else self._named_by_table(row) for row in stored]
        return sorted(rows, key=lambda row: (bool(row.country), -row.sims, row.mcc_mnc))

    def _named_by_table(self, row: NetworkRow) -> NetworkRow:
        """A network that the user has not named, by the names that are built in."""
        name = self._names.of(row.mcc_mnc)
        source = "built in" if name.country else ""
        return replace(row, country=name.country, operator=name.operator, source=source)

    async def patterns(self) -> Sequence[NumberPattern]:
        return await self._storage.read(lambda views: views.number_patterns()) or list(self.built_in)

    # Orders ----------------------------------------------------------------

    async def accept(self, sim_id: SimId, number: str) -> None:
        """Give the SIM the number that its messages state, if it is the one that the user saw."""
        now = self._clock()
        wanted = parse_msisdn(number)

        def work(uow: UnitOfWork) -> None:
            sim = unrented_sim(uow.sims, sim_id)
            patterns = tuple(uow.numbers.patterns()) or self.built_in
            region = self._names.region_of(uow.sims.network_code(sim_id))
            found = proposal_in(uow.numbers.messages_of(sim_id, MESSAGES_READ), patterns, region)
            if found is None:
                raise KnownError("No message of this SIM states its number any more: look at it again, or type it.")
            if found.msisdn != wanted:
                raise KnownError(
                    f"A newer message states another number, +{found.msisdn}: look at it again before you accept it."
                )
            refuse_foreign(found.msisdn, sim, self._names)
            others = [other for other in uow.sims.in_phones_with_number(found.msisdn) if other != sim_id]
            if others:
                raise KnownError(
                    f"+{found.msisdn} belongs to the SIM {others[0]} in another slot already: "
                    "look which of both is right, and type the number there."
                )
            uow.sims.set_message_number(sim_id, found.msisdn)
            settle_number(uow, sim_id, sim.country, self._names, now)
            accepted = timeline.number_accepted(found.msisdn, found.told.sender[:40])
            uow.journal.note(now, Topic.SIMS, sim_id, accepted)

        await self._storage.write(work)
        self._inventory.announce([sim_id])

    async def import_table(self, path: str) -> ImportReport:
        """Take the numbers of a table in, at once; a bad line, or one that the books speak against, is left out."""
        table = await self._read_table(path)
        entries, problems = list(table.entries), list(table.problems)
        if not entries and not problems:
            raise KnownError("The file holds no numbers: nothing was changed.")
        while entries:
            try:
                concerned, said = await self._storage.write(lambda uow: self._take_in(uow, entries))  # noqa: B023
            except _LinesRefused as refused:
                reasons = refused.reasons
                assert reasons.keys() & {entry.iccid for entry in entries}
                problems += [LineProblem(line=e.line, problem=reasons[e.iccid]) for e in entries if e.iccid in reasons]
                entries = [entry for entry in entries if entry.iccid not in reasons]
                continue
            self._inventory.announce(concerned)
            return ImportReport(said=" ".join(said), left_out=told(problems))
        return ImportReport(said="No line of the file can be used: nothing was changed.", left_out=told(problems))

    def _take_in(self, uow: UnitOfWork, entries: Sequence[NumberEntry]) -> tuple[list[SimId], list[str]]:
        now = self._clock()
        concerned = uow.numbers.take_in(entries, now)
        changed = []
        refused: dict[str, str] = {}
        for sim_id in concerned:
            before = uow.sims.get(sim_id)
            assert before is not None
            if not settle_sim(uow, sim_id, self._names, now):
                continue
            changed.append(sim_id)
            after = uow.sims.get(sim_id)
            assert after is not None
            if before.msisdn == after.msisdn:
                continue
            if before.rent_id is not None:
                refused[sim_id] = f"rent {before.rent_id} is open on the SIM: import the line when it is finished"
            uow.journal.note(now, Topic.SIMS, sim_id, timeline.number_imported(after.msisdn or ""))
        refused |= objections(uow.sims, entries, self._names)
        if refused:
            raise _LinesRefused(refused)
        return concerned, _said(uow.sims, entries, concerned, changed)

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        """Give a network the market's names, on all its SIMs at once; an empty country takes the own name back."""
        name = _network_name(mcc_mnc, country.strip(), operator.strip())
        now = self._clock()

        def work(uow: UnitOfWork) -> list[SimId]:
            uow.numbers.set_network_name(mcc_mnc, name, now)
            of_network = uow.numbers.sims_of_network(mcc_mnc)
            return [sim_id for sim_id in of_network if settle_sim(uow, sim_id, self._names, now)]

        self._inventory.announce(await self._storage.write(work))

    async def save_patterns(self, patterns: Sequence[NumberPattern]) -> list[SettingProblem]:
        """Keep all, or keep nothing and say what is wrong; the built-in ones again are not the user's own."""
        tidy = [
            NumberPattern(text=" ".join(pattern.text.split()), sender=pattern.sender.strip()) for pattern in patterns
        ]
        if not tidy:
            return [
                SettingProblem(
                    name="", problem="Keep one number template at least, or reset them to the built-in ones."
                )
            ]
        if len(tidy) > MOST_PATTERNS:
            return [SettingProblem(name="", problem=f"More than {MOST_PATTERNS} number templates: take some out.")]
        found = [(place, problem_of(pattern)) for place, pattern in enumerate(tidy)]
        problems = [SettingProblem(name=str(place), problem=problem) for place, problem in found if problem is not None]
        if not problems:
            own = [] if tuple(tidy) == self.built_in else tidy
            await self._storage.write(lambda uow: uow.numbers.set_patterns(own))
            self._announcer.changed(Topic.NUMBERS, None)
        return problems


def proposal_in(messages: Sequence[SmsText], patterns: Sequence[NumberPattern], region: str | None) -> Proposal | None:
    """What the messages (newest first) state, if any does.

    The newest wins, but one whose sender is an ordinary phone number, as anybody has, only where no other speaks.
    Numbers that other messages state are told beside it.
    """
    stating = [
        (message, number)
        for message in messages
        if (number := number_in(patterns, message.sender, message.body, region)) is not None
    ]
    if not stating:
        return None
    trusted = [pair for pair in stating if not _is_a_persons(pair[0].sender)]
    told, msisdn = (trusted or stating)[0]
    others = dict.fromkeys(number for _, number in stating if number != msisdn)
    return Proposal(msisdn=msisdn, told=told, others=tuple(others))


def _is_a_persons(sender: str) -> bool:
    return sum(char.isdecimal() for char in sender) >= 9 and not any(char.isalpha() for char in sender)


def concerning_numbers(changes: Changes) -> Changes:
    """The changes, with the worklist's: a message may state a number."""
    if Topic.MESSAGES not in changes.keys:
        return changes
    return Changes(keys={**changes.keys, Topic.NUMBERS: None})


def _with(task: NumberTask, found: Proposal | None, taken: Mapping[str, str]) -> NumberTask:
    if found is None:
        return task
    return replace(
        task,
        found=found.msisdn,
        found_sender=found.told.sender,
        found_text=found.told.body[:TEXT_SHOWN],
        found_at=found.told.arrived_at,
        found_others=found.others,
        found_on=taken.get(found.msisdn, ""),
    )


def _network_name(mcc_mnc: str, country: str, operator: str) -> Network | None:
    if not _CODE.fullmatch(mcc_mnc):
        raise KnownError("A network's code has 5 or 6 digits, as 25001.")
    if not country:
        return None
    for what, name in (("country", country), ("operator", operator)):
        if name and not _NAME.fullmatch(name):
            raise KnownError(
                f"'{name[:40]}' is no {what} name of the market: small letters, digits, _ and -, as united_kingdom."
            )
    if ANY in (country, operator):
        raise KnownError(f"'{ANY}' is the market's word for all: name the country and the operator.")
    return Network(country=country, operator=operator)


def _said(
    sims: SimRecords, entries: Sequence[NumberEntry], concerned: Sequence[SimId], changed: Sequence[SimId]
) -> list[str]:
    """What an import did: how much, for whom, what stays as the user entered it, which numbers two SIMs have now."""
    count = len(entries)
    updated = f"{count} imported: {_counted(len(changed), 'SIM', 'SIMs')} updated"
    unseen = count - len(concerned)
    said = [f"{updated}, {_counted(unseen, 'ICCID', 'ICCIDs')} not in any phone yet." if unseen else f"{updated}."]
    stated = {entry.iccid: entry for entry in entries}
    by_hand = 0
    for sim_id in concerned:
        sim = sims.get(sim_id)
        entry = stated.get(sim_id)
        by_hand += sim is not None and entry is not None and sim.msisdn != entry.msisdn
    if by_hand:
        said.append(_counted(by_hand, "keeps the number that you entered.", "keep the numbers that you entered."))
    doubled = {
        number: holders
        for number in dict.fromkeys(stated[sim_id].msisdn for sim_id in concerned if sim_id in stated)
        if len(holders := sims.in_phones_with_number(number)) > 1
    }
    for number, holders in list(doubled.items())[:_NAMED_AT_MOST]:
        said.append(f"+{number} is now on {len(holders)} SIMs in phones ({', '.join(holders)}): one is wrong.")
    if len(doubled) > _NAMED_AT_MOST:
        said.append(f"The same is true of {len(doubled) - _NAMED_AT_MOST} more numbers.")
    return said


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

"""The worklist of numbers: missing and proposed numbers, names of networks, imported tables, number patterns."""

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
    resolve_number,
    resolve_sim,
    unrented_sim,
)
from phonefarm.application.sims.number_lines import describe_problems
from phonefarm.domain.allocation import ANY
from phonefarm.domain.errors import KnownError
from phonefarm.domain.ids import Msisdn, SimId, parse_msisdn
from phonefarm.domain.networks import Network, NetworkNames
from phonefarm.domain.number_patterns import NumberPattern, number_in, problem_of
from phonefarm.support.clock import Clock

MESSAGES_READ = 100
"""The newest messages of each SIM."""
MOST_PATTERNS = 300
TEXT_SHOWN_CHARACTERS = 320
_NAMED_AT_MOST = 3
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_CODE = re.compile(r"[0-9]{5,6}")

ReadTable = Callable[[str], Awaitable[NumberTable]]
"""Reads the lines of a CSV or XLSX file; raises KnownError if it is no such table."""


class _LinesRefused(KnownError):
    """Rolls back the unit of work: some lines contradict the database."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("lines of a table are refused")
        self.reasons = reasons
        """By ICCID."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A number that a SIM's own messages state."""

    msisdn: Msisdn
    message: SmsText
    others: tuple[str, ...]
    """Other numbers that the messages state."""


@dataclass(frozen=True, kw_only=True)
class _CachedProposal:
    """The proposal for a SIM; it is valid as long as `basis` is the same."""

    basis: object
    proposal: Proposal | None


class Numbering:
    """Answers the queries and commands of the Numbers page."""

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
        self._cache: dict[str, _CachedProposal] = {}

    # Reading ---------------------------------------------------------------

    async def tasks(self, keys: Keys) -> list[NumberTask]:
        now = self._clock()
        cached = dict(self._cache)  # a copy: the query runs on a reader's thread

        def query(views: Views) -> tuple[list[NumberTask], dict[str, _CachedProposal]]:
            tasks = views.rows(NUMBER_TASKS, keys, now)
            missing = [task.sim_id for task in tasks if not task.msisdn]
            patterns = tuple(views.number_patterns()) or self.built_in
            newest = views.newest_messages(missing)
            found = {
                task.sim_id: self._find(views, task, newest[task.sim_id], patterns, cached.get(task.sim_id))
                for task in tasks
                if task.sim_id in newest
            }
            stated = {one.proposal.msisdn for one in found.values() if one.proposal is not None}
            taken = views.places_of_numbers(stated)
            return [
                _add_proposal(task, found[task.sim_id].proposal if task.sim_id in found else None, taken)
                for task in tasks
            ], found

        tasks, found = await self._storage.read(query)
        self._cache = found if keys is None else {**self._cache, **found}
        return tasks

    def _find(
        self,
        views: Views,
        task: NumberTask,
        newest: tuple[int, int],
        patterns: tuple[NumberPattern, ...],
        cached: _CachedProposal | None,
    ) -> _CachedProposal:
        """The proposal for a SIM, from the cache unless there are new messages or patterns."""
        region = self._names.region_of(task.mcc_mnc)
        basis = (newest, region, patterns)
        if cached is not None and cached.basis == basis:
            return cached
        proposal = proposal_in(views.messages_of(task.sim_id, MESSAGES_READ), patterns, region)
        return _CachedProposal(basis=basis, proposal=proposal)

    async def networks(self, keys: Keys = None) -> list[NetworkRow]:
        """Unknown ones first, then those with most SIMs."""
        now = self._clock()
        stored = await self._storage.read(lambda views: views.rows(NETWORKS, keys, now))
        rows = [row if row.source else self._add_built_in_name(row) for row in stored]
        return sorted(rows, key=lambda row: (bool(row.country), -row.sims, row.mcc_mnc))

    def _add_built_in_name(self, row: NetworkRow) -> NetworkRow:
        """The built-in name of a network that the user has not named."""
        name = self._names.of(row.mcc_mnc)
        source = "built in" if name.country else ""
        return replace(row, country=name.country, operator=name.operator, source=source)

    async def patterns(self) -> Sequence[NumberPattern]:
        return await self._storage.read(lambda views: views.number_patterns()) or list(self.built_in)

    # Commands --------------------------------------------------------------

    async def accept(self, sim_id: SimId, number: str) -> None:
        """Set the number that the SIM's messages state, if it is the one that the user saw. Raises KnownError."""
        now = self._clock()
        wanted = parse_msisdn(number)

        def work(uow: UnitOfWork) -> None:
            sim = unrented_sim(uow.sims, sim_id)
            patterns = tuple(uow.numbers.patterns()) or self.built_in
            region = self._names.region_of(uow.sims.network_code(sim_id))
            found = proposal_in(uow.numbers.messages_of(sim_id, MESSAGES_READ), patterns, region)
            if found is None:
                raise KnownError("No message of this SIM states its number any more: check it again, or type it.")
            if found.msisdn != wanted:
                raise KnownError(
                    f"A newer message states another number, +{found.msisdn}: check it again before you accept it."
                )
            refuse_foreign(found.msisdn, sim, self._names)
            others = [other for other in uow.sims.in_phones_with_number(found.msisdn) if other != sim_id]
            if others:
                raise KnownError(
                    f"+{found.msisdn} belongs to the SIM {others[0]} in another slot already: "
                    "check which one is right, and type the number there."
                )
            uow.sims.set_message_number(sim_id, found.msisdn)
            resolve_number(uow, sim_id, sim.country, self._names, now)
            accepted = timeline.number_accepted(found.msisdn, found.message.sender[:40])
            uow.journal.note(now, Topic.SIMS, sim_id, accepted)

        await self._storage.write(work)
        self._inventory.announce([sim_id])

    async def import_table(self, path: str) -> ImportReport:
        """Import the numbers of a table in one commit; lines with problems are left out. Raises KnownError."""
        table = await self._read_table(path)
        entries, problems = list(table.entries), list(table.problems)
        if not entries and not problems:
            raise KnownError("The file holds no numbers: nothing was changed.")
        while entries:
            try:
                affected, summary = await self._store_entries(entries)
            except _LinesRefused as refused:
                reasons = refused.reasons
                assert reasons.keys() & {entry.iccid for entry in entries}
                problems += [LineProblem(line=e.line, problem=reasons[e.iccid]) for e in entries if e.iccid in reasons]
                entries = [entry for entry in entries if entry.iccid not in reasons]
                continue
            self._inventory.announce(affected)
            return ImportReport(summary=" ".join(summary), left_out=describe_problems(problems))
        return ImportReport(
            summary="No line of the file can be used: nothing was changed.", left_out=describe_problems(problems)
        )

    async def _store_entries(self, entries: Sequence[NumberEntry]) -> tuple[list[SimId], list[str]]:
        return await self._storage.write(lambda uow: self._import_entries(uow, entries))

    def _import_entries(self, uow: UnitOfWork, entries: Sequence[NumberEntry]) -> tuple[list[SimId], list[str]]:
        now = self._clock()
        affected = uow.numbers.take_in(entries, now)
        changed = []
        refused: dict[str, str] = {}
        for sim_id in affected:
            before = uow.sims.get(sim_id)
            assert before is not None
            if not resolve_sim(uow, sim_id, self._names, now):
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
        return affected, _summarize_import(uow.sims, entries, affected, changed)

    async def name_network(self, mcc_mnc: str, country: str, operator: str) -> None:
        """Set the market's names of a network for all its SIMs; an empty country removes the user's own name."""
        name = _network_name(mcc_mnc, country.strip(), operator.strip())
        now = self._clock()

        def work(uow: UnitOfWork) -> list[SimId]:
            uow.numbers.set_network_name(mcc_mnc, name, now)
            of_network = uow.numbers.sims_of_network(mcc_mnc)
            return [sim_id for sim_id in of_network if resolve_sim(uow, sim_id, self._names, now)]

        self._inventory.announce(await self._storage.write(work))

    async def save_patterns(self, patterns: Sequence[NumberPattern]) -> list[SettingProblem]:
        """Store all patterns, or none and return what is wrong. The built-in ones are not stored as the user's own."""
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
    """The number that the messages (newest first) state, or None.

    The newest message decides, except that messages from ordinary phone numbers, which anybody can send, count only if
    there is no other.
    """
    stating = [
        (message, number)
        for message in messages
        if (number := number_in(patterns, message.sender, message.body, region)) is not None
    ]
    if not stating:
        return None
    trusted = [pair for pair in stating if not _is_ordinary_number(pair[0].sender)]
    message, msisdn = (trusted or stating)[0]
    others = dict.fromkeys(number for _, number in stating if number != msisdn)
    return Proposal(msisdn=msisdn, message=message, others=tuple(others))


def _is_ordinary_number(sender: str) -> bool:
    return sum(char.isdecimal() for char in sender) >= 9 and not any(char.isalpha() for char in sender)


def concerning_numbers(changes: Changes) -> Changes:
    """The changes, with those of the worklist: a new message may state a number."""
    if Topic.MESSAGES not in changes.keys:
        return changes
    return Changes(keys={**changes.keys, Topic.NUMBERS: None})


def _add_proposal(task: NumberTask, found: Proposal | None, taken: Mapping[str, str]) -> NumberTask:
    if found is None:
        return task
    return replace(
        task,
        found=found.msisdn,
        found_sender=found.message.sender,
        found_text=found.message.body[:TEXT_SHOWN_CHARACTERS],
        found_at=found.message.arrived_at,
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


def _summarize_import(
    sims: SimRecords, entries: Sequence[NumberEntry], affected: Sequence[SimId], changed: Sequence[SimId]
) -> list[str]:
    """Sentences about an import: how many lines, for which SIMs, kept numbers, and numbers on several SIMs."""
    count = len(entries)
    updated = f"{count} imported: {_counted(len(changed), 'SIM', 'SIMs')} updated"
    unseen = count - len(affected)
    sentences = [f"{updated}, {_counted(unseen, 'ICCID', 'ICCIDs')} not in any phone yet." if unseen else f"{updated}."]
    stated = {entry.iccid: entry for entry in entries}
    by_hand = 0
    for sim_id in affected:
        sim = sims.get(sim_id)
        entry = stated.get(sim_id)
        by_hand += sim is not None and entry is not None and sim.msisdn != entry.msisdn
    if by_hand:
        sentences.append(_counted(by_hand, "keeps the number that you entered.", "keep the numbers that you entered."))
    doubled = {
        number: holders
        for number in dict.fromkeys(stated[sim_id].msisdn for sim_id in affected if sim_id in stated)
        if len(holders := sims.in_phones_with_number(number)) > 1
    }
    for number, holders in list(doubled.items())[:_NAMED_AT_MOST]:
        sentences.append(f"+{number} is now on {len(holders)} SIMs in phones ({', '.join(holders)}): one is wrong.")
    if len(doubled) > _NAMED_AT_MOST:
        sentences.append(f"The same is true of {len(doubled) - _NAMED_AT_MOST} more numbers.")
    return sentences


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"

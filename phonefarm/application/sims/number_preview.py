"""Numbers before they are taken: what is wrong with each line of a table, and with each number that was typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from phonefarm.application.model.read_models import SimRow
from phonefarm.application.model.row_queries import SIMS
from phonefarm.application.model.setup_state import NumberDraft
from phonefarm.application.ports.records.numbers import NumberEntry
from phonefarm.application.ports.storage import Storage
from phonefarm.application.sims.numbering import ReadTable
from phonefarm.domain.ids import Msisdn, parse_msisdn
from phonefarm.domain.networks import NetworkNames
from phonefarm.support.clock import Clock

NO_NUMBER = "No phone number: write it as +79281234567."
TWICE = "Stands here twice: each SIM has its own."


class NumberPreview:
    """Changes nothing: what it finds, the commands that take numbers find again."""

    def __init__(self, storage: Storage, names: NetworkNames, read_table: ReadTable, clock: Clock) -> None:
        self._storage = storage
        self._names = names
        self._read_table = read_table
        self._clock = clock

    async def table(self, path: str) -> list[NumberDraft]:
        """All lines of a CSV or XLSX file, in their sequence; raises KnownError for what is no such table."""
        table = await self._read_table(path)
        sims = {sim.iccid: sim for sim in await self._sims()}
        counts = Counter(entry.msisdn for entry in table.entries)
        drafts = [
            NumberDraft(
                line=entry.line,
                iccid=entry.iccid,
                msisdn=entry.msisdn,
                problem=self._problem_of_line(entry, sims.get(entry.iccid), counts),
            )
            for entry in table.entries
        ]
        drafts += [
            NumberDraft(line=bad.line, iccid="", msisdn="", problem=_sentence(bad.problem)) for bad in table.problems
        ]
        return sorted(drafts, key=lambda draft: draft.line)

    async def typed(self, numbers: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with the numbers that were typed (by SIM); those that can be taken are left out."""
        sims = await self._sims()
        by_id = {sim.sim_id: sim for sim in sims}
        parsed = {sim_id: parse_msisdn(text) for sim_id, text in numbers.items()}
        counts = Counter(msisdn for msisdn in parsed.values() if msisdn is not None)
        held = {sim.msisdn: sim.sim_id for sim in sims if sim.msisdn and sim.phone_id and sim.sim_id not in numbers}
        problems: dict[str, str] = {}
        for sim_id, msisdn in parsed.items():
            sim = by_id.get(sim_id)
            if msisdn is None:
                problems[sim_id] = NO_NUMBER
            elif counts[msisdn] > 1:
                problems[sim_id] = TWICE
            elif msisdn in held:
                problems[sim_id] = f"Belongs to another SIM already ({held[msisdn]})."
            elif sim is None:
                problems[sim_id] = "This SIM is not there any more."
            elif problem := self._problem_of(msisdn, sim, sim.country):
                problems[sim_id] = problem
        return problems

    async def _sims(self) -> Sequence[SimRow]:
        now = self._clock()
        return await self._storage.read(lambda views: views.rows(SIMS, None, now))

    def _problem_of_line(self, entry: NumberEntry, sim: SimRow | None, counts: Counter[Msisdn]) -> str:
        if counts[entry.msisdn] > 1:
            return TWICE
        return self._problem_of(entry.msisdn, sim, entry.country or (sim.country if sim else ""))

    def _problem_of(self, msisdn: Msisdn, sim: SimRow | None, country: str) -> str:
        if sim is not None and sim.rent_id is not None and sim.msisdn != msisdn:
            return f"Rent {sim.rent_id} is open: change the number when it is finished."
        objection = self._names.objection(msisdn, country)
        return f"{objection}." if objection else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."

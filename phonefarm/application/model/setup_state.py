"""The way to the first sale as it is shown, the test of the whole chain, and numbers before they are taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phonefarm.domain.push_tests import PushAnswer as PushAnswer
from phonefarm.domain.push_tests import PushTest as PushTest
from phonefarm.domain.setup_steps import FactKind as FactKind
from phonefarm.domain.setup_steps import Link as Link
from phonefarm.domain.setup_steps import Step as Step
from phonefarm.domain.setup_steps import StepName as StepName
from phonefarm.domain.setup_steps import StepState as StepState


@dataclass(frozen=True, kw_only=True)
class SetupState:
    """The seven steps, and what stands around them."""

    steps: tuple[Step, ...]
    is_confirmed: bool
    """The user has said that the SIMs are their own to rent out, and that they follow the country's rule."""
    countries: tuple[str, ...]
    """Of the SIMs, as the market names them."""
    is_over: bool
    """A number was rented: the path is not shown any more unless the user asks for it."""
    minutes_left: int
    push_test: PushTest | None = None
    """The last test of the push URL that is set now."""

    def step(self, name: StepName) -> Step:
        return next(step for step in self.steps if step.name is name)

    @property
    def done(self) -> int:
        return sum(step.state is StepState.DONE for step in self.steps)

    @property
    def next_step(self) -> Step | None:
        """The first one that is not done."""
        return next((step for step in self.steps if step.state is not StepState.DONE), None)


@dataclass(frozen=True, kw_only=True)
class LinkResult:
    """How one part of the way of the test SMS went."""

    link: Link
    is_passed: bool
    cause: str = ""
    """Why it failed, for the user; empty where it passed."""
    push: PushTest | None = None
    """What Onlinesim answered, where the link is the market."""


@dataclass(frozen=True, kw_only=True)
class SmsChainResult:
    """The test of the whole chain: the links that were walked, in their sequence; the first failure ends it."""

    sim_id: str
    links: tuple[LinkResult, ...]

    @property
    def failed_link(self) -> Link | None:
        return next((result.link for result in self.links if not result.is_passed), None)


@dataclass(frozen=True, kw_only=True)
class NumberDraft:
    """A line of a table before it is taken."""

    line: int
    iccid: str
    msisdn: str
    problem: str = ""
    """What is wrong with it; empty where it can be taken."""


@dataclass(frozen=True, kw_only=True)
class SetupNotes:
    """What the way to the first sale remembers across starts; None is "not yet"."""

    confirmed_at: datetime | None = None
    push_test: PushTest | None = None
    test_passed_at: datetime | None = None
    test_failed_link: Link | None = None
    last_call_at: datetime | None = None

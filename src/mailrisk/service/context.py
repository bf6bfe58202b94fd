"""What every use case works with. ``wiring.py`` builds it; tests build their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mailrisk.model.change import Change
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.policy import Policy
from mailrisk.model.webhook import Webhook
from mailrisk.service.analysis_threads import AnalysisThreads
from mailrisk.service.correspondents import NOBODY_KNOWN, Correspondents
from mailrisk.service.deep_count import DeepCount, Turns
from mailrisk.service.feed_plan import NO_FEEDS, FeedPlan
from mailrisk.service.readers import Depth, Readers
from mailrisk.store.index import LookupIndex

if TYPE_CHECKING:  # A look-up worker has none of them, and starts in half the time without them.
    from mailrisk.collect.files.open import Opened
    from mailrisk.edge.opening.job import Job
    from mailrisk.store.ledger import Ledger
    from mailrisk.store.samples import SampleStore


class Lookup(Protocol):
    """An edge that finds facts: DNS now, page captures and domain registration later."""

    async def lookup(self, key: FactKey) -> Fact:
        """The fact; a failure is a fact with the status ``temperror``, never an exception."""


class Opener(Protocol):
    """An edge that opens the files of messages, where hostile ones can do no harm."""

    async def open(self, job: Job) -> Opened:
        """What is in them; a failure is told in the value, never an exception."""


class Checkers(Protocol):
    """Processes that check messages for this one (``check_job.py``)."""

    async def ask(self, frame: bytes) -> bytes | None:
        """The answer to a job; None: nobody is there to do it. Unavailable: it cannot be done."""


class Place(Protocol):
    """Where an address is, as far as public registries say."""

    @property
    def country(self) -> str:
        """ISO 3166-1 alpha-2 code, '' when unknown."""

    @property
    def asn(self) -> int:
        """Autonomous system number, 0 when unknown."""

    @property
    def as_name(self) -> str:
        """Name of the autonomous system, '' when unknown."""

    @property
    def network(self) -> str:
        """The announced network as CIDR, '' when unknown."""


@dataclass(frozen=True, kw_only=True)
class LookupContext:
    """What answering from the index needs: all that a look-up worker has."""

    index: LookupIndex
    policy: Policy
    knowledge: Knowledge
    locate: Callable[[str], Place | None]
    clock: Callable[[], datetime]
    index_max_age: timedelta = timedelta(seconds=60)
    accept_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Context(LookupContext):
    """Stores, knowledge, policy and edges of one running mailrisk."""

    ledger: Ledger
    samples: SampleStore
    resolver: Lookup
    opener: Opener | None = None
    analysis: AnalysisThreads = field(default_factory=AnalysisThreads)
    checkers: Checkers | None = None
    network: bool = True
    message_budget: timedelta = timedelta(seconds=8)  # for all look-ups of one message together
    readers: Readers = field(
        default_factory=Readers
    )  # of pictures and meanings, where it may change a verdict
    depth: Depth = field(default_factory=Depth)
    deep_count: DeepCount = field(default_factory=DeepCount)
    turns: Turns = field(default_factory=Turns)
    feeds: FeedPlan = NO_FEEDS
    webhooks: tuple[Webhook, ...] = ()
    correspondents: Correspondents = NOBODY_KNOWN
    surface_counts: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # what each surface holds and leaves out, written by whoever keeps it
    command_options: tuple[str, ...] = ()  # open the same stores in a child process; () : no child

    def catch_up(self, made: Sequence[Change] = ()) -> int:
        """Brings the look-up index up to the ledger; returns how many changes were applied.

        ``made``: changes that the caller has just committed, in their order and without a gap.
        """
        return self.index.follow(self.ledger, self.clock(), made)

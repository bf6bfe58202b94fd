"""A small mailrisk for tests: real stores in a temporary directory, a clock that the test moves, no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from mailrisk.config import Config
from mailrisk.edge.opening.here import OpenHere
from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.edge.resolver import NoNetwork
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.policy import Policy
from mailrisk.service.context import Context
from mailrisk.store.index import LookupIndex
from mailrisk.store.ledger import Ledger
from mailrisk.store.samples import MemorySamples
from mailrisk.wiring import load_knowledge

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


class TestClock:
    """A clock that stands still until it is moved."""

    __test__ = False

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Moves the clock: ``forward(days=3)``."""
        self.now += timedelta(**span)


@cache
def shipped_knowledge() -> Knowledge:
    """Brands and hosts as shipped, loaded once for all tests."""
    return load_knowledge(Config())


@cache
def shipped_policy() -> Policy:
    """The policy as shipped."""
    return load_policy(data_hashes())


@cache
def opener() -> OpenHere:
    """Opens files in this process; one for all tests, since it compiles rules."""
    return OpenHere()


@contextmanager
def world(folder: Path, clock: TestClock | None = None) -> Iterator[Context]:
    """A context over stores in ``folder``; opening the same folder again finds what was stored."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    index = LookupIndex(folder / "index")
    context = Context(
        ledger=ledger,
        index=index,
        samples=MemorySamples(),
        policy=shipped_policy(),
        knowledge=shipped_knowledge(),
        resolver=NoNetwork(),
        opener=opener(),
        locate=lambda _: None,
        clock=clock or TestClock(),
        network=False,
    )
    context.catch_up()
    try:
        yield context
    finally:
        index.close()
        ledger.close()

"""Pulling sign-ins of Microsoft's cloud: a window of time after the other, into the watch.

The API gives the newest first, and the analysis wants events in about the order of their time; so a window is read
whole, sorted, and then taken. Sign-ins appear minutes after they happened: each pull begins ``overlap`` before the
end of the last one, and the ids of events tell which are new. How far we are is written to a small file after the
events are on the disk. A pull that ends half-way is done again from there: nothing is lost, nothing counts twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from mailrisk.collect.logs.entra import open_log
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput, MailriskError, TooLarge, Unavailable
from mailrisk.model.events import LoginEvent

if TYPE_CHECKING:
    from mailrisk.service.watch import Taken

logger = logging.getLogger(__name__)

FILE: Final = "graph.json"
"""In the folder of events; it holds times and counts, and no account."""

WINDOW: Final = timedelta(hours=1)
SHORTEST: Final = timedelta(seconds=1)
MAX_PAGES: Final = 100
"""Pages of one window; one with more is halved."""

KEPT: Final = timedelta(days=30)
"""Sign-ins that are older are kept by no tenant."""

TRIES: Final = 5
FIRST_WAIT_S: Final = 5.0
BETWEEN_PAGES_S: Final = 2.0
"""5 requests in 10 seconds are allowed, of all programs with our client_id."""


class Page(Protocol):
    """Some sign-ins."""

    @property
    def records(self) -> list[msgspec.Raw]:
        """One JSON object each."""

    @property
    def following(self) -> str:
        """Link to the next page, '' at the end."""


class SignIns(Protocol):
    """Where sign-ins come from: ``edge.graph``, or a test's."""

    async def page(self, since: datetime, until: datetime, link: str = "") -> Page:
        """A page. Unavailable: none; with a ``wait_s`` it is to be asked again then."""


class GraphState(msgspec.Struct, frozen=True, kw_only=True):
    """How far we are. ``until``: everything before it was asked for; ``at``: when that was done last."""

    tenant: str
    until: datetime
    at: datetime | None = None
    events: int = 0  # new ones, since the file was made
    bad: int = 0  # records that could not be read
    failures: int = 0  # pulls in a row that failed
    error: str = ""


Take = Callable[[Sequence[LoginEvent]], Awaitable["Taken"]]
_state = msgspec.json.Decoder(GraphState)


def read_state(folder: Path) -> GraphState | None:
    """What the last pull wrote; None: there was none, or its file cannot be read."""
    try:
        with (folder / FILE).open("rb") as file:
            return _state.decode(file.read(65_536))
    except (OSError, msgspec.MsgspecError):
        return None


class GraphPull:
    """The pulls of one tenant."""

    def __init__(
        self,
        source: SignIns,
        take: Take,
        clock: Callable[[], datetime],
        folder: Path,
        *,
        tenant: str,
        overlap: timedelta = timedelta(minutes=30),
        first: timedelta = timedelta(hours=24),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``take`` returns when the events are on the disk; ``first``: how far back the first pull goes."""
        self._source, self._take, self._clock, self._sleep = source, take, clock, sleep
        self._path, self._overlap = folder / FILE, overlap
        known = read_state(folder)
        fresh = GraphState(tenant=tenant, until=clock() - first)
        self.state = known if known is not None and known.tenant == tenant else fresh

    async def pull(self) -> bool:
        """Takes everything up to now. False: it failed, and the state says why."""
        try:
            await self._catch_up()
        except MailriskError as error:
            self._write(failures=self.state.failures + 1, error=str(error)[:300])
            logger.warning("sign-ins could not be pulled: %s", error)
            return False
        self._write(at=self._clock(), failures=0, error="")
        return True

    async def _catch_up(self) -> None:
        now = self._clock()
        begin = max(min(self.state.until, now) - self._overlap, now - KEPT)
        while begin < now:
            end = await self._window(begin, min(begin + WINDOW, now))
            begin = end

    async def _window(self, begin: datetime, end: datetime) -> datetime:
        """Takes the sign-ins of a window, of half of it if there are too many; returns its end."""
        while True:
            try:
                events, bad = await self._read(begin, end)
                break
            except TooLarge:
                if end - begin <= SHORTEST:
                    raise Unavailable(f"more than {MAX_PAGES} pages of sign-ins in one second") from None
                end = begin + (end - begin) / 2
        events.sort(key=lambda event: event.seen_at)
        taken = await self._take(events)
        state = self.state
        # A clock that was ahead once must not make us believe that we know the time until it is reached.
        until = max(min(state.until, self._clock()), end)
        self._write(until=until, events=state.events + taken.accepted, bad=state.bad + bad)
        return end

    async def _read(self, begin: datetime, end: datetime) -> tuple[list[LoginEvent], int]:
        """(events, records that could not be read). TooLarge: over MAX_PAGES."""
        events: list[LoginEvent] = []
        bad, link = 0, ""
        for _ in range(MAX_PAGES):
            page = await self._page(begin, end, link)
            found = await asyncio.to_thread(_events, page.records, self._clock())
            events += [one for one in found if one is not None]
            bad += found.count(None)
            if not page.following:
                return events, bad
            if page.following == link:
                raise Unavailable("the next page of sign-ins is the same one again")
            link = page.following
            await self._sleep(BETWEEN_PAGES_S)
        raise TooLarge("sign-ins", f"more than {MAX_PAGES} pages")

    async def _page(self, begin: datetime, end: datetime, link: str) -> Page:
        """A page, waited for as long as the service says."""
        for turn in range(TRIES):
            try:
                return await self._source.page(begin, end, link)
            except Unavailable as error:
                wait_s = getattr(error, "wait_s", None)
                if wait_s is None or turn == TRIES - 1:
                    raise
                await self._sleep(wait_s or FIRST_WAIT_S * 2**turn)
        raise AssertionError  # pragma: no cover

    def _write(self, **changed: object) -> None:
        """Changes the state and replaces its file."""
        self.state = msgspec.structs.replace(self.state, **changed)
        new = self._path.with_name(f"{FILE}.new")
        new.write_bytes(msgspec.json.encode(self.state))
        new.replace(self._path)


def _events(records: list[msgspec.Raw], now: datetime) -> list[LoginEvent | None]:
    """The logins among the records, None for each that cannot be read."""
    parse = open_log(Times(UTC, now))
    found: list[LoginEvent | None] = []
    for raw in records:
        try:
            event = parse(bytes(raw).decode("utf-8", "backslashreplace"))
        except BadInput:
            found.append(None)
        else:
            found += [event] if isinstance(event, LoginEvent) else []
    return found

"""Pulling one feed, whatever way it is published: the files that its parser then reads.

- a file: fetched conditionally
- a MISP feed (format ``misp``, the URL ends in ``manifest.json``): the events whose timestamp in the
  manifest changed, newest first, each ``<uuid>.json`` beside the manifest
- a TAXII 2.1 collection (format ``stix``, the URL ends in ``/objects/``): the pages of what was added since
  the last pull (OASIS TAXII 2.1 §5.4, pagination §3.4, ``X-TAXII-Date-Added-Last`` §3.4.2)

- another mailrisk (format ``mailrisk-changes``, the URL ends in ``/api/v1/changes``): the pages after the last
  change read; from the first one again, as a whole, when its ledger was restored and has a new epoch

The last three bring only what is new: from them an entry that is missing has not left the feed
(``Pulled.complete`` is false), and it fades by its age instead, unless the feed takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from mailrisk.collect.feeds.lines import MAX_DOCUMENT
from mailrisk.collect.feeds.misp import read_manifest
from mailrisk.edge.fetch import DIRECT, NOTHING_KNOWN, Egress, Fetched, Limits, Validators, fetch
from mailrisk.model.errors import ConfigError, TooLarge, Unavailable
from mailrisk.model.feed import FeedSource

MAX_EVENTS = 500
"""Most events of a MISP feed that one pull brings; the next pull goes on with the older ones."""

MAX_PAGES = 1000
"""Most pages of a TAXII collection that one pull brings."""

T = TypeVar("T")

TAXII = "application/taxii+json;version=2.1"


class PullState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has to be kept between two pulls of a feed; JSON. Empty for the first one."""

    validators: Validators = NOTHING_KNOWN
    events: dict[str, int] = {}  # MISP: id -> timestamp of what was read
    added_after: str = ""  # TAXII: where the last pull ended
    epoch: str = ""  # mailrisk: of the ledger that ``after`` is a number of
    after: int = 0  # mailrisk: the last change read


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """The files now belong to the caller. ``state`` is to be kept once they were imported, not before."""

    state: PullState
    files: tuple[Path, ...] = ()
    complete: bool = True  # the files are the whole feed
    changed: bool = True


class _Envelope(msgspec.Struct):
    more: bool = False
    next: str = ""


class _ChangesPage(msgspec.Struct):
    epoch: str
    next: int
    more: bool


async def pull(
    feed: FeedSource,
    into: Path,
    *,
    state: PullState,
    key: str = "",
    limits: Limits | None = None,
    egress: Egress = DIRECT,
) -> Pulled:
    """Brings what is new in ``feed`` into the directory ``into``.

    ConfigError: the feed needs a key or a URL and has none. Else the errors of
    :func:`mailrisk.edge.fetch.fetch`; after one nothing is left in ``into`` and the old state holds.
    """
    if not feed.url or (feed.key == "required" and not key):
        raise ConfigError(f"feeds.{feed.name}", "needs a URL" if not feed.url else "needs a key")
    url = feed.url.replace("{key}", quote(key, safe=""))
    headers = {feed.key_header: key} if feed.key_header and key else {}
    limits = limits or Limits(max_bytes=feed.max_bytes)
    path = urlsplit(url).path
    if feed.format == "misp" and path.endswith("manifest.json"):
        return await _pull_misp(url, into, state, headers, limits, egress)
    if feed.format == "stix" and path.endswith("/objects/"):
        return await _pull_taxii(url, into, state, headers, limits, egress)
    if feed.format == "mailrisk-changes":
        headers = headers or ({"X-API-Key": key} if key else {})
        return await _pull_changes(url, into, state, headers, limits, egress)
    found = await fetch(url, into, validators=state.validators, headers=headers, limits=limits, egress=egress)
    return Pulled(
        state=msgspec.structs.replace(state, validators=found.validators),
        files=(found.path,) if found.path else (),
        changed=found.changed,
    )


async def _pull_misp(
    url: str, into: Path, state: PullState, headers: Mapping[str, str], limits: Limits, egress: Egress
) -> Pulled:
    found = await fetch(url, into, validators=state.validators, headers=headers, limits=limits, egress=egress)
    if found.path is None:
        return Pulled(state=state, complete=False, changed=False)
    try:
        with found.path.open("rb") as file:
            offered = read_manifest(iter(lambda: file.read(65536), b""))
    finally:
        found.path.unlink()
    wanted = [event for event in offered if state.events.get(event.uuid) != event.timestamp]
    known = {event.uuid: event.timestamp for event in offered if event not in wanted}
    base = url.partition("?")[0].removesuffix("manifest.json")
    taken = _Taken(into, limits, headers, egress)
    for event in wanted[:MAX_EVENTS]:
        await taken.add(f"{base}{event.uuid}.json")
        known[event.uuid] = event.timestamp
    # While older events wait, the manifest must be read again although it has not changed.
    validators = found.validators if len(wanted) <= MAX_EVENTS else NOTHING_KNOWN
    new_state = PullState(validators=validators, events=known)
    return Pulled(state=new_state, files=tuple(taken.files), complete=False, changed=bool(wanted))


async def _pull_taxii(
    url: str, into: Path, state: PullState, headers: Mapping[str, str], limits: Limits, egress: Egress
) -> Pulled:
    base, _, query = url.partition("?")
    asked = dict(parse_qsl(query))
    if state.added_after:
        asked["added_after"] = state.added_after
    taken = _Taken(into, limits, {"Accept": TAXII, **headers}, egress)
    last = state.added_after
    for _ in range(MAX_PAGES):
        found = await taken.add(f"{base}?{urlencode(asked)}" if asked else base)
        last = found.headers.get("x-taxii-date-added-last", "")[:40] or last
        page = taken.last(_Envelope, "a TAXII envelope")
        if not page.more:
            break
        if not page.next or page.next == asked.get("next"):
            taken.discard()
            raise Unavailable(f"{found.host}: says that there is more, and not where")
        asked["next"] = page.next
    new_state = msgspec.structs.replace(state, added_after=last)
    return Pulled(state=new_state, files=tuple(taken.files), complete=False)


async def _pull_changes(
    url: str, into: Path, state: PullState, headers: Mapping[str, str], limits: Limits, egress: Egress
) -> Pulled:
    """``own``: without what the partner knows from its partners alone, so that no loop keeps a listing alive."""
    base = url.partition("?")[0]
    taken = _Taken(into, limits, headers, egress)
    after, epoch, again = state.after, state.epoch, False
    for _ in range(MAX_PAGES):
        await taken.add(f"{base}?{urlencode({'after': after, 'limit': 1000, 'own': 'true'})}")
        page = taken.last(_ChangesPage, "a page of changes")
        if epoch and page.epoch != epoch:
            taken.discard()
            after, epoch, again = 0, page.epoch, True
            continue
        if page.more and page.next <= after:
            taken.discard()
            raise Unavailable("the partner says that there is more, and not where")
        after, epoch = page.next, page.epoch
        if not page.more:
            break
    else:
        again = False  # Not read to its end: what is missing may still come.
    new_state = PullState(epoch=epoch, after=after)
    if after == state.after and not again:
        taken.discard()
        return Pulled(state=new_state, complete=False, changed=False)
    return Pulled(state=new_state, files=tuple(taken.files), complete=again)


class _Taken:
    """The files of one pull, within one limit of size for all; on an error they are removed."""

    def __init__(self, into: Path, limits: Limits, headers: Mapping[str, str], egress: Egress) -> None:
        self.files: list[Path] = []
        self._into, self._limits, self._headers, self._egress = into, limits, headers, egress
        self._left = limits.max_bytes

    async def add(self, url: str) -> Fetched:
        """Fetches one more file."""
        limits = msgspec.structs.replace(self._limits, max_bytes=min(self._left, MAX_DOCUMENT))
        try:
            found = await fetch(url, self._into, headers=self._headers, limits=limits, egress=self._egress)
            if found.path:
                self.files.append(found.path)
            self._left -= found.size
            if self._left <= 0:
                raise TooLarge("feed", f"more than {self._limits.max_bytes} bytes in all")
        except BaseException:
            self.discard()
            raise
        return found

    def last(self, kind: type[T], name: str) -> T:
        """What the last file says about further pages."""
        try:
            return msgspec.json.decode(self.files[-1].read_bytes(), type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.discard()
            raise Unavailable(f"not {name}: {error}") from None

    def discard(self) -> None:
        """Removes what was fetched so far."""
        for path in self.files:
            path.unlink(missing_ok=True)
        self.files.clear()

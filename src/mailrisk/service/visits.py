"""The visit gate (scenario M13): may this user open this page?

A domain that the organisation commonly visits is answered at once, without any analysis; a listing beats the habit
all the same, since looking it up costs nothing. For the others the page, its domain and the address behind it are
checked, and the response policy says what is done: level x category x tenant -> allow, warn, block, or hold until a scan is
done. In ``observe`` everything is allowed, and the answer says what would have been done.

What is visited is learnt here from the questions themselves, and from proxy logs (``learn``). Hosts where anybody may publish
(documents, forms, shorteners) are never taken for common: the house's own form service carries strangers' forms too.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from mailrisk.analyse.visits.habits import Habits, HabitSettings
from mailrisk.decide.handling import handling
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.handling import HandlingRow
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import SHARED_BY_PATH
from mailrisk.model.verdict import Level
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.check_url import refusal, stale
from mailrisk.service.context import Context
from mailrisk.service.visit_check import (
    Found,
    Weighed,
    address_of,
    analysed,
    listed,
    of_addresses,
    resolved,
    worse,
)
from mailrisk.service.visit_scans import Scans
from mailrisk.service.visit_words import (
    ACTIONS,
    MAX_IN_TOKEN,
    PageToken,
    Visit,
    VisitAnswer,
    seal,
    unseal,
    visitor_of,
)

logger = logging.getLogger(__name__)

MAX_BATCH: Final = 100
MAX_LEARNT: Final = 10_000
SAVE_EVERY_S: Final = 300.0
PAGE_HOLDS_S: Final = 3_600
MAX_CONSENTS: Final = 50_000

_BAD: Final = (Level.MALICIOUS, Level.SUSPICIOUS)


class VisitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the gate is set; see ``config/gates.py``."""

    rows: tuple[HandlingRow, ...] = ()
    enforce: bool = False
    no_page: Literal["allow", "block"] = "allow"
    page_base: str = "http://127.0.0.1:8025"
    hold_s: float = 5.0
    ttl_s: int = 60
    consent_s: float = 3_600.0
    resolve: bool = True
    habits: HabitSettings = HabitSettings()


class VisitGate:
    """The gate of one core process. Everything happens in the event loop's thread."""

    def __init__(self, context: Context, settings: VisitSettings, path: Path | None = None) -> None:
        """``path``: the file in which habits are kept; None keeps none."""
        self._context = context
        self._settings = settings
        self._path = path
        self.habits = Habits(settings.habits)
        self._scans = Scans(context, settings.hold_s)
        self._consents: OrderedDict[tuple[int, int, str], float] = OrderedDict()
        self._key: bytes | None = None
        self.counts: Counter[str] = Counter()
        self._restore()

    async def decide(self, visits: Iterable[Visit], tenant: int) -> list[VisitAnswer | ErrorAnswer]:
        """One answer for each visit, in order. Unavailable: what we know is too old to say anything."""
        if stale(self._context):
            raise Unavailable("the lists are too old to decide about visits: contact to the ledger was lost")
        return list(await asyncio.gather(*(self._decide(visit, tenant) for visit in visits)))

    async def _decide(self, visit: Visit, tenant: int) -> VisitAnswer | ErrorAnswer:
        visitor = visitor_of(self._secret(), tenant, visit.user, visit.client)
        try:
            weighed = await self.weigh(visit, tenant, visitor)
        except BadInput as error:
            return refusal(visit.url, error)
        if weighed.common:
            return self._common(visit)
        return self._answer(visit, weighed, (tenant, visitor, weighed.domain))

    async def weigh(
        self, visit: Visit, tenant: int, visitor: int | None, *, unknown: str = "allow"
    ) -> Weighed:
        """What is known of a page and what the policy wants; it is learnt that ``visitor`` (None: nobody) goes there.

        ``unknown``: what is wanted where no row speaks of a page about which nothing is known. BadInput: no URL.
        """
        text, host_only = address_of(visit.url, visit.method)
        looked, found = listed(self._context, text, tenant, host_only=host_only)
        host = looked.url.host
        domain, now, unchecked = self._domain(host), self._now(), False
        if found is None and self._is_common(tenant, host, now):
            self._observe(tenant, domain, visitor)
            return Weighed(Found(level=Level.UNKNOWN), "allow", domain, host_only, common=True)
        if found is None:
            found = analysed(self._context, text, looked)
            if found.level is not Level.MALICIOUS and self._settings.resolve:
                ips = await resolved(self._context, host, visit.ip)
                found = worse(found, of_addresses(self._context, ips, tenant))
        elif found.level in _BAD and host_only:
            self.habits.forget(tenant, domain)
        wanted = self._wanted(found, tenant, unknown)
        if wanted == "hold":
            done, seen = await self._scans.found((tenant, text))
            if done:
                found = worse(found, seen)
                unchecked = seen is None or (seen.incomplete and self._context.network)
                wanted = self._wanted(found, tenant, unknown)
                wanted = "allow" if wanted == "hold" else wanted  # Nothing more can be found out.
        if found.level not in _BAD:
            self._observe(tenant, domain, visitor)
        return Weighed(found, wanted, domain, host_only, unchecked=unchecked)

    def _observe(self, tenant: int, domain: str, visitor: int | None) -> None:
        if visitor is not None:
            self.habits.observe(tenant, domain, visitor, self._now())

    def _wanted(self, found: Found, tenant: int, unknown: str = "allow") -> str:
        if found.exempt:
            return "allow"
        otherwise = unknown if found.level is Level.UNKNOWN else "allow"
        return handling(self._settings.rows, found.level, found.category, tenant, otherwise)

    def _answer(self, visit: Visit, weighed: Weighed, who: tuple[int, int, str]) -> VisitAnswer:
        """What is done of what is wanted."""
        found, wanted, host_only = weighed.found, weighed.wanted, weighed.host_only
        settings, action = self._settings, wanted
        agreed = wanted == "warn" and self._consents.get(who, 0.0) > self._now()
        shown = not host_only if wanted == "warn" else wanted != "hold" or visit.waits
        if agreed or not settings.enforce:
            action = "allow"
        elif not shown:
            action = settings.no_page
        self.counts[f"{wanted}:{action}"] += 1
        if wanted != "allow":
            logger.warning(
                "visit: %s of %s, %s by the policy (%s, score %d)", action, who[2], wanted, found.level, found.score
            )  # fmt: skip
        page = "" if wanted == "allow" else self._page(visit, action, who)
        return VisitAnswer(
            input=visit.url, action=action, wanted=wanted, level=found.level, score=found.score,
            category=found.category, indicator=found.indicator, reasons=found.reasons,
            alert=action == "allow" and wanted in ("warn", "block"), page=page,
            ttl_s=settings.ttl_s if wanted == "allow" else 0,
        )  # fmt: skip

    def _common(self, visit: Visit) -> VisitAnswer:
        self.counts["common"] += 1
        return VisitAnswer(
            input=visit.url, action="allow", wanted="allow", level=Level.UNKNOWN, score=0, category=None,
            indicator="", reasons=(), common=True, ttl_s=self._settings.ttl_s,
        )  # fmt: skip

    def learn(self, visits: Iterable[tuple[str, str, float]], tenant: int) -> int:
        """Takes (host, user, time in seconds since 1970) of a proxy's log in; how many were of any use.

        What is listed is not learnt. Times of the future count as now.
        """
        taken, now = 0, self._now()
        for host, user, at in visits:
            try:
                _, found = listed(self._context, f"https://{host}/", tenant, host_only=True)
                name = parse_url(f"https://{host}/").host
            except BadInput:
                continue
            if found is None or not found.listed:
                visitor = visitor_of(self._secret(), tenant, user, "")
                self.habits.observe(tenant, self._domain(name), visitor, min(at, now))
                taken += 1
        return taken

    def _is_common(self, tenant: int, host: str, now: float) -> bool:
        hosts = self._context.knowledge.hosts
        domain = self._domain(host)
        if hosts.has(host, *SHARED_BY_PATH) or hosts.has(domain, *SHARED_BY_PATH):
            return False
        return self.habits.is_common(tenant, domain, now)

    def _domain(self, host: str) -> str:
        return self._context.knowledge.hosts.registrable(host) or host

    def _page(self, visit: Visit, action: str, who: tuple[int, int, str]) -> str:
        """The address of the page that says why; a URL too long for a redirect is not taken along."""
        url = visit.url if len(visit.url) <= MAX_IN_TOKEN else visit.url.partition("?")[0][:MAX_IN_TOKEN]
        until = int(self._now()) + PAGE_HOLDS_S
        token = PageToken(url, visit.method, action, who[0], who[1], until)
        return f"{self._settings.page_base.rstrip('/')}/visit?t={self.seal(token)}"

    def explained(self, text: str) -> tuple[PageToken, Found]:
        """What the page says: the visit, and what is known of it now. BadInput: no token of ours."""
        token = self.unsealed(text)
        if token.action not in ACTIONS:
            raise BadInput("t", "is no token of this page")
        url, host_only = address_of(token.url, token.method)
        looked, found = listed(self._context, url, token.tenant, host_only=host_only)
        scanned = self._scans.known((token.tenant, url))
        return token, found or worse(analysed(self._context, url, looked), scanned)

    def consent(self, text: str) -> str:
        """The visitor has read the warning and goes on: where to. BadInput: there is nothing to go on to."""
        token, found = self.explained(text)
        if token.action != "warn":
            raise BadInput("t", "was no warning")
        if self._wanted(found, token.tenant) == "block":
            raise BadInput("t", "leads to what has been found dangerous since")
        url = parse_url(token.url)
        if url.scheme not in ("http", "https"):
            raise BadInput("t", "is no page of the web")
        while len(self._consents) >= MAX_CONSENTS:
            self._consents.popitem(last=False)
        who = (token.tenant, token.visitor, self._domain(url.host))
        self._consents[who] = self._now() + self._settings.consent_s
        self.counts["consent"] += 1
        logger.warning("visit: a visitor goes on to %s in spite of the warning", who[2])
        return url.text

    def position(self) -> tuple[str, int]:
        """(epoch, number of the last change) that answers rest on."""
        return self._context.index.position()

    def seal(self, token: PageToken) -> str:
        """A token that ``unsealed`` gives back."""
        return seal(self._secret(), token)

    def unsealed(self, text: str) -> PageToken:
        """The token. BadInput: it is not ours, or too old."""
        return unseal(self._secret(), text, self._now())

    def _secret(self) -> bytes:
        if self._key is None:
            key = self._context.correspondents.key
            self._key = key.make() if key is not None else secrets.token_bytes(32)
        return self._key

    def _now(self) -> float:
        return self._context.clock().timestamp()

    def _restore(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            self.habits.restore(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError) as error:
            logger.error("what was learnt of visits cannot be read (%s); it is learnt anew", error)

    def save(self) -> None:
        """Writes the habits, so that the next process goes on from there."""
        if self._path is None or not len(self.habits):
            return
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_bytes(self.habits.state())
        draft.chmod(0o600)
        draft.replace(self._path)

    async def run(self) -> None:
        """Writes the habits from time to time, and at the end."""
        try:
            while True:
                await asyncio.sleep(SAVE_EVERY_S)
                self.save()
        finally:
            self.save()

"""Clicks on rewritten links: where does this one lead now, and may it be followed?

The visit gate decides, by its policy; only what it cannot find out is decided here: a page about which nothing is known is
scanned first, and what could not be checked is never followed without a word. A click teaches the gate nothing: it comes
without a key, and who writes to addresses that answer with what they got has links of as many messages as he likes.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from mailrisk.edge.click_log import ClickLog, ClickRecord
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import BadInput, MailriskError, NotFound, Unavailable
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.go_links import PATH, GoLink, open_link
from mailrisk.model.verdict import Level
from mailrisk.service.check_url import stale
from mailrisk.service.context import Context
from mailrisk.service.visit_check import Found, Weighed
from mailrisk.service.visit_words import PageToken, Visit
from mailrisk.service.visits import VisitGate

logger = logging.getLogger(__name__)

MAX_WAITS: Final = 20
"""Times that the page that waits is shown; then the page counts as not to be checked."""

MAX_NOTED: Final = 500
"""Clicks on one message (of one recipient, if links name him) that are written down within an hour. Whoever has one link could
otherwise write the log over, and with it who clicked on what he sent."""

MAX_NOTED_MESSAGES: Final = 50_000
CONSENT_HOLDS_S: Final = 3_600
GO_ON: Final = "/go-on"
_GOES_ON: Final = "go-on"
"""The action of our tokens: the visit page, whose tokens have another, knows none such."""


class Expired(NotFound):
    """The link was ours, and its time is over (HTTP 410)."""


class ClickSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How it is set; see ``config/gates.py``. ``base``: without a slash at its end."""

    base: str
    enforce: bool = True
    unknown: Literal["allow", "hold", "warn", "block"] = "hold"
    on_failure: Literal["allow", "warn", "block"] = "warn"


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a click. ``url``: where it leads; ``consent``: the token with which a warned reader goes on."""

    url: Url
    action: str
    found: Found
    unchecked: bool = False
    consent: str = ""
    again: str = ""

    @property
    def location(self) -> str:
        """Where a browser is sent."""
        return location(self.url)


class ClickGate:
    """The gate of one core process, in the event loop's thread."""

    def __init__(
        self,
        context: Context,
        settings: ClickSettings,
        visits: VisitGate,
        keys: LinkKeys,
        log: ClickLog | None,
    ) -> None:
        self._context, self._settings, self._visits, self._keys = context, settings, visits, keys
        self._log = log
        self.counts: Counter[str] = Counter()
        self._hour = 0
        self._noted: Counter[tuple[int, bytes, bytes]] = Counter()

    def opened(self, text: str) -> tuple[GoLink, Url]:
        """What a link says. BadInput: it is not ours, or leads nowhere. Expired."""
        link = open_link(self._keys.read(), text)
        if link.until and link.until < self._context.clock().timestamp():
            raise Expired("the link has expired: ask who sent the message for the address")
        url = parse_url(link.url)
        if url.scheme not in ("http", "https"):
            raise BadInput("link", "leads to no page of the web")
        return link, url

    async def click(self, text: str, *, counted: bool, waited: int = 0) -> Click:
        """What becomes of a click on the link; ``counted``: a person has clicked. BadInput, Expired as ``opened``."""
        link, url = self.opened(text)
        weighed = await self._weigh(link, url)
        wanted, unchecked = weighed.wanted, weighed.unchecked
        if wanted == "hold" and waited >= MAX_WAITS:
            unchecked = True
        if unchecked and wanted in ("allow", "hold"):
            wanted = self._settings.on_failure
        action = wanted if self._settings.enforce else "allow"
        if counted and action != "hold":
            self._note(link, url, weighed.found.level, action)
        self.counts[f"{wanted}:{action}"] += 1
        if wanted in ("warn", "block"):
            logger.warning(
                "click: %s of %s, %s by the policy (%s)", action, weighed.domain, wanted, weighed.found.level
            )
        again = f"{self._settings.base}{PATH}{text}?wait={waited + 1}" if action == "hold" else ""
        consent = self._consent(link, text) if action == "warn" else ""
        return Click(
            url=url, action=action, found=weighed.found, unchecked=unchecked, consent=consent, again=again
        )

    async def _weigh(self, link: GoLink, url: Url) -> Weighed:
        try:
            if stale(self._context):
                raise Unavailable("the lists are too old")
            visit = Visit(url=location(url), waits=True)
            return await self._visits.weigh(visit, link.tenant, None, unknown=self._settings.unknown)
        except MailriskError as error:
            logger.warning("a click on %s could not be checked: %s", url.host, error)
        except Exception:
            logger.exception("a click on %s could not be checked", url.host)
        self.counts["unchecked"] += 1
        return Weighed(Found(level=Level.UNKNOWN), self._settings.on_failure, url.host, False, unchecked=True)

    async def go_on(self, token: str) -> str:
        """The reader has read the warning and goes on: where to. BadInput: there is nothing to go on to, by now."""
        said = self._visits.unsealed(token)
        if said.action != _GOES_ON:
            raise BadInput("t", "is no token of this page")
        link, url = self.opened(said.url)
        weighed = await self._weigh(link, url)
        if self._settings.enforce and weighed.wanted == "block":
            raise BadInput("t", "leads to what has been found dangerous since")
        self._note(link, url, weighed.found.level, "went-on")
        self.counts["went-on"] += 1
        logger.warning("click: a reader goes on to %s in spite of the warning", weighed.domain)
        return location(url)

    def page_of(self, path: str) -> str:
        """The address of a page of ours, as browsers reach it."""
        return self._settings.base + path

    def _consent(self, link: GoLink, text: str) -> str:
        until = int(self._context.clock().timestamp()) + CONSENT_HOLDS_S
        return self._visits.seal(PageToken(text, "GET", _GOES_ON, link.tenant, 0, until))

    def _note(self, link: GoLink, url: Url, level: Level, action: str) -> None:
        if self._log is None or not self._may_note(link):
            return
        try:
            self._log.append(
                ClickRecord(
                    at=self._context.clock().timestamp(), tenant=link.tenant, host=url.host,
                    page=page_hash(url), message=link.message.hex(), recipient=link.recipient.hex(),
                    level=level, action=action,
                )
            )  # fmt: skip
        except OSError as error:
            logger.error("a click was not written down: %s", error)

    def _may_note(self, link: GoLink) -> bool:
        hour = int(self._context.clock().timestamp() // 3_600)
        if hour != self._hour:
            self._hour, self._noted = hour, Counter()
        who = (link.tenant, link.message, link.recipient)
        if self._noted[who] == MAX_NOTED or len(self._noted) >= MAX_NOTED_MESSAGES:
            self.counts["not-noted"] += 1
            if self.counts["not-noted"] == 1:
                logger.warning(
                    "clicks on one message are no longer written down in this hour: there are too many"
                )
            return False
        self._noted[who] += 1
        return True


class ClickCount(msgspec.Struct, frozen=True, kw_only=True):
    """Clicks on one page or host. ``people``: different recipients, where links name them; ``messages``: different mails.

    ``let_through`` went there without a warning: before the page was listed, or while it was allowed. ``by_recipient``: clicks
    of the mailbox that was asked about.
    """

    clicks: int = 0
    people: int = 0
    messages: int = 0
    let_through: int = 0
    warned: int = 0
    went_on: int = 0
    blocked: int = 0
    let_through_people: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    by_recipient: int = 0


def count_clicks(log: ClickLog, asked: Callable[[ClickRecord], bool], recipient: str = "") -> ClickCount:
    """Counts the clicks that are asked about. One that went on in spite of a warning counts once, among ``went_on`` too."""
    found = [one for one in log.read() if asked(one)]
    clicks = [one for one in found if one.action != "went-on"]
    actions = Counter(one.action for one in found)
    through = {one.recipient or one.message for one in found if one.action in ("allow", "went-on")}
    return ClickCount(
        clicks=len(clicks), people=len({one.recipient for one in clicks if one.recipient}),
        messages=len({one.message for one in clicks}), let_through=actions["allow"], warned=actions["warn"],
        went_on=actions["went-on"], blocked=actions["block"], let_through_people=len(through),
        first_at=min((one.at for one in found), default=0.0), last_at=max((one.at for one in found), default=0.0),
        by_recipient=sum(1 for one in clicks if recipient and one.recipient == recipient),
    )  # fmt: skip


def page_hash(url: Url) -> str:
    """A page as the log names it."""
    return hashlib.sha256(url.key.encode()).hexdigest()[:32]


def location(url: Url) -> str:
    """The address with its fragment, as a browser is sent there."""
    return f"{url.text}#{url.fragment}" if url.fragment else url.text

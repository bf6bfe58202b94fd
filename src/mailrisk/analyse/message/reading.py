"""One reading of a message: who it says it is, what it wants, where it leads. Made once, used by all rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from mailrisk.analyse.message import attachments, content, documents, links
from mailrisk.analyse.message.claimed import is_unreliable, target
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.identity import BrandClaim, identify
from mailrisk.analyse.message.intent import intents
from mailrisk.analyse.message.picture_text import phrase_of
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.verdict import Category

_MAILTO = re.compile(r"href\s*=\s*[\"']?mailto:[^\"'\s>@?]{1,80}@([A-Za-z0-9.-]{3,80})", re.IGNORECASE)


class Reading:
    """A message with everything that the rules of conviction look at."""

    def __init__(self, view: MessageView) -> None:
        self.view = view
        self.who = identify(view)
        self.intents = intents(view)

    @cached_property
    def claim(self) -> BrandClaim | None:
        """The brand claimed most strongly that is not the author's.

        Software that the author runs on his own site may name itself.
        """
        claims = (claim for claim in self.who.claims if not (claim.brand.self_hosted and self.goes_home))
        return next(claims, None)

    @cached_property
    def unreliable(self) -> bool:
        """The author's address stands for nobody."""
        return is_unreliable(self.view, self.who)

    @cached_property
    def offending(self) -> list[LinkedUrl]:
        """Links that may be blamed, whatever is claimed."""
        brands = [claim.brand for claim in self.who.claims if claim.strength >= 0.5]
        return links.offending(self.view, [*brands, *self.who.genuine], self.who.own)

    @cached_property
    def foreign(self) -> list[LinkedUrl]:
        """Offending links that do not lead back to the author, nor through a newsletter sender's counter.

        The author's own site is an alibi only when the author's address stands for somebody.
        """
        if self.unreliable:
            return self.offending
        home = links.registrable(self.view, self.who.author)
        return [
            item
            for item in self.offending
            if links.registrable(self.view, item.url.host) != home
            and not self.view.knowledge.hosts.has(item.url.host, HostClass.BULK_MAILER)
        ]

    @cached_property
    def throwaway(self) -> list[LinkedUrl]:
        """Foreign links to places that cost nothing."""
        return [item for item in self.foreign if links.is_throwaway(self.view, item)]

    @cached_property
    def strange(self) -> list[LinkedUrl]:
        """Offending links off the author's site, to places that hardly anybody visits or that cost nothing.

        Documents and forms are none of them. Colleagues link to the organisation's own pages, to well-known services
        and to forms; hardly to such places.
        """
        home = links.registrable(self.view, self.who.author)
        return [
            item
            for item in self.offending
            if (not self.view.knowledge.hosts.rank(item.url.host) or links.is_throwaway(self.view, item))
            and not links.on_document_service(self.view, item)
            and not self.view.knowledge.hosts.has(item.url.host, HostClass.BULK_MAILER)
            and (self.unreliable or links.registrable(self.view, item.url.host) != home)
        ]

    @cached_property
    def scanned(self) -> bool:
        """An offending link stands in a code, which asks to be scanned whatever the words say."""
        return any(item.link.how == "qr" for item in self.offending)

    @cached_property
    def clickable(self) -> list[LinkedUrl]:
        """Foreign links that stand behind something to click, which discussions in plain text do not have."""
        return [item for item in self.foreign if item.link.how != "text"]

    @cached_property
    def disguised(self) -> bool:
        """The message hides what it says from filters."""
        return content.is_disguised(self.view)

    @cached_property
    def answers_elsewhere(self) -> bool:
        """A click or an answer writes to a mailbox that is not the author's domain."""
        home = links.registrable(self.view, self.who.author)
        hosts = _MAILTO.findall(self.view.message.html[:200_000])
        hosts += [box.domain for box in self.view.message.reply_to]
        return any(host and links.registrable(self.view, host.lower()) != home for host in hosts)

    @cached_property
    def goes_home(self) -> bool:
        """Whether a link leads to the author's own site, and the author's address stands for somebody."""
        home = links.registrable(self.view, self.who.author)
        mine = any(links.registrable(self.view, item.url.host) == home for item in links.opened(self.view))
        return mine and not self.unreliable

    @cached_property
    def picture_only(self) -> bool:
        """What the reader is told stands in a picture."""
        return content.is_picture_only(self.view)

    @cached_property
    def active_page(self) -> bool:
        """An attached page asks for something or runs a script."""
        return bool(attachments.active_pages(self.view) or documents.active_pages(self.view))

    @cached_property
    def has_picture(self) -> bool:
        """A picture of at least 2 kB is attached or embedded."""
        return any(
            part.content_type.startswith("image/") and part.size >= 2_000 for part in self.view.message.parts
        )

    def category(self, items: Sequence[LinkedUrl]) -> Category:
        """What kind of danger the blamed links are (product.md M2)."""
        if any(links.leads_to_program(item) for item in items) or attachments.has_program(self.view):
            return Category.MALWARE_FILE
        if items and all(links.on_document_service(self.view, item) for item in items):
            return Category.DOCUMENT_LURE
        if any(item.link.how == "qr" for item in items) or (self.intents.has("asks-scan") and not items):
            return Category.IMAGE_TEXT_LURE
        in_picture = self.picture_only or bool(phrase_of(self.view, self.intents))
        return Category.IMAGE_TEXT_LURE if in_picture else Category.CREDENTIAL_PHISHING

    def convict(
        self,
        *,
        code: str,
        value: float = 1.0,
        items: Sequence[LinkedUrl] = (),
        category: Category | None = None,
        data: dict[str, Any] | None = None,
        claim: BrandClaim | None = None,
        artefact: str = "",
    ) -> Evidence:
        """Evidence of a rule: who is impersonated, which links are to blame, what shows the intent."""
        wants = self.intents.held(*self.intents.found)
        items = links.blamed(self.view, items)
        shown = {
            "author": self.who.author or "?",
            "host": items[0].url.host if items else "",
            "urls": links.keys(items),
            "wants": ", ".join(label for label in wants if not label.startswith("from-"))[:120],
            "phrase": self.intents.phrase(wants[0]) if wants else "",
        }
        if claim:
            shown |= target(claim.brand) | {"where": claim.where, "name": claim.name}
        return fact(
            self.view,
            code=code,
            value=value,
            data=shown | (data or {}),
            artefact=artefact or (items[0].link.artefact if items else (claim.where if claim else "")),
            category=category or self.category(items),
        )

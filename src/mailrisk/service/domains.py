"""Asking about the domains of a message or a URL: which ones, within which budget, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mailrisk.analyse.url.domain_facts import AskedDomain, analyse, answered, ask, worth_asking
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Facts
from mailrisk.model.message import Authentication, Message
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.service.context import Context, LookupContext
from mailrisk.service.facts import Budget, settle

STAGE = "domain"

MAX_LINKED = 5
"""Domains of links that are asked about for one message."""

_ROUNDS = 3  # registries and name servers, then certificates of young domains, and one to spare


class DomainsAsked(msgspec.Struct, frozen=True):
    """Domains with the facts about them; no facts when nothing was looked up."""

    asked: tuple[AskedDomain, ...] = ()
    facts: Facts | None = None

    @property
    def missing(self) -> bool:
        """Whether the verdict has to do without: nobody looked, or nobody answered."""
        return self.facts is None or not answered(self.asked, self.facts)

    def about(self, host: str, context: LookupContext, artefact: str = "") -> DomainsAsked:
        """The part that tells something about a URL's host; nothing when nobody asked about its domain."""
        domain = context.knowledge.hosts.registrable(host)
        mine = tuple(
            msgspec.structs.replace(one, artefact=artefact, sender=False)
            for one in self.asked
            if one.domain == domain
        )
        return DomainsAsked(mine, self.facts) if mine else NOT_ASKED


NOT_ASKED = DomainsAsked()


def domains_of(
    context: LookupContext, message: Message, links: Iterable[tuple[str, str]]
) -> tuple[AskedDomain, ...]:
    """The author's domain and those of the first MAX_LINKED links, each once, if they are worth asking about.

    ``links`` are (host, where it stands), most telling first, because whoever writes a message could put
    harmless links before the one that matters.
    """
    found: dict[str, AskedDomain] = {}
    author = _author(context, message)
    for host, artefact in links:
        if len(found) >= MAX_LINKED:
            break
        one = worth_asking(host, context.knowledge)
        if one is not None:
            found.setdefault(one.domain, msgspec.structs.replace(one, artefact=artefact))
    if author is None:
        return tuple(found.values())
    found.pop(author.domain, None)
    return (author, *found.values())


def _author(context: LookupContext, message: Message) -> AskedDomain | None:
    domain = message.from_[0].domain if message.from_ else ""
    try:
        host = parse_url(f"http://{domain}/").host
    except BadInput:
        return None
    one = worth_asking(host, context.knowledge)
    return None if one is None else msgspec.structs.replace(one, artefact="header From", sender=True)


async def look_up_domains(context: Context, asked: Sequence[AskedDomain]) -> DomainsAsked:
    """Looks up everything that the analysis of these domains wants. Never raises.

    Half of a message's budget is enough for it, and runs beside the authentication's.
    """
    at = context.clock()
    budget = Budget(context.message_budget / 2)

    def work(facts: Facts) -> Facts:
        ask(asked, facts, at)
        return facts

    facts = await settle(context, work, budget, _ROUNDS) if asked else Facts()
    return DomainsAsked(tuple(asked), facts)


def domain_evidence(
    context: LookupContext,
    domains: DomainsAsked,
    subject: Subject,
    authentication: Authentication | None = None,
) -> list[Evidence]:
    """The evidence about ``subject``. What authentication proved or said already is taken into account."""
    if domains.facts is None:
        return []
    asked = domains.asked
    if authentication is not None:
        asked = tuple(_with(context, one, authentication) for one in asked)
    return list(analyse(asked, domains.facts, subject, context.clock(), context.knowledge))


def _with(context: LookupContext, one: AskedDomain, authentication: Authentication) -> AskedDomain:
    """Only an authenticated author's domain may lower, and a domain without mail is said once."""
    if not one.sender:
        return one
    proved = authentication.authenticated_domain
    vouched = bool(proved) and context.knowledge.hosts.registrable(proved) == one.domain
    said = authentication.author_mail in ("no", "nonexistent")
    return msgspec.structs.replace(one, vouched=vouched, sender=not said)

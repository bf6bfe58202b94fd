"""The links of a message: each looked up once and judged by its text, as far as the budget goes.

Links of bodies, files and codes go the same way, those of files that were opened late too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from mailrisk.analyse.message.view import LinkedUrl
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.message import Link, Message
from mailrisk.model.verdict import Level
from mailrisk.service.answers import MessageUrl, shorten
from mailrisk.service.check_url import Looked, looked, matched, no_verdict, static_verdicts
from mailrisk.service.context import Context
from mailrisk.service.domains import NOT_ASKED, DomainsAsked, domains_of, look_up_domains
from mailrisk.service.link_budget import LinkBudget
from mailrisk.service.link_evidence import PROMINENT, FoundUrl, prominence
from mailrisk.service.message_codes import NO_CODES, CodesFound


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a message beside what its analysers read: where its links stand, and whose domains they are.

    ``drawn`` are the codes of its bodies, ``budget`` what its further links may cost.
    """

    urls: tuple[FoundUrl, ...] = ()
    domains: DomainsAsked = NOT_ASKED
    drawn: CodesFound = NO_CODES
    tenant: int = SHARED
    network: bool = False
    budget: LinkBudget = msgspec.field(default_factory=LinkBudget)


def links_of(message: Message) -> list[Link]:
    """Links of the message and of the messages inside it."""
    links = list(message.links)
    for inner in message.nested:
        links.extend(links_of(inner))
    return links


def find_urls(
    context: Context, links: Iterable[Link], tenant: int, budget: LinkBudget, known: Sequence[FoundUrl] = ()
) -> tuple[FoundUrl, ...]:
    """Every distinct link once, in the order of the message, with all the places where it was found.

    Links that a reader may follow get their share of the budget before pictures and styles do; what is ``known``
    already costs nothing.
    """
    places: dict[str, list[Link]] = {}
    for link in links:
        places.setdefault(link.url, []).append(link)
    clearest = {text: min(same, key=prominence) for text, same in places.items()}
    found = {item.link.url: item for item in known if item.looked is not None}
    new = [clearest[text] for text in places if text not in found]
    found |= _look_up_all(context, sorted(new, key=prominence), tenant, budget)
    return tuple(
        msgspec.structs.replace(
            found[text], link=clearest[text], where=tuple(link.artefact for link in places[text])
        )
        for text in places
    )


def _look_up_all(
    context: Context, links: Iterable[Link], tenant: int, budget: LinkBudget
) -> dict[str, FoundUrl]:
    """Every link with what is known about it, as far as the budget goes; the URL model reads all of them at once."""
    found: dict[str, FoundUrl] = {}
    unlisted: list[tuple[Link, Looked]] = []
    with context.index.view() as view:
        for link in links:
            if not budget.look_up(link.url):
                found[link.url] = _unknown(link, "not looked up: too many links")
                continue
            try:
                seen = looked(view, matched(context, view, link.url, tenant))
            except BadInput as error:
                found[link.url] = _unknown(link, error.reason)
                continue
            found[link.url] = FoundUrl(link=link, where=(), looked=seen, verdict=None)
            if seen.rule is None or seen.rule.listing is None:
                unlisted.append((link, seen))
    now = context.clock()
    read = [(link, seen) for link, seen in unlisted if budget.analyse(link.url)]
    verdicts = static_verdicts(context, [seen for _, seen in read], now)
    judged = {link.url: verdict for (link, _), verdict in zip(read, verdicts, strict=True)}
    for link, seen in unlisted:
        verdict = judged.get(link.url) or no_verdict(context, seen, now)
        found[link.url] = msgspec.structs.replace(found[link.url], verdict=verdict)
    return found


def _unknown(link: Link, why: str) -> FoundUrl:
    """A link that was not looked up."""
    return FoundUrl(link=link, where=(), looked=None, verdict=None, error=why)


def linked(urls: Sequence[FoundUrl]) -> tuple[LinkedUrl, ...]:
    """The links as the analysers of messages read them."""
    return tuple(
        LinkedUrl(
            link=item.link,
            url=item.looked.unwrapped.url,
            wrappers=tuple(name for name, _ in item.looked.unwrapped.hops),
            opaque=item.looked.unwrapped.opaque,
        )
        for item in urls
        if item.looked is not None
    )


async def ask_domains(
    context: Context, message: Message, urls: Sequence[FoundUrl], network: bool
) -> DomainsAsked:
    """The domains of the author and of the links that a reader may follow, the most suspicious ones first."""
    if not network:
        return NOT_ASKED
    open_to_ask = [item for item in urls if item.verdict is not None and item.link.how in PROMINENT]
    open_to_ask.sort(key=lambda item: (-(item.verdict.score if item.verdict else 0), prominence(item.link)))
    hosts = ((item.looked.unwrapped.url.host, item.link.artefact) for item in open_to_ask if item.looked)
    return await look_up_domains(context, domains_of(context, message, hosts))


def blamed(evidence: Iterable[Evidence]) -> frozenset[str]:
    """Keys of the URLs that the rules of conviction point at."""
    named = (item.data.get("urls") for item in evidence)
    return frozenset(str(key) for keys in named if isinstance(keys, (list, tuple)) for key in keys)


def url_answers(urls: Iterable[FoundUrl], keys: Collection[str]) -> tuple[MessageUrl, ...]:
    """The links as scripts get them; ``keys`` are those that convict the message."""
    return tuple(_url_answer(item, keys) for item in urls)


def _url_answer(item: FoundUrl, keys: Collection[str]) -> MessageUrl:
    """One link of the message: by its listing, else by its own text."""
    common: dict[str, Any] = {
        "url": item.link.url, "where": item.where, "how": item.link.how, "text": item.link.text,
    }  # fmt: skip
    if item.looked is None:
        return MessageUrl(
            indicator="", level=Level.UNKNOWN, score=0, category=None, scope=None, first_seen=None,
            last_seen=None, reasons=(), error=item.error, **common,
        )  # fmt: skip
    common["via"] = tuple(name for name, _ in item.looked.unwrapped.hops)
    common["blamed"] = item.looked.unwrapped.url.key in keys
    rule = item.looked.rule
    if rule is not None and rule.listing is not None:
        listing = rule.listing
        return MessageUrl(
            indicator=rule.subject.display(listing.scheme), level=listing.level,
            score=round(100 * listing.probability), category=listing.category, scope=listing.kind,
            first_seen=listing.first_seen, last_seen=listing.last_seen,
            reasons=shorten(listing.reasons), **common,
        )  # fmt: skip
    verdict = item.verdict
    assert verdict is not None
    return MessageUrl(
        indicator=item.looked.unwrapped.url.text, level=verdict.level, score=verdict.score,
        category=verdict.category, scope=None, first_seen=None, last_seen=None,
        reasons=shorten(verdict.reasons), **common,
    )  # fmt: skip

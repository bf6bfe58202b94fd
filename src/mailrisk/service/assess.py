"""Assessing a message: bytes in, verdict with reasons out. Nothing is stored here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from mailrisk.analyse.message.auth.authenticate import authenticate
from mailrisk.analyse.message.documents import sealed
from mailrisk.analyse.message.registry import ANALYSERS
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.correspondence import History
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.facts import Facts
from mailrisk.model.file import Code, OpenedFile
from mailrisk.model.message import Authentication, Envelope, Link, Message
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict
from mailrisk.service.accounts import author_account
from mailrisk.service.check_url import look_up, no_verdict, static_verdict
from mailrisk.service.context import Context
from mailrisk.service.correspondence import history
from mailrisk.service.deepen import deepen
from mailrisk.service.domains import (
    NOT_ASKED,
    STAGE,
    DomainsAsked,
    domain_evidence,
    domains_of,
    look_up_domains,
)
from mailrisk.service.facts import Budget, settle
from mailrisk.service.link_budget import LinkBudget
from mailrisk.service.link_evidence import PROMINENT, FoundUrl, at_home, from_urls, prominence
from mailrisk.service.message_codes import CodesFound, all_codes, codes_of_bodies
from mailrisk.service.message_files import STAGE as FILES_STAGE
from mailrisk.service.message_files import FilesFound, listed_files, start_opening, unsettled


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that came of one message."""

    subject: Subject
    message: Message
    envelope: Envelope
    authentication: Authentication
    urls: tuple[FoundUrl, ...]
    domains: DomainsAsked
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    stages: tuple[str, ...]
    missing_stages: tuple[str, ...]
    files: tuple[OpenedFile, ...] = ()
    codes: tuple[Code, ...] = ()
    cuts: tuple[str, ...] = ()  # what a limit cut off, of the message and of the work on it
    in_band: bool = False  # the quick stages alone left the verdict uncertain


async def assess(
    context: Context, raw: bytes, envelope: Envelope, *, network: bool = True, tenant: int = SHARED
) -> Assessment:
    """Analyses one message. BadInput or TooLarge: it is no message or over the size limit.

    With ``network=False`` nothing is looked up outside and authentication is ``not-checked``.
    """
    network = network and context.network
    message, drawn = await context.analysis.run(_read, raw)
    opening = start_opening(context, message)
    authenticating = asyncio.ensure_future(_authenticate(context, raw, message, envelope, network))
    try:
        files = await opening
        codes = all_codes(drawn, files.files)
        links = LinkBudget()
        given_links = (*_all_links(message), *files.links, *codes.links)
        urls = await context.analysis.run(_urls, context, given_links, context.clock(), tenant, links)
        authentication, domains, earlier = await asyncio.gather(
            authenticating,
            _domains(context, message, urls, network),
            history(context, message, envelope, tenant),
        )
    finally:
        authenticating.cancel()
    account = author_account(context, message, tenant)
    view = _view(context, message, envelope, authentication, urls, files, codes, earlier, account)
    found = await deepen(
        context, view, lambda view: _evidence(context, view, urls, domains, tenant), network=network
    )
    missing = _missing(network, view, domains, files)
    done = tuple(stage for stage in ("intent", FILES_STAGE, "auth", STAGE) if stage not in missing)
    return Assessment(
        subject=view.subject,
        message=message,
        envelope=envelope,
        authentication=authentication,
        urls=urls,
        domains=domains,
        evidence=found.judged.evidence,
        verdict=unsettled(found.judged.verdict, files),
        stages=("intelligence", "url", "message", *done, *found.stages),
        missing_stages=(*missing, *found.missing),
        files=found.judged.view.files,
        codes=found.judged.view.codes,
        cuts=(*message.cuts, *codes.cuts, *files.cuts, *links.cuts, *found.cuts),
        in_band=found.in_band,
    )


def _read(raw: bytes) -> tuple[Message, CodesFound]:
    """The message, and the codes that its bodies draw."""
    message = parse_message(raw)
    return message, codes_of_bodies(message)


def _evidence(
    context: Context, view: MessageView, urls: Sequence[FoundUrl], domains: DomainsAsked, tenant: int
) -> list[Evidence]:
    """What the analysers say, and what is known from elsewhere: of links, their domains, and files."""
    return [
        *(item for analyse in ANALYSERS for item in analyse(view)),
        *from_urls(
            view.subject, urls, view.at, context.policy, at_home(view.message, context.knowledge.hosts)
        ),
        *domain_evidence(context, domains, view.subject, view.authentication),
        *listed_files(context, view.subject, view.files, view.at, tenant),
    ]


def _missing(network: bool, view: MessageView, domains: DomainsAsked, files: FilesFound) -> tuple[str, ...]:
    """The stages that were not done, or could not be done to the end."""
    results = view.authentication
    words = (results.spf.result, results.dkim_summary, results.dmarc.result, results.arc.result)
    left_out = {
        "intent": sealed(view),  # Nobody knows what encrypted text wants.
        "auth": not network or "temperror" in words,
        STAGE: domains.missing,
        FILES_STAGE: files.missing,
    }
    return tuple(stage for stage, is_missing in left_out.items() if is_missing)


async def _authenticate(
    context: Context, raw: bytes, message: Message, envelope: Envelope, network: bool
) -> Authentication:
    trusted, below = context.knowledge.trusted_hosts, context.knowledge.results_below
    budget = Budget(context.message_budget)

    def work(facts: Facts) -> Authentication:
        return authenticate(raw, message, envelope, facts, trusted, network, below)

    return await settle(context, work, budget)


def _view(
    context: Context,
    message: Message,
    envelope: Envelope,
    authentication: Authentication,
    urls: tuple[FoundUrl, ...],
    files: FilesFound,
    codes: CodesFound,
    earlier: History | None,
    account: Verdict | None,
) -> MessageView:
    """What the analysers read."""
    return MessageView(
        subject=Subject(Kind.SAMPLE, message.sha256),
        message=message,
        envelope=envelope,
        authentication=authentication,
        urls=tuple(_linked(item) for item in urls if item.looked is not None),
        knowledge=context.knowledge,
        at=context.clock(),
        files=files.files,
        codes=codes.codes,
        history=earlier,
        account=account,
    )


def _urls(
    context: Context, links: Sequence[Link], now: datetime, tenant: int, budget: LinkBudget
) -> tuple[FoundUrl, ...]:
    """Every distinct link once, in the order of the message, with all the places where it was found.

    Links that a reader may follow get their share of the budget before pictures and styles do.
    """
    places: dict[str, list[Link]] = {}
    for link in links:
        places.setdefault(link.url, []).append(link)
    clearest = {text: min(same, key=prominence) for text, same in places.items()}
    found = {
        text: _found(
            context, clearest[text], tuple(link.artefact for link in places[text]), now, tenant, budget
        )
        for text in sorted(places, key=lambda text: prominence(clearest[text]))
    }
    return tuple(found[text] for text in places)


def _found(
    context: Context, link: Link, where: tuple[str, ...], now: datetime, tenant: int, budget: LinkBudget
) -> FoundUrl:
    """One link with what is known about it, as far as the budget goes."""
    if not budget.look_up(link.url):
        return FoundUrl(
            link=link, where=where, looked=None, verdict=None, error="not looked up: too many links"
        )
    try:
        looked = look_up(context, link.url, tenant)
    except BadInput as error:
        return FoundUrl(link=link, where=where, looked=None, verdict=None, error=error.reason)
    verdict = None
    if looked.rule is None or looked.rule.listing is None:
        enough = budget.analyse(link.url)
        verdict = static_verdict(context, looked, now) if enough else no_verdict(context, looked, now)
    return FoundUrl(link=link, where=where, looked=looked, verdict=verdict)


async def _domains(
    context: Context, message: Message, urls: Sequence[FoundUrl], network: bool
) -> DomainsAsked:
    """The domains of the author and of the links that a reader may follow, the most suspicious ones first."""
    if not network:
        return NOT_ASKED
    open_to_ask = [item for item in urls if item.verdict is not None and item.link.how in PROMINENT]
    open_to_ask.sort(key=lambda item: (-(item.verdict.score if item.verdict else 0), prominence(item.link)))
    hosts = ((item.looked.unwrapped.url.host, item.link.artefact) for item in open_to_ask if item.looked)
    return await look_up_domains(context, domains_of(context, message, hosts))


def _all_links(message: Message) -> list[Link]:
    """Links of the message and of the messages inside it."""
    links = list(message.links)
    for inner in message.nested:
        links.extend(_all_links(inner))
    return links


def _linked(found: FoundUrl) -> LinkedUrl:
    assert found.looked is not None
    unwrapped = found.looked.unwrapped
    return LinkedUrl(
        link=found.link,
        url=unwrapped.url,
        wrappers=tuple(name for name, _ in unwrapped.hops),
        opaque=unwrapped.opaque,
    )

"""Assessing a message: bytes in, verdict with reasons out. Nothing is stored here."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec

from mailrisk.analyse.message.auth.authenticate import authenticate
from mailrisk.analyse.message.documents import sealed
from mailrisk.analyse.message.registry import ANALYSERS
from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.collect.pictures.drawn import Body
from mailrisk.model.correspondence import History
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.facts import Facts
from mailrisk.model.file import Code, OpenedFile
from mailrisk.model.message import Authentication, Envelope, Message
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Verdict
from mailrisk.service.accounts import author_account
from mailrisk.service.context import Context
from mailrisk.service.correspondence import history
from mailrisk.service.deepen import deepen
from mailrisk.service.domains import STAGE, DomainsAsked, domain_evidence
from mailrisk.service.facts import Budget, settle
from mailrisk.service.link_budget import LinkBudget
from mailrisk.service.link_evidence import FoundUrl, at_home, from_urls
from mailrisk.service.message_codes import CodesFound, all_codes, drawing_bodies
from mailrisk.service.message_files import STAGE as FILES_STAGE
from mailrisk.service.message_files import FilesFound, find_files, listed_files, unsettled
from mailrisk.service.message_links import Known, ask_domains, find_urls, linked, links_of


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
    message, bodies = await context.analysis.run(_read, raw)
    # The one task of its own: it waits for name servers while files are opened and other things looked up.
    authenticating = asyncio.ensure_future(_authenticate(context, raw, message, envelope, network))
    try:
        files = await find_files(context, message, bodies=bodies)
        codes = all_codes(files.drawn, files.files)
        links = LinkBudget()
        given_links = (*links_of(message), *files.links, *codes.links)
        urls = await context.analysis.run(find_urls, context, given_links, tenant, links)
        domains = await ask_domains(context, message, urls, network)
        earlier = await history(context, message, envelope, tenant)
        authentication = await authenticating
    finally:
        authenticating.cancel()
    account = author_account(context, message, tenant)
    view = _view(context, message, envelope, authentication, urls, files, codes, earlier, account)
    known = Known(urls=urls, domains=domains, drawn=files.drawn, tenant=tenant, network=network, budget=links)
    found = await deepen(context, view, partial(_evidence, context), known=known)
    known = found.judged.known
    missing = _missing(network, view, known.domains, files)
    done = tuple(stage for stage in ("intent", FILES_STAGE, "auth", STAGE) if stage not in missing)
    return Assessment(
        subject=view.subject,
        message=message,
        envelope=envelope,
        authentication=authentication,
        urls=known.urls,
        domains=known.domains,
        evidence=found.judged.evidence,
        verdict=unsettled(found.judged.verdict, files, message),
        stages=("intelligence", "url", "message", *done, *found.stages),
        missing_stages=(*missing, *found.missing),
        files=found.judged.view.files,
        codes=found.judged.view.codes,
        cuts=tuple(dict.fromkeys((*message.cuts, *codes.cuts, *files.cuts, *links.cuts, *found.cuts))),
        in_band=found.in_band,
    )


def _read(raw: bytes) -> tuple[Message, list[Body]]:
    """The message, and its bodies that seem to draw codes."""
    message = parse_message(raw)
    return message, drawing_bodies(message)


def _evidence(context: Context, view: MessageView, known: Known) -> list[Evidence]:
    """What the analysers say, and what is known from elsewhere: of links, their domains, and files."""
    return [
        *(item for analyse in ANALYSERS for item in analyse(view)),
        *from_urls(
            view.subject, known.urls, view.at, context.policy, at_home(view.message, context.knowledge.hosts)
        ),
        *domain_evidence(context, known.domains, view.subject, view.authentication),
        *listed_files(context, view.subject, view.files, view.at, known.tenant),
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
        urls=linked(urls),
        knowledge=context.knowledge,
        at=context.clock(),
        files=files.files,
        codes=codes.codes,
        history=earlier,
        account=account,
    )

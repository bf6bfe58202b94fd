"""Checking and reporting messages: the assessment as scripts get it, and what a report becomes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.message import Envelope
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.recipient import Scrubbed, scrub
from mailrisk.model.url.unwrap import Unwrapped
from mailrisk.model.verdict import Level
from mailrisk.service.answers import AuthDetail, MessageAnswer, NotStored, shorten
from mailrisk.service.assess import Assessment, assess
from mailrisk.service.barriers import never_listed
from mailrisk.service.check_job import CheckJob, check_elsewhere
from mailrisk.service.check_url import Looked, static_evidence
from mailrisk.service.context import Context
from mailrisk.service.correspondence import learn as learn_correspondence
from mailrisk.service.domains import domain_evidence
from mailrisk.service.link_evidence import FoundUrl
from mailrisk.service.message_codes import code_answer
from mailrisk.service.message_files import file_answer
from mailrisk.service.message_links import blamed, url_answers
from mailrisk.service.privacy import impersonal, organisation, recipients, unnamed
from mailrisk.service.record import StoredSample, record
from mailrisk.service.sending_host import sending_evidence
from mailrisk.service.serving import note_servers

FRONT_PAGE = 0.8
"""Share of the weight of a link to a site's front page: an innocent site is named most easily that way, so its
own address has to look suspicious too, or somebody else has to report it."""

PARTLY = 0.85
"""Least share of the weight of a link that a convicting rule points at in a message judged malicious."""

MAX_LINKS_REPORTED = 200
"""Links of one message about which evidence is stored."""


async def check_message(
    context: Context,
    raw: bytes,
    envelope: Envelope,
    *,
    name: str = "-",
    network: bool = True,
    tenant: int = SHARED,
    learn: bool = False,
) -> MessageAnswer:
    """The answer for one message; nothing is stored. BadInput, TooLarge as ``assess``.

    With ``learn``, or where the administrator wants it, who wrote to whom is remembered (``correspondence.py``).
    """
    job = CheckJob(raw=raw, envelope=envelope, name=name, network=network, tenant=tenant, learn=learn)
    if (done := await check_elsewhere(context, job)) is not None:
        return done
    found = await assess(context, raw, envelope, network=network, tenant=tenant)
    if learn or context.correspondents.learn:
        await learn_correspondence(context, found, tenant)
    return answer(name, found)


async def report_message(
    context: Context,
    raw: bytes,
    envelope: Envelope,
    *,
    reporter: str,
    name: str = "-",
    network: bool = True,
    tenant: int = SHARED,
) -> MessageAnswer:
    """Stores a message as a sample and lists its indicators or not, by the decision rules.

    Evidence about the sample is what the analysers found, plus the report itself. Evidence about a URL
    is written only if the message is at least suspicious: ``in-malicious-message`` for the links that
    convicted it, ``in-suspicious-message`` for those a reader may open. A stored URL has lost every
    address of a recipient.
    """
    found = await assess(context, raw, envelope, network=network, tenant=tenant)
    # Stores wait for other writers, and the event loop must not wait with them.
    stored = await asyncio.to_thread(_store_report, context, raw, found, reporter, name, tenant)
    if network and context.network:
        await note_servers(context, stored.indicators, source=f"report:{reporter}", tenant=tenant)
    return stored


def _store_report(
    context: Context, raw: bytes, found: Assessment, reporter: str, name: str, tenant: int
) -> MessageAnswer:
    """Stores the sample and what the message says about itself and its links."""
    sha256 = context.samples.put(raw)
    now = context.clock()
    source = f"report:{reporter}"
    report = Evidence(
        code="user-report", subject=found.subject, source=source, seen_at=now, data={"reporter": reporter}
    )  # fmt: skip
    addresses = recipients(found)
    about_sample = [impersonal(item, addresses, context.knowledge.hosts) for item in found.evidence]
    about_urls, schemes, not_stored = _about_urls(context, found, source, addresses)
    if tenant == SHARED:  # What is listed for all goes to everybody, whose mail it was goes to nobody.
        about_urls = [unnamed(item, organisation(context, addresses)) for item in about_urls]
    said = (*about_sample, report, *about_urls, *sending_evidence(context, found, source))
    evidence = [msgspec.structs.replace(item, tenant=tenant) for item in said]
    sample = StoredSample(tenant, sha256, "message/rfc822", len(raw))
    outcome = record(context, evidence, schemes=schemes, samples=[sample])
    return msgspec.structs.replace(
        answer(name, found),
        stored=True,
        indicators=tuple(item for item in outcome if item.scope != Kind.SAMPLE),
        not_stored=tuple(not_stored),
    )


def _about_urls(
    context: Context, found: Assessment, source: str, addresses: Sequence[str]
) -> tuple[list[Evidence], dict[Subject, str], list[NotStored]]:
    """(evidence about the message's URLs, their display schemes, what could not be stored and why)."""
    if found.verdict.level not in (Level.MALICIOUS, Level.SUSPICIOUS):
        return [], {}, []
    convicting = _convicting(context, found)
    evidence: list[Evidence] = []
    schemes: dict[Subject, str] = {}
    refused: list[NotStored] = []
    for item in found.urls[:MAX_LINKS_REPORTED]:
        if item.looked is None or item.link.how in ("img", "css", "header"):
            continue
        url = item.looked.unwrapped.url
        value = convicting.get(url.key, 0.0) if found.verdict.level is Level.MALICIOUS else 0.0
        if not value and (convicting or found.verdict.level is Level.MALICIOUS):
            continue  # The rules have said which links carry the lure; the others prove nothing.
        stored = scrub(url, addresses, context.knowledge.hosts)
        if stored.subject is None:
            refused.append(NotStored(host=url.host, reason=stored.reason))
            continue
        if why := never_listed(context.knowledge, stored.subject):
            refused.append(NotStored(host=url.host, reason=f"it is {why}"))
            continue
        if stored.subject.kind is not Kind.URL:
            value = 0.0  # Who writes a recipient's address into a link must not thereby widen its scope.
        elif not stored.subject.value.partition("/")[2]:
            value *= FRONT_PAGE
        schemes[stored.subject] = stored.scheme
        said = _link_evidence(found, item, stored.subject, value, source)
        evidence.append(impersonal(said, addresses, context.knowledge.hosts))
        evidence.extend(_text_evidence(context, stored, found.verdict.at))
        asked = found.domains.about(url.host, context, item.link.artefact)
        evidence.extend(domain_evidence(context, asked, stored.subject))
    return evidence, schemes, refused


def _text_evidence(context: Context, stored: Scrubbed, at: datetime) -> list[Evidence]:
    """What the text of a URL says, in the form in which it is stored."""
    if stored.subject is None or stored.subject.kind is not Kind.URL:
        return []
    url = parse_url(stored.subject.display(stored.scheme))
    looked = Looked(url=url, unwrapped=Unwrapped(url=url), rule=None)
    return static_evidence(context, looked, at)


def _convicting(context: Context, found: Assessment) -> dict[str, float]:
    """Key of each URL that a convicting rule points at -> share of the weight, PARTLY to 1.

    The message is judged malicious as a whole, so a link of a rule that holds in part counts nearly in full.
    """
    keys: dict[str, float] = {}
    for item in found.evidence:
        named = item.data.get("urls")
        if isinstance(named, (list, tuple)) and context.policy.rule(item.code).convicts:
            for key in map(str, named):
                share = PARTLY + (1 - PARTLY) * min(item.value, 1.0)
                keys[key] = max(keys.get(key, 0.0), share)
    return keys


def _link_evidence(
    found: Assessment, item: FoundUrl, subject: Subject, value: float, source: str
) -> Evidence:
    """The message's word about one of its links, convicting by ``value`` (0: not at all).

    Its source is the reporter: one who reports ten mails with a link is one voice, not ten.
    """
    heaviest = found.verdict.reasons[0]
    data: dict[str, Any] = {
        "score": found.verdict.score, "why": heaviest.text, "why_zh": heaviest.text_zh,
        "message": found.subject.value,
    }  # fmt: skip
    if found.verdict.target is not None:
        data["brand"] = found.verdict.target.brand
        data["official_domains"] = list(found.verdict.target.official_domains)
    return Evidence(
        code="in-malicious-message" if value else "in-suspicious-message",
        subject=subject,
        source=source,
        seen_at=found.verdict.at,
        value=value or 1.0,
        data=data,
        artefact=item.link.artefact,
        category=(found.verdict.category or "") if value else "",
        ref=found.subject.value,
    )


def answer(name: str, found: Assessment) -> MessageAnswer:
    """The assessment as scripts get it."""
    verdict = found.verdict
    return MessageAnswer(
        input=name,
        sample=found.subject.value,
        level=verdict.level,
        score=verdict.score,
        probability=verdict.probability,
        category=verdict.category,
        categories=verdict.categories,
        valid_until=verdict.valid_until or verdict.at,
        target=verdict.target,
        auth=_auth(found),
        auth_details=tuple(_auth_details(found)),
        urls=url_answers(found.urls, blamed(found.evidence) if verdict.level is Level.MALICIOUS else ()),
        files=tuple(file_answer(file) for file in found.files),
        codes=tuple(code_answer(code) for code in found.codes),
        reasons=shorten(verdict.reasons),
        stages=found.stages,
        missing_stages=found.missing_stages,
        cut=found.cuts,
        defects=found.message.defects,
        subject=found.message.subject,
        from_=", ".join(address.addr for address in found.message.from_),
        in_band=found.in_band,
    )


def _auth(found: Assessment) -> dict[str, str]:
    results = found.authentication
    return {
        "spf": results.spf.result,
        "dkim": results.dkim_summary,
        "dmarc": results.dmarc.result,
        "arc": results.arc.result,
    }


def _auth_details(found: Assessment) -> Iterable[AuthDetail]:
    results = found.authentication
    named = [("spf", results.spf), *(("dkim", one) for one in results.dkim)]
    for method, result in [*named, ("dmarc", results.dmarc), ("arc", results.arc)]:
        yield AuthDetail(
            method=method,
            result=result.result,
            reason=result.reason,
            domain=result.domain,
            selector=result.selector,
            aligned=result.aligned,
        )

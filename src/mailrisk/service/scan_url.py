"""Checking URLs with everything that may be asked outside (``analyse=scan``): facts about their domains."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mailrisk.analyse.url.domain_facts import AskedDomain, worth_asking
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED
from mailrisk.service.answers import ErrorAnswer, UrlAnswer
from mailrisk.service.check_url import (
    Added,
    Analyse,
    Looked,
    list_age,
    look_up,
    refusal,
    url_answer,
)
from mailrisk.service.context import Context
from mailrisk.service.domains import NOT_ASKED, STAGE, DomainsAsked, domain_evidence, look_up_domains

MAX_DOMAINS = 50
"""Domains of one request that are asked about; the answers for the others name the stage as missing."""


async def scan_urls(
    context: Context, texts: Sequence[str], tenant: int = SHARED, *, network: bool = True
) -> list[UrlAnswer | ErrorAnswer]:
    """One answer for each text, in order, as ``check_urls``, with what registries and name servers say.

    Listed URLs are answered from the index, and nobody is asked about them. All look-ups of a request share
    one budget; without network every other answer names the stage as missing.
    """
    age, now = list_age(context), context.clock()
    found = [_look_up(context, text, tenant) for text in texts]
    asked: dict[str, AskedDomain] = {}
    for seen in found:
        one = _wanted(context, seen) if isinstance(seen, Looked) else None
        if one is not None and len(asked) < MAX_DOMAINS:
            asked.setdefault(one.domain, one)
    online = network and context.network
    domains = await look_up_domains(context, tuple(asked.values())) if online else NOT_ASKED
    return [
        url_answer(context, text, seen, Analyse.SCAN, now, age, _added(context, seen, domains))
        if isinstance(seen, Looked)
        else seen
        for text, seen in zip(texts, found, strict=True)
    ]


def _look_up(context: Context, text: str, tenant: int) -> Looked | ErrorAnswer:
    try:
        return look_up(context, text, tenant)
    except BadInput as error:
        return refusal(text, error)


def _wanted(context: Context, seen: Looked) -> AskedDomain | None:
    """The domain of a URL about which the index says nothing. Whose it is, the URL itself proves."""
    if seen.rule is not None:
        return None
    one = worth_asking(seen.unwrapped.url.host, context.knowledge)
    return None if one is None else msgspec.structs.replace(one, vouched=True)


def _added(context: Context, seen: Looked, domains: DomainsAsked) -> Added:
    wanted = _wanted(context, seen)
    if wanted is None and domains.facts is not None:
        return Added(stages=(STAGE,))
    about = domains.about(seen.unwrapped.url.host, context)
    if about.missing:
        return Added(missing_stages=(STAGE,))
    subject = seen.unwrapped.url.subject
    return Added(evidence=tuple(domain_evidence(context, about, subject)), stages=(STAGE,))

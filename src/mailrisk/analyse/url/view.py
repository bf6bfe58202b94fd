"""What every rule of the URL analysis gets to read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from mailrisk.model.evidence import Evidence
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import Url
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.url.unwrap import Unwrapped
from mailrisk.model.url.weights import Word

SOURCE = "analyser:url"


class UrlView(msgspec.Struct, frozen=True, kw_only=True):
    """One URL after unwrapping, with what is known about its host. Build it with :func:`view`.

    ``name``      the part of the host that its owner chose: below the service or the public suffix
    ``tenant``    the service whose customer the host is (``github.io``), '' when it is nobody's
    ``reputable`` widely used, or the organisation's own; never a page that anyone may publish
    ``linear``    the URL model's linear scores, where they were computed for many URLs at once
    ``climbed``   what its trees say then, and the words that were seen; None where the linear scores suffice
    """

    url: Url
    unwrapped: Unwrapped
    knowledge: Knowledge
    subject: Subject
    at: datetime
    classes: frozenset[HostClass]
    registrable: str
    name: str
    tenant: str
    rank: int
    shared: bool
    reputable: bool
    linear: tuple[float, float] | None = None
    climbed: tuple[float, tuple[Word, ...]] | None = None

    def evidence(self, code: str, **data: Any) -> Evidence:
        """Evidence of ``code`` about the view's subject."""
        return Evidence(code=code, subject=self.subject, source=SOURCE, seen_at=self.at, data=data)


def view(unwrapped: Unwrapped, knowledge: Knowledge, at: datetime, subject: Subject) -> UrlView:
    """The view of the URL that ``unwrapped`` leads to."""
    url = unwrapped.url
    registrable, tenant, rank, shared, classes = knowledge.hosts.about(url.host)
    own = registrable in knowledge.own_domains
    return UrlView(
        url=url,
        unwrapped=unwrapped,
        knowledge=knowledge,
        subject=subject,
        at=at,
        classes=classes,
        registrable=registrable,
        name=chosen_name(url.host, tenant, registrable),
        tenant=tenant,
        rank=rank,
        shared=shared,
        reputable=own or (rank > 0 and not shared),
    )


def chosen_name(host: str, tenant: str, registrable: str) -> str:
    """The part of a host that its owner chose: below the service, or below the public suffix."""
    if tenant:
        return host.removesuffix("." + tenant)
    below = host.removesuffix(registrable).rstrip(".") if registrable else ""
    first = registrable.partition(".")[0]
    return f"{below}.{first}" if below else first

"""The table of URL rules: every rule that reads a URL's text stands here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from mailrisk.analyse.url import host, lookalike, script, text
from mailrisk.analyse.url.model import url_model, with_linear
from mailrisk.analyse.url.view import UrlView, view
from mailrisk.model.evidence import Evidence
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.subject import Subject
from mailrisk.model.url.unwrap import Unwrapped

Rule = Callable[[UrlView], Iterable[Evidence]]


def imitation(seen: UrlView) -> Iterator[Evidence]:
    """The host or path imitates a brand or the organisation itself; see ``lookalike``."""
    return lookalike.analyse(seen.url, seen.knowledge, seen.at, seen.subject)


RULES: Final[tuple[Rule, ...]] = (
    host.ip_literal,
    host.odd_port,
    host.credentials,
    host.many_subdomains,
    host.host_class,
    host.abused_tld,
    host.random_name,
    host.stuffed_name,
    host.wrapping,
    host.widely_used,
    host.official_site,
    script.mixed_scripts,
    imitation,
    text.lure_words,
    text.personalised,
    text.download,
    text.system_folder,
    text.needless_escapes,
    url_model,
)


def analyse_url(
    unwrapped: Unwrapped, knowledge: Knowledge, at: datetime, subject: Subject
) -> Iterator[Evidence]:
    """What the text of the URL that ``unwrapped`` leads to says, as evidence about ``subject`` seen ``at``."""
    seen = view(unwrapped, knowledge, at, subject)
    for rule in RULES:
        yield from rule(seen)


def analyse_urls(
    targets: Sequence[Unwrapped], knowledge: Knowledge, at: datetime
) -> list[tuple[Evidence, ...]]:
    """The same evidence for many URLs, each about its own target, in order: the model reads them in one pass."""
    seen = [view(one, knowledge, at, one.url.subject) for one in targets]
    if knowledge.url_model is not None:
        seen = with_linear(seen, knowledge.url_model)
    return [tuple(found for rule in RULES for found in rule(one)) for one in seen]

"""AdBlock-style filter lists, as far as their rules name a place: ``||host^`` and addresses.

Source: https://help.adblockplus.org/hc/en-us/articles/360062733293 and https://adguard.com/kb/general/ad-filtering.
``!`` and ``[Adblock Plus]`` begin comments.

- ``||evil.example^`` is the host and every host below it.
- ``||evil.example/kit/`` and ``|https://evil.example/kit/`` are that path and all below it; without the
  slash at the end, that URL with any query (we take the narrower reading of a prefix).
- ``@@`` (exception) and ``##`` (hiding of page elements) say nothing bad and are left out, and so is a rule
  whose options restrict it (``$script``, ``$domain=...``): it is against advertising, not against the place.
- Wildcards and regular expressions name no single place: bad entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailrisk.collect.feeds.entry import host_of, url_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Kind, Subject

_WHOLE_PLACE = frozenset({"all", "document", "doc", "popup", "important", "match-case"})
_COSMETIC = re.compile(r"#[@?$%]{0,3}#")
_OPTIONS = re.compile(r"\$([a-z~][a-z0-9_,=|~.*-]*)\Z")


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every place that a rule blocks as a whole."""

    def read(text: str) -> tuple[Sighting, ...]:
        if text.startswith("@@") or _COSMETIC.search(text):
            return ()
        found = _OPTIONS.search(text)
        if found:
            if not _WHOLE_PLACE.issuperset(found[1].split(",")):
                return ()
            text = text[: found.start()]
        if text.startswith("||"):
            return (_below(text[2:], options),)
        if text.startswith(("|http://", "|https://")):
            return (_address(text[1:].removesuffix("|"), options),)
        raise BadInput("rule", "a pattern, which names no single place")

    return each_line(lines, read, ("!", "[", "# "))


def _below(rule: str, options: FeedOptions) -> Sighting:
    place = rule.removesuffix("|").removesuffix("^")
    if "/" in place:
        return _address(f"http://{place}", options)
    if "*" in place:
        raise BadInput("rule", "a pattern, which names no single place")
    subject = host_of(place)
    return Sighting(subject=subject, category=options.category, below=subject.kind is Kind.HOST)


def _address(url: str, options: FeedOptions) -> Sighting:
    url = url.removesuffix("^").removesuffix("*")
    if "*" in url or "^" in url:
        raise BadInput("rule", "a pattern, which names no single place")
    subject, scheme = url_of(url)
    host, _, path = subject.value.partition("/")
    if not path:
        subject = host_of(host)
    elif path.endswith("/"):
        subject = Subject(Kind.PATH, subject.value)
    return Sighting(subject=subject, scheme=scheme, category=options.category)

"""Phishing.Database lists: one domain, link or address a line, without a header.

Source: https://github.com/Phishing-Database/Phishing.Database (MIT). The files ``phishing-links-ACTIVE.txt``,
``phishing-domains-ACTIVE.txt`` and ``phishing-IPs-ACTIVE.txt`` all have this form. A domain means that
host alone, as the project's contribution rules say, not the hosts below it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import any_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import IP_KINDS
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """URLs and hosts are ``credential-phishing``, addresses ``phishing-host``."""

    def read(text: str) -> tuple[Sighting]:
        subject, scheme = any_of(text)
        plain = Category.PHISHING_HOST if subject.kind in IP_KINDS else Category.CREDENTIAL_PHISHING
        return (Sighting(subject=subject, scheme=scheme, category=options.category or plain),)

    return each_line(lines, read)

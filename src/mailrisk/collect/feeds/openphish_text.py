"""OpenPhish community feed: one phishing URL a line, nothing else, no header.

Source: https://openphish.com/phishing_feeds.html; the file is ``feed.txt``. Renewed every 12 hours
(the community feed), holds what is live now: an entry that is gone is no longer live. rspamd's
phishing module reads the same file. Also fits any other list of URLs with ``#`` comments.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailrisk.collect.feeds.entry import url_of
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.feed import FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.verdict import Category


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """Every line is a URL, category ``credential-phishing`` unless the options say otherwise."""
    category = options.category or Category.CREDENTIAL_PHISHING

    def read(text: str) -> tuple[Sighting]:
        subject, scheme = url_of(text)
        return (Sighting(subject=subject, scheme=scheme, category=category),)

    return each_line(lines, read)

"""Links of mails for the evaluation of the URL model: another source than the one that it was trained on.

Only what a reader may follow counts (no pictures), unwrapped. Links on the 50,000 most used domains are left out where
nobody but the owner publishes: phishing mails quote the genuine sites of those whom they imitate.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.evaluate.corpora import Corpus, read
from tools.train.url_rows import Row, row_of
from tools.train.url_split import few

from mailrisk.collect.message.parse import parse_message
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Message
from mailrisk.model.url.hosts import Hosts

PHISHING = Corpus("phishing_pot", "phishing_pot.tar.xz", "phishing_pot/", True)
LISTS = Corpus("ham_lists", "ham_lists.tar.xz", "ham_lists/", False)
FOLLOWED = frozenset({"a", "area", "form", "meta", "text", "qr"})
MOST_OF_A_DOMAIN = 3
PLACEHOLDERS = frozenset({"example.com", "w3.org", "schemas.microsoft.com"})


def links(data: Path, corpus: Corpus, hosts: Hosts) -> list[Row]:
    """The links of a corpus, a few of each domain."""
    rows: dict[str, Row] = {}
    for mail in read(data, (corpus,)):
        try:
            message = parse_message(mail.raw)
        except BadInput:
            continue
        day = mail.sent.date().isoformat() if mail.sent else ""
        for text in _followed(message):
            row = row_of(text, hosts, dangerous=corpus.dangerous, source=corpus.source, day=day)
            if row is not None and not row.reputable and row.registrable not in PLACEHOLDERS:
                rows.setdefault(row.url.key, row)
    return few(rows.values(), MOST_OF_A_DOMAIN)


def _followed(message: Message) -> Iterator[str]:
    for link in message.links:
        if link.how in FOLLOWED:
            yield link.url
    for inner in message.nested:
        yield from _followed(inner)

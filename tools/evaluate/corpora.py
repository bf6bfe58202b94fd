"""The mails that an evaluation reads, from the archives under ``DATA/mail``, prepared and grouped.

Nothing is unpacked to disk. A mail's *author* is its From domain (its address at a free provider), its
*campaign* what ``split`` keeps together.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

import msgspec
from tools.evaluate.prepare import prepare

LONGEST = 30_000_000
"""Bytes of a mail that are read; the longest one here has 3 MB."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One prepared mail. ``source`` names the archive's part, ``dangerous`` its class by the corpus."""

    source: str
    name: str
    dangerous: bool
    raw: bytes
    author: str
    subject: str
    sent: datetime | None


class Corpus(msgspec.Struct, frozen=True):
    """Part of an archive: paths that begin with ``prefix``, and what they are."""

    source: str
    archive: str
    prefix: str
    dangerous: bool


WILD = (
    Corpus("phishing_pot", "phishing_pot.tar.xz", "phishing_pot/", True),
    Corpus("ham_lists", "ham_lists.tar.xz", "ham_lists/", False),
    Corpus("spamassassin easy ham", "spamassassin.tar.xz", "spamassassin/easy-ham", False),
    Corpus("spamassassin hard ham", "spamassassin.tar.xz", "spamassassin/hard-ham", False),
    Corpus("ccert normal zh", "ccert_zh.tar.xz", "ccert_zh/normal", False),
)
SPAM = (
    Corpus("spamassassin spam", "spamassassin.tar.xz", "spamassassin/spam", True),
    Corpus("ccert spam zh", "ccert_zh.tar.xz", "ccert_zh/spam", True),
)
"""Mail that nobody wants and that is no phishing as a rule: reported, never counted as either class."""


def members(archive: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of the regular files of a tar archive below a prefix, in the order of the archive."""
    with tarfile.open(archive) as tar:
        chosen = [one for one in tar if one.isfile() and one.name.removeprefix("./").startswith(prefix)]
        for member in sorted(chosen, key=lambda one: one.offset):
            file = tar.extractfile(member)
            if file is not None:
                yield member.name.removeprefix("./"), file.read(LONGEST)


def read(data: Path, corpora: tuple[Corpus, ...], keep: Callable[[str], bool] = lambda _: True) -> list[Mail]:
    """Every mail of the corpora, in the order of the archives; archives that are not there give none."""
    found: list[Mail] = []
    for corpus in corpora:
        path = data / "mail" / corpus.archive
        if path.is_file():
            found += [
                make_mail(corpus, name, raw)
                for name, raw in members(path, corpus.prefix)
                if keep(name) and raw.strip()
            ]
    return found


def make_mail(corpus: Corpus, name: str, raw: bytes) -> Mail:
    """Prepares one mail and reads from it what grouping needs."""
    prepared = prepare(raw)
    head = prepared.partition(b"\n\n")[0]
    return Mail(
        source=corpus.source,
        name=name,
        dangerous=corpus.dangerous,
        raw=prepared,
        author=_author(_field(head, "from")),
        subject=_decoded(_field(head, "subject")),
        sent=_date(_field(head, "date")),
    )


def _field(head: bytes, name: str) -> str:
    found = re.search(rf"(?im)^{name}:[ \t]*(.*(?:\n[ \t].*)*)".encode(), head)
    return " ".join(found.group(1).decode("utf-8", "replace").split()) if found else ""


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, UnicodeError):
        return value


def _author(value: str) -> str:
    addresses = [address for _, address in getaddresses([value]) if "@" in address]
    return addresses[-1].lower().strip("<>. ") if addresses else ""


def _date(value: str) -> datetime | None:
    try:
        sent = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return sent.astimezone(UTC) if sent.tzinfo else sent.replace(tzinfo=UTC)

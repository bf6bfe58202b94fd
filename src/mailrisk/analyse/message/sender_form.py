"""How the sender's address, the head and the letters of a message are made: weak facts that rank, and never convict.

Programs that send by the thousand make up addresses, speak to the reader by his address because they know no
name, and break up words so that no two mails are alike. Group ``structure``, as in ``structure.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.identity import Trust
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.structure import SHORT, answers, readers
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Message
from mailrisk.model.url.hosts import HostClass

READ = 20_000
"""Characters of the text that are looked at."""

_DOCUMENT = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|rtf|one|ics|zip|rar|7z)$", re.IGNORECASE)
_SOFT = re.compile("\u00ad{2,}")
_PLAIN = re.compile(r"[a-z0-9._-]{7,40}")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}")
_MACHINE = re.compile(
    r"no-?reply|bounce|notif|news|mail|info|support|service|bot|list|owner|request|admin|prvs|\+|=|^\d+$"
)
_PICTOGRAPH = re.compile("[\u2600-\u27bf\u2b50\u23e9-\u23fa\U0001f300-\U0001faff]")
_CALLING = re.compile(r"!{2,}|\(\d{1,2}\)|\[\d{1,2}\]|[%$€£]{2,}|[*~=]{3,}|\b[A-Z]{4,}(?:\s+[A-Z]{3,}){2,}")


def evidence(reading: Reading) -> Iterator[Evidence]:
    """Every fact of this module."""
    yield from _author(reading)
    yield from _called_by_address(reading)
    yield from _letters(reading)
    yield from _head(reading)
    yield from _attached(reading)
    yield from _html_alone(reading)


def _author(reading: Reading) -> Iterator[Evidence]:
    """There is no author's address; or its local part is made up; or the message pretends to come from its reader."""
    view, boxes = reading.view, reading.view.message.from_
    addresses = [box.addr for box in boxes if "@" in box.addr]
    if not addresses:
        yield fact(view, code="no-author", artefact="header From")
        return
    local = addresses[0].rpartition("@")[0].lower()
    if is_made_up(local):
        yield fact(view, code="made-up-mailbox", data={"author": reading.who.author}, artefact="header From")
    if reading.who.trust is not Trust.AUTHENTICATED and addresses[0].lower() in readers(view):
        yield fact(view, code="from-the-reader", artefact="header From")


def is_made_up(local: str) -> bool:
    """Whether no person or service would call itself so.

    Letters and digits change three times and more in one word, or seven letters and more hold five consonants in
    a row; a name that machines give to their own mail (``bounce-12``, ``x#1=reader``) is not meant.
    """
    if not _PLAIN.fullmatch(local) or _MACHINE.search(local):
        return False
    for word in re.split(r"[._-]+", local):
        turns = len(re.findall(r"[a-z]+|\d+", word)) - 1
        if turns >= 3 or (len(word) >= 7 and _CONSONANTS.search(word)):
            return True
    return False


def _called_by_address(reading: Reading) -> Iterator[Evidence]:
    """The reader's address, or the part before the @, stands in the subject, or his address opens the text.

    The part before the @ counts only where it is no name that people call him by (``_is_name``).
    """
    message = reading.view.message
    subject, opening = message.subject[:1_000].lower(), message.text[:400].lower()
    for address in readers(reading.view):
        local = address.partition("@")[0]
        named = len(local) >= 5 and local in subject and _stands_alone(local, subject)
        if address in subject or address in opening or (named and not _is_name(local, address, message)):
            yield fact(reading.view, code="called-by-address", artefact="header Subject, text")
            return


def _stands_alone(word: str, text: str) -> bool:
    """Whether the word stands in a text and no other letters beside it."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _is_name(local: str, address: str, message: Message) -> bool:
    """Whether the part of an address before the @ may be what its owner is called, as ``michael`` or ``jean-luc``.

    Letters alone are, unless the head of the message knows his name and it is another one.
    """
    if not all(part.isalpha() for part in local.split("-")):
        return False
    known = " ".join(box.name for box in (*message.to, *message.cc) if box.addr.lower() == address).lower()
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", known[:200])
    return not words or local in words or local in ("".join(words), "".join(reversed(words)))


def _letters(reading: Reading) -> Iterator[Evidence]:
    """Words are broken up with runs of soft hyphens, at least five times: a browser shows none of them."""
    text = reading.view.message.text
    count = 0 if text.isascii() else len(_SOFT.findall(text[:READ]))
    if count >= 5:
        yield fact(reading.view, code="soft-hyphen-salt", data={"count": count}, artefact="text")


def _head(reading: Reading) -> Iterator[Evidence]:
    """The subject or the sender's name calls out: pictographs, counters ``(1)``, rows of marks or of capitals."""
    message = reading.view.message
    head = f"{message.subject[:300]} {' '.join(box.name[:100] for box in message.from_[:2])}"
    if not head.isascii() and _PICTOGRAPH.search(head):
        yield fact(reading.view, code="pictograph-in-subject", artefact="header Subject, From")
    if _CALLING.search(head):
        yield fact(reading.view, code="calling-subject", artefact="header Subject, From")


def _attached(reading: Reading) -> Iterator[Evidence]:
    """A document is attached, next to nothing is said, it answers nothing, and the author stands for nobody.

    A PDF, Office or calendar file; at most SHORT visible characters; no foreign link; the author is unreliable or
    has a made-up mailbox.
    """
    message = reading.view.message
    documents = [part for part in message.parts if part.filename and _DOCUMENT.search(part.filename)]
    local = message.from_[0].addr.rpartition("@")[0].lower() if message.from_ else ""
    if not documents or reading.foreign or reading.who.inside or answers(message):
        return
    if len(" ".join(message.text[: 3 * SHORT].split())) <= SHORT and (
        reading.unreliable or is_made_up(local)
    ):
        data = {"name": documents[0].filename[:80]}
        yield fact(reading.view, code="document-from-nobody", data=data, artefact=f"part {documents[0].path}")


def _html_alone(reading: Reading) -> Iterator[Evidence]:
    """How a program that sends by the thousand writes.

    * ``html-alone``: a page to read with no text beside it, as mail programs and careful senders add one, and
      it answers nothing;
    * ``identifier-elsewhere``: that, and its Message-ID was made under another registrable domain than the author's,
      which no sender of newsletters runs.
    """
    view, message = reading.view, reading.view.message
    kinds = {part.content_type for part in message.parts if not part.filename}
    if "text/html" not in kinds or "text/plain" in kinds or reading.who.inside or answers(message):
        return
    yield fact(view, code="html-alone")
    made_at = message.message_id.rpartition("@")[2].strip("<> ").lower()
    hosts = view.knowledge.hosts
    if "." not in made_at or not reading.who.author or hosts.has(made_at, HostClass.BULK_MAILER):
        return
    if registrable(view, made_at) != registrable(view, reading.who.author):
        data = {"made_at": made_at[:80], "author": reading.who.author}
        yield fact(view, code="identifier-elsewhere", data=data, artefact="header Message-ID")

"""Earlier correspondence: what is remembered of a message's author, and how it is learnt.

A plain check leaves no trace. Learning happens when the administrator wants it (``[organisation]
learn_correspondence``) or a command says ``--learn``, and only from messages that authenticate as their author and
are neither suspicious nor worse: nobody becomes known by writing in another's name, or by a lure. What our own accounts
send teaches as well (``sent_contacts.py``).

Remembered are keyed hashes, each together with the domain of the recipient's organisation: of the author's address, of
his domain, and of forms that an imitation of that domain would share with it: the look of its label (UTS 39 skeleton),
the label with a letter left out or a gap in its place (after Mor and Fraenkel, 1982). No address can be read from
them, and without the key file none can be guessed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailrisk.model.confusable import skeleton
from mailrisk.model.correspondence import History
from mailrisk.model.evidence import SHARED
from mailrisk.model.imitation import SHORTEST_TYPO, decoded
from mailrisk.model.message import Envelope, Message
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.verdict import Level
from mailrisk.store.correspondence_rows import DAY_US, CorrespondenceRow
from mailrisk.store.microseconds import to_us

if TYPE_CHECKING:
    from mailrisk.service.assess import Assessment
    from mailrisk.service.context import Context

MAX_RECIPIENTS = 10
"""Recipients of one message that are remembered; a mailing to more says little about each."""

REMEMBERED = timedelta(days=730)
"""After so long without contact a correspondent is forgotten."""

_LONGEST_LABEL = 40
_SHORTEST_LOOK = 4


class _Pair:
    """Hashes for one author and one recipients' domain. ``known`` is what a contact leaves behind."""

    def __init__(self, secret: bytes, author: str, domain: str, own: str) -> None:
        self._secret, self._own = secret, own
        self.watched = self._hash("watched", "")
        self.address = self._hash("address", author)
        self.domain = self._hash("domain", domain)
        self.label = decoded(domain.split(".")[0])[:_LONGEST_LABEL]
        self.whole = self._hash("whole", self.label)
        self.look = self._hash("look", skeleton(self.label)) if len(self.label) >= _SHORTEST_LOOK else ""
        self.known = [self.watched, self.address, self.domain, self.whole]
        self.known += [self.look] if self.look else []
        self.known += [self._hash("short", text) for _, text in self._left_out()]
        self.known += [self._hash("gap", text) for _, text in self._gaps()]

    def imitation(self) -> dict[str, str]:
        """Hash -> kind: what would be known if the author's domain imitated one that is.

        A digit more or another digit is how firms number their domains, and says nothing.
        """
        near = {
            self._hash("short", self.label): "typo",
            **{self._hash("whole", text): "typo" for char, text in self._left_out() if not char.isdigit()},
            **{self._hash("gap", text): "typo" for char, text in self._gaps() if not char.isdigit()},
            **{self._hash("whole", text): "typo" for text in self._swapped()},
        }
        return (
            (near if self._long() else {})
            | ({self.look: "confusable"} if self.look else {})
            | {self.whole: "tld"}
        )

    def _long(self) -> bool:
        return len(self.label) >= SHORTEST_TYPO

    def _left_out(self) -> list[tuple[str, str]]:
        """(letter, label without it)."""
        places = range(len(self.label) if self._long() else 0)
        return [(self.label[at], self.label[:at] + self.label[at + 1 :]) for at in places]

    def _gaps(self) -> list[tuple[str, str]]:
        """(letter, label with a gap in its place)."""
        places = range(len(self.label) if self._long() else 0)
        return [(self.label[at], f"{self.label[:at]}\0{self.label[at + 1 :]}") for at in places]

    def _swapped(self) -> list[str]:
        """The label with two neighbours in each other's place."""
        text = self.label
        return [
            text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            for at in range(len(text) - 1)
            if text[at] != text[at + 1]
        ]

    def _hash(self, kind: str, text: str) -> str:
        said = f"{kind}\0{self._own}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()[:32]


def pairs(
    secret: bytes, hosts: Hosts, message: Message, envelope: Envelope, own: frozenset[str]
) -> list[_Pair]:
    """One pair for each organisation among the recipients; none unless there is one author with a domain."""
    if len(message.from_) != 1:
        return []
    author = message.from_[0]
    domain = hosts.registrable(author.domain)
    addressed = envelope.rcpt_to or tuple(box.addr for box in (*message.to, *message.cc))
    recipients = {_domain(hosts, address) for address in addressed[:MAX_RECIPIENTS]} - {"", domain}
    wanted = recipients & own if own else recipients
    if not domain or domain in own:
        return []
    return [_Pair(secret, author.addr.lower(), domain, one) for one in sorted(wanted)]


def contact_names(secret: bytes, hosts: Hosts, address: str, own: str, ours: frozenset[str]) -> list[str]:
    """What a contact of our domain ``own`` with an outside address leaves behind; nothing for one of ours."""
    domain = _domain(hosts, address)
    if not domain or domain == own or domain in ours:
        return []
    return _Pair(secret, address.lower(), domain, own).known


def _domain(hosts: Hosts, address: str) -> str:
    host = address.strip("<> ").rpartition("@")[2].lower()
    return hosts.registrable(host)


async def history(context: Context, message: Message, envelope: Envelope, tenant: int) -> History | None:
    """What is remembered; None when nothing ever was, or it does not concern this message."""
    key = context.correspondents.key
    secret = key.read() if key is not None else None
    if secret is None:
        return None
    found = pairs(secret, context.knowledge.hosts, message, envelope, context.knowledge.own_domains)
    if not found:
        return None
    wanted = [name for pair in found for name in (pair.watched, pair.address, pair.domain, *pair.imitation())]
    rows = await asyncio.to_thread(context.ledger.correspondence, tenant, wanted)
    now = to_us(context.clock())
    popular = context.knowledge.hosts.rank(message.from_[0].domain) > 0
    return max(
        (_history(pair, rows, now, popular) for pair in found),
        key=lambda one: (one.contact_days, one.watched_days),
    )


def _history(pair: _Pair, rows: dict[str, CorrespondenceRow], now: int, popular: bool) -> History:
    """``popular``: a widely used domain imitates nobody."""
    address, domain, watched = rows.get(pair.address), rows.get(pair.domain), rows.get(pair.watched)
    imitates = ""
    if domain is None and not popular:
        kinds = {kind for name, kind in pair.imitation().items() if name in rows}
        imitates = next((kind for kind in ("tld", "confusable", "typo") if kind in kinds), "")
    return History(
        watched_days=(now - watched.first_seen) // DAY_US if watched else 0,
        contact_days=address.days if address else 0,
        known_days=(now - address.first_seen) // DAY_US if address else 0,
        domain_days=domain.days if domain else 0,
        imitates=imitates,
    )


async def learn(context: Context, found: Assessment, tenant: int) -> bool:
    """Remembers the contact; False when the message is none to learn from. See the module's docstring."""
    key = context.correspondents.key
    author = found.message.from_[0].domain if len(found.message.from_) == 1 else ""
    proved = bool(author) and found.authentication.authenticated_domain == author
    if key is None or not proved or found.verdict.level in (Level.MALICIOUS, Level.SUSPICIOUS):
        return False
    knowledge = context.knowledge
    contacts = pairs(key.make(), knowledge.hosts, found.message, found.envelope, knowledge.own_domains)
    names = [name for pair in contacts for name in pair.known]
    if names:
        await asyncio.to_thread(note, context, names, tenant)
    return bool(names)


def note(context: Context, names: Iterable[str], tenant: int = SHARED, *, at: datetime | None = None) -> None:
    """Stores a contact at a time (now), unless all of it is known and from that day."""
    keys, now = list(names), context.clock()
    seen = to_us(at or now)
    known = context.ledger.correspondence(tenant, keys)
    if all(key in known and seen - known[key].last_seen < DAY_US for key in keys):
        return
    with context.ledger.transaction(now) as transaction:
        transaction.correspondence.note(tenant, keys, seen)
        transaction.correspondence.forget(to_us(now - REMEMBERED))

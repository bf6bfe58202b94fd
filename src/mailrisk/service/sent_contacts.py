"""To whom our own people write: what they send teaches who is known, as what they receive does.

Only where the administrator wants it (``[organisation] learn_correspondence``), and only from accounts that have logged in,
write in the organisation's name and are not under suspicion: a thief's recipients are nobody's correspondents. A
mailing to many says little about each. Remembered are the keyed hashes of ``correspondence.py`` and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mailrisk.model.events import SendEvent
from mailrisk.service.context import Context
from mailrisk.service.correspondence import MAX_RECIPIENTS, contact_names, note
from mailrisk.store.correspondence_rows import DAY_US
from mailrisk.store.microseconds import to_us

MAX_WAITING: Final = 50_000
"""Contacts that wait to be stored; more of them are not learnt from."""

WRITTEN_AT_ONCE: Final = 200


Contacts = dict[tuple[int, str, str], datetime]
"""(day, recipient, our domain) -> when."""


class SentContacts:
    """Contacts of sent messages, collected until they are taken out and stored."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: Contacts = {}
        self._today: set[tuple[int, str, str]] = set()

    def take(self, event: SendEvent, *, suspected: bool) -> None:
        """Takes in a message; cheap, and does nothing where nothing is to be learnt."""
        remembering = self._context.correspondents
        if not remembering.learn or remembering.key is None or suspected:
            return
        if not 0 < event.recipients <= MAX_RECIPIENTS or event.bounced >= event.recipients:
            return
        own = self._own(event)
        if not own:
            return
        at = min(event.seen_at, self._context.clock())
        day = to_us(at) // DAY_US
        if not any(known[0] == day for known in self._today):
            self._today.clear()
        for recipient in event.to[:MAX_RECIPIENTS]:
            contact = (day, recipient, own)
            if contact not in self._today and len(self._waiting) < MAX_WAITING:
                self._today.add(contact)
                self._waiting[contact] = at

    def taken_out(self) -> Contacts:
        """What waits, which waits no longer."""
        waiting, self._waiting = self._waiting, {}
        return waiting

    def store(self, contacts: Contacts) -> None:
        """Stores contacts, oldest first; another thread may do it. A few transactions for each day."""
        key = self._context.correspondents.key
        if not contacts or key is None:
            return
        secret, knowledge = key.make(), self._context.knowledge
        days: dict[int, list[tuple[str, str, datetime]]] = {}
        for (day, recipient, own), at in contacts.items():
            days.setdefault(day, []).append((recipient, own, at))
        for _, same_day in sorted(days.items()):
            for start in range(0, len(same_day), WRITTEN_AT_ONCE):
                part = same_day[start : start + WRITTEN_AT_ONCE]
                names = [
                    name
                    for recipient, own, _ in part
                    for name in contact_names(secret, knowledge.hosts, recipient, own, knowledge.own_domains)
                ]
                if names:
                    note(self._context, names, at=max(at for *_, at in part))

    def _own(self, event: SendEvent) -> str:
        """The organisation in whose name was written, '' when it is none of ours."""
        knowledge = self._context.knowledge
        for name in (event.account, event.sender):
            domain = knowledge.hosts.registrable(name.rpartition("@")[2])
            if domain and (domain in knowledge.own_domains or not knowledge.own_domains):
                return domain
        return (
            next(iter(knowledge.own_domains))
            if len(knowledge.own_domains) == 1 and "@" not in event.account
            else ""
        )

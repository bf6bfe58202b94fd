"""Who has written to whom before: the one fact about a sender that a stranger cannot make up in a day."""

from __future__ import annotations

import msgspec

WATCHED_DAYS = 14
"""Days of learning before a sender's absence says anything: in the beginning everybody is new."""

KNOWN_DAYS = 7
"""Days between the first contact and the one that makes a sender known, so that a polite prelude is not enough."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered about a message's author and its recipients.

    ``watched_days``: since when mail to the recipients' organisation is learnt from. ``contact_days``: on how many
    days the author's address wrote to it (or was written to). ``known_days``: since the first of them. ``domain_days``:
    the same count for anybody at the author's domain. ``imitates``: how the author's domain looks like one that
    is known (``confusable``, ``typo``, ``tld``), '' when it does not or is known itself.
    """

    watched_days: int = 0
    contact_days: int = 0
    known_days: int = 0
    domain_days: int = 0
    imitates: str = ""

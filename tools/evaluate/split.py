"""Validation half and test half: by time, and no author or campaign in both.

Mails of one author (the registrable domain of From; the whole address at a free provider) belong together; so
do dangerous mails with one subject once its numbers and random words are taken out. Such groups are laid in the
order of their middle date, and the earlier ones are the validation half of their source (but for a group so large
that the half would hold far too many). Everything that is chosen
by looking (thresholds, rules) is chosen there; the test half is only measured.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tools.evaluate.corpora import Mail

_WORD = re.compile(r"[^\W\d_]{3,}")
CAMPAIGN_WORDS = 3
"""Fewer words than this do not name a campaign."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def campaign(subject: str) -> str:
    """What stays of a subject when numbers, names with digits and short words go: '' if next to nothing does."""
    words = [
        word.lower()
        for token in subject.split()
        if not any(char.isdigit() for char in token)
        for word in _WORD.findall(token)
    ]
    return " ".join(words) if len(words) >= CAMPAIGN_WORDS else ""


def groups(mails: Sequence[Mail], owner: Callable[[str], str]) -> list[list[int]]:
    """Positions of the mails that belong together. ``owner`` gives whom an address stands for."""
    parent = list(range(len(mails)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, mail in enumerate(mails):
        keys = [("author", owner(mail.author))] if mail.author else []
        name = campaign(mail.subject) if mail.dangerous else ""
        if name:
            keys.append(("campaign", name))
        for key in keys:
            parent[root(place)] = root(first.setdefault(key, place))
    found: dict[int, list[int]] = defaultdict(list)
    for place in range(len(mails)):
        found[root(place)].append(place)
    return list(found.values())


def validation(mails: Sequence[Mail], owner: Callable[[str], str]) -> list[bool]:
    """For each mail whether it belongs to the validation half of its source."""
    earlier = [False] * len(mails)
    for source in sorted({mail.source for mail in mails}):
        places = [place for place, mail in enumerate(mails) if mail.source == source]
        part = [mails[place] for place in places]
        taken = 0
        for group in sorted(groups(part, owner), key=lambda one: _middle(part, one)):
            if 2 * taken < len(part) and 2 * (taken + len(group)) <= 1.2 * len(part):
                for place in group:
                    earlier[places[place]] = True
                taken += len(group)
    return earlier


def _middle(mails: Sequence[Mail], group: Sequence[int]) -> tuple[datetime, str]:
    """The middle one of a group's dates (a mail without a date says nothing), and a name to break ties."""
    dates = sorted(sent for place in group if (sent := mails[place].sent) is not None)
    return (dates[len(dates) // 2] if dates else _NEVER), mails[group[0]].name

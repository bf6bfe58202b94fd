"""What becomes of a listing: every transition in one table.

States of an indicator: ``absent`` (no listing), ``listed``, ``exempted`` (an analyst took it back, and
nothing but an analyst lists it again). A decision wants one of the same three; the table says which
change that makes. The fold of the changes is: ``listed`` and ``updated`` put the listing, ``withdrawn``
and ``exempted`` put an exemption, ``expired`` removes whatever is there.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from mailrisk.model.change import ChangeKind, Listing
from mailrisk.model.subject import IP_KINDS, Kind, Subject
from mailrisk.model.verdict import Level, Verdict


class State(StrEnum):
    """Where the listing of an indicator stands."""

    ABSENT = "absent"
    LISTED = "listed"
    EXEMPTED = "exempted"


TRANSITIONS: dict[tuple[State, State], ChangeKind | None] = {
    (State.ABSENT, State.ABSENT): None,
    (State.ABSENT, State.LISTED): ChangeKind.LISTED,
    (State.ABSENT, State.EXEMPTED): ChangeKind.EXEMPTED,
    (State.LISTED, State.ABSENT): ChangeKind.EXPIRED,
    (State.LISTED, State.LISTED): ChangeKind.UPDATED,  # only if something that is answered changed
    (State.LISTED, State.EXEMPTED): ChangeKind.WITHDRAWN,
    (State.EXEMPTED, State.ABSENT): ChangeKind.EXPIRED,
    (State.EXEMPTED, State.LISTED): ChangeKind.LISTED,
    (State.EXEMPTED, State.EXEMPTED): None,
}

LISTED_LEVELS = (Level.MALICIOUS, Level.SUSPICIOUS, Level.HIGH, Level.MEDIUM, Level.LOW)

PUBLISHED_KINDS = (Kind.URL, Kind.PATH, Kind.HOST, Kind.DOMAIN, Kind.IP, Kind.NETWORK, Kind.FILE)

LAST_SEEN_EVERY = timedelta(days=1)
"""Repeated sightings alone are published at most this often."""

ATTACKERS_EVERY = timedelta(minutes=15)
"""As above for addresses that were seen here: they are blocked from the last sighting on, for an hour at first, and who comes
back the same day has to be blocked again."""


def wanted(subject: Subject, verdict: Verdict, *, exempted: bool, never_listed: bool) -> State:
    """The state that a verdict asks for. ``never_listed``: private addresses, allowlisted subjects."""
    if subject.kind not in PUBLISHED_KINDS:
        return State.ABSENT
    if exempted:
        return State.EXEMPTED
    if verdict.level in LISTED_LEVELS and not never_listed:
        return State.LISTED
    return State.ABSENT


def transition(
    state: State, target: State, before: Listing | None, after: Listing | None
) -> ChangeKind | None:
    """The change that leads from one state to the next, None if nobody needs to hear of it."""
    kind = TRANSITIONS[state, target]
    if before is not None and after is not None and kind is ChangeKind.UPDATED and same(before, after):
        return None
    return kind


def same(before: Listing, after: Listing) -> bool:
    """Whether two listings answer alike: nothing but ``last_seen`` moved, by less than is published."""
    every = ATTACKERS_EVERY if after.local and after.kind in IP_KINDS else LAST_SEEN_EVERY
    return (
        before.level == after.level
        and before.category == after.category
        and abs(before.probability - after.probability) < 0.01
        and before.first_seen == after.first_seen
        and before.target == after.target
        and before.redistribute == after.redistribute
        and before.local == after.local
        and before.own_level == after.own_level
        and abs(before.own_probability - after.own_probability) < 0.01
        and {reason.code for reason in before.reasons} == {reason.code for reason in after.reasons}
        and abs(after.last_seen - before.last_seen) < every
        and after.valid_until - before.valid_until < LAST_SEEN_EVERY
    )

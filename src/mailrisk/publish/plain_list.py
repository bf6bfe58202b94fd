"""Plain-text lists: one indicator a line, a fold of the change feed.

The form that OpenPhish and most blocklists have: UTF-8, LF, no header, so that any consumer of such
lists can read it. A list holds exactly what it can express: a list of URLs holds listings of single
URLs alone, wider ones are left out and counted.
"""

from __future__ import annotations

import hashlib

import msgspec

from mailrisk.model.change import Listing
from mailrisk.model.fold import Fold
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Category, Level


class ListRule(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs on a list: kinds of indicators, categories left out, smallest level."""

    name: str
    kinds: tuple[Kind, ...]
    without: tuple[Category, ...] = ()
    level: Level = Level.MALICIOUS

    def takes(self, listing: Listing) -> bool:
        """Whether a listing belongs on the list."""
        return (
            listing.kind in self.kinds
            and listing.redistribute
            and listing.category not in self.without
            and SEVERITY[listing.level] >= SEVERITY[self.level]
        )


LISTS: dict[str, ListRule] = {
    rule.name: rule
    for rule in (
        ListRule(
            name="phishing-urls.txt",
            kinds=(Kind.URL,),
            without=(Category.MALWARE_FILE, Category.GAMBLING_PORN_SPAM),
        ),
    )
}
"""Every plain list there is, by the name in its address."""


class PlainList(Fold):
    """One list in the making. Apply changes in their order; rendering sorts by indicator."""

    def __init__(self, rule: ListRule) -> None:
        self.rule = rule
        self.left_out = 0  # listings of a wider scope than the list can express
        self._lines: dict[Subject, str] = {}
        self._body: bytes | None = None

    def clear(self) -> None:
        """Forgets everything."""
        self._lines.clear()
        self._body = None

    def put(self, subject: Subject, listing: Listing) -> None:
        """Adds what the rule takes."""
        if not self.rule.takes(listing):
            self.drop(subject)
            return
        line = f"{listing.scheme}://{listing.value}"
        if self._lines.get(subject) != line:
            self._lines[subject] = line
            self._body = None

    def drop(self, subject: Subject) -> None:
        """Removes an indicator."""
        if self._lines.pop(subject, None) is not None:
            self._body = None

    def body(self) -> bytes:
        """The list as it goes out."""
        if self._body is None:
            lines = sorted(self._lines.values())
            self._body = ("\n".join(lines) + "\n").encode() if lines else b""
        return self._body

    def etag(self) -> str:
        """A strong validator (RFC 9110 §8.8.3) that changes with the content alone."""
        return f'"{hashlib.sha256(self.body()).hexdigest()[:32]}"'

"""How much work the links of one message or one request may cost.

Counted in links and characters and never in seconds: the same message gets the same verdict on every machine.
"""

from __future__ import annotations

from typing import Final

MOST_ANALYSED: Final = 500
"""Links of a message whose text is analysed."""

MOST_ANALYSED_CHARS: Final = 250_000
"""Characters of all these links together: about a second of work at worst."""

MOST_LOOKED_UP_CHARS: Final = 1_000_000
"""Characters of links that are parsed, unwrapped and looked up. Their number has a limit when mail is parsed."""


class LinkBudget:
    """Counts down; what does not fit is left out, and a shorter link behind it may still fit."""

    def __init__(
        self,
        links: int = MOST_ANALYSED,
        chars: int = MOST_ANALYSED_CHARS,
        looked_up_chars: int = MOST_LOOKED_UP_CHARS,
    ) -> None:
        self._links, self._chars, self._looked_up_chars = links, chars, looked_up_chars
        self._not_looked_up = 0
        self._not_analysed = 0

    def look_up(self, link: str) -> bool:
        """Whether this link may be looked up."""
        if len(link) > self._looked_up_chars:
            self._not_looked_up += 1
            return False
        self._looked_up_chars -= len(link)
        return True

    def analyse(self, link: str) -> bool:
        """Whether the text of this link may be analysed."""
        if not self._links or len(link) > self._chars:
            self._not_analysed += 1
            return False
        self._links -= 1
        self._chars -= len(link)
        return True

    @property
    def cuts(self) -> tuple[str, ...]:
        """What was left out, in words."""
        told = []
        if self._not_looked_up:
            told.append(f"links: {self._not_looked_up} were not looked up")
        if self._not_analysed:
            told.append(f"links: {self._not_analysed} were looked up, but their text was not analysed")
        return tuple(told)

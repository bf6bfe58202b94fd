"""The names of accounts about which there is new evidence, until somebody asks: the ledger knows only hashes."""

from __future__ import annotations

from typing import Final

MAX: Final = 10_000
"""Names kept; with nobody asking, or after a flood, later ones are left out."""


class Touched:
    """Names whose evidence waits for the ledger, and names whose evidence is there."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._there: dict[str, None] = {}

    def note(self, account: str) -> None:
        """There is evidence about it, which waits."""
        if len(self._waiting) < MAX:
            self._waiting[account] = None

    def recorded(self) -> None:
        """All evidence so far is in the ledger."""
        if len(self._there) < MAX:
            self._there |= self._waiting
        self._waiting.clear()

    def take(self) -> list[str]:
        """The accounts whose evidence has come to the ledger since the last call."""
        names = list(self._there)
        self._there.clear()
        return names

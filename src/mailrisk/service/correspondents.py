"""How earlier correspondence is remembered here; ``correspondence.py`` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class KeyFile(Protocol):
    """Where the secret is."""

    def read(self) -> bytes | None:
        """The secret; None: nothing was ever learnt."""

    def make(self) -> bytes:
        """The secret, made if there is none."""


@dataclass(frozen=True)
class Correspondents:
    """How correspondence is remembered here; without a key file it is not."""

    key: KeyFile | None = None
    learn: bool = False


NOBODY_KNOWN = Correspondents()

"""The secret under which correspondence is remembered: 32 random bytes in a file of the data directory.

Whoever has the ledger and not this file learns nothing from the hashes. Taking the file away forgets everybody.
Nodes that share a ledger share it only if the file is copied to each.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from mailrisk.edge.secret_file import make_once
from mailrisk.model.errors import Unavailable

NAME = "correspondence.key"
SIZE = 32


class CorrespondenceKey:
    """The key of one data directory, read when first asked for."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME
        self._key: bytes | None = None

    def read(self) -> bytes | None:
        """The key; None when nothing was ever learnt here. Unavailable: it is there and is no key."""
        if self._key is None and self._path.exists():
            key = self._path.read_bytes()[: SIZE + 1]
            if len(key) != SIZE:
                raise Unavailable(f"{self._path} is no key of {SIZE} bytes")
            self._key = key
        return self._key

    def make(self) -> bytes:
        """The key, made if there is none. Two processes that make one at the same time end with the same."""
        key = self.read()
        if key is not None:
            return key
        make_once(self._path, secrets.token_bytes(SIZE))
        key = self.read()
        assert key is not None
        return key

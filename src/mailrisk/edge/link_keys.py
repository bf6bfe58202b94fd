"""The keys under which rewritten links are signed: a file of the data directory, one key of 32 bytes in hex a line.

The first one signs; the others still open links that they have signed. Nodes of one house need the same file. Whoever
reads it can make links that our page follows; taking it away makes every link in every mailbox lead to a refusal.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from mailrisk.edge.secret_file import make_once, replace
from mailrisk.model.errors import Unavailable

NAME: Final = "links.key"
SIZE: Final = 32
MOST: Final = 20
"""Keys that are tried; older ones than these are forgotten when a new one is made."""


class LinkKeys:
    """The keys of one data directory. The file is read again when it has changed."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME
        self._keys: tuple[bytes, ...] = ()
        self._seen: tuple[int, int] = (0, 0)

    def read(self) -> tuple[bytes, ...]:
        """The keys, the one that signs first; () when there is none. Unavailable: the file holds something else."""
        try:
            stat = self._path.stat()
            if self._seen != (stat.st_mtime_ns, stat.st_ino):
                lines = self._path.read_text(encoding="ascii").split()[:MOST]
                keys = tuple(bytes.fromhex(line) for line in lines)
                if not keys or any(len(key) != SIZE for key in keys):
                    raise ValueError
                self._keys, self._seen = keys, (stat.st_mtime_ns, stat.st_ino)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError):
            raise Unavailable(f"{self._path} does not hold keys of {SIZE} bytes in hex") from None
        return self._keys

    def make(self) -> bytes:
        """The key that signs, made if there is none. Two processes that make one at the same time end with the same."""
        keys = self.read()
        if keys:
            return keys[0]
        make_once(self._path, _lines((secrets.token_bytes(SIZE),)))
        return self.read()[0]

    def rotate(self) -> int:
        """Signs with a new key from now on; how many open links now."""
        keys = (secrets.token_bytes(SIZE), *self.read())[:MOST]
        replace(self._path, _lines(keys))
        return len(keys)


def _lines(keys: tuple[bytes, ...]) -> bytes:
    return "".join(f"{key.hex()}\n" for key in keys).encode("ascii")

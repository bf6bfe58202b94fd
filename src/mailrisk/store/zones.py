"""The rows of the lists over DNS in an LMDB file, mapped by every process that answers.

One process writes, in one transaction for each step, so that nobody ever sees half of a change. A power failure may
cost the last step (``metasync``), never the file; what is in here is made of the ledger and is made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb

MAP_SIZE = 1 << 36
"""Address space reserved (64 GiB); the file itself grows with its content."""

FOLDER = "zones"


def zones_exist(data_dir: Path) -> bool:
    """Whether a process has ever kept zones there."""
    return (data_dir / FOLDER / "data.mdb").exists()


class Table:
    """The rows as one transaction sees them."""

    __slots__ = ("_cursor", "_transaction", "get")

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction
        self._cursor: Any = None
        self.get = transaction.get

    def has_below(self, prefix: bytes) -> bool:
        """Whether there is a row whose key begins so."""
        cursor = self._cursor or self._new_cursor()
        return bool(cursor.set_range(prefix)) and cursor.key().startswith(prefix)

    def last_upto(self, key: bytes) -> tuple[bytes, bytes]:
        """The row with the greatest key that is not behind ``key``; two times b"" when there is none."""
        cursor = self._cursor or self._new_cursor()
        if cursor.set_range(key):
            if cursor.key() == key:
                return key, cursor.value()
            there = cursor.prev()
        else:
            there = cursor.last()
        return cursor.item() if there else (b"", b"")

    def _new_cursor(self) -> Any:
        self._cursor = self._transaction.cursor()
        return self._cursor

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose key begins so, in order. Rows that are changed meanwhile may be seen or not."""
        cursor = self._transaction.cursor()
        there = cursor.set_range(prefix)
        while there and cursor.key().startswith(prefix):
            yield cursor.item()
            there = cursor.next()

    def put(self, key: bytes, value: bytes) -> bool:
        """Sets a row; whether it is new."""
        return self._transaction.replace(key, value) is None

    def delete(self, key: bytes) -> bool:
        """Removes a row; whether it was there."""
        return bool(self._transaction.delete(key))

    def clear(self, prefixes: bytes) -> None:
        """Removes all rows whose key begins with one of these bytes."""
        cursor = self._transaction.cursor()
        for prefix in prefixes:
            there = cursor.set_range(bytes([prefix]))
            while there and cursor.key()[0] == prefix:
                there = cursor.delete() and cursor.key() != b""


class ZoneStore:
    """The file in one process. Open it once in a process (LMDB's rule), after any fork."""

    def __init__(self, data_dir: Path, *, readonly: bool = False) -> None:
        folder = data_dir / FOLDER
        if not readonly:
            folder.mkdir(parents=True, exist_ok=True)
        self._env = lmdb.open(
            str(folder), map_size=MAP_SIZE, readonly=readonly, metasync=False, max_readers=512
        )

    @contextmanager
    def reading(self) -> Iterator[Table]:
        """The rows as they are now, for as long as the ``with`` block takes."""
        with self._env.begin(buffers=False) as transaction:
            yield Table(transaction)

    @contextmanager
    def writing(self) -> Iterator[Table]:
        """The rows to be changed; all changes or none of them last."""
        with self._env.begin(write=True) as transaction:
            yield Table(transaction)

    def last_write(self) -> int:
        """Number of the last transaction that wrote: whoever has seen it has seen everything."""
        return int(self._env.info()["last_txnid"])

    def forget_dead_readers(self) -> int:
        """Frees what readers that were killed had in view."""
        return int(self._env.reader_check())

    def close(self) -> None:
        """Closes the map."""
        self._env.close()

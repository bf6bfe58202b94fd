"""Many rows at a time, sent to the driver as they are.

A feed brings half a million entries, and each becomes a row in seven tables. SQLAlchemy prepares every
row of a long insert and every parameter of a long ``IN``; that cost more than the database itself. Here a
statement is compiled once and gets plain tuples, and a list of any length travels as one parameter. With SQLite each
statement takes ROWS of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Text,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Conflict = Literal["error", "ignore", "replace"]
"""What becomes of a row whose key is there already."""

Rows = Sequence[tuple[Any, ...]]

ROWS: Final = 40
"""Rows of one statement: to start a statement of SQLite costs half as much as to insert a row."""


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows, conflict: Conflict = "error"
) -> None:
    """Inserts tuples that hold ``columns``, which stand in the order of the table."""
    if not rows:
        return
    statement, positional = _insert(connection.dialect, table, columns, conflict, 1)
    if not positional:
        connection.exec_driver_sql(statement, [dict(zip(columns, row, strict=True)) for row in rows])
        return
    together = len(rows) - len(rows) % ROWS
    if together:
        joined = [tuple(chain.from_iterable(rows[at : at + ROWS])) for at in range(0, together, ROWS)]
        connection.exec_driver_sql(_insert(connection.dialect, table, columns, conflict, ROWS)[0], joined)
    if together < len(rows):
        connection.exec_driver_sql(statement, list(rows[together:]))


@lru_cache(maxsize=64)
def _insert(
    dialect: Dialect, table: Table, columns: tuple[str, ...], conflict: Conflict, rows: int
) -> tuple[str, bool]:
    """(SQL that inserts so many rows, whether it takes tuples)."""
    names = [tuple(f"{name}_{row}" if row else name for name in columns) for row in range(rows)]
    made = upsert(dialect, table).values(
        [dict(zip(columns, map(bindparam, of_row), strict=True)) for of_row in names]
    )
    if conflict == "ignore":
        made = made.on_conflict_do_nothing()
    elif conflict == "replace":
        key = [column.name for column in table.primary_key]
        others = {name: made.excluded[name] for name in columns if name not in key}
        made = made.on_conflict_do_update(index_elements=key, set_=others)
    compiled = made.compile(dialect=dialect)
    if compiled.positional:
        in_order = tuple(chain.from_iterable(names))
        assert tuple(compiled.positiontup or ()) == in_order, "columns stand in the order of the table"
    return str(compiled), compiled.positional


def upsert(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what becomes of a conflict."""
    if dialect.name == "postgresql":  # Loaded only here: it takes long, and most installations do without it.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def among(
    connection: Connection, column: ColumnElement[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """``column IN values`` with one parameter, however many there are."""
    given = list(values)
    numbers = bool(given) and isinstance(given[0], int)
    if connection.dialect.name == "postgresql":
        return column == any_(literal(given, ARRAY(BigInteger if numbers else Text)))
    listed = func.json_each(msgspec.json.encode(given).decode()).table_valued("value")
    return column.in_(select(listed.c.value))

"""Many rows at a time, sent to the driver as they are.

A feed brings half a million entries, and each becomes a row in seven tables. SQLAlchemy prepares every
row of a long insert and every parameter of a long ``IN``; that cost more than the database itself. Here a
statement is compiled once and gets plain tuples, and a list of any length travels as one parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

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


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows, conflict: Conflict = "error"
) -> None:
    """Inserts tuples that hold ``columns``, which stand in the order of the table."""
    if not rows:
        return
    statement, positional = _insert(connection.dialect, table, columns, conflict)
    if positional:
        connection.exec_driver_sql(statement, list(rows))
    else:
        connection.exec_driver_sql(statement, [dict(zip(columns, row, strict=True)) for row in rows])


@lru_cache(maxsize=64)
def _insert(dialect: Dialect, table: Table, columns: tuple[str, ...], conflict: Conflict) -> tuple[str, bool]:
    """(SQL, whether it takes tuples)."""
    made = upsert(dialect, table).values({name: bindparam(name) for name in columns})
    if conflict == "ignore":
        made = made.on_conflict_do_nothing()
    elif conflict == "replace":
        key = [column.name for column in table.primary_key]
        others = {name: made.excluded[name] for name in columns if name not in key}
        made = made.on_conflict_do_update(index_elements=key, set_=others)
    compiled = made.compile(dialect=dialect)
    if compiled.positional:
        assert tuple(compiled.positiontup or ()) == columns, "columns stand in the order of the table"
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

"""Many rows at a time: as one after the other."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError

from mailrisk.store import schema
from mailrisk.store.bulk import ROWS, Conflict, insert_rows

COLUMNS = ("subject_id", "tenant", "site", "rule", "because")
AS_SQL = {
    "error": "INSERT INTO widening VALUES (?,?,?,?,?)",
    "ignore": "INSERT OR IGNORE INTO widening VALUES (?,?,?,?,?)",
    "replace": "INSERT OR REPLACE INTO widening VALUES (?,?,?,?,?)",
}
TABLE = "CREATE TABLE widening (subject_id INTEGER PRIMARY KEY, tenant, site, rule, because)"

# Enough rows for several statements and a rest, some with the number of an earlier one.
ROW_LISTS = st.lists(st.integers(1, 4 * ROWS), max_size=3 * ROWS).map(
    lambda ids: [(id_, 0, "evil.example", "several-pages", f"row {at}") for at, id_ in enumerate(ids)]
)


def one_after_the_other(rows: Sequence[tuple[Any, ...]], conflict: Conflict) -> list[tuple[Any, ...]]:
    plain = sqlite3.connect(":memory:")
    plain.execute(TABLE)
    for row in rows:
        plain.execute(AS_SQL[conflict], row)
    found = plain.execute("SELECT * FROM widening ORDER BY subject_id").fetchall()
    plain.close()
    return found


@settings(max_examples=60, deadline=None)
@given(rows=ROW_LISTS, conflict=st.sampled_from(("ignore", "replace")))
def test_rows_sent_together_leave_what_rows_sent_alone_leave(
    rows: list[tuple[Any, ...]], conflict: Conflict
) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        insert_rows(connection, schema.widening, COLUMNS, rows, conflict)
        found = connection.execute(select(schema.widening).order_by(schema.widening.c.subject_id)).all()
    engine.dispose()
    assert [tuple(row) for row in found] == one_after_the_other(rows, conflict)


@pytest.mark.parametrize("place", [0, ROWS - 1, ROWS, 2 * ROWS + 3])
def test_a_row_that_is_there_already_is_an_error_wherever_it_stands(place: int) -> None:
    rows = [(id_, 0, "evil.example", "several-pages", "") for id_ in range(2 * ROWS + 4)]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql(TABLE)
        insert_rows(connection, schema.widening, COLUMNS, [rows[place]])
        with pytest.raises(IntegrityError):
            insert_rows(connection, schema.widening, COLUMNS, rows)
    engine.dispose()


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 3 * ROWS))
def test_rows_without_a_number_get_the_next_ones_in_their_order(count: int) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema.metadata.create_all(connection, [schema.subject])
        rows = [(0, "host", f"{number}.example", "https") for number in range(count)]
        insert_rows(connection, schema.subject, ("tenant", "kind", "value", "scheme"), rows)
        found = connection.execute(select(schema.subject.c.id, schema.subject.c.value)).all()
    engine.dispose()
    assert sorted(tuple(row) for row in found) == [(at + 1, row[2]) for at, row in enumerate(rows)]

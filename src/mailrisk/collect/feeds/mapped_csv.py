"""CSV of any kind: the configuration says which column holds what (``options.csv``).

RFC 4180 with a chosen delimiter; with ``header = true`` the first line that is no comment names the
columns. Columns are given by name or by place from 0. ``kind`` says what the values are; ``any`` tells
it from their form. For one's own lists, spreadsheets of a CERT, exports of other products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailrisk.collect.feeds.entry import (
    any_of,
    brand_of,
    fields_of,
    file_of,
    host_of,
    network_of,
    reference_of,
    tags_of,
    time_of,
    url_of,
)
from mailrisk.collect.feeds.lines import Entries, each_line
from mailrisk.model.errors import BadInput, ConfigError, FeedRefused
from mailrisk.model.feed import Column, CsvColumns, FeedOptions
from mailrisk.model.sighting import Sighting
from mailrisk.model.subject import Subject

_KINDS: dict[str, Callable[[str], tuple[Subject, str]]] = {
    "url": url_of,
    "host": lambda text: (host_of(text), "https"),
    "ip": lambda text: (network_of(text.strip()), "https"),
    "file": lambda text: (file_of(text), "https"),
    "any": any_of,
}


def parse(lines: Iterable[bytes], options: FeedOptions) -> Entries:
    """One sighting a row. ConfigError without ``options.csv``; FeedRefused if a named column is missing."""
    columns = options.csv
    if columns is None:
        raise ConfigError("feed.options.csv", "the format csv needs to know its columns")
    where: dict[str, int] = {} if columns.header else _places(columns, [])

    def read(text: str) -> tuple[Sighting, ...]:
        row = fields_of(text, columns.delimiter)
        if not where:
            where.update(_places(columns, row))
            return ()
        return (_sighting(row, where, columns, options),)

    return each_line(lines, read, (columns.comment,) if columns.comment else ())


def _places(columns: CsvColumns, header: list[str]) -> dict[str, int]:
    """The place of every column that is wanted."""
    names = {name.strip().lower(): place for place, name in enumerate(header)}

    def place(column: Column) -> int:
        if isinstance(column, int):
            return column
        if column.lower() not in names:
            raise FeedRefused(f"it has no column {column!r}")
        return names[column.lower()]

    wanted = ("value", "seen_at", "tags", "brand", "reference", "confidence")
    return {name: place(column) for name in wanted if (column := getattr(columns, name)) is not None}


def _sighting(row: list[str], where: dict[str, int], columns: CsvColumns, options: FeedOptions) -> Sighting:
    def field(name: str) -> str:
        place = where.get(name, -1)
        return row[place] if 0 <= place < len(row) else ""

    if not field("value"):
        raise BadInput("line", "the value is missing")
    subject, scheme = _KINDS[columns.kind](field("value"))
    return Sighting(
        subject=subject,
        scheme=scheme,
        seen_at=time_of(field("seen_at")),
        category=options.category,
        tags=tags_of(field("tags"), columns.tag_separator),
        brand=brand_of(field("brand")),
        reference=reference_of(field("reference")),
        confidence=_confidence(field("confidence")),
    )


def _confidence(text: str) -> float:
    try:
        share = float(text) / 100
    except ValueError:
        return 1.0
    return share if 0.0 <= share <= 1.0 else 1.0

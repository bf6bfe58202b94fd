"""Templates, word banks, senders and places as they stand in the TOML files of this folder."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from tools.lures.grammar import Bank, share

FOLDER = Path(__file__).parent
Split = Literal["train", "test"]
Kind = Literal["lure", "twin"]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    s: str
    t: str
    w: str
    f: str
    c: str
    k: str = ""
    a: str = ""
    d: str = ""


class Template(NamedTuple):
    """One family of texts. ``wants`` are the intents that stand in it word for word; banks add theirs."""

    id: str
    language: str
    topic: str
    kind: Kind
    subject: str
    text: str
    wants: frozenset[str]
    senders: tuple[str, ...]
    carriers: tuple[str, ...]
    category: str
    origins: tuple[str, ...]  # of a twin
    sites: tuple[str, ...]  # hosts that a twin links to, when not its own


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Genuine senders, and pieces of which domains, pages and organisations are made."""

    genuine: dict[str, list[tuple[str, str]]]
    pages: dict[str, list[str]]
    parts: dict[str, list[str]]


def _table(name: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


@cache
def places() -> Places:
    """The file origins.toml."""
    return msgspec.convert(_table("origins.toml"), Places)


@cache
def senders() -> dict[str, dict[str, list[str]]]:
    """Display names by language (``zh``, ``en``, ``other``) and role."""
    return msgspec.convert(_table("senders.toml"), dict[str, dict[str, list[str]]])


@cache
def banks(words: str) -> dict[str, Bank]:
    """The word banks of ``zh``, ``en`` or ``other``."""
    return msgspec.convert(_table(f"words/{words}.toml"), dict[str, Bank])


def words_of(language: str) -> str:
    """Which word file a language uses."""
    return language if language in ("zh", "en") else "other"


@cache
def templates() -> tuple[Template, ...]:
    """Every template, in the order of the files."""
    found: list[Template] = []
    for name in ("zh", "en", "other"):
        for kind, file in (("lure", f"{name}_lures"), ("twin", f"{name}_twins")):
            rows = msgspec.convert(_table(f"templates/{file}.toml"), dict[str, _Row])
            found += [_template(id_, kind, row) for id_, row in rows.items()]  # type: ignore[arg-type]
    return tuple(found)


def _template(id_: str, kind: Kind, row: _Row) -> Template:
    language, topic = id_.split("-")[:2]
    return Template(
        id=f"{id_}/{kind}",
        language=language,
        topic=topic,
        kind=kind,
        subject=row.s,
        text=row.t,
        wants=frozenset(row.w.split()),
        senders=tuple(row.f.split()),
        carriers=tuple(row.c.split()),
        category=row.k,
        origins=tuple(row.a.split()),
        sites=tuple(row.d.split()),
    )


@cache
def of_split(split: Split) -> tuple[Template, ...]:
    """A third of the families, taken evenly over languages, kinds and topics, is kept for testing."""
    ordered = sorted(templates(), key=lambda one: (one.language, one.kind, one.topic, share(one.id)))
    return tuple(one for place, one in enumerate(ordered) if (place % 3 == 1) == (split == "test"))


def labels() -> Sequence[str]:
    """Every intent label that a template or bank names, sorted."""
    named = {label for template in templates() for label in template.wants}
    for words in ("zh", "en", "other"):
        named |= {label for bank in banks(words).values() for label in bank.labels.split()}
    return sorted(named)

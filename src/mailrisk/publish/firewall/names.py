"""Lists of names. A listing is of one host alone (``host``), or of a domain with all that is below it (``domain``).

Hosts that are addresses are on no list of names.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.model.subject import Kind
from mailrisk.publish.firewall.written import Written, lines
from mailrisk.publish.listing_keys import NUMBER
from mailrisk.publish.listing_table import CATEGORIES, Snapshot

Name = tuple[str, bool, str]
"""(name, with all below it, category)."""


def plain(chosen: Snapshot) -> Written:
    """One name a line: a consumer takes it for the name itself."""
    return lines(_unlike(name for name, _, _ in _names(chosen)), left_out=_no_names(chosen))


def with_wildcards(chosen: Snapshot) -> Written:
    """Palo Alto, FortiGate: a name a line; a domain also as ``*.`` for everything below it."""
    found = list(_names(chosen))
    return lines(
        _unlike(text for name, below, _ in found for text in ((name, f"*.{name}") if below else (name,))),
        entries=len(found),
        left_out=_no_names(chosen),
    )


def hosts_file(chosen: Snapshot) -> Written:
    """A hosts file: the name itself leads nowhere. What is below a domain cannot be said."""
    return lines(
        _unlike(f"0.0.0.0 {name}" for name, _, _ in _names(chosen)), left_out=_no_names(chosen)
    )  # fmt: skip


def adblock(chosen: Snapshot) -> Written:
    """Filters of AdBlock: ``||name^`` for a domain, both schemes for one host alone."""
    found = list(_names(chosen))
    return lines(
        (
            line
            for name, below, _ in found
            for line in ((f"||{name}^",) if below else (f"|http://{name}^", f"|https://{name}^"))
        ),
        entries=len(found),
        left_out=_no_names(chosen),
    )


def squid(chosen: Snapshot) -> Written:
    """``dstdomain``: ``.name`` for a domain. Squid refuses names inside of a domain that is there: they are covered."""
    found = list(_names(chosen))
    whole = {name for name, below, _ in found if below}
    kept = [
        f".{name}" if below else name
        for name, below, _ in found
        if not any(parent in whole for parent in _parents(name)) and (below or name not in whole)
    ]
    return lines(kept, entries=len(found), left_out=_no_names(chosen))


def haproxy(chosen: Snapshot) -> Written:
    """A map from name to category, for ``map_str``. What is below a domain cannot be said."""
    texts = _unlike(f"{name} {category}" for name, _, category in _names(chosen))
    return lines(texts, left_out=_no_names(chosen))


def mikrotik(chosen: Snapshot) -> Written:
    """A RouterOS script: static NXDOMAIN answers with the comment ``mailrisk``, in place of those before."""

    def script() -> Iterator[str]:
        yield "/ip dns static"
        yield "remove [find comment=mailrisk]"
        for name, below, _ in found:
            more = " match-subdomain=yes" if below else ""
            yield f"add name={name} type=NXDOMAIN comment=mailrisk{more}"

    found = list(_names(chosen))
    return lines(script(), entries=len(found), left_out=_no_names(chosen))


def _names(chosen: Snapshot) -> Iterator[Name]:
    rows = chosen.rows
    for text, kind, category in zip(
        chosen.texts, rows["kind"].tolist(), rows["category"].tolist(), strict=True
    ):
        if _is_name(text[1:]):
            known = CATEGORIES[category] if category < len(CATEGORIES) else "listed"
            yield text[1:], kind == NUMBER[Kind.DOMAIN], known


def _no_names(chosen: Snapshot) -> int:
    return sum(not _is_name(text[1:]) for text in chosen.texts)


def _is_name(text: str) -> bool:
    return ":" not in text and not text.rpartition(".")[2].isdigit()


def _unlike(texts: Iterator[str]) -> Iterator[str]:
    """Each text once: a host and a domain may have the same name."""
    yield from dict.fromkeys(texts)


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name

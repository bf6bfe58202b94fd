"""The records of a response policy zone (RPZ), made from the rows of the lists.

A resolver that carries the zone answers for a *trigger*, the owner name of a record, as the *action* in the
record says: ``CNAME .`` is "there is no such name", ``CNAME rpz-passthru.`` is "answer as if there were no policy".
Only ``CNAME`` records stand in the zone, one for each owner.

- a domain is ``evil.example`` and ``*.evil.example``; a host is its name alone; an exemption is a passthru
- an address is ``32.7.100.51.198.rpz-ip``: whatever name has this address in its answer

**A wildcard ends where a name exists** (RFC 4592 §3.3.1): ``shop.evil.example`` in the zone takes
``www.shop.evil.example`` out of ``*.evil.example``, and ``a.b.evil.example`` takes out all of ``b.evil.example``. Below
a listed domain each name between it and a row of its own is therefore said once more, with its wildcard.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from mailrisk.publish.dnsbl.rows import EXEMPT, TRIGGER, Rows, ancestors

BLOCK: Final = b"\0"
PASS: Final = b"\x0crpz-passthru\0"

Record = tuple[bytes, bytes]
"""(owner below the zone as labels of the wire form without the root, target of its CNAME in wire form)."""


def action_of(raw: bytes) -> bytes:
    """The target of a rule's CNAME."""
    return PASS if raw == EXEMPT else BLOCK


def wire(name: bytes, *, wildcard: bool = False) -> bytes:
    """A reversed name as labels of the wire form."""
    labels = reversed(name[:-1].split(b"\0"))
    start = b"\1*" if wildcard else b""
    return start + b"".join(bytes([len(label)]) + label for label in labels)


def all_records(rows: Rows) -> Iterator[Record]:
    """The whole zone but for its SOA and NS: domains with what lies below them, other hosts, addresses."""
    for key, raw in rows.below(b"d"):
        yield from _domain(rows, key[1:], raw)
    for key, raw in rows.below(b"h"):
        name = key[1:]
        if not _is_address(name) and _domain_above(rows, name) is None:
            yield wire(name), action_of(raw)
    for version in (b"4", b"6"):
        for key, raw in rows.below(version):
            if (target := _ip_action(raw)) is not None:
                yield ip_owner(key), target


def _domain(rows: Rows, domain: bytes, raw: bytes) -> Iterator[Record]:
    action = action_of(raw)
    said = {domain}
    own = rows.get(b"h" + domain)
    yield wire(domain), action if own is None else action_of(own)
    yield wire(domain, wildcard=True), action
    for key, _ in rows.below(b"h" + domain):
        for name in (key[1:], *ancestors(key[1:])):
            if len(name) <= len(domain) or name in said:
                break
            said.add(name)
            own = rows.get(b"h" + name)
            yield wire(name), action if own is None else action_of(own)
            yield wire(name, wildcard=True), action


def owners_touched(rows: Rows, key: bytes) -> list[bytes]:
    """The reversed names whose records a change of this row can change."""
    name = key[1:]
    if key[:1] == b"d":
        touched = [name]
        for below, _ in rows.below(b"h" + name):
            touched.extend(_up_to(below[1:], name))
        return touched
    domain = _domain_above(rows, name)
    return [name] if domain is None else [*_up_to(name, domain), domain]


def records_at(rows: Rows, name: bytes) -> Iterator[Record]:
    """The records of one reversed name, with and without a star."""
    host, domain = rows.get(b"h" + name), rows.get(b"d" + name)
    if domain is None and rows.has_below(b"h" + name):
        above = _domain_above(rows, name)
        domain = None if above is None else rows.get(b"d" + above)
    exact = host if host is not None else domain
    if exact is not None and not _is_address(name):
        yield wire(name), action_of(exact)
        if domain is not None:
            yield wire(name, wildcard=True), action_of(domain)


def ip_records(key: bytes, raw: bytes | None) -> Iterator[Record]:
    """The record of an address or network, if it is a trigger or an exemption."""
    target = None if raw is None else _ip_action(raw)
    if target is not None:
        yield ip_owner(key), target


def _ip_action(raw: bytes) -> bytes | None:
    if raw == EXEMPT:
        return PASS
    return BLOCK if raw[0] == TRIGGER else None


def ip_owner(key: bytes) -> bytes:
    """``32.7.100.51.198.rpz-ip`` and ``64.zz.2.0.db8.2001.rpz-ip`` as labels: length first, address reversed."""
    length = str(key[-1]).encode()
    if key[:1] == b"4":
        parts = [str(octet).encode() for octet in reversed(key[1:5])]
    else:
        # The longest run of zeroes is ``zz``, as ``::`` is in the text form.
        text = str(ipaddress.IPv6Address(key[1:17]))
        middle = text.replace("::", ":zz:").strip(":")
        parts = [part.encode() for part in reversed(middle.split(":"))]
    return b"".join(bytes([len(label)]) + label for label in (length, *parts, b"rpz-ip"))


def _domain_above(rows: Rows, name: bytes) -> bytes | None:
    """The nearest domain at or above a name that has a row."""
    return next((one for one in (name, *ancestors(name)) if rows.get(b"d" + one) is not None), None)


def _up_to(name: bytes, domain: bytes) -> list[bytes]:
    return [one for one in (name, *ancestors(name)) if len(one) > len(domain)]


def _is_address(name: bytes) -> bool:
    """Whether a reversed name is an address that only the list of domains can express."""
    return name.partition(b"\0")[0].isdigit()

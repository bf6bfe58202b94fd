"""Transfers of the response policy zone: AXFR (RFC 5936), IXFR (RFC 1995), as the messages of one answer.

Records are written as bytes, each owner with a pointer to the zone's name in the first question: a million of them
are about forty megabytes. An incremental transfer is one difference, condensed from all versions since (RFC 1995 §4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mailrisk.publish.dnsbl.answer import TTL_S, soa_record
from mailrisk.publish.dnsbl.question import SOA
from mailrisk.publish.dnsbl.rows import Rows
from mailrisk.publish.dnsbl.zones import wire_name
from mailrisk.publish.rpz.journal import State, differences, read_state
from mailrisk.publish.rpz.records import BLOCK, all_records

MESSAGE_BYTES: Final = 16_000
"""Records in one message: pointers reach no further than 16,383 bytes, and the question stands in the first only."""

AXFR: Final = 252
IXFR: Final = 251
_TTL = TTL_S.to_bytes(4, "big")
_CNAME = b"\0\5\0\1" + _TTL
_APEX = b"\xc0\x0c"


class PolicyZone(NamedTuple):
    """The zone's name and whose it is, in wire form."""

    name: bytes
    nameserver: bytes
    contact: bytes

    def soa(self, serial: int) -> bytes:
        """Its SOA record in a message whose question is the zone."""
        return soa_record(_APEX, self.nameserver + self.contact, serial.to_bytes(4, "big"))

    def ns(self) -> bytes:
        """Its NS record."""
        return _APEX + b"\0\2\0\1" + _TTL + len(self.nameserver).to_bytes(2, "big") + self.nameserver


def policy_zone(name: str, nameserver: str, contact: str) -> PolicyZone:
    """The zone by its names. BadInput: one of them is none."""
    return PolicyZone(wire_name(name), wire_name(nameserver), wire_name(contact))


def whole(zone: PolicyZone, rows: Rows, rrtype: int, number: bytes) -> Iterator[bytes]:
    """The messages of a transfer of the whole zone; ``number`` is the id of the question."""
    soa = zone.soa(read_state(rows).serial)

    def records() -> Iterator[bytes]:
        yield soa
        yield zone.ns()
        for owner, target in all_records(rows):
            yield _record(owner, target)
        yield soa

    return _messages(zone, records(), rrtype, number)


def since(zone: PolicyZone, rows: Rows, serial: int, number: bytes) -> Iterator[bytes]:
    """The messages of an incremental transfer to who has ``serial``; the whole zone where that is too old."""
    state = read_state(rows)
    if serial == state.serial:
        return _messages(zone, iter([zone.soa(serial)]), IXFR, number)
    version = state.version_of(serial)
    if version is None:
        return whole(zone, rows, IXFR, number)
    gone, new = differences(rows, version)
    return _messages(zone, _difference(zone, state, serial, gone, new), IXFR, number)


def _difference(
    zone: PolicyZone, state: State, serial: int, gone: Mapping[bytes, bytes], new: Mapping[bytes, bytes]
) -> Iterator[bytes]:
    current, old = zone.soa(state.serial), zone.soa(serial)
    yield current
    yield old
    for owner, target in gone.items():
        yield _record(owner, target)
    yield current
    for owner, target in new.items():
        yield _record(owner, target)
    yield current


def _record(owner: bytes, target: bytes) -> bytes:
    size = b"\0\1" if target is BLOCK else len(target).to_bytes(2, "big")
    return owner + _APEX + _CNAME + size + target


def _messages(zone: PolicyZone, records: Iterable[bytes], rrtype: int, number: bytes) -> Iterator[bytes]:
    """Packs records into messages. Each repeats the question, which the pointers need (RFC 5936 §2.2.1 allows it)."""
    question = zone.name + rrtype.to_bytes(2, "big") + b"\0\1"
    room = MESSAGE_BYTES - 12 - len(question)
    held: list[bytes] = []
    size = 0
    for record in records:
        if size + len(record) > room:
            yield _message(number, question, held)
            held, size = [], 0
        held.append(record)
        size += len(record)
    yield _message(number, question, held)


def _message(number: bytes, question: bytes, records: list[bytes]) -> bytes:
    header = number + b"\x84\0\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
    return header + question + b"".join(records)


def soa_answer(zone: PolicyZone, serial: int, number: bytes, rrtype: int = SOA) -> bytes:
    """One message with the SOA: the answer to a probe, and over UDP to any question for an increment."""
    return next(_messages(zone, iter([zone.soa(serial)]), rrtype, number))

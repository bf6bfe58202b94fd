"""Answers of the lists over DNS: the bytes of a question in, the bytes of an answer out.

A mail server asks several times for every message, so nothing is parsed into objects: a question is read label by
label (RFC 1035 §4.1), the rule is one or a few reads of the table, and the answer is the question with a few bytes
behind it. Names in a question are never compressed; a pointer there is an error and not followed, so that no
packet can make us run in circles.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from mailrisk.publish.dnsbl.codes import TEST_CODE
from mailrisk.publish.dnsbl.question import (
    ANY,
    EDNS_BYTES,
    FORMERR,
    FORMS,
    MOST_NAME,
    NOERROR,
    NS,
    NXDOMAIN,
    OUR_OPT,
    REFUSED,
    SERVFAIL,
    SOA,
    TCP_BYTES,
    TXT,
    UDP_BYTES,
    A,
    Question,
    Unreadable,
    read_question,
)
from mailrisk.publish.dnsbl.rows import Rows, read_rule, txt_of
from mailrisk.publish.dnsbl.zones import EMPTY, TEST_RULE, TEST_SAYS, Zone, find, wire_name

TTL_S: Final = 60
"""How long others may keep an answer: a withdrawal must not wait for their caches."""

MOST_TEXTS: Final = 4_096
"""TXT records kept ready: most listings share a few reasons and days."""

_TRANSFERS = frozenset({251, 252})  # IXFR, AXFR
_BADVERS: Final = 16

_TTL = TTL_S.to_bytes(4, "big")
_A_RECORD = b"\xc0\x0c\0\1\0\1" + _TTL + b"\0\4\x7f\0"
_TXT_RECORD = b"\xc0\x0c\0\x10\0\1" + _TTL


class Serving(NamedTuple):
    """What the answers of one moment are made of."""

    rows: Rows
    serial: bytes  # of the SOA, four bytes
    stale: bool = False  # contact to the ledger was lost: nothing can be vouched for


class Answers:
    """The zones of one server. ``counts`` tells what was asked, and what could not be read."""

    def __init__(self, zones: tuple[Zone, ...], nameserver: str, contact: str) -> None:
        self.counts: Counter[str] = Counter()
        self._zones = [(zone.labels, len(zone.labels), zone.kind) for zone in zones]
        self._wires = [(b"".join(zone.labels), zone.kind) for zone in zones]
        self._soa_made = (b"", b"")
        self._txt_made: dict[bytes, bytes] = {}
        self._ns = wire_name(nameserver)
        self._soa_names = self._ns + wire_name(contact)

    def answer(self, query: bytes, serving: Serving, udp: bool = True) -> bytes | None:
        """The answer to one packet; None when silence is the right one."""
        if len(query) > 12 and not serving.stale and (reply := self._at_once(query, serving)):
            return reply
        if len(query) < 12 or query[2] & 0x80:
            self.counts["malformed"] += 1  # An answer to an answer would run for ever between two servers.
            return None
        try:
            asked = read_question(query)
        except (IndexError, Unreadable) as error:
            self.counts["malformed"] += 1
            return _error(query, error.rcode if isinstance(error, Unreadable) else FORMERR)
        return self._reply(query, asked, serving, udp)

    def _at_once(self, query: bytes, serving: Serving) -> bytes | None:
        """The answer to what nearly all ask: A or TXT of a name in a zone, without anything odd. None: look closer.

        What stands around the name is compared as a whole and the zone is found by its bytes, so that only the labels
        before it are walked. That they end where the zone begins proves the zone's own labels too.
        """
        # Where the name ends: an OPT without options has 11 bytes.
        root = len(query) - (16 if query[11] else 5)
        form = FORMS.get(query[2:12] + query[root:]) if 12 < root <= MOST_NAME else None
        if form is None:
            return None
        name = query[12:root].lower()  # No length of a label is a capital letter: those begin at 65.
        for zone in self._wires:
            if name.endswith(zone[0]):
                break
        else:
            return None
        wire, kind = zone
        labels, at, own_end = [], 0, len(name) - len(wire)
        while at < own_end:
            length = name[at]
            if not 0 < length < 64:
                return None
            labels.append(name[at : (at := at + length + 1)])
        if at != own_end or not labels:
            return None
        raw = find(kind, labels, serving.rows)
        if raw is None:
            self.counts["not listed"] += 1
            owner = (0xC000 | root - len(wire)).to_bytes(2, "big")
            soa = self._soa_at(serving.serial)
            return b"".join((query[:2], form.no, query[12 : root + 5], owner, soa, form.opt))
        if raw is EMPTY or raw is TEST_RULE:
            return None
        record = _A_RECORD + raw[1:3] if form.is_a else self._txt_record(raw, serving.rows)
        reply = b"".join((query[:2], form.yes, query[12 : root + 5], record, form.opt))
        if len(reply) > UDP_BYTES:
            return None
        self.counts["listed"] += 1
        return reply

    def _txt_record(self, raw: bytes, rows: Rows) -> bytes:
        """The TXT record of a rule. A text is stored under its own hash, so what was made of it once stays right."""
        record = self._txt_made.get(raw[3:])
        if record is None:
            record, _ = _records(raw, TXT, rows)
            if len(self._txt_made) >= MOST_TEXTS:
                self._txt_made.clear()
            self._txt_made[raw[3:]] = record
        return record

    def _soa_at(self, serial: bytes) -> bytes:
        """The SOA of any zone without its owner; made once for each serial."""
        if self._soa_made[0] != serial:
            self._soa_made = (serial, soa_record(b"", self._soa_names, serial))
        return self._soa_made[1]

    def _reply(self, query: bytes, asked: Question, serving: Serving, udp: bool) -> bytes:
        if asked.version:
            return _header(query, _BADVERS & 15, 0, 0, 1) + query[12 : asked.end] + _bad_version()
        place = self._place(asked)
        if place is None or asked.rrclass not in (1, 255) or asked.rrtype in _TRANSFERS:
            self.counts["refused"] += 1
            return _refused(query, asked)
        if serving.stale:
            self.counts["stale"] += 1
            return _with_opt(query, asked, SERVFAIL, b"", 0, 0)
        own, zone_at, kind = place
        rrtype = asked.rrtype
        if not own:
            return self._apex(query, asked, serving, rrtype)
        raw = find(kind, own, serving.rows)
        if raw is None or raw is EMPTY:
            self.counts["not listed"] += 1
            rcode = NXDOMAIN if raw is None else NOERROR
            return _with_opt(query, asked, rcode, self._soa(zone_at, serving), 0, 1)
        self.counts["listed"] += 1
        records, count = _records(raw, rrtype, serving.rows)
        if not count:
            return _with_opt(query, asked, NOERROR, self._soa(zone_at, serving), 0, 1)
        reply = _with_opt(query, asked, NOERROR, records, count, 0)
        limit = TCP_BYTES if not udp else min(max(asked.opt, UDP_BYTES), EDNS_BYTES)
        return reply if len(reply) <= limit else _truncated(query, asked)

    def _place(self, asked: Question) -> tuple[list[bytes], int, str] | None:
        """(labels below the zone, where the zone's name stands in the question, its kind)."""
        labels = asked.labels
        for zone, count, kind in self._zones:
            if labels[-count:] == zone:
                own = labels[:-count]
                return own, 12 + sum(map(len, own)), kind
        return None

    def _apex(self, query: bytes, asked: Question, serving: Serving, rrtype: int) -> bytes:
        records, count = b"", 0
        if rrtype in (SOA, ANY):
            records, count = self._soa(12, serving), 1
        if rrtype in (NS, ANY):
            records += b"\xc0\x0c\0\2\0\1" + _TTL + len(self._ns).to_bytes(2, "big") + self._ns
            count += 1
        if count:
            return _with_opt(query, asked, NOERROR, records, count, 0)
        return _with_opt(query, asked, NOERROR, self._soa(12, serving), 0, 1)

    def _soa(self, zone_at: int, serving: Serving) -> bytes:
        """The SOA of the zone whose name stands there in the question; its minimum is how long a "no" is kept."""
        return (0xC000 | zone_at).to_bytes(2, "big") + self._soa_at(serving.serial)


def soa_record(owner: bytes, names: bytes, serial: bytes) -> bytes:
    """An SOA (RFC 1035 §3.3.13): refresh and retry after a minute, expiry after a day, RFC 2308 minimum of a minute."""
    data = names + serial + b"".join(value.to_bytes(4, "big") for value in (60, 30, 86_400, TTL_S))
    return owner + b"\0\6\0\1" + _TTL + len(data).to_bytes(2, "big") + data


def _records(raw: bytes, rrtype: int, rows: Rows) -> tuple[bytes, int]:
    records, count = b"", 0
    if rrtype in (A, ANY):
        records, count = _A_RECORD + raw[1:3], 1
    if rrtype in (TXT, ANY):
        listed = read_rule(raw)
        assert listed is not None and (raw is not TEST_RULE or listed.code == TEST_CODE)
        text = TEST_SAYS if raw is TEST_RULE else txt_of(rows, listed)
        records += b"%b%b%c%b" % (_TXT_RECORD, (len(text) + 1).to_bytes(2, "big"), len(text), text)
        count += 1
    return records, count


def _header(query: bytes, rcode: int, answers: int, authority: int, additional: int) -> bytes:
    return b"%b%c%c\0\1\0%c\0%c\0%c" % (
        query[:2], 0x84 | query[2] & 1, rcode, answers, authority, additional,
    )  # fmt: skip


def _with_opt(
    query: bytes, asked: Question, rcode: int, records: bytes, answers: int, authority: int
) -> bytes:
    """An answer of the question, records, and our OPT if the asker sent one."""
    question = query[12 : asked.end]
    if asked.opt:
        return _header(query, rcode, answers, authority, 1) + question + records + OUR_OPT
    return _header(query, rcode, answers, authority, 0) + question + records


def _truncated(query: bytes, asked: Question) -> bytes:
    """The question alone with TC: the asker comes again over TCP (RFC 7766)."""
    reply = bytearray(_with_opt(query, asked, NOERROR, b"", 0, 0))
    reply[2] |= 2
    return bytes(reply)


def _refused(query: bytes, asked: Question) -> bytes:
    reply = bytearray(_with_opt(query, asked, REFUSED, b"", 0, 0))
    reply[2] &= ~4  # We are no authority here.
    return bytes(reply)


def _bad_version() -> bytes:
    return b"\0\0\x29" + EDNS_BYTES.to_bytes(2, "big") + bytes([_BADVERS >> 4]) + b"\0\0\0\0\0"


def _error(query: bytes, rcode: int) -> bytes:
    """An error without the question, which may be what is wrong."""
    return query[:2] + bytes([0x80 | query[2] & 0x79, rcode]) + b"\0\0\0\0\0\0\0\0"

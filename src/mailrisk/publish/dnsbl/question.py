"""Questions to the lists over DNS, read from their bytes (RFC 1035 §4.1, RFC 6891)."""

from __future__ import annotations

from typing import Final, NamedTuple

UDP_BYTES: Final = 512  # RFC 1035 §2.3.4, for askers without EDNS
EDNS_BYTES: Final = 1232  # what goes through everywhere in one piece (RFC 9715)
TCP_BYTES: Final = 65_535
MAX_QUERY: Final = 2_048
"""Bytes of a question that are looked at; real ones have under 300."""

MOST_NAME: Final = 12 + 254
"""Where the last byte of a name stands at the latest (RFC 1035 §2.3.4)."""

A, NS, SOA, TXT, AAAA, OPT, ANY = 1, 2, 6, 16, 28, 41, 255
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5

OUR_OPT = b"\0\0\x29" + EDNS_BYTES.to_bytes(2, "big") + b"\0\0\0\0\0\0"


class Question(NamedTuple):
    """What is asked."""

    labels: list[bytes]  # each with its length before it, in lower case
    end: int  # just behind the class
    rrtype: int
    rrclass: int
    opt: int  # bytes of an answer that the asker takes by EDNS; 0 without EDNS
    version: int  # of EDNS


class Unreadable(Exception):
    """A packet that is answered with an error alone."""

    def __init__(self, rcode: int) -> None:
        super().__init__(rcode)
        self.rcode = rcode


def read_question(query: bytes) -> Question:
    """The question. IndexError: the packet ends within it. Unreadable: it is none that we answer."""
    if query[2] & 0x78:
        raise Unreadable(NOTIMP)
    if query[4:6] != b"\0\1" or len(query) > MAX_QUERY:
        raise Unreadable(FORMERR)
    low, labels, at = query.lower(), [], 12  # No length of a label is a capital letter: those begin at 65.
    while length := query[at]:
        if length > 63:  # A pointer, or what RFC 6891 has taken out of use.
            raise Unreadable(FORMERR)
        end = at + length + 1
        labels.append(low[at:end])
        at = end
    end = at + 5
    if end > len(query) or at > MOST_NAME:
        raise Unreadable(FORMERR)
    rrtype, rrclass = query[at + 1] << 8 | query[at + 2], query[at + 3] << 8 | query[at + 4]
    if end == len(query) and query[6:12] == b"\0\0\0\0\0\0":
        return Question(labels, end, rrtype, rrclass, 0, 0)
    size, version = _edns(query, end)
    return Question(labels, end, rrtype, rrclass, size, version)


def _edns(query: bytes, at: int) -> tuple[int, int]:
    """(bytes that the asker takes, version) of the OPT record behind the question (RFC 6891); (0, 0) without one."""
    if query[6:10] != b"\0\0\0\0" or query[10] or query[11] > 4:
        raise Unreadable(FORMERR)
    found = (0, 0)
    for _ in range(query[11]):
        while length := query[at]:
            if length > 63:
                at += 1  # A pointer ends a name, and where it points to is none of our business.
                break
            at += length + 1
        rrtype = query[at + 1] << 8 | query[at + 2]
        if rrtype == OPT:
            found = (max(1, query[at + 3] << 8 | query[at + 4]), query[at + 6])
        at += 11 + (query[at + 9] << 8 | query[at + 10])
    if at != len(query):
        raise Unreadable(FORMERR)
    return found


class Form(NamedTuple):
    """The header of an answer without its number, for yes and for no; and what comes last."""

    yes: bytes
    no: bytes
    opt: bytes
    is_a: bool


def _forms() -> dict[bytes, Form]:
    """By what stands before (without the number) and behind the name of a question, for the usual kinds of it.

    That is with and without RD, with and without EDNS.
    """
    forms = {}
    for recursion in (0, 1):
        for extra, tails in ((0, (b"",)), (1, _USUAL_OPTS)):
            for rrtype in (A, TXT):
                asked = bytes([recursion, 0, 0, 1, 0, 0, 0, 0, 0, extra])
                yes = bytes([0x84 | recursion, NOERROR, 0, 1, 0, 1, 0, 0, 0, extra])
                no = bytes([0x84 | recursion, NXDOMAIN, 0, 1, 0, 0, 0, 1, 0, extra])
                for tail in tails:
                    form = Form(yes, no, OUR_OPT if extra else b"", rrtype == A)
                    forms[asked + bytes([0, 0, rrtype, 0, 1]) + tail] = form
    return forms


_USUAL_OPTS: Final = tuple(
    b"\0\0\x29" + size.to_bytes(2, "big") + bytes([0, 0, flags, 0, 0, 0])
    for size in (512, 1220, 1232, 1280, 1400, 1410, 1472, 4000, 4096, 8192, 65_535)
    for flags in (0, 0x80)
)
FORMS: Final = _forms()

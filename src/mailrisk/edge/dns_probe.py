"""Asks our own name servers from the outside, as a mail server or a resolver does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

WAIT_S: Final = 2.0


def lists_error(listen: str, ip_zone: str, domain_zone: str) -> str:
    """Why the lists over DNS at HOST:PORT cannot be used; '' when the entries of RFC 5782 §5 are right, by UDP and TCP."""
    entries = []
    if ip_zone:
        entries += [(f"2.0.0.127.{ip_zone}", True), (f"1.0.0.127.{ip_zone}", False)]
    if domain_zone:
        entries += [(f"test.{domain_zone}", True), (f"invalid.{domain_zone}", False)]
    for name, listed in entries:
        for tcp in (False, True):
            answer = _ask(listen, name, "A", tcp=tcp)
            if isinstance(answer, str):
                return f"{name} over {'TCP' if tcp else 'UDP'}: {answer}"
            if bool(answer.answer) is not listed:
                return f"{name} is {'not listed' if listed else 'listed'}"
    return ""


def policy_zone_error(listen: str, zone: str, *, may_transfer: bool) -> str:
    """Why the response policy zone at HOST:PORT cannot be used; '' when it is there and kept from strangers."""
    answer = _ask(listen, zone, "SOA")
    if isinstance(answer, str):
        return f"{zone} SOA: {answer}"
    if not answer.answer:
        return f"{zone} has no SOA"
    transfer = _ask(listen, zone, "AXFR", tcp=True)
    if not isinstance(transfer, str) and not may_transfer:
        return f"{zone} can be transferred without a key"
    return ""


def _ask(listen: str, name: str, rrtype: str, *, tcp: bool = False) -> dns.message.Message | str:
    """The answer, or what is wrong with it."""
    host, port = _place(listen)
    query = dns.message.make_query(name, rrtype)
    try:
        ask = dns.query.tcp if tcp else dns.query.udp
        answer = ask(query, host, WAIT_S, port, one_rr_per_rrset=True)
    except dns.exception.Timeout:
        return "no answer"
    except (dns.exception.DNSException, OSError, EOFError) as error:
        return str(error) or type(error).__name__
    if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return answer
    return dns.rcode.to_text(answer.rcode())


def _place(listen: str) -> tuple[str, int]:
    """Where to ask a server that listens so: on loopback, where it listens everywhere."""
    host, _, port = listen.rpartition(":")
    bare = host.strip("[]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare), int(port)  # noqa: S104  to be asked, not bound


def loopback_of(listen: str, free: Sequence[str]) -> bool:
    """Whether we ourselves, asking at HOST:PORT, are among the addresses that need no key."""
    return _place(listen)[0] in free

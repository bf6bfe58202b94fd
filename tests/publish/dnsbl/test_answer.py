"""Answers of the lists over DNS, byte for byte read by dnspython."""

from __future__ import annotations

import ipaddress
import random

import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.publish.dnsbl.made import fold, listing

from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category
from mailrisk.publish.dnsbl.answer import Answers, Serving
from mailrisk.publish.dnsbl.question import read_question
from mailrisk.publish.dnsbl.rows import MemoryRows
from mailrisk.publish.dnsbl.zones import Zone

ZONES = (Zone("ip.bl.example", "ip"), Zone("domain.bl.example", "domain"), Zone("url.bl.example", "url"))


def some_rows() -> MemoryRows:
    rows = MemoryRows()
    writer = fold(rows)
    writer.clear()
    for kind, value, category in (
        (Kind.IP, "198.51.100.7", Category.BRUTE_FORCE),
        (Kind.NETWORK, "203.0.113.0/24", Category.SPAM_SOURCE),
        (Kind.NETWORK, "2001:db8:1::/48", Category.PHISHING_SOURCE),
        (Kind.DOMAIN, "evil.example", Category.CREDENTIAL_PHISHING),
        (Kind.HOST, "files.host.example", Category.MALWARE_FILE),
        (Kind.HOST, "192.0.2.44", Category.MALWARE_FILE),
        (Kind.URL, "page.example/login.html", Category.CREDENTIAL_PHISHING),
    ):
        subject = Subject(kind, value)
        writer.put(subject, listing(subject, category))
    writer.exempt(Subject(Kind.IP, "203.0.113.9"))
    writer.exempt(Subject(Kind.HOST, "good.evil.example"))
    writer.settle("e", 9, started=True)
    return rows


ROWS = some_rows()


def answers() -> Answers:
    return Answers(ZONES, "ns.bl.example", "hostmaster.bl.example")


def ask(
    name: str, rrtype: str = "A", *, stale: bool = False, udp: bool = True, **more: object
) -> dns.message.Message:
    query = dns.message.make_query(name, rrtype, **more)  # type: ignore[arg-type]
    wire = answers().answer(query.to_wire(), Serving(ROWS, (9).to_bytes(4, "big"), stale), udp)
    assert wire is not None
    reply = dns.message.from_wire(wire)
    assert query.is_response(reply)
    return reply


def records(reply: dns.message.Message) -> list[str]:
    return [f"{dns.rdatatype.to_text(one.rdtype)} {one.ttl} {data}" for one in reply.answer for data in one]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("7.100.51.198.ip.bl.example", "127.0.0.4"),
        ("7.100.51.198.IP.BL.Example", "127.0.0.4"),
        ("8.113.0.203.ip.bl.example", "127.0.0.2"),
        (ipaddress.ip_address("2001:db8:1:ff::9").reverse_pointer.removesuffix("ip6.arpa") + "ip.bl.example", "127.0.0.5"),
        ("evil.example.domain.bl.example", "127.0.1.4"),
        ("a.b.EVIL.example.domain.bl.example", "127.0.1.4"),
        ("files.host.example.domain.bl.example", "127.0.1.5"),
        ("44.2.0.192.domain.bl.example", "127.0.1.5"),
        ("e18d3ee1e5f0ba4e2fa9bd0a3f2cf6ad0cd1aeb0.url.bl.example", None),
        ("2.0.0.127.ip.bl.example", "127.0.0.2"),
        ("test.domain.bl.example", "127.0.0.2"),
        ("test.url.bl.example", "127.0.0.2"),
    ],
)  # fmt: skip
def test_what_is_listed_is_an_address_by_category(name: str, address: str | None) -> None:
    assert records(ask(name)) == ([f"A 60 {address}"] if address else [])


def test_a_page_is_asked_for_by_the_sha1_of_its_host_and_path() -> None:
    from hashlib import sha1

    digest = sha1(b"page.example/login.html").hexdigest()
    assert records(ask(f"{digest}.url.bl.example")) == ["A 60 127.0.1.4"]
    assert records(ask(f"{digest.upper()}.url.bl.example")) == ["A 60 127.0.1.4"]


@pytest.mark.parametrize(
    "name",
    [
        "8.100.51.198.ip.bl.example", "9.113.0.203.ip.bl.example", "1.0.0.127.ip.bl.example", "invalid.domain.bl.example",
        "invalid.url.bl.example", "07.100.51.198.ip.bl.example", "256.0.0.1.ip.bl.example", "evil.example.ip.bl.example",
        "z.host.example.domain.bl.example", "1.2.3.4.5.6.7.8.9.10.11.ip.bl.example", "0.url.bl.example",
    ],
)  # fmt: skip
def test_what_is_not_listed_has_no_name_and_is_not_asked_for_again_for_a_minute(name: str) -> None:
    reply = ask(name)
    assert (reply.rcode(), records(reply)) == (dns.rcode.NXDOMAIN, [])
    (soa,) = reply.authority
    assert soa.ttl == soa[0].minimum == 60 and soa[0].serial == 9


@pytest.mark.parametrize(
    "name", ["198.ip.bl.example", "51.198.ip.bl.example", "1.0.0.2.ip.bl.example", "8.b.d.0.1.0.0.2.ip.bl.example",
             "example.domain.bl.example", "host.example.domain.bl.example", "good.evil.example.domain.bl.example"],
)  # fmt: skip
def test_a_name_above_others_exists_and_is_empty(name: str) -> None:
    reply = ask(name)
    expected = dns.rcode.NXDOMAIN if name.startswith("1.0.0.2.ip") else dns.rcode.NOERROR
    assert (reply.rcode(), records(reply)) == (expected, []) and reply.authority


def test_the_reason_stands_in_a_txt_record() -> None:
    assert records(ask("7.100.51.198.ip.bl.example", "TXT")) == [
        'TXT 60 "brute-force since 2026-03-01: feed-listed"'
    ]
    assert len(records(ask("evil.example.domain.bl.example", "ANY"))) == 2


@pytest.mark.parametrize("rrtype", ["AAAA", "MX", "CNAME", "TYPE65280"])
def test_a_listed_name_has_no_other_records(rrtype: str) -> None:
    reply = ask("evil.example.domain.bl.example", rrtype)
    assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, []) and reply.authority


def test_a_zone_has_a_start_and_a_name_server() -> None:
    assert records(ask("ip.bl.example", "NS")) == ["NS 60 ns.bl.example."]
    assert records(ask("ip.bl.example", "SOA"))[0].startswith(
        "SOA 60 ns.bl.example. hostmaster.bl.example. 9 "
    )
    assert records(ask("ip.bl.example", "A")) == []


@pytest.mark.parametrize(
    ("name", "rrtype"), [("www.example.org", "A"), ("xip.bl.example", "A"), ("ip.bl.example", "AXFR")]
)
def test_what_is_not_ours_is_refused(name: str, rrtype: str) -> None:
    assert ask(name, rrtype).rcode() == dns.rcode.REFUSED


def test_a_wrong_class_is_refused() -> None:
    assert ask("2.0.0.127.ip.bl.example", "A", rdclass="CH").rcode() == dns.rcode.REFUSED


def test_lists_that_are_too_old_answer_neither_yes_nor_no() -> None:
    for name in ("7.100.51.198.ip.bl.example", "8.100.51.198.ip.bl.example", "ip.bl.example"):
        reply = ask(name, stale=True)
        assert (reply.rcode(), reply.answer, reply.authority) == (dns.rcode.SERVFAIL, [], [])


def test_edns_is_answered_in_kind() -> None:
    assert ask("2.0.0.127.ip.bl.example", use_edns=0, payload=4096).payload == 1232
    assert ask("2.0.0.127.ip.bl.example", use_edns=False).edns == -1
    assert ask("2.0.0.127.ip.bl.example", use_edns=1).rcode() == dns.rcode.BADVERS


def test_what_does_not_fit_a_datagram_comes_over_tcp() -> None:
    rows, long = MemoryRows(), ".".join(["a" * 60] * 2 + ["b" * 60, "evil.example"])
    writer = fold(rows)
    subject = Subject(Kind.DOMAIN, "evil.example")
    writer.put(subject, listing(subject, Category.CREDENTIAL_PHISHING))
    for key, _ in list(rows.below(b"t")):
        rows.put(key, b"x" * 255)
    query = dns.message.make_query(f"{long}.domain.bl.example", "ANY", use_edns=False).to_wire()
    short = answers().answer(query, Serving(rows, bytes(4)))
    whole = answers().answer(query, Serving(rows, bytes(4)), udp=False)
    assert short is not None and whole is not None and len(whole) > 512
    cut = dns.message.from_wire(short)
    assert (str(cut.flags & 0x200), cut.answer) == ("512", []) and len(
        dns.message.from_wire(whole).answer
    ) == 2


GOOD = dns.message.make_query("7.100.51.198.ip.bl.example", "A", use_edns=0).to_wire()


@pytest.mark.parametrize(
    ("packet", "rcode"),
    [
        (GOOD[:20], dns.rcode.FORMERR),
        (GOOD[:-3], dns.rcode.FORMERR),
        (GOOD + b"\0", dns.rcode.FORMERR),
        (GOOD[:12] + b"\xc0\x0c\0\1\0\1", dns.rcode.FORMERR),  # a name that points to itself
        (GOOD[:12] + b"\x40" + GOOD[13:], dns.rcode.FORMERR),
        (GOOD[:12] + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1", dns.rcode.FORMERR),
        (GOOD[:4] + b"\0\2" + GOOD[6:], dns.rcode.FORMERR),
        (GOOD[:6] + b"\0\1" + GOOD[8:], dns.rcode.FORMERR),
        (GOOD[:2] + b"\x28\0" + GOOD[4:], dns.rcode.NOTIMP),  # UPDATE
    ],
)
def test_a_broken_packet_is_refused_and_counted(packet: bytes, rcode: int) -> None:
    server = answers()
    reply = server.answer(packet, Serving(ROWS, bytes(4)))
    assert reply is not None and reply[:2] == packet[:2] and reply[3] & 15 == rcode
    assert server.counts["malformed"] == 1


@pytest.mark.parametrize("packet", [b"", GOOD[:11], GOOD[:2] + b"\x80" + GOOD[3:]])
def test_answers_and_scraps_are_met_with_silence(packet: bytes) -> None:
    server = answers()
    assert server.answer(packet, Serving(ROWS, bytes(4))) is None and server.counts["malformed"] == 1


@given(st.binary(max_size=300))
def test_any_bytes_get_silence_or_an_answer_with_their_id(packet: bytes) -> None:
    reply = answers().answer(packet, Serving(ROWS, bytes(4)))
    assert reply is None or (reply[:2] == packet[:2] and reply[2] & 0x80)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.randoms())
def test_a_changed_question_gets_an_answer_that_can_be_read(
    at: int, value: int, chance: random.Random
) -> None:
    packet = bytearray(GOOD)
    packet[at] = value
    packet[chance.randrange(len(packet))] ^= 1 << chance.randrange(8)
    reply = answers().answer(bytes(packet), Serving(ROWS, bytes(4)))
    if reply is not None and reply[3] & 15 not in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
        dns.message.from_wire(reply)


@given(
    st.randoms(use_true_random=False),
    st.sampled_from(["A", "TXT", "AAAA"]),
    st.sampled_from([None, 512, 1232, 1233, 4096]),
    st.booleans(),
)
def test_what_is_answered_at_once_is_what_a_closer_look_answers(
    chance: random.Random, rrtype: str, payload: int | None, do: bool
) -> None:
    zone = chance.choice(("ip", "domain", "url", "other"))
    names = [
        "7.100.51.198",
        "9.113.0.203",
        "8.113.0.203",
        "evil.example",
        "a.evil.example",
        "good.evil.example",
        "example",
        "test",
        "x.y",
    ]
    more = {"use_edns": False} if payload is None else {"use_edns": 0, "payload": payload, "want_dnssec": do}
    query = dns.message.make_query(f"{chance.choice(names)}.{zone}.bl.example", rrtype, **more).to_wire()
    server, serving = answers(), Serving(ROWS, bytes(4))
    slowly = server._reply(query, read_question(query), serving, True)
    assert server._at_once(query, serving) in (None, slowly)
    assert server.answer(query, serving) == slowly

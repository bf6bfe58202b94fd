"""The response policy zone: what it says of each name, and what differs between its versions."""

from __future__ import annotations

import random
from collections.abc import Iterator

import dns.message
import dns.name
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.publish.dnsbl.made import a_subject, fold, listing

from mailrisk.model.subject import Kind, Subject
from mailrisk.publish.dnsbl.rows import Rows, reversed_name
from mailrisk.publish.rpz import journal
from mailrisk.publish.rpz.journal import State, read_state
from mailrisk.publish.rpz.records import BLOCK, PASS, all_records, ip_owner
from mailrisk.publish.rpz.transfer import AXFR, policy_zone, since, whole

ZONE = policy_zone("rpz.example", "ns.example", "host.example")
ORIGIN = dns.name.from_text("rpz.example")


def changes(chance: random.Random, writer: object, count: int) -> None:
    for _ in range(count):
        subject = a_subject(chance)
        match chance.randrange(5):
            case 0:
                writer.exempt(subject)  # type: ignore[attr-defined]
            case 1 | 2:
                writer.drop(subject)  # type: ignore[attr-defined]
            case _:
                writer.put(subject, listing(subject))  # type: ignore[attr-defined]


def as_resolvers_do(records: dict[bytes, bytes], name: str) -> bytes | None:
    """What a zone of these records says of a name: itself, or the wildcard at the closest name that exists (RFC 4592)."""
    labels = [bytes([len(label)]) + label.encode() for label in name.split(".")]
    exact = b"".join(labels)
    if exact in records:
        return records[exact]
    for at in range(1, len(labels) + 1):
        parent = b"".join(labels[at:])
        if any(owner == parent or owner.endswith(parent) for owner in records):
            return records.get(b"\1*" + parent)
    return None


def as_the_index_does(rows: Rows, name: str) -> bytes | None:
    """The rule of the host itself, else that of its registrable domain."""
    raw = rows.get(b"h" + reversed_name(name))
    if raw is None:
        raw = rows.get(b"d" + reversed_name(".".join(name.split(".")[-2:])))
    return None if raw is None else (PASS if raw == b"\0" else BLOCK)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_resolver_blocks_exactly_what_a_look_up_by_name_lists(seed: int) -> None:
    chance, writer = random.Random(seed), fold()
    changes(chance, writer, 60)
    records = dict(all_records(writer.rows))
    for domain in (f"d{number}.{suffix}" for number in range(20) for suffix in ("example", "test")):
        for host in ("", "www.", "b.", "a.b.", "x.a.b.", "y.x.a.b.", "z.www.", "c.b."):
            name = host + domain
            assert as_resolvers_do(records, name) == as_the_index_does(writer.rows, name), name


def read_zone(
    messages: Iterator[bytes], zone: dns.zone.Zone, rrtype: dns.rdatatype.RdataType, serial: int = 0
) -> None:
    """Lets dnspython apply a transfer."""
    with dns.xfr.Inbound(zone, rrtype, serial) as inbound:
        done = [
            inbound.process_message(
                dns.message.from_wire(one, xfr=True, origin=ORIGIN, one_rr_per_rrset=rrtype == 251)
            )
            for one in messages
        ]
        assert done[-1] and not any(done[:-1])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_an_increment_makes_the_zone_that_a_whole_transfer_gives(seed: int) -> None:
    chance, writer = random.Random(seed), fold(triggers=True)
    writer.clear()
    changes(chance, writer, 40)
    writer.settle("e", 40, started=True)
    follower = dns.zone.Zone(ORIGIN)
    read_zone(whole(ZONE, writer.rows, AXFR, b"\0\1"), follower, dns.rdatatype.AXFR)
    for seq in (60, 80, 120):
        serial = read_state(writer.rows).serial
        for step in range(chance.randrange(1, 3)):
            changes(chance, writer, 15)
            writer.settle("e", seq + step, started=False)
        if read_state(writer.rows).serial != serial:
            read_zone(since(ZONE, writer.rows, serial, b"\0\2"), follower, dns.rdatatype.IXFR, serial)
        fresh = dns.zone.Zone(ORIGIN)
        read_zone(whole(ZONE, writer.rows, AXFR, b"\0\3"), fresh, dns.rdatatype.AXFR)
        assert follower == fresh


HOST = Subject(Kind.HOST, "www.evil.example")


def test_what_changes_no_record_makes_no_version() -> None:
    writer = fold()
    writer.put(HOST, listing(HOST))
    writer.settle("e", 1, started=True)
    serial = read_state(writer.rows).serial
    page = Subject(Kind.URL, "page.example/a")
    writer.put(page, listing(page))
    writer.put(HOST, listing(HOST))
    writer.settle("e", 5, started=False)
    assert read_state(writer.rows).serial == serial == writer.now_s
    writer.drop(HOST)
    writer.settle("e", 9, started=False)
    assert read_state(writer.rows).serial > serial


def test_the_serial_grows_also_when_the_numbers_begin_again() -> None:
    writer, serials = fold(), []
    for epoch, seq in (("a", 500), ("b", 3), ("c", 900)):
        writer.clear()
        writer.put(HOST, listing(HOST))
        writer.settle(epoch, seq, started=True)
        serials.append(read_state(writer.rows).serial)
    assert serials == sorted(set(serials))


def test_a_serial_that_is_too_old_or_unknown_gets_the_whole_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_KEPT", 6)
    writer = fold()
    writer.settle("e", 1, started=True)
    first = read_state(writer.rows).serial
    for seq in range(2, 12):
        subject = Subject(Kind.DOMAIN, f"evil{seq}.example")
        writer.put(subject, listing(subject))
        writer.settle("e", seq, started=False)
    state = read_state(writer.rows)
    assert state.kept <= 6 and state.version_of(first) is None and state.version_of(state.serial + 5) is None
    assert state.version_of(state.serial - 1) == 10
    follower = dns.zone.Zone(ORIGIN)
    read_zone(since(ZONE, writer.rows, first, b"\0\1"), follower, dns.rdatatype.IXFR, first)
    assert len(follower.nodes) == 21


def test_a_flood_of_changes_is_not_journalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_DIFFERENCES", 20)
    writer = fold()
    writer.settle("e", 1, started=True)
    serial = read_state(writer.rows).serial
    for number in range(30):
        subject = Subject(Kind.DOMAIN, f"evil{number}.example")
        writer.put(subject, listing(subject))
    writer.settle("e", 31, started=False)
    state = read_state(writer.rows)
    assert (
        state.serial > serial
        and state.version_of(serial) is None
        and len(dict(all_records(writer.rows))) == 60
    )


def test_serials_wrap_around() -> None:
    state = State(version=2**32 + 10, offset=2**32 - 5, oldest=2**32 - 100)
    assert state.serial == 5 and state.version_of(2**32 - 1) == 2**32 + 4 and state.version_of(6) is None


@pytest.mark.parametrize(
    ("network", "owner"),
    [
        ("198.51.100.7/32", "32.7.100.51.198.rpz-ip"),
        ("198.51.100.0/24", "24.0.100.51.198.rpz-ip"),
        ("2001:db8::/48", "48.zz.db8.2001.rpz-ip"),
        ("2001:db8::7/128", "128.7.zz.db8.2001.rpz-ip"),
        ("2001:db8:1:2:3:4:5:6/128", "128.6.5.4.3.2.1.db8.2001.rpz-ip"),
    ],
)
def test_an_address_is_a_trigger_by_its_reversed_parts(network: str, owner: str) -> None:
    from mailrisk.publish.dnsbl.rows import key_of

    key = key_of(Subject(Kind.NETWORK, network))
    assert key is not None
    assert dns.name.from_wire(ip_owner(key) + b"\0", 0)[0].to_text(omit_final_dot=True) == owner

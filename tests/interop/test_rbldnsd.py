"""rbldnsd from our files and our own server give the same answers to the same questions."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import dns.message
import dns.rcode
import pytest
from tests.interop.dns_servers import ask, free_port, open_folder, rbldnsd, texts
from tests.publish.dnsbl.made import Made, made

from mailrisk.publish.dnsbl.answer import Answers, Serving
from mailrisk.publish.dnsbl.data_files import FILES, Head, data_file
from mailrisk.publish.dnsbl.zones import Zone
from mailrisk.service.zone_files import write_whole

ZONES = {kind: f"{kind}.mailrisk.internal" for kind in ("ip", "domain", "url")}


@pytest.fixture(scope="module")
def lists() -> Made:
    return made(random.Random(7), 400)


@pytest.fixture(scope="module")
def port(lists: Made) -> Iterator[int]:
    with open_folder() as folder:
        files, free = folder / "rbl", free_port()
        files.mkdir(mode=0o755)
        head = Head(
            nameserver="ns.mailrisk.internal", contact="hostmaster.mailrisk.internal", serial=7, written_at=datetime.now(UTC)
        )  # fmt: skip
        for name in FILES:
            write_whole(files / name, data_file(name, lists.rows, head))
        with rbldnsd(files, folder, free):
            yield free


def questions(lists: Made, count: int) -> list[str]:
    """Names of listed and unlisted indicators, and of their neighbours."""
    chance = random.Random(11)
    names = []
    for _ in range(count):
        kind = chance.choice(("ip", "ip", "domain", "domain", "url"))
        names.append(f"{lists.question(kind, chance)}.{ZONES[kind]}")
    return names


def listed(answer: dns.message.Message) -> tuple[bool, list[str]]:
    return answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), texts(answer)


def test_rbldnsd_and_we_answer_alike(lists: Made, port: int) -> None:
    answers = Answers(
        tuple(Zone(name, kind) for kind, name in ZONES.items()), "ns.mailrisk.internal", "h.example"
    )
    serving, hits = Serving(lists.rows, bytes(4)), 0
    for name in questions(lists, 500):
        for rrtype in ("A", "TXT"):
            theirs = ask(port, name, rrtype)
            wire = answers.answer(dns.message.make_query(name, rrtype).to_wire(), serving)
            assert wire is not None
            ours = dns.message.from_wire(wire)
            assert listed(ours) == listed(theirs), (name, rrtype)
            hits += bool(ours.answer)
    assert 200 < hits < 900


@pytest.mark.parametrize(
    "name",
    ["2.0.0.127.ip", "1.0.0.127.ip", "test.domain", "invalid.domain", "test.url", "invalid.url"]
    + [".".join(reversed(ipaddress.ip_address(text).exploded.replace(":", ""))) + ".ip" for text in ("::ffff:7f00:2", "::ffff:7f00:1")],
)  # fmt: skip
def test_the_entries_of_rfc_5782_stand_in_both(lists: Made, port: int, name: str) -> None:
    answers = Answers(
        tuple(Zone(one, kind) for kind, one in ZONES.items()), "ns.mailrisk.internal", "h.example"
    )
    full = f"{name}.mailrisk.internal"
    wire = answers.answer(dns.message.make_query(full, "A").to_wire(), Serving(lists.rows, bytes(4)))
    assert wire is not None
    expected = ["A 127.0.0.2"] if name.startswith(("2.", "test")) else []
    assert texts(dns.message.from_wire(wire)) == texts(ask(port, full)) == expected

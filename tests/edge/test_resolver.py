"""The DNS resolver against a real server on loopback, one that is silent, and none."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailrisk.edge.resolver import DnsResolver, NoNetwork, RecordedResolver, Resolver
from mailrisk.model.facts import Fact, FactKey

RECORDS = {
    ("txt.example.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("a.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("a.example.", "AAAA"): ["2001:db8::1"],
    ("mx.example.", "MX"): ["10 Mail.Example.", "20 b.example."],
    ("null.example.", "MX"): ["0 ."],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["host.example."],
    ("alias.example.", "CNAME"): ["a.example."],
    ("nodata.example.", "A"): [],
}


class Server:
    """A DNS server for the records above on a port of the system's choice."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.02)
        self._stopped = threading.Event()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                wire, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self._answer(dns.message.from_wire(wire))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, rrtype = question.name.to_text().lower(), question.rdtype.name
        self.questions.append((name, rrtype))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name == "silent.example.":
            return None
        if name == "broken.example.":
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        target = RECORDS.get((name, "CNAME"))
        if target:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *target))
            name = target[0]
        values = RECORDS.get((name, rrtype))
        if values:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", rrtype, *values))
        elif not any(known == name for known, _ in RECORDS):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def ask(server: Server, *questions: tuple[str, str], times: int = 1, **options: float) -> list[Fact]:
    """The answers to questions asked at the same time, asked over again ``times`` times."""

    async def work() -> list[Fact]:
        resolver: Resolver = DnsResolver(["127.0.0.1"], port=server.port, **options)  # type: ignore[arg-type]
        facts: list[Fact] = []
        for _ in range(times):
            facts = list(await asyncio.gather(*(resolver.lookup(FactKey("dns", *key)) for key in questions)))
        return facts

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("name", "rrtype", "fact"),
    [
        ("txt.example", "TXT", Fact("found", (b"v=spf1 -all", b"other"))),
        ("a.example", "A", Fact("found", ("192.0.2.1", "192.0.2.2"))),
        ("a.example", "AAAA", Fact("found", ("2001:db8::1",))),
        ("mx.example", "MX", Fact("found", ((10, "mail.example"), (20, "b.example")))),
        ("1.2.0.192.in-addr.arpa", "PTR", Fact("found", ("host.example",))),
        ("alias.example", "A", Fact("found", ("192.0.2.1", "192.0.2.2"))),
        ("nodata.example", "A", Fact("absent", "nodata")),
        ("a.example", "MX", Fact("absent", "nodata")),
        ("no.such.example", "A", Fact("absent", "nxdomain")),
        ("broken.example", "TXT", Fact("temperror", "NoNameservers")),
        ("x" * 64 + ".example", "A", Fact("absent", "nxdomain")),
        ("a..example", "A", Fact("absent", "nxdomain")),
        ("a.example", "HINFO", Fact("not-checked")),
    ],
)
def test_answers_have_the_form_of_facts(server: Server, name: str, rrtype: str, fact: Fact) -> None:
    (answer,) = ask(server, (name, rrtype))
    assert (answer.status, answer.value if fact.status == "temperror" or not isinstance(answer.value, tuple) else set(answer.value)) == (
        fact.status, set(fact.value) if isinstance(fact.value, tuple) else fact.value,
    )  # fmt: skip


def test_a_null_mx_is_an_empty_host(server: Server) -> None:
    assert ask(server, ("null.example", "MX")) == [Fact("found", ((0, ""),))]


def test_a_server_that_never_answers_is_a_temporary_error(server: Server) -> None:
    assert ask(server, ("silent.example", "TXT"), timeout_s=0.2) == [Fact("temperror", "timeout")]


def test_a_server_that_is_not_there_is_a_temporary_error(server: Server) -> None:
    server.close()
    (fact,) = ask(server, ("a.example", "A"), timeout_s=0.3)
    assert fact.status == "temperror"


def test_answers_and_failures_are_kept(server: Server) -> None:
    questions = [("a.example", "A"), ("no.such.example", "A"), ("broken.example", "TXT")]
    ask(server, *questions, times=3)
    assert all(server.questions.count((f"{name}.", rrtype)) == 1 for name, rrtype in questions[:2])


def test_one_question_asked_by_many_at_once_is_asked_once(server: Server) -> None:
    ask(server, *[("a.example", "A")] * 20)
    assert len(server.questions) == 1


def test_answers_are_forgotten_when_their_time_is_over(server: Server) -> None:
    clock = [0.0]

    async def work() -> None:
        resolver = DnsResolver(["127.0.0.1"], port=server.port, now=lambda: clock[0])
        await resolver.lookup(FactKey("dns", "a.example", "A"))
        clock[0] = 59.0
        await resolver.lookup(FactKey("dns", "a.example", "A"))
        assert len(server.questions) == 1
        clock[0] = 61.0
        await resolver.lookup(FactKey("dns", "a.example", "A"))
        assert len(server.questions) == 2

    asyncio.run(work())


def test_the_cache_is_bounded(server: Server) -> None:
    ask(server, ("a.example", "A"), ("mx.example", "MX"), ("txt.example", "TXT"), times=2, cache_size=1)
    assert len(server.questions) > 3


def test_no_network_answers_nothing_and_recorded_answers_what_was_recorded() -> None:
    key = FactKey("dns", "a.example", "A")
    recorded = RecordedResolver({key: Fact("found", ("192.0.2.1",))})
    assert asyncio.run(NoNetwork().lookup(key)) == Fact("not-checked")
    assert asyncio.run(recorded.lookup(key)).value == ("192.0.2.1",)
    assert asyncio.run(recorded.lookup(FactKey("dns", "b.example", "A"))).status == "absent"
    assert len(recorded.asked) == 2

"""Datagrams many at a time, and one by one where a system cannot: both the same."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailrisk.listen.dns.datagrams import AT_ONCE, Datagrams, ManyAtOnce, OneByOne, datagrams
from mailrisk.publish.dnsbl.question import MAX_QUERY


def many_at_once(udp: socket.socket) -> ManyAtOnce:
    return ManyAtOnce(udp, ctypes.CDLL(None, use_errno=True))


KINDS = pytest.mark.parametrize("kind", [many_at_once, OneByOne])
Kind = Callable[[socket.socket], Datagrams]


@contextmanager
def pair(kind: Kind, host: str = "127.0.0.1") -> Iterator[tuple[Datagrams, socket.socket, socket.socket]]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as server,
        socket.socket(family, socket.SOCK_DGRAM) as one,
        socket.socket(family, socket.SOCK_DGRAM) as other,
    ):
        server.bind((host, 0))
        server.setblocking(False)
        for asker in (one, other):
            asker.connect(server.getsockname())
            asker.settimeout(5)
        yield kind(server), one, other


def test_this_system_takes_many_at_once() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        assert isinstance(datagrams(udp), ManyAtOnce)


@KINDS
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_asker_gets_the_answer_to_his_own_question(kind: Kind, host: str) -> None:
    with pair(kind, host) as (server, one, other):
        for number in range(10):
            (one if number % 2 else other).send(b"question %d" % number)
        queries = server.receive()
        assert server.send([query.replace(b"question", b"answer") for query in queries]) == 0
        assert [one.recv(99) for _ in range(5)] == [b"answer %d" % number for number in range(1, 10, 2)]
        assert [other.recv(99) for _ in range(5)] == [b"answer %d" % number for number in range(0, 10, 2)]


@KINDS
def test_who_gets_no_answer_gets_no_other_ones(kind: Kind) -> None:
    with pair(kind) as (server, one, other):
        one.send(b"silence")
        other.send(b"hello")
        one.send(b"")
        assert server.send([b"hi" if query == b"hello" else None for query in server.receive()]) == 0
        assert other.recv(99) == b"hi"
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(99)


@KINDS
def test_nothing_there_is_nothing_and_no_more_than_a_share_is_taken(kind: Kind) -> None:
    with pair(kind) as (server, one, _):
        assert server.receive() == [] and server.send([]) == 0
        for number in range(AT_ONCE + 3):
            one.send(b"%d" % number)
        assert [len(server.receive()) for _ in range(3)] == [AT_ONCE, 3, 0]


@KINDS
def test_what_is_too_long_is_cut_and_seen_to_be(kind: Kind) -> None:
    with pair(kind) as (server, one, _):
        one.send(b"x" * 9_000)
        one.send(b"short")
        assert [len(query) for query in server.receive()] == [MAX_QUERY + 1, 5]


@KINDS
def test_an_answer_that_cannot_be_sent_is_counted_and_the_others_go_out(kind: Kind) -> None:
    with pair(kind) as (server, one, _):
        for number in range(3):
            one.send(b"%d" % number)
        server.receive()
        assert server.send([b"first", b"x" * 70_000, b"third"]) == 1
        assert [one.recv(99), one.recv(99)] == [b"first", b"third"]


def test_an_answer_that_the_kernel_refuses_does_not_hold_up_the_next() -> None:
    with pair(many_at_once) as (server, one, _):
        for number in range(3):
            one.send(b"%d" % number)
        assert isinstance(server, ManyAtOnce) and len(server.receive()) == 3
        server._written[34] = server._written[35] = (
            b"\0"  # The second one's port: nobody can be sent anything there.
        )
        assert server.send([b"first", b"second", b"third"]) == 1
        assert [one.recv(99), one.recv(99)] == [b"first", b"third"]

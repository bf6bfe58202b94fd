"""The milter protocol without a socket: packets in any pieces, forged headers, hostile lengths, bounded memory."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.listen.milter import session as session_module
from mailrisk.listen.milter import wire
from mailrisk.listen.milter.session import Session
from mailrisk.model.errors import BadInput
from mailrisk.service.mail_gate import Handled, Letter

OFFER = wire.pack(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
HEADERS = [
    ("From", " a@sender.example"),
    ("X-Mailrisk", " clean"),
    ("Subject", " two\n\tlines"),
    ("x-mailrisk", " clean again"),
    ("Authentication-Results", " MX.example.org; spf=pass"),
    ("Authentication-Results", " other.example; spf=pass"),
]


def conversation(body: bytes = b"hello\r\n") -> bytes:
    head = [
        OFFER,
        wire.pack(b"C", b"client.example\x004" + struct.pack(">H", 4711) + b"198.51.100.7\0"),
        wire.pack(b"H", b"mx.sender.example\0"),
        wire.pack(b"D", b"M{auth_authen}\0anna@example.org\0i\x004F1\0"),
        wire.pack(b"M", b"<a@sender.example>\0SIZE=9\0"),
        wire.pack(b"R", b"<bob@example.net>\0"),
        wire.pack(b"T"),
    ]
    lines = [wire.pack(b"L", f"{name}\0{value}\0".encode()) for name, value in HEADERS]
    return b"".join((*head, *lines, wire.pack(b"N"), wire.pack(b"B", body), wire.pack(b"E")))


def session(most: int = 10_000) -> tuple[Session, list[int]]:
    held: list[int] = []

    def hold(length: int) -> bool:
        held.append(length)
        return True

    return Session(most, hold, "mx.example.org"), held


def letters(one: Session, pieces: list[bytes]) -> list[Letter]:
    return [out for piece in pieces for out in one.receive(piece) if isinstance(out, Letter)]


def test_the_message_and_its_envelope_come_out_without_what_was_forged() -> None:
    one, _ = session()
    (letter,) = letters(one, [conversation()])
    assert letter.raw == (
        b"From: a@sender.example\r\nSubject: two\r\n\tlines\r\n"
        b"Authentication-Results: other.example; spf=pass\r\n\r\nhello\r\n"
    )
    assert (letter.client_ip, letter.helo) == ("198.51.100.7", "mx.sender.example")
    assert (letter.mail_from, letter.rcpt_to) == ("<a@sender.example>", ["<bob@example.net>"])
    assert (letter.account, letter.queue_id) == ("anna@example.org", "4F1")


@given(st.lists(st.integers(1, 60), max_size=40))
def test_pieces_of_any_size_say_the_same(cuts: list[int]) -> None:
    raw, pieces = conversation(), []
    for length in cuts:
        pieces.append(raw[:length])
        raw = raw[length:]
    one, _ = session()
    assert letters(one, [*pieces, raw]) == letters(session()[0], [conversation()])


def test_forged_headers_are_removed_by_their_numbers_the_last_one_first() -> None:
    one, _ = session()
    letters(one, [conversation()])
    answer = one.answer(Handled(action="accept", header="clean; score=1", results="mx.example.org; none"))
    said = [(command, data) for command, data in wire.packets(bytearray(answer))]
    assert said == [
        (b"m", struct.pack(">I", 1) + b"Authentication-Results\0\0"),
        (b"m", struct.pack(">I", 2) + b"x-mailrisk\0\0"),
        (b"m", struct.pack(">I", 1) + b"X-Mailrisk\0\0"),
        (b"i", struct.pack(">I", 0) + b"Authentication-Results\0 mx.example.org; none\0"),
        (b"h", b"X-Mailrisk\0 clean; score=1\0"),
        (b"c", b""),
    ]


def test_steps_that_the_server_wants_answered_are_answered() -> None:
    one, _ = session()
    offer = wire.pack(b"O", struct.pack(">III", 2, 0x3F, 0))
    out = list(
        one.receive(offer + wire.pack(b"M", b"<>\0") + wire.pack(b"L", b"Subject\0x\0") + wire.pack(b"E"))
    )
    assert out[0] == wire.pack(b"O", struct.pack(">III", 2, 0x31, 0))
    assert out[1:3] == [wire.pack(b"c")] * 2
    assert isinstance(out[3], Letter) and out[3].raw == b"Subject: x\r\n\r\n"


def test_a_message_over_the_limit_is_not_kept_and_says_so() -> None:
    one, held = session(most=300)
    (letter,) = letters(one, [conversation(b"x" * 500)])
    assert letter.too_large and letter.raw == b""
    one.forget()
    assert sum(held) == 0 and max(held) <= 300


def test_an_aborted_message_is_forgotten_and_the_next_one_stands_alone() -> None:
    one, held = session()
    aborted = conversation().removesuffix(wire.pack(b"E")) + wire.pack(b"A")
    second = wire.pack(b"M", b"<b@sender.example>\0") + wire.pack(b"B", b"second") + wire.pack(b"E")
    (letter,) = letters(one, [aborted, second])
    assert letter.raw == b"\r\nsecond" and letter.mail_from == "<b@sender.example>"
    one.forget()
    assert sum(held) == 0


@pytest.mark.parametrize(
    "raw",
    [b"\0\0\0\0", b"\xff\xff\xff\xffO", wire.pack(b"!"), wire.pack(b"O", b"\0\0"), b"GET / HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_milter_protocol_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        letters(session()[0], [raw])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        letters(session()[0], [OFFER + wire.pack(b"D", raw[:20]) + raw])


def test_line_ends_of_a_name_cannot_make_a_second_header() -> None:
    assert b"\n" not in wire.add_header("X-Mailrisk", "clean\r\nX-Evil: 1")


def test_what_is_forged_behind_ten_thousand_headers_or_a_full_memory_is_taken_out_all_the_same() -> None:
    for count, most in ((session_module.MAX_HEADERS + 1, 10_000_000), (10, 20)):
        one, _ = session(most)
        many = wire.pack(b"L", b"a\0b\0") * count
        forged = wire.pack(b"L", b"X-Mailrisk \0 clean; score=0\0")
        (letter,) = letters(one, [OFFER, many, forged, wire.pack(b"E")])
        assert letter.too_large == (most == 20)
        answer = one.answer(Handled(action="accept", header="unknown; error=too-large"))
        assert wire.Packet(b"m", struct.pack(">I", 1) + b"X-Mailrisk\0\0") in wire.packets(bytearray(answer))


def test_whoever_forges_more_headers_than_we_take_out_is_refused() -> None:
    one, _ = session()
    forged = wire.pack(b"L", b"X-Mailrisk\0clean\0") * (session_module.MAX_FORGED + 1)
    letters(one, [OFFER, forged, wire.pack(b"E")])
    (packet,) = wire.packets(bytearray(one.answer(Handled(action="accept", header="clean"))))
    assert packet.command == b"y" and packet.data.startswith(b"550 ")


def test_addresses_without_end_are_not_kept() -> None:
    one, _ = session()
    long = b"a" * 1_000_000 + b"\0"
    (letter,) = letters(one, [OFFER, wire.pack(b"M", long), wire.pack(b"R", long) * 20, wire.pack(b"E")])
    assert sum(map(len, [letter.mail_from, *letter.rcpt_to])) == 21 * session_module.MAX_ADDRESS


def test_a_new_body_goes_out_in_pieces_if_the_server_lets_us_and_else_the_header_says_so() -> None:
    body = bytes(range(256)) * 600
    handled = Handled(action="accept", header="x", body=body, rewritten="3")
    for offered, rewrites in ((0x1FF, True), (0x1FD, True), (0x1FF, False)):
        one = Session(10_000, lambda _: True, rewrites=rewrites)
        offer = wire.pack(b"O", struct.pack(">III", 6, offered, 0x1FFFFF))
        said = b"".join(out for out in one.receive(offer) if isinstance(out, bytes))
        allowed = bool(struct.unpack(">III", said[5:17])[1] & wire.CHANGE_BODY)
        assert allowed == (offered == 0x1FF and rewrites)
        packets = list(wire.packets(bytearray(one.answer(handled))))
        assert packets[-1].command == wire.CONTINUE
        sent = [packet.data for packet in packets if packet.command == b"b"]
        headers = [packet.data for packet in packets if packet.command == b"h"]
        words = b" 3\0" if allowed else b" 0; error=not-offered\0"
        assert b"".join(sent) == (body if allowed else b"") and all(len(piece) <= 65_535 for piece in sent)
        assert headers[-1] == b"X-Mailrisk-Rewritten\0" + words


def test_where_the_body_begins_is_what_the_server_says() -> None:
    one, _ = session()
    (letter,) = letters(one, [conversation()])
    assert letter.raw[letter.body_at :] == b"hello\r\n"

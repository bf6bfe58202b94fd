"""One connection of a mail server: packets in, answers and whole messages out. No socket here.

    connect -> helo -> mail -> rcpt ... -> header ... -> body ... -> end of message -> mail ...

A message begins with ``M`` and ends with ``E``, or with ``A`` (aborted). Several follow one another. What comes out of
order is taken as it comes: missing parts of the envelope are ''.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from mailrisk.listen.milter import wire
from mailrisk.model.errors import BadInput
from mailrisk.service.mail_gate import Handled, Letter
from mailrisk.service.rewrite import HEADER

OURS: Final = b"x-mailrisk"
"""Incoming headers whose names begin so are forged: only we write them."""

MAX_RECIPIENTS: Final = 1_000
MAX_MACRO: Final = 1_000
MAX_HEADERS: Final = 10_000
"""Headers of one message that are judged; more of them must not keep the rest of it from being judged."""

MAX_FORGED: Final = 100
"""Forged headers that are taken out of one message; whoever sends more of them is refused."""

MAX_ADDRESS: Final = 4_096
"""Bytes that are kept of an address of the envelope."""

_RESULTS: Final = b"authentication-results"


class Arriving(msgspec.Struct):
    """A message on its way."""

    mail_from: bytes = b""
    recipients: list[bytes] = []
    headers: list[tuple[bytes, bytes]] = []
    body: list[bytes] = []
    size: int = 0
    too_large: bool = False
    numbers: dict[bytes, int] = {}  # how many headers there were of the names that may be forged
    # Name and number of each forged one, also where nothing else is kept.
    forged: list[tuple[bytes, int]] = []


class Session:
    """``hold`` is asked before bytes are kept and told (a negative number) when they are not any more."""

    def __init__(
        self, max_bytes: int, hold: Callable[[int], bool], authserv_id: str = "", *, rewrites: bool = False
    ) -> None:
        """``rewrites``: bodies may be changed, if the mail server lets us."""
        self._wanted = wire.CHANGES | (wire.CHANGE_BODY if rewrites else 0)
        self._max_bytes = max_bytes
        self._hold = hold
        self._authserv_id = authserv_id.lower().encode()
        self._buffer = bytearray()
        self._options = wire.Options(wire.VERSION, 0, 0)
        self._client_ip = self._helo = ""
        self._macros: dict[bytes, bytes] = {}
        self._arriving = Arriving()
        self.ended = False

    def receive(self, data: bytes) -> Iterator[bytes | Letter]:
        """Answers to send, and messages to judge. BadInput: this is no milter protocol."""
        self._buffer += data
        for packet in wire.packets(self._buffer):
            yield from self._take(packet)

    def _take(self, packet: wire.Packet) -> Iterator[bytes | Letter]:
        command, data = packet
        match command:
            case b"O":
                self._options = wire.negotiate(data, self._wanted)
                yield wire.options_packet(self._options)
            case b"D":
                self._note_macros(data)
            case b"A":
                self.forget()
            case b"Q" | b"K":
                self.forget()
                self._client_ip = self._helo = ""
                self._macros.clear()
                self.ended = command == b"Q"
            case b"E":
                self._keep_body(data)
                yield self._letter()
            case b"C" | b"H" | b"M" | b"R" | b"T" | b"U" | b"L" | b"N" | b"B":
                self._note(command, data)
                if not self._options.steps & wire.NO_REPLY[command]:
                    yield wire.pack(wire.CONTINUE)
            case _:
                raise BadInput("packet", f"no such command: {command!r}")

    def _note(self, command: bytes, data: bytes) -> None:
        first = next(iter(wire.strings(data)), b"")
        match command:
            case b"C":
                self._client_ip, self._helo = wire.client_address(data), ""
            case b"H":
                self._helo = first[:MAX_MACRO].decode("utf-8", "replace")
            case b"M":
                self.forget()
                self._arriving.mail_from = first[:MAX_ADDRESS]
            case b"R" if len(self._arriving.recipients) < MAX_RECIPIENTS:
                self._arriving.recipients.append(first[:MAX_ADDRESS])
            case b"L":
                name, _, value = data.removesuffix(b"\0").partition(b"\0")
                self._keep_header(name, value)
            case b"B":
                self._keep_body(data)

    def _note_macros(self, data: bytes) -> None:
        """``D``: the step, then names and values in turn. Those of a step replace the earlier ones of their names."""
        pairs = wire.strings(data[1:])
        for name, value in zip(pairs[::2], pairs[1::2], strict=False):
            if len(value) <= MAX_MACRO and len(self._macros) < 100:
                self._macros[name.strip(b"{}")] = value
        if data[:1] == b"M" and b"auth_authen" not in pairs and b"{auth_authen}" not in pairs:
            self._macros.pop(b"auth_authen", None)

    def _keep_header(self, name: bytes, value: bytes) -> None:
        arriving = self._arriving
        self._note_forged(name.strip(), value)
        if len(arriving.headers) >= MAX_HEADERS:
            return
        if self._room(len(name) + len(value)):
            arriving.headers.append((name, value))
        else:
            arriving.too_large = True

    def _note_forged(self, name: bytes, value: bytes) -> None:
        """What is forged is known also of a message that is too large to be kept: it is taken out all the same."""
        arriving, lower = self._arriving, name.lower()
        if len(arriving.forged) > MAX_FORGED or not (lower.startswith(OURS) or lower == _RESULTS):
            return
        number = arriving.numbers[lower] = arriving.numbers.get(lower, 0) + 1
        if self._is_forged(name, value):
            arriving.forged.append((name, number))

    def _keep_body(self, data: bytes) -> None:
        if not data:
            return
        if self._room(len(data)):
            self._arriving.body.append(data)
        else:
            self._arriving.too_large = True
            self._arriving.body.clear()

    def _room(self, length: int) -> bool:
        arriving = self._arriving
        if arriving.too_large or arriving.size + length > self._max_bytes or not self._hold(length):
            return False
        arriving.size += length
        return True

    def forget(self) -> None:
        """The message under way is over."""
        self._hold(-self._arriving.size)
        self._arriving = Arriving()

    def _letter(self) -> Letter:
        """The message as the analysis reads it, without headers that others wrote in our name."""
        arriving = self._arriving
        space = b"" if self._options.steps & wire.LEADING_SPACE else b" "
        lines = [
            name + b":" + space + value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n"
            for name, value in arriving.headers
            if not self._is_forged(name, value)
        ]
        return Letter(
            raw=b"" if arriving.too_large else b"".join((*lines, b"\r\n", *arriving.body)),
            size=arriving.size,
            body_at=0 if arriving.too_large else sum(map(len, lines)) + 2,
            client_ip=self._client_ip,
            helo=self._helo,
            mail_from=arriving.mail_from.decode("utf-8", "replace"),
            rcpt_to=[one.decode("utf-8", "replace") for one in arriving.recipients],
            account=self._macro(b"auth_authen"),
            queue_id=self._macro(b"i"),
            host=self._macro(b"j"),
            too_large=arriving.too_large,
        )

    def _macro(self, name: bytes) -> str:
        return self._macros.get(name, b"").decode("utf-8", "replace")

    def _is_forged(self, name: bytes, value: bytes) -> bool:
        lower = name.strip().lower()
        if lower.startswith(OURS):
            return True
        if lower != _RESULTS or not self._authserv_id:
            return False
        said = value.split(b";", 1)[0].split()
        return bool(said) and said[0].lower().strip(b'"') == self._authserv_id

    def answer(self, handled: Handled) -> bytes:
        """The packets that end the message: what is changed, then what becomes of it."""
        if len(self._arriving.forged) > MAX_FORGED:
            return wire.reply("550 5.7.1 Message refused: too many headers in the name of our filter")
        if handled.action == "tempfail":
            return wire.reply(handled.text or "451 4.7.1 try again later")
        if handled.action == "reject":
            return wire.reply(handled.text)
        changes = self._options.changes
        out = bytearray()
        if changes & wire.CHANGE_HEADERS:
            out += b"".join(self._removals())
        if changes & wire.ADD_HEADERS:
            if handled.results:
                out += wire.insert_header("Authentication-Results", handled.results)
            out += wire.add_header("X-Mailrisk", handled.header)
            if handled.rewritten:
                allowed = changes & wire.CHANGE_BODY or not handled.body
                out += wire.add_header(HEADER, handled.rewritten if allowed else "0; error=not-offered")
        if changes & wire.CHANGE_BODY:
            out += wire.new_body(handled.body)
        if handled.action == "quarantine" and changes & wire.QUARANTINE:
            out += wire.quarantine(handled.text)
        return bytes(out + wire.pack(wire.CONTINUE))

    def _removals(self) -> list[bytes]:
        """Takes forged headers out, the last one first, so that the numbers of the others stay as they are."""
        return [wire.remove_header(name, number) for name, number in reversed(self._arriving.forged)]

"""The milter, asked as Postfix asks it: is a message with a listed link refused?"""

from __future__ import annotations

import itertools
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.publish_probes.probe import Probe, free_port

SETTINGS = '[milter]\nlisten = "127.0.0.1:{port}"\nmode = "enforce"\n'
LAST = b"yactd"  # refused, accepted, goes on, come again, discarded: what ends a message

_OFFER = struct.pack(">III", 6, 0x1FF, 0x1FFFFF)
_CLIENT = b"mx.sender.example\x004" + struct.pack(">H", 4711) + b"198.51.100.7\0"


def _packet(command: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + command + data


class MilterMessage(Probe):
    """One message after the other, each over a connection of its own; the links are known malware, which is refused."""

    name = "milter"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port, self._count = free_port(), itertools.count()

    def settings(self) -> str:
        """Enforced, so that a message is refused and not only marked."""
        return SETTINGS.format(port=self._port)

    @contextmanager
    def running(self, url: str, key: str) -> Iterator[None]:
        """A first message loads what checks messages, which is no delay of a listing."""
        self._answer("https://nobody.example/")
        yield

    def indicator(self, number: int) -> tuple[str, str]:
        """A file to be downloaded, on a site of its own."""
        return f"http://files-{number}.example/setup.exe", "malware-file"

    def blocked(self, number: int) -> bool:
        """Whether a message with the link is refused."""
        return self._answer(self.indicator(number)[0]) == b"y"

    def _answer(self, link: str) -> bytes:
        """What became of a message, as the protocol's letter."""
        once = next(self._count)
        steps = [
            _packet(b"C", _CLIENT),
            _packet(b"H", b"mx.sender.example\0"),
            _packet(b"M", b"<ann@sender.example>\0"),
            _packet(b"R", b"<bob@example.net>\0"),
            _packet(b"L", b"From\0 Ann <ann@sender.example>\0"),
            _packet(b"L", b"To\0 bob@example.net\0"),
            _packet(b"L", b"Subject\0 the update %d\0" % once),
            _packet(b"N"),
            _packet(b"B", f"Install the update now: {link}\r\n".encode()),
            _packet(b"E"),
        ]
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as line:
            said = line.makefile("rb")
            line.sendall(_packet(b"O", _OFFER))
            while said.read(int.from_bytes(said.read(4), "big"))[:1] != b"O":
                pass
            line.sendall(b"".join(steps))
            while True:
                command = said.read(int.from_bytes(said.read(4), "big"))[:1]
                if not command or command in LAST:
                    return command

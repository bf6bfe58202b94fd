"""The visit gate, asked over HTTP and over ICAP, and Web Risk's own question."""

from __future__ import annotations

import socket
from pathlib import Path

from tools.publish_probes.probe import HttpProbe, Probe, free_port

_ENFORCE = '[visits]\nmode = "enforce"\n'


class _Pages(Probe):
    """One page a round, on a site of its own."""

    def indicator(self, number: int) -> tuple[str, str]:
        """A page."""
        return f"http://{self.name}-{number}.example/login", "credential-phishing"


class VisitDecision(_Pages, HttpProbe):
    """A proxy that asks before each visit."""

    name = "visits"

    def settings(self) -> str:
        """Enforced, so that it is blocked and not only told."""
        return _ENFORCE

    def blocked(self, number: int) -> bool:
        """Whether the visit is blocked."""
        body = {"visits": [{"url": self.indicator(number)[0]}]}
        answer = self._client.post("/api/v1/visits:decide", json=body).raise_for_status().json()
        return bool(answer["results"][0]["action"] == "block")


class WebRisk(_Pages, HttpProbe):
    """A client of Google's Web Risk."""

    name = "web-risk"

    def blocked(self, number: int) -> bool:
        """Whether a threat is found."""
        asked = {"uri": self.indicator(number)[0], "threatTypes": "SOCIAL_ENGINEERING"}
        return "threat" in self._client.get("/v1/uris:search", params=asked).raise_for_status().json()


class IcapPage(_Pages):
    """A proxy that hands requests over by ICAP."""

    name = "icap"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port = free_port()

    def settings(self) -> str:
        """Its port; the gate itself is set by ``visits``."""
        return f'[icap]\nlisten = "127.0.0.1:{self._port}"\n'

    def blocked(self, number: int) -> bool:
        """Whether our page comes in place of the visit."""
        host = self.indicator(number)[0].removeprefix("http://").partition("/")[0]
        http = f"GET http://{host}/login HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        head = f"REQMOD icap://127.0.0.1/visits ICAP/1.0\r\nAllow: 204\r\nEncapsulated: req-hdr=0, null-body={len(http)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self._port), timeout=30) as line:
            line.sendall(head.encode() + http)
            return line.recv(4096).startswith(b"ICAP/1.0 200")

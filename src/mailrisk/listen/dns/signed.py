"""TSIG (RFC 8945): messages of which both sides know that the other one wrote them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

from mailrisk.model.errors import BadInput

FUDGE_S: Final = 300  # RFC 8945 §10
ALGORITHMS: Final = {
    "hmac-sha256": dns.tsig.HMAC_SHA256,
    "hmac-sha512": dns.tsig.HMAC_SHA512,
    "hmac-sha1": dns.tsig.HMAC_SHA1,
}

Keyring = Mapping[dns.name.Name, dns.tsig.Key]


def keyring_of(keys: Mapping[str, str]) -> dict[dns.name.Name, dns.tsig.Key]:
    """Keys by their names; a secret is Base64, with the algorithm before it where it is not hmac-sha256.

    BadInput: a name or a secret is none.
    """
    ring = {}
    for name, text in keys.items():
        algorithm, _, secret = text.rpartition(":")
        if algorithm and algorithm not in ALGORITHMS:
            raise BadInput("config.rpz.keys", f"{name}: no such algorithm; there are {', '.join(ALGORITHMS)}")
        try:
            owner = dns.name.from_text(name)
            key = dns.tsig.Key(owner, secret, ALGORITHMS[algorithm or "hmac-sha256"])
        except (dns.exception.DNSException, ValueError):
            raise BadInput("config.rpz.keys", f"{name}: not a name with a Base64 secret") from None
        if len(key.secret) < 16:
            raise BadInput("config.rpz.keys", f"{name}: a secret has at least 16 bytes")
        ring[owner] = key
    return ring


class Signer:
    """Signs the messages of one answer, each after the other (RFC 8945 §5.3.1)."""

    def __init__(self, key: dns.tsig.Key, request_mac: bytes, *, several: bool = False) -> None:
        self._key, self._mac, self._several = key, request_mac, several
        self._context: Any = None

    def sign(self, wire: bytes) -> bytes:
        """The message with its signature."""
        now = int(time.time())
        blank: Any = dns.rdtypes.ANY.TSIG.TSIG(  # type: ignore[no-untyped-call]
            dns.rdataclass.ANY, dns.rdatatype.TSIG, self._key.algorithm, now, FUDGE_S, b"",
            int.from_bytes(wire[:2], "big"), 0, b"",
        )  # fmt: skip
        signed: Any
        signed, self._context = dns.tsig.sign(  # type: ignore[no-untyped-call]
            wire, self._key, blank, now, self._mac, self._context, self._several
        )
        data: bytes = signed.to_wire()
        record = (
            (self._key.name.to_wire() or b"\0")
            + b"\0\xfa\0\xff\0\0\0\0"
            + len(data).to_bytes(2, "big")
            + data
        )
        extra = int.from_bytes(wire[10:12], "big") + 1
        return wire[:10] + extra.to_bytes(2, "big") + wire[12:] + record

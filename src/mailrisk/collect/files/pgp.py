"""OpenPGP (RFC 9580): told by armour or packets. What is signed in clear text is read, what is encrypted is told."""

from __future__ import annotations

import re

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.charset import decode
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

_CLEAR = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[A-Za-z-]{1,30}: [^\n]{0,200}\n|\r?\n)(.{0,500000}?)-----BEGIN PGP SIGNATURE-----",
    re.DOTALL,
)
_ARMOUR = re.compile(rb"-----BEGIN PGP (MESSAGE|SIGNED MESSAGE|SIGNATURE|PUBLIC KEY BLOCK|PRIVATE KEY BLOCK)")
_TAGS = {1: "encrypted", 3: "encrypted", 9: "encrypted", 18: "encrypted", 20: "encrypted", 2: "signature", 4: "signed",
         5: "private key", 6: "public key", 8: "compressed", 11: "literal"}  # fmt: skip


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an OpenPGP object. BadInput: it is none."""
    gather = Gather(budget)
    armour = _ARMOUR.search(data[:100_000])
    if armour is None:
        _packets(data, gather)
        return gather.contents()
    kind = armour[1].decode().lower()
    if kind == "message":
        gather.trait("wrapper", "pgp encrypted")
        gather.trait("encrypted", "pgp")
    else:
        gather.trait("wrapper", f"pgp {kind}")
    if kind == "signed message" and (clear := _CLEAR.search(data)):
        text = decode(clear[1], "")[0]
        gather.text(text)
        gather.links_in(text, "")
    return gather.contents()


def _packets(data: bytes, gather: Gather) -> None:
    """The first packet's tag (§4.2) tells the kind."""
    if not data or not data[0] & 0x80:
        raise BadInput("file", "no OpenPGP object")
    tag = data[0] & 0x3F if data[0] & 0x40 else (data[0] >> 2) & 0xF
    kind = _TAGS.get(tag)
    if kind is None:
        raise BadInput("file", "no OpenPGP object")
    gather.trait("wrapper", f"pgp {kind}")
    if kind == "encrypted":
        gather.trait("encrypted", "pgp")

"""S/MIME (RFC 8551): what is signed is read, what is encrypted is told.

A CMS object (RFC 5652) is DER or BER: only its outer types are walked, down to the octets of the encapsulated
content. No signature is checked and no certificate read.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_PIECES = 100_000
MOST_DEPTH = 12
MOST_INFLATED = 16_000_000

_PKCS7 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_SIGNED, _ENVELOPED, _ENCRYPTED = _PKCS7 + b"\x02", _PKCS7 + b"\x03", _PKCS7 + b"\x06"
_SMIME_CT = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
_COMPRESSED, _AUTH_ENVELOPED = _SMIME_CT + b"\x09", _SMIME_CT + b"\x17"


class _Element(NamedTuple):
    """Tag, where its content begins and ends, and where the next element begins."""

    tag: int
    start: int
    end: int
    after: int


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a CMS object (application/pkcs7-mime, .p7m). BadInput: it is none.

    ``wrapper`` says which kind; ``encrypted`` that its content cannot be read; the content of a signed one is a member.
    """
    gather = Gather(budget)
    outer = _element(data, 0)
    kind = _element(data, outer.start)
    if outer.tag != 0x30 or kind.tag != 0x06:
        raise BadInput("file", "no CMS object")
    oid = data[kind.start : kind.end]
    if oid in (_ENVELOPED, _ENCRYPTED, _AUTH_ENVELOPED):
        gather.trait("wrapper", "s/mime encrypted")
        gather.trait("encrypted", "s/mime")
    elif oid == _SIGNED:
        gather.trait("wrapper", "s/mime signed")
        _keep(_signed(data, kind.after), gather)
    elif oid == _COMPRESSED:
        gather.trait("wrapper", "s/mime compressed")
        _compressed(_signed(data, kind.after), gather)
    else:
        raise BadInput("file", "a CMS object of a kind that mail does not use")
    return gather.contents()


def _keep(content: bytes, gather: Gather) -> None:
    """The content is a MIME entity, read as a message; a detached signature has none."""
    if content:
        gather.member("signed content.eml", content)
    else:
        gather.trait("detached-signature")


def _compressed(content: bytes, gather: Gather) -> None:
    """RFC 3274: zlib."""
    try:
        _keep(zlib.decompressobj().decompress(content, MOST_INFLATED), gather)
    except zlib.error as error:
        gather.defect(f"compressed content: {error}")


def _signed(data: bytes, at: int) -> bytes:
    """eContent of SignedData (RFC 5652 §5.1) or CompressedData: both hold an EncapsulatedContentInfo."""
    explicit = _element(data, at)
    body = _element(data, explicit.start)
    at = body.start
    while at < body.end:
        item = _element(data, at)
        if item.tag == 0x30 and _element(data, item.start).tag == 0x06:
            kind = _element(data, item.start)
            if kind.after < item.end and (wrapped := _element(data, kind.after)).tag == 0xA0:
                return _octets(data, wrapped.start, wrapped.end)
            if data[kind.start : kind.end].startswith(_PKCS7):
                return b""
        at = item.after
    return b""


def _octets(data: bytes, start: int, end: int) -> bytes:
    """The octet string at this place; in BER it may come in pieces, which lie in one another at most twice."""
    out: list[bytes] = []
    stack = [(start, end)]
    pieces = 0
    while stack and pieces < MOST_PIECES:
        at, stop = stack.pop()
        while at < stop and pieces < MOST_PIECES:
            item = _element(data, at)
            pieces += 1
            if item.tag == 0x04:
                out.append(data[item.start : item.end])
            elif item.tag == 0x24 and len(stack) < MOST_DEPTH:
                stack.append((item.after, stop))
                at, stop = item.start, item.end
                continue
            at = item.after
    return b"".join(out)


def _element(data: bytes, at: int, depth: int = 0) -> _Element:
    """The element at this offset (X.690 §8.1). BadInput past the end or nested too deep."""
    if at + 2 > len(data) or depth > MOST_DEPTH:
        raise BadInput("file", "a CMS object that ends too early")
    tag, length = data[at], data[at + 1]
    at += 2
    if tag & 0x1F == 0x1F:
        raise BadInput("file", "a CMS object with a tag that CMS does not use")
    if length < 0x80:
        return _within(data, tag, at, length)
    if length > 0x80:
        width = length & 0x7F
        return _within(data, tag, at + width, int.from_bytes(data[at : at + width], "big"))
    inner = at  # §8.1.3.6: indefinite, up to two zero bytes
    for _ in range(MOST_PIECES):
        if data[inner : inner + 2] == b"\x00\x00":
            return _Element(tag, at, inner, inner + 2)
        if inner >= len(data):
            break
        inner = _element(data, inner, depth + 1).after
    return _Element(tag, at, min(inner, len(data)), len(data))


def _within(data: bytes, tag: int, at: int, length: int) -> _Element:
    end = min(at + length, len(data))
    if at > len(data):
        raise BadInput("file", "a CMS object that ends too early")
    return _Element(tag, at, end, end)

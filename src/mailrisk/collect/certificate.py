"""What an X.509 certificate says (RFC 5280 §4.1), read from DER without any check of its signature.

Issuer, validity and DNS names are evidence, and evidence is also wanted of certificates that no library
would trust. Python's ``ssl`` tells the content of verified ones alone, so the few fields are read here: a
walk over the outer structure, without recursion, in time linear in the certificate's size.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from mailrisk.model.domain import Certificate
from mailrisk.model.errors import BadInput, TooLarge

MAX_BYTES = 64 * 1024
"""Largest certificate that is read. Real ones have 1 to 4 kB, those with hundreds of names up to 20 kB."""

MAX_NAMES = 100
MAX_TEXT = 200

_INTEGER, _OCTETS, _OID, _UTC_TIME, _TIME, _SEQUENCE, _SET = 0x02, 0x04, 0x06, 0x17, 0x18, 0x30, 0x31
_VERSION, _EXTENSIONS, _DNS_NAME = 0xA0, 0xA3, 0x82
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_COMMON_NAME, _ORGANISATION, _ALT_NAMES = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"


class _Item(NamedTuple):
    """One DER element: its tag, its content, and the whole of it."""

    tag: int
    content: bytes
    whole: bytes


def read_certificate(raw: bytes) -> Certificate:
    """The claims of a DER certificate. TooLarge: over MAX_BYTES. BadInput: it is no certificate."""
    if len(raw) > MAX_BYTES:
        raise TooLarge("certificate", f"more than {MAX_BYTES} bytes")
    certificate = list(_items(raw))
    signed = next(_items(certificate[0].content), None) if len(certificate) == 1 else None
    if signed is None:
        raise BadInput("certificate", "is no single structure")
    fields = list(_items(signed.content))
    if fields and fields[0].tag == _VERSION:
        del fields[0]
    # Now: serial number, signature algorithm, issuer, validity, subject, public key, extensions.
    if len(fields) < 6 or fields[0].tag != _INTEGER or any(one.tag != _SEQUENCE for one in fields[1:6]):
        raise BadInput("certificate", "lacks its fields")
    _, _, issuer, validity, subject = fields[:5]
    times = [_time(item) for item in _items(validity.content)]
    if len(times) != 2:
        raise BadInput("certificate", "has no validity")
    extensions = next((item for item in fields if item.tag == _EXTENSIONS), None)
    return Certificate(
        issuer=_issuer(issuer),
        not_before=times[0],
        not_after=times[1],
        names=() if extensions is None else tuple(_names(extensions))[:MAX_NAMES],
        self_issued=issuer.whole == subject.whole,
    )


def _items(raw: bytes) -> Iterator[_Item]:
    """The elements that stand one after the other in ``raw`` (X.690 §8.1)."""
    at = 0
    while at < len(raw):
        start, tag = at, raw[at]
        length, at = _length(raw, at + 1)
        if at + length > len(raw):
            raise BadInput("certificate", "is cut off")
        yield _Item(tag, raw[at : at + length], raw[start : at + length])
        at += length


def _length(raw: bytes, at: int) -> tuple[int, int]:
    """(length of the content, where it begins)."""
    if at >= len(raw):
        raise BadInput("certificate", "is cut off")
    first = raw[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 0 < size <= 4:
        raise BadInput("certificate", "has a length that DER does not allow")
    return int.from_bytes(raw[at + 1 : at + 1 + size], "big"), at + 1 + size


def _time(item: _Item) -> datetime:
    """UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5): seconds and ``Z`` are always there."""
    text = item.content.decode("ascii", "replace")
    if item.tag == _UTC_TIME:
        # Two digits of the year: from 50 on they are of the 20th century.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif item.tag != _TIME:
        raise BadInput("certificate", "has no validity")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput("certificate", "has a time that is none") from None


def _issuer(name: _Item) -> str:
    """Organisation, else common name."""
    found: dict[bytes, str] = {}
    for part in _items(name.content):
        for attribute in _items(part.content):
            pair = list(_items(attribute.content))
            if len(pair) == 2 and pair[0].tag == _OID and pair[1].tag in _TEXTS:
                text = pair[1].content.decode(_TEXTS[pair[1].tag], "replace")[:MAX_TEXT]
                found.setdefault(pair[0].content, text)
    return found.get(_ORGANISATION) or found.get(_COMMON_NAME, "")


def _names(extensions: _Item) -> Iterator[str]:
    """The DNS names of the subject alternative name (RFC 5280 §4.2.1.6)."""
    for listed in _items(extensions.content):
        for extension in _items(listed.content):
            parts = list(_items(extension.content))
            if len(parts) < 2 or parts[0].content != _ALT_NAMES or parts[-1].tag != _OCTETS:
                continue
            for names in _items(parts[-1].content):
                for name in _items(names.content):
                    if name.tag == _DNS_NAME:
                        yield name.content.decode("ascii", "replace").lower()[:253]

"""How the look-up index writes its keys and values: the form of every byte in the LMDB file.

A rule is 52 bytes: the numbers and times of a listing, and the digest of its *shape*, which is what
many listings have in common (reasons, target, categories) and is stored once. The indicator itself
is not stored beside its rule: whoever finds the rule asked for the indicator.
"""

from __future__ import annotations

import ipaddress
import struct
from datetime import datetime
from hashlib import blake2b
from typing import Final

import msgspec

from mailrisk.model.change import Listing
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level, Reason, Target
from mailrisk.store.microseconds import from_us, json_time, to_us

LEVELS: Final = tuple(Level)
CATEGORIES: Final = (None, *Category)
SCHEMES: Final = ("https", "http", "ftp")

FORMAT: Final = "3 " + " ".join((*LEVELS, *Category, *Kind))
"""Names the form; an index of another one is emptied and filled again from the ledger."""

KIND_BYTE: Final = {kind: bytes([number]) for number, kind in enumerate(Kind)}
KEY_BYTES: Final = 21
"""Length of ``rule_key``."""

EXEMPTION: Final = 0
LISTING: Final = 1
_RULE = struct.Struct("<BBBBd8sqqqq")
LISTING_BYTES: Final = _RULE.size
"""Length of a stored listing; an exemption, which holds a text, is mostly another."""
LOOK: Final = slice(0, 20)
"""The part of a stored listing that says how it looks: equal here, equal but for indicator and times."""
SHAPE: Final = slice(12, 20)
"""The name of its shape."""
_TIMES = struct.Struct("<qqq")
_TIMES_AT = 20
_PROBABILITY = struct.Struct("<d")

_LEVEL_NUMBER = {level: number for number, level in enumerate(LEVELS)}
_CATEGORY_NUMBER = {category: number for number, category in enumerate(CATEGORIES)}


class Shape(msgspec.Struct, frozen=True, omit_defaults=True):
    """What many listings share. Reasons stand here as answers give them: without time and count."""

    reasons: tuple[Reason, ...] = ()
    target: Target | None = None
    categories: tuple[Category, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """What the index holds about an indicator: a listing, or an exemption (``listing`` None)."""

    subject: Subject
    listing: Listing | None
    since: datetime | None = None
    comment: str = ""


class _Exemption(msgspec.Struct):
    at: datetime
    reason: str


_shape = msgspec.json.Decoder(Shape)
_exemption = msgspec.json.Decoder(_Exemption)


def rule_key(kind: Kind, value: str) -> bytes:
    """Key of a rule without its tenant: the kind and BLAKE2b-160 of the canonical value."""
    return KIND_BYTE[kind] + name_of(value)


def name_of(value: str) -> bytes:
    """BLAKE2b-160 of a canonical value."""
    return blake2b(value.encode(), digest_size=20).digest()


def packed(value: str) -> bytes:
    """Key of an address or network: version, network address, prefix length."""
    network = ipaddress.ip_network(value)
    return bytes([network.version]) + network.network_address.packed + bytes([network.prefixlen])


def shape_of(listing: Listing) -> bytes:
    """The shape of a listing, encoded."""
    reasons = tuple(
        Reason(
            code=reason.code,
            text=reason.text,
            text_zh=reason.text_zh,
            weight=round(reason.weight, 2),
            source=reason.source,
            artefact=reason.artefact,
        )
        for reason in listing.reasons
    )
    return msgspec.json.encode(Shape(reasons, listing.target, listing.categories))


def read_shape(raw: bytes) -> Shape:
    """The shape that ``shape_of`` encoded."""
    return _shape.decode(raw)


def encode_listing(listing: Listing, shape: bytes) -> bytes:
    """The stored form; ``shape`` is the eight-byte name of its shape."""
    flags = listing.redistribute | listing.local << 1 | SCHEMES.index(listing.scheme) << 2
    return _RULE.pack(
        LISTING, _LEVEL_NUMBER[listing.level], _CATEGORY_NUMBER[listing.category], flags, listing.probability,
        shape, to_us(listing.first_seen), to_us(listing.last_seen), to_us(listing.valid_until), listing.decision,
    )  # fmt: skip


def encode_exemption(at: datetime, reason: str) -> bytes:
    """The stored form of an exemption."""
    return bytes([EXEMPTION]) + msgspec.json.encode(_Exemption(at, reason))


def shape_name(raw: bytes) -> bytes:
    """The name of the shape of a stored listing."""
    return raw[SHAPE]


def times(raw: bytes) -> tuple[datetime, datetime, datetime]:
    """(first seen, last seen, valid until) of a stored listing."""
    first, last, until = _TIMES.unpack_from(raw, _TIMES_AT)
    return from_us(first), from_us(last), from_us(until)


def json_times(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """``times`` as JSON."""
    first, last, until = _TIMES.unpack_from(raw, _TIMES_AT)
    return json_time(first), json_time(last), json_time(until)


def level(raw: bytes) -> Level:
    """The level of a stored listing."""
    return LEVELS[raw[1]]


def probability(raw: bytes) -> float:
    """The probability of a stored listing."""
    found: float = _PROBABILITY.unpack_from(raw, 4)[0]
    return found


def scheme(raw: bytes) -> str:
    """The display scheme of a stored listing."""
    return SCHEMES[raw[3] >> 2]


def decode_listing(subject: Subject, raw: bytes, shape: Shape) -> Rule:
    """The rule that ``encode_listing`` wrote."""
    return Rule(subject, listing_of(subject.kind, subject.value, raw, shape))


def listing_of(kind: Kind, value: str, raw: bytes, shape: Shape) -> Listing:
    """The listing that ``encode_listing`` wrote about an indicator."""
    _, level, category, flags, probability, _, first, last, until, decision = _RULE.unpack(raw)
    return Listing(
        kind=kind,
        value=value,
        scheme=SCHEMES[flags >> 2],
        level=LEVELS[level],
        probability=probability,
        category=CATEGORIES[category],
        categories=shape.categories,
        first_seen=from_us(first),
        last_seen=from_us(last),
        valid_until=from_us(until),
        target=shape.target,
        reasons=shape.reasons,
        redistribute=flags & 1 != 0,
        local=flags & 2 != 0,
        decision=decision,
    )


def decode_exemption(subject: Subject, raw: bytes) -> Rule:
    """The exemption that ``encode_exemption`` wrote."""
    exemption = _exemption.decode(raw[1:])
    return Rule(subject, None, exemption.at, exemption.reason)

"""One signature as DKIM (RFC 6376) and ARC (RFC 8617) share it: tags, key, hashes, verification.

RSA arithmetic and key parsing are dkimpy's, Ed25519 is libsodium's. The rest is written here because
dkimpy's takes quadratic time on hostile white space, reads the clock, and turns a DNS that does not
answer into "invalid". Verification time does not count: ``x=`` is compared with the arrival time that the
caller passes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from dkim.asn1 import ASN1FormatError  # type: ignore[import-untyped]
from dkim.crypto import (  # type: ignore[import-untyped]
    DigestTooLargeError,
    RSASSA_PKCS1_v1_5_verify,
    UnparsableKeyError,
    parse_public_key,
)
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from mailrisk.analyse.message.auth.answers import Answers, texts
from mailrisk.analyse.message.auth.canonical import (
    Field,
    SignedMessage,
    relaxed_field,
    simple_field,
    without_signature,
)

_KEY_RECORD = 2_200  # bytes; an RSA key of 8,192 bits. Longer ones cost more time than they deserve.
_MODULUS_BITS = 8_192
LEAST_BITS = 1024  # RFC 8301 §3.2
REFUSED = frozenset({"rsa-sha1"})  # RFC 8301 §3.1
_FIELD = 16_384  # bytes of one signature field
_SIGNED_NAMES = 500
_HASHES = {"rsa-sha256": "sha256", "rsa-sha1": "sha1", "ed25519-sha256": "sha256"}
_TAG_NAME = re.compile(r"[A-Za-z]\w{0,60}\Z")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,30}\Z")
_SELECTOR = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,10}\Z")


class Unusable(Exception):
    """A signature that cannot be verified: the RFC 8601 word for it, and why."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(reason)
        self.word = word
        self.reason = reason


class Key(NamedTuple):
    """A public key and the restrictions of its record (RFC 6376 §3.6.1)."""

    kind: str  # rsa, ed25519
    rsa: dict[str, int]
    ed25519: bytes
    hashes: tuple[str, ...]
    flags: tuple[str, ...]


def parse_tags(value: bytes) -> dict[str, str]:
    """A tag list (RFC 6376 §3.2). Raises Unusable for bad syntax or a tag given twice."""
    if len(value) > _FIELD:
        raise Unusable("permerror", f"signature field of {len(value)} bytes")
    tags: dict[str, str] = {}
    items = value.decode("utf-8", "replace").split(";")
    if not items[-1].strip():
        items.pop()  # one semicolon may stand at the end
    for item in items:
        name, equals, content = item.partition("=")
        name = name.strip()
        if not equals or not _TAG_NAME.match(name):
            raise Unusable("permerror", f"bad tag {name[:40]!r}")
        if name in tags:
            raise Unusable("permerror", f"tag {name!r} given twice")
        tags[name] = content.strip()
    return tags


def key_name(tags: dict[str, str]) -> str:
    """The DNS name of a signature's key. Raises Unusable when d= or s= is missing or no domain."""
    domain, selector = tags.get("d", ""), tags.get("s", "")
    if not _DOMAIN.match(domain) or not _SELECTOR.match(selector):
        raise Unusable("permerror", "d= or s= is missing or not a domain name")
    return f"{selector}._domainkey.{domain}".lower()


def load_key(tags: dict[str, str], answers: Answers) -> Key:
    """The key of a signature. Raises Unusable (no key, revoked, unusable) or NeedFact."""
    name = key_name(tags)
    fact = answers.get(name, "TXT")
    if fact.status in ("temperror", "not-checked"):
        raise Unusable("temperror", f"DNS gave no answer for the key {name}")
    records = texts(fact)
    if not records:
        raise Unusable("permerror", f"no key at {name}")
    failure = Unusable("permerror", f"no usable key at {name}")
    for record in records[:5]:  # §3.6.2.2: several records are undefined; the first usable one counts
        try:
            return _parse_key(record)
        except Unusable as problem:
            failure = problem
    raise failure


def _parse_key(record: bytes) -> Key:
    """One key record."""
    if len(record) > _KEY_RECORD:
        raise Unusable("permerror", f"key record of {len(record)} bytes")
    tags = parse_tags(record)
    if tags.get("v", "DKIM1") != "DKIM1":
        raise Unusable("permerror", "key record of another version")
    if "p" not in tags:
        raise Unusable("permerror", "key record without a key")
    if not tags["p"]:
        raise Unusable("permerror", "key was revoked")
    services = [service.strip() for service in tags.get("s", "*").split(":")]
    if "*" not in services and "email" not in services:
        raise Unusable("permerror", "key is not for mail")
    hashes = tuple(word.strip() for word in tags["h"].split(":")) if "h" in tags else ()
    flags = tuple(word.strip() for word in tags.get("t", "").split(":"))
    kind = tags.get("k", "rsa") or "rsa"
    octets = _base64(tags["p"], "key")
    if kind == "ed25519":
        if len(octets) != 32:
            raise Unusable("permerror", "Ed25519 key of the wrong length")
        return Key(kind, {}, octets, hashes, flags)
    if kind != "rsa":
        raise Unusable("permerror", f"key of unknown kind {kind[:20]!r}")
    return Key(kind, _rsa(octets), b"", hashes, flags)


def _rsa(octets: bytes) -> dict[str, int]:
    """The RSA key, of bounded size (RFC 8301 §3.2: at least 1,024 bits)."""
    try:
        key: dict[str, int] = parse_public_key(octets)
        bits = int(key["modulus"]).bit_length()
    except (UnparsableKeyError, ASN1FormatError, IndexError, KeyError, TypeError, ValueError, AttributeError):
        raise Unusable("permerror", "key cannot be read") from None
    if bits < LEAST_BITS:
        raise Unusable("policy", f"key of {bits} bits is too short")
    if bits > _MODULUS_BITS or not 1 < int(key["publicExponent"]) < 2**64:
        raise Unusable("permerror", f"key of {bits} bits is too long")
    return key


def _base64(text: str, what: str) -> bytes:
    """Base64 with white space in it."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("permerror", f"{what} is not base64") from None


def canonicalization(tags: dict[str, str]) -> tuple[bytes, bytes]:
    """Header and body canonicalisation of ``c=`` (RFC 6376 §3.5: the default is simple/simple)."""
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    if header not in ("simple", "relaxed") or (body or "simple") not in ("simple", "relaxed"):
        raise Unusable("permerror", "unknown canonicalization")
    return header.encode(), (body or "simple").encode()


def check_body(message: SignedMessage, tags: dict[str, str]) -> None:
    """Compares the body with ``bh=``. Raises Unusable with ``fail`` when it was altered.

    A body longer than ``l=`` says is refused with ``policy``: anybody may have added the rest.
    """
    algorithm = _HASHES[tags["a"]]
    how = canonicalization(tags)[1]
    length = -1
    if "l" in tags:
        if not re.fullmatch(r"\d{1,12}", tags["l"]):
            raise Unusable("permerror", "l= is not a number")
        length = int(tags["l"])
    whole = len(message.body(how))
    if length > whole:  # RFC 6376 §3.5
        raise Unusable("permerror", f"l= counts {length} bytes of a body of {whole}")
    if message.body_hash(how, algorithm, length) != _base64(tags.get("bh", ""), "bh="):
        raise Unusable("fail", "body was altered")
    if 0 <= length < whole:
        raise Unusable("policy", f"only {length} of {whole} bytes of the body are signed")


def header_input(message: SignedMessage, field: Field, names: list[str], how: bytes) -> bytes:
    """What ``b=`` signs: the named fields from the bottom up, then the signature field (§3.7)."""
    write = relaxed_field if how == b"relaxed" else simple_field
    stock: dict[str, list[Field]] = {}
    for known in message.fields:
        stock.setdefault(known.name.decode("latin-1").lower().rstrip(), []).append(known)
    out = []
    for name in names[:_SIGNED_NAMES]:
        found = stock.get(name)
        if found:
            out.append(write(found.pop()))
    bare = Field(field.name, without_signature(field.value))
    return b"".join(out) + write(bare).removesuffix(b"\r\n")


def check_key(tags: dict[str, str], key: Key) -> None:
    """Raises Unusable when the key is not for signatures of this algorithm (RFC 6376 §6.1.2)."""
    algorithm = tags["a"]
    if not algorithm.startswith(key.kind):
        raise Unusable("permerror", f"key is {key.kind}, signature is {algorithm}")
    if key.hashes and _HASHES[algorithm] not in key.hashes:
        raise Unusable("permerror", f"key is not for {_HASHES[algorithm]}")


def check_signature(tags: dict[str, str], key: Key, signed: bytes) -> None:
    """Verifies ``b=`` over the signed bytes. Raises Unusable with ``fail`` when it does not hold."""
    check_key(tags, key)
    signature = _base64(tags.get("b", ""), "b=")
    digest = hashlib.new(_HASHES[tags["a"]], signed)
    try:
        if key.kind == "ed25519":  # RFC 8463 §3
            VerifyKey(key.ed25519).verify(digest.digest(), signature)
            valid = True
        else:
            valid = RSASSA_PKCS1_v1_5_verify(digest, signature, key.rsa)
    except (CryptoError, DigestTooLargeError, ValueError, TypeError, OverflowError):
        valid = False
    if not valid:
        raise Unusable("fail", "signed headers were altered, or the key is another one")


def check_algorithm(tags: dict[str, str]) -> None:
    """Raises Unusable for algorithms that are unknown (``neutral``) or broken (RFC 8301 §3.1)."""
    algorithm = tags.get("a", "").lower()
    tags["a"] = algorithm
    if algorithm in REFUSED:
        raise Unusable("policy", f"{algorithm} is no longer accepted")
    if algorithm not in _HASHES:
        raise Unusable("neutral", f"algorithm {algorithm[:40]!r} is unknown")

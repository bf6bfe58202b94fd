"""UUIDs made from names (RFC 9562 §5.5, version 5), without the standard library's module, which asks the machine."""

from __future__ import annotations

import hashlib
from typing import Final

NAMESPACE_URL: Final = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")  # §6.6


def uuid_of(namespace: bytes, name: str) -> bytes:
    """The 16 bytes of the UUID of a name in a namespace."""
    digest = bytearray(hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


def text_of(uuid: bytes) -> str:
    """``8-4-4-4-12`` hexadecimal digits (§4)."""
    text = uuid.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

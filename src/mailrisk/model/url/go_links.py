"""Our own rewritten links: ``https://BASE/go/1.PAYLOAD.MAC``, in which the address that the link leads to stands.

PAYLOAD is base64url of a MessagePack array: the packed address, the tenant, until when the link holds, which message it stood
in (the beginning of its SHA-256) and to whom that went (a keyed digest, empty unless wanted). MAC is HMAC-SHA-256 over
``1.PAYLOAD``, cut to 128 bits (RFC 2104 §5), so that nobody but us can make a link that our page follows.

The query (``?to=HOST``) is there for the reader's eye alone, and nobody reads it again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import Url

PATH: Final = "/go/"
MAX_TARGET: Final = 4_096
"""Bytes of an address that is put into a link; what is longer is not rewritten."""

_FORM: Final = re.compile(r"(1\.[A-Za-z0-9_-]{4,8000})\.([A-Za-z0-9_-]{22})")
"""Of a segment that is longer nothing more is read: it is none of ours."""

_PLAIN, _PACKED = b"\0", b"\1"
_WORDS: Final = (
    b"/index.html/account/login.php?redirect=token=&id=utm_source=newsletter&utm_medium=email&utm_campaign="
    b".com.cn/.org/.net/http://www.https://www."
)
"""What addresses are often made of; zlib finds it here (its preset dictionary). It may never change: old links need it."""


class GoLink(msgspec.Struct, frozen=True, array_like=True):
    """What a link says. ``until``: seconds since 1970, 0 for ever."""

    target: bytes
    tenant: int = 0
    until: int = 0
    message: bytes = b""
    recipient: bytes = b""

    @property
    def url(self) -> str:
        """The address as it stood in the message. BadInput: it cannot be unpacked."""
        kind, body = self.target[:1], self.target[1:]
        if kind == _PACKED:
            unpacker = zlib.decompressobj(-15, _WORDS)
            try:
                body = unpacker.decompress(body, MAX_TARGET + 1)
            except zlib.error:
                raise BadInput("link", "is damaged") from None
        if len(body) > MAX_TARGET or kind not in (_PLAIN, _PACKED):
            raise BadInput("link", "is damaged")
        return body.decode("utf-8", "replace")


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(GoLink)


def packed(url: str) -> bytes:
    """An address for ``GoLink.target``, compressed if that makes it shorter. BadInput: over MAX_TARGET bytes."""
    raw = url.encode("utf-8", "replace")
    if len(raw) > MAX_TARGET:
        raise BadInput("url", f"is longer than {MAX_TARGET} bytes")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS)
    small = packer.compress(raw) + packer.flush()
    return _PACKED + small if len(small) < len(raw) else _PLAIN + raw


def seal_link(key: bytes, link: GoLink) -> str:
    """The last segment of the link's path."""
    body = "1." + base64.urlsafe_b64encode(_encoder.encode(link)).decode().rstrip("=")
    return f"{body}.{_mac(key, body)}"


def open_link(keys: Sequence[bytes], text: str) -> GoLink:
    """What a link says, if one of the keys has signed it. BadInput: none has."""
    match = _FORM.fullmatch(text)
    if match is None or not any(hmac.compare_digest(_mac(key, match[1]), match[2]) for key in keys):
        raise BadInput("link", "is not one of this service, or was changed on its way")
    return _read(match[1])


def wrapped_target(url: Url, base: str) -> str:
    """The address inside a link of ours ('' if it is none of ``base``, which has no scheme: ``mailrisk.example.org``).

    The signature is not looked at: nobody is led anywhere by this. Who writes a link of his own in our name leads nobody
    anywhere either, for our page refuses it.
    """
    rest = url.text.partition("://")[2]
    if not base or not rest.startswith(base + PATH):
        return ""
    match = _FORM.fullmatch(rest[len(base) + len(PATH) :].partition("?")[0])
    try:
        return _read(match[1]).url if match else ""
    except BadInput:
        return ""


def _read(body: str) -> GoLink:
    raw = body[2:]
    try:
        return _decoder.decode(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors.
        raise BadInput("link", "is damaged") from None


def _mac(key: bytes, body: str) -> str:
    cut = hmac.digest(key, b"go link\0" + body.encode(), hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(cut).decode().rstrip("=")

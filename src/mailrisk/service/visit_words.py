"""Visits of web pages: what is asked, what is answered, and what the page that says why is told.

The page's token is signed, so that nobody can make our page speak about whatever he likes, or go on to wherever he likes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from mailrisk.model.errors import BadInput
from mailrisk.model.verdict import Category, Level
from mailrisk.service.answers import ShortReason

MAX_URL: Final = 65_536
MAX_NAME: Final = 320
MAX_IN_TOKEN: Final = 1_500
"""Characters of a URL that the page is told; proxies bound what a redirect may hold."""

ACTIONS: Final = ("allow", "warn", "block", "hold")


class Visit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody is about to open a page.

    ``url`` is ``host:port`` when ``method`` is CONNECT: nothing else is known then. ``user`` and ``client`` (name and
    address of who goes there) are kept as keyed hashes alone. ``ip`` is the address that the host resolved to, if
    the proxy says so. ``waits``: the asker can show a page that asks again, so that nothing need be decided now.
    """

    url: Annotated[str, Meta(max_length=MAX_URL)]
    method: Annotated[str, Meta(max_length=40)] = "GET"
    user: Annotated[str, Meta(max_length=MAX_NAME)] = ""
    client: Annotated[str, Meta(max_length=80)] = ""
    ip: Annotated[str, Meta(max_length=80)] = ""
    waits: bool = False


class VisitAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about one visit, and why.

    ``action`` is what the asker shall do; ``wanted`` what the policy wants, which is not done in ``observe``, with the
    consent of the visitor, or where no page can be shown. ``alert``: let through, and somebody should know. ``page`` is the
    address of the page that says why ('' for ``allow``).
    """

    input: str
    action: str
    wanted: str
    level: Level
    score: int
    category: Category | None
    indicator: str
    reasons: tuple[ShortReason, ...]
    common: bool = False
    alert: bool = False
    page: str = ""
    ttl_s: int = 0


class PageToken(msgspec.Struct, frozen=True, array_like=True):
    """What the page is told: the visit, what was done, until when it holds (seconds since 1970)."""

    url: str
    method: str
    action: str
    tenant: int
    visitor: int
    until: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(PageToken)


def seal(secret: bytes, token: PageToken) -> str:
    """The token as it stands in an address: base64url, 16 bytes of HMAC-SHA-256 in front."""
    body = _encoder.encode(token)
    return base64.urlsafe_b64encode(_signature(secret, body) + body).decode().rstrip("=")


def unseal(secret: bytes, text: str, now: float) -> PageToken:
    """The token. BadInput: it is not ours, or too old."""
    try:
        raw = base64.urlsafe_b64decode(text[:8_000] + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise BadInput("t", "is no token of this service") from None
    if not hmac.compare_digest(raw[:16], _signature(secret, raw[16:])):
        raise BadInput("t", "is no token of this service")
    token = _decoder.decode(raw[16:])
    if token.until < now:
        raise BadInput("t", "is too old: open the page that you wanted once more")
    return token


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"visit page\0" + body, hashlib.sha256)[:16]


def visitor_of(secret: bytes, tenant: int, user: str, client: str) -> int:
    """Who goes there as a number of 64 bits: the user if the proxy knows him, else his address."""
    said = f"visitor\0{tenant}\0{(user if user not in ('', '-') else client).lower()}".encode()
    return int.from_bytes(hmac.digest(secret, said, hashlib.sha256)[:8])

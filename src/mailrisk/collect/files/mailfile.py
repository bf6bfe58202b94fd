"""A message as a file (.eml), and web archives (.mht, .mhtml), which are MIME messages too (RFC 2557).

Word opens a web archive as a document: one that holds an ActiveMime part (base64 ``ActiveMime``) has macros.
"""

from __future__ import annotations

import zlib

from mailrisk.collect.files import vba
from mailrisk.collect.files.container import streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.limits import Limits
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents
from mailrisk.model.message import Message

LIMITS = Limits(
    total_bytes=32_000_000, parts=200, nesting=8, links=300, text_bytes=500_000, decoded_bytes=16_000_000
)
_ACTIVE_MIME = b"ActiveMime"


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a message or web archive. BadInput, TooLarge: no message, or over 32 MB."""
    gather = Gather(budget)
    message = parse_message(_with_headers(data), LIMITS)
    archive = any(part.content_type == "multipart/related" for part in message.parts) or any(
        name.lower() == "snapshot-content-location" for name, _ in message.headers
    )
    gather.trait("message", "web archive" if archive else "mail")
    _message(message, gather, "")
    return gather.contents()


def _with_headers(data: bytes) -> bytes:
    """A web archive may have no header that mail has: one is put before it."""
    start = data.lstrip()[:2_000].lower()
    return (
        b"From: archive\r\n" + data.lstrip() if start.startswith((b"mime-version", b"content-type")) else data
    )


def _message(message: Message, gather: Gather, where: str) -> None:
    gather.text(message.subject)
    gather.text(message.text)
    for link in message.links:
        gather.link(link.url, f"{where}{link.artefact}", link.text, link.how)
    for part in message.parts:
        if not part.payload or (part.content_type in ("text/plain", "text/html") and not part.filename):
            continue
        if part.payload.startswith(_ACTIVE_MIME):
            _active_mime(part.payload, gather)
        elif part.content_type.startswith("image/"):
            gather.picture(part.payload, f"{where}part {part.path}")
        else:
            gather.member(part.filename or f"part {part.path}", part.payload)
    for number, inner in enumerate(message.nested, 1):
        gather.trait("nested-message", inner.subject)
        _message(inner, gather, f"{where}message {number}, ")
    for note in message.cuts:
        gather.cut(note)


def read_binary(raw: bytes, gather: Gather) -> None:
    """Adds what stands in a binary part of a flat document: macros, pictures."""
    if raw.startswith(_ACTIVE_MIME):
        _active_mime(raw, gather)
    elif raw.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        gather.picture(raw, "picture")


def _active_mime(payload: bytes, gather: Gather) -> None:
    """ActiveMime: a header of some 50 bytes, then the deflated OLE container of the macros."""
    at = payload.find(b"\x78", 20)
    while 0 <= at < 1_100:
        try:
            inner = zlib.decompressobj().decompress(payload[at:], 16_000_000)
            streams = streams_of(inner, gather)
        except (zlib.error, BadInput):
            at = payload.find(b"\x78", at + 1)
            continue
        for name in [name for name in streams if name.lower().endswith("vba/dir")][:5]:
            vba.read_project(streams, name[: -len("VBA/dir")], gather)
        return
    gather.trait("macros")
    gather.defect("an ActiveMime part that cannot be read")

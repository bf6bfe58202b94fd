"""One preparation for every mail of every class, so that no delivery gives the class away.

The honeypot's mail went through one provider to one address (``phishing@pot``), list mail carries
``List-Id`` and a footer. A score could rest on that. What stays is what the author wrote: the headers of
``KEPT``, the body, and one recipient and one delivery line of our own, alike for all.
"""

from __future__ import annotations

import base64
import binascii
import re

READER = b"ana@qvo.test"
"""The recipient of every prepared mail: as long as the honeypot's placeholder, under a reserved name."""

PLACEHOLDER = b"phishing@pot"

KEPT = frozenset(
    b"from reply-to subject date message-id mime-version content-type content-transfer-encoding "
    b"content-disposition content-language x-mailer user-agent x-priority importance in-reply-to references".split()
)
"""Headers that the author's program wrote. No signature: without network nobody can check it."""

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_TAG = re.compile(rb"(?i)^(Subject:[ \t]*(?:(?:re|fwd?|aw):[ \t]*)*)\[[\w .:@/-]{2,40}\][ \t]*")
_FOOTER = re.compile(rb"\r?\n[_-]{40,60}\r?\n(?=(?:[^\n]*\n){1,8}\s*\Z)")
_BASE64 = re.compile(rb"(?i)\n(content-transfer-encoding:[ \t]*base64[^\n]*\n(?:[!-~][^\n]*\n)*\r?\n)")
_LINES = re.compile(rb"(?:[A-Za-z0-9+/=]{1,100}\r?\n?)+")


def prepare(raw: bytes) -> bytes:
    """The mail with its delivery taken off and one and the same put on."""
    head, body = _split(raw)
    kept = [_TAG.sub(rb"\1", line) for line in _fields(head) if _name(line) in KEPT]
    wrapped = [b"Return-Path: <bounce@sender.test>", b"To: <" + READER + b">"]
    message = b"\n".join([*wrapped, *kept]) + b"\n\n" + _without_footer(body)
    return _addressed(message)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """(header, body); an mbox line at the top is no header. Line ends become those of Unix."""
    raw = raw.replace(b"\r\n", b"\n").lstrip(b"\n")
    if raw.startswith(b"From ") and b"\n" in raw:
        raw = raw.partition(b"\n")[2]
    head, _, body = raw.partition(b"\n\n")
    return head, body


def _fields(head: bytes) -> list[bytes]:
    """Header fields with their continuation lines."""
    fields: list[bytes] = []
    for line in head.split(b"\n"):
        if line[:1] in b" \t" and fields:
            fields[-1] += b"\n" + line
        else:
            fields.append(line)
    return fields


def _name(field: bytes) -> bytes:
    found = _FIELD.match(field)
    return found.group(1).lower() if found else b""


def _without_footer(body: bytes) -> bytes:
    """Without the lines that list software adds at the very end."""
    found = _FOOTER.search(body[-1_500:])
    if found is None or not re.search(
        rb"(?i)mailing list|listinfo|unsubscribe", body[-1_500:][found.end() :]
    ):
        return body
    return body[: len(body) - len(body[-1_500:]) + found.start()] + b"\n"


def _addressed(message: bytes) -> bytes:
    """The honeypot's placeholder becomes the one recipient, in encoded parts too."""
    local, _, _ = PLACEHOLDER.partition(b"@")
    message = message.replace(PLACEHOLDER, READER).replace(b"phishing=40pot", READER.replace(b"@", b"=40"))
    message = message.replace(local + b"%40pot", READER.replace(b"@", b"%40"))
    pieces: list[bytes] = []
    place = 0
    for found in _BASE64.finditer(message):
        block = _LINES.match(message, found.end())
        if block is None or block.start() < place:
            continue
        pieces += [message[place : block.start()], _recoded(block.group())]
        place = block.end()
    return b"".join([*pieces, message[place:]])


def _recoded(block: bytes) -> bytes:
    try:
        plain = base64.b64decode(b"".join(block.split()), validate=True)
    except (binascii.Error, ValueError):
        return block
    if PLACEHOLDER not in plain:
        return block
    return base64.encodebytes(plain.replace(PLACEHOLDER, READER))

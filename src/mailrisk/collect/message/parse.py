"""Raw bytes of one message -> ``Message``. Start here.

The order of work: check the size, find the headers, walk the MIME tree (``mime.py``), decode each leaf
(``transfer.py``, ``charset.py``), render what a reader sees (``body.py``), collect the links. Malformed
input is read as mail programs read it, and named in ``defects``; what a limit cut off is named in ``cuts``.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailrisk.collect.message.addresses import parse_addresses
from mailrisk.collect.message.body import Body
from mailrisk.collect.message.limits import DEFAULT_LIMITS, Budget, Limits
from mailrisk.collect.message.mime import RawHeader, read_headers
from mailrisk.collect.message.tree import Leaf, walk
from mailrisk.collect.message.words import decode_value, eight_bit
from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.message import Address, Message

_KNOWN = frozenset({
    "from", "to", "cc", "subject", "date", "received", "message-id", "return-path", "reply-to",
    "sender", "mime-version", "content-type", "delivered-to", "dkim-signature", "x-mailer", "bcc",
    "content-transfer-encoding",
})  # fmt: skip
_ADDRESS_HEADERS = ("from", "sender", "reply-to", "to", "cc")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_message(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Reads one RFC 5322 message.

    Raises TooLarge over ``limits.total_bytes``, and BadInput for what is no message: nothing, an Outlook
    ``.msg`` file, or bytes without one well-known header at their start. Never raises anything else. An
    empty body is a message.
    """
    if len(raw) > limits.total_bytes:
        raise TooLarge("message", f"{len(raw)} bytes, at most {limits.total_bytes} are read")
    budget = Budget(limits)
    raw, start = _find_start(raw, budget)
    return read_message(raw, start, len(raw), "", 0, budget, top=True)


def _find_start(raw: bytes, budget: Budget) -> tuple[bytes, int]:
    """The bytes with newlines and the offset of the first header, past what mail stores put before it."""
    if raw.startswith(_OLE):
        raise BadInput("message", "an Outlook .msg or Office file; save it as .eml and try again")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        budget.defect("message stored as UTF-16")
        raw = raw.decode("utf-16", "replace").encode("utf-8")
    if b"\n" not in raw and b"\r" in raw:
        budget.defect("lines end with a bare carriage return")
        raw = raw.replace(b"\r", b"\n")
    start = 0
    if raw.startswith(b"\xef\xbb\xbf"):
        budget.defect("byte order mark before the headers")
        start = 3
    while start < len(raw) and raw[start] in b"\r\n \t":
        start += 1
    if start == len(raw):
        raise BadInput("message", "empty")
    return raw, start


def read_message(
    raw: bytes, start: int, end: int, path: str, depth: int, budget: Budget, *, top: bool = False
) -> Message:
    """Reads the message in ``raw[start:end]``; ``path`` is that of the part that holds it with a dot, '' for the outermost."""
    own = budget if top else budget.inner()
    headers, body_at = read_headers(raw, start, end, own)
    if top and not any(header.name.lower() in _KNOWN for header in headers):
        raise BadInput("message", "no mail header at its start (From, To, Subject, Date, Received, ...)")
    if top and not any(header.name.lower() == "from" for header in headers):
        own.defect("no From header")
    leaves: list[Leaf] = []
    walk(raw, headers, body_at, end, path, depth, own, leaves, "text/plain")
    nested = _nested(leaves, depth, own)
    hint = next((leaf.part.charset for leaf in leaves if leaf.part.charset), "")
    defects: list[str] = []
    decoded = tuple((header.name, decode_value(header.value, defects, hint)) for header in headers)
    for defect in defects:
        own.defect(defect)
    mailboxes = _mailboxes(headers, own, hint)
    body = Body(own)
    body.add_headers(decoded, _first(decoded, "subject"))
    body.add_leaves(leaves)
    return Message(
        sha256=hashlib.sha256(memoryview(raw)[start:end]).hexdigest(),
        size=end - start,
        headers=decoded,
        from_=mailboxes["from"],
        sender=mailboxes["sender"],
        reply_to=mailboxes["reply-to"],
        to=mailboxes["to"],
        cc=mailboxes["cc"],
        subject=_first(decoded, "subject"),
        date=_date(_first(decoded, "date")),
        message_id=_first(decoded, "message-id").strip("<> "),
        text=body.text,
        html=body.html,
        hidden_text=body.hidden,
        unread=body.unread,
        links=tuple(body.links),
        parts=tuple(leaf.part for leaf in leaves),
        nested=nested,
        cuts=own.cuts,
        defects=own.defects,
    )


def _nested(leaves: list[Leaf], depth: int, budget: Budget) -> tuple[Message, ...]:
    """The messages attached to this one; what was cut of them was cut of this one too."""
    found = tuple(
        read_message(leaf.raw, leaf.start, leaf.end, f"{leaf.part.path}.", depth + 1, budget)
        for leaf in leaves
        if leaf.is_message and leaf.start < leaf.end
    )
    for message in found:
        for cut in message.cuts:
            budget.cut(cut)
    return found


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str:
    """The first header of this lower-case name; '' if there is none."""
    size = len(name)
    return next((value for key, value in headers if len(key) == size and key.lower() == name), "")


def _mailboxes(headers: list[RawHeader], budget: Budget, hint: str) -> dict[str, tuple[Address, ...]]:
    """Header name in lower case -> its mailboxes, for all headers that hold addresses."""
    boxes: dict[str, list[bytes]] = {name: [] for name in _ADDRESS_HEADERS}
    for name, value in headers:
        if (key := name.lower()) in boxes:
            boxes[key].append(value)
    return {name: _addresses(name, values, budget, hint) for name, values in boxes.items()}


def _addresses(name: str, values: list[bytes], budget: Budget, hint: str) -> tuple[Address, ...]:
    """The mailboxes of all headers of that name (RFC 5322 §3.6 allows one; several are told)."""
    if len(values) > 1:
        budget.defect(f"{len(values)} {name.title()} headers")
    defects: list[str] = []
    found: list[Address] = []
    for value in values[:10]:
        some, cut = parse_addresses(eight_bit(value, defects, hint), budget.limits.addresses, defects)
        found.extend(some)
        if cut:
            budget.cut(f"header {name.title()}: only the first {budget.limits.addresses} addresses were read")
    for defect in defects:
        budget.defect(f"header {name.title()}: {defect}")
    return tuple(found)


def _date(value: str) -> datetime | None:
    """The Date header as aware time; None if it is none. A date without a zone counts as UTC."""
    try:
        date = parsedate_to_datetime(value[:200])
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None

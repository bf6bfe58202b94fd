"""The walk over the MIME tree: leaves with what they are to the reader."""

from __future__ import annotations

import hashlib
import re

import msgspec

from mailrisk.collect.message.archives import zip_directory
from mailrisk.collect.message.limits import Budget
from mailrisk.collect.message.mime import RawHeader, guess_boundary, read_headers, split_multipart
from mailrisk.collect.message.parameters import parse_parameters
from mailrisk.collect.message.transfer import decode_transfer
from mailrisk.model.message import Part

BODY, UNSEEN, ATTACHMENT = "body", "unseen", "attachment"
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?([\w:.-]{1,40})", re.IGNORECASE)
_MESSAGE_TYPES = ("message/rfc822", "message/global", "message/news")


class Leaf(msgspec.Struct, kw_only=True):
    """A leaf of the tree. ``data`` is decoded; a nested message is ``raw[start:end]``.

    ``role``: ``body`` is shown, ``unseen`` is an alternative that the reader's program does not choose,
    ``attachment`` is everything else.
    """

    part: Part
    data: bytes
    role: str
    raw: bytes = b""
    start: int = 0
    end: int = 0
    is_message: bool = False


def walk(
    raw: bytes,
    headers: list[RawHeader],
    start: int,
    end: int,
    path: str,
    depth: int,
    budget: Budget,
    leaves: list[Leaf],
    default_type: str,
) -> None:
    """Appends the leaves of the part with these headers and the body ``raw[start:end]``.

    ``path`` is the part's own, or '' or ``3.`` for the content of a message that is (in) no part or part 3.
    """
    fields = _fields(headers, budget)
    defects: list[str] = []
    content_type, parameters = parse_parameters(fields.get("content-type", b""), defects)
    if "/" not in content_type:
        content_type = default_type  # RFC 2045 §5.2
    if not content_type.startswith("multipart/"):
        if budget.take_part():
            lone = f"{path}1" if path.endswith(".") else path or "1"
            leaf = _leaf(raw, start, end, lone, content_type, parameters, fields, budget, defects)
            if leaf.is_message and depth >= budget.limits.nesting:
                budget.cut(f"part {leaf.part.path}: nested deeper than {budget.limits.nesting} levels")
                leaf.is_message = False
            leaves.append(leaf)
    elif depth >= budget.limits.nesting:
        budget.cut(f"part {path or '1'}: nested deeper than {budget.limits.nesting} levels")
    else:
        boundary = _boundary(parameters, raw, start, end, budget)
        spans = split_multipart(raw, start, end, boundary, budget) if boundary else []
        if not spans:  # Mail programs show the body of such a message as text.
            plain = [header for header in headers if header.name.lower() != "content-type"]
            walk(raw, plain, start, end, path, depth, budget, leaves, "text/plain")
        else:
            _walk_parts(raw, spans, path, depth, budget, leaves, content_type)
    for defect in defects:
        budget.defect(f"part {path or '1'}: {defect}")


def _walk_parts(
    raw: bytes,
    spans: list[tuple[int, int]],
    path: str,
    depth: int,
    budget: Budget,
    leaves: list[Leaf],
    kind: str,
) -> None:
    """The parts of one multipart; of alternatives only the chosen one stays ``body``."""
    default_type = "message/rfc822" if kind == "multipart/digest" else "text/plain"  # RFC 2046 §5.1.5
    children: list[list[Leaf]] = []
    for number, (start, end) in enumerate(spans, 1):
        headers, body = read_headers(raw, start, end, budget)
        below: list[Leaf] = []
        inner = f"{path.rstrip('.')}.{number}" if path else str(number)
        walk(raw, headers, body, end, inner, depth + 1, budget, below, default_type)
        children.append(below)
        leaves.extend(below)
    if kind == "multipart/alternative":
        _choose(children)


def _choose(children: list[list[Leaf]]) -> None:
    """RFC 2046 §5.1.4: the last alternative that can be shown is; every mail program prefers HTML."""

    def last(*types: str) -> int:
        numbers = [
            number
            for number, leaves in enumerate(children)
            if any(leaf.role == BODY and leaf.part.content_type in types for leaf in leaves)
        ]
        return numbers[-1] if numbers else -1

    shown = last("text/html", "application/xhtml+xml")
    if shown < 0:
        shown = last("text/plain")
    for number, leaves in enumerate(children):
        for leaf in leaves:
            if (
                shown >= 0
                and number != shown
                and leaf.role == BODY
                and leaf.part.content_type != "text/calendar"
            ):
                leaf.role = UNSEEN


def _fields(headers: list[RawHeader], budget: Budget) -> dict[str, bytes]:
    """The Content-* headers of a part, the first of each name."""
    fields: dict[str, bytes] = {}
    for name, value in headers:
        if name[:8].lower() == "content-":
            if name.lower() in fields and name.lower() != "content-length":
                budget.defect(f"{name} given twice")
            fields.setdefault(name.lower(), value)
    return fields


def _boundary(parameters: dict[str, str], raw: bytes, start: int, end: int, budget: Budget) -> bytes:
    """The boundary as given (at most 200 characters), or the one that the body seems to use."""
    given = parameters.get("boundary", "").rstrip()[:200]
    if given and raw.find(b"--" + given.encode("utf-8", "replace"), start, end) >= 0:
        return given.encode("utf-8", "replace")
    guessed = guess_boundary(raw, start, end)
    budget.defect("multipart without a boundary" if not given else "multipart whose boundary does not occur")
    return guessed


def _leaf(
    raw: bytes,
    start: int,
    end: int,
    path: str,
    content_type: str,
    parameters: dict[str, str],
    fields: dict[str, bytes],
    budget: Budget,
    defects: list[str],
) -> Leaf:
    """One leaf, decoded, with its role."""
    disposition, more = parse_parameters(fields.get("content-disposition", b""), defects)
    names = [name for name in (more.get("filename", ""), parameters.get("name", "")) if name]
    if len(set(names)) > 1:
        defects.append(f"two file names: {names[0][:100]!r} and {names[1][:100]!r}")
    filename = names[0][:500] if names else ""
    encoding = fields.get("content-transfer-encoding", b"").decode("latin-1")
    is_message = content_type in _MESSAGE_TYPES or filename.lower().endswith(".eml")
    plain_copy = encoding.strip().lower() in ("", "7bit", "8bit", "binary")
    if is_message and plain_copy:
        data, problem = b"", ""  # read in place, so that nesting copies nothing
    else:
        data, problem = decode_transfer(raw[start:end], encoding)
    if problem:
        defects.append(problem)
    size = end - start if is_message and plain_copy else len(data)
    hashed = memoryview(raw)[start:end] if is_message and plain_copy else data
    members, flags = zip_directory(data, budget.limits.zip_members)
    kept = budget.take_payload(size, f"part {path}") if data else False
    part = Part(
        path=path,
        content_type=content_type[:200],
        charset=_charset(parameters, content_type, data),
        filename=filename,
        disposition=disposition[:100],
        content_id=fields.get("content-id", b"").decode("latin-1").strip(" <>\r\n\t")[:500],
        size=size,
        sha256=hashlib.sha256(hashed).hexdigest(),
        payload=data if kept else b"",
        members=members,
        flags=flags,
    )
    leaf = Leaf(part=part, data=data, role=_role(content_type, disposition, filename), is_message=is_message)
    if is_message:
        leaf.raw, leaf.start, leaf.end = (raw, start, end) if plain_copy else (data, 0, len(data))
    return leaf


def _charset(parameters: dict[str, str], content_type: str, data: bytes) -> str:
    """The charset as labelled; for HTML without a label the one its <meta> names."""
    label = parameters.get("charset", "").strip("\"' ")[:60]
    if not label and content_type == "text/html" and (match := _META_CHARSET.search(data[:2048])):
        label = match[1].decode("ascii", "replace")
    return label.lower()


def _role(content_type: str, disposition: str, filename: str) -> str:
    """What a mail program does with a leaf: shows it in the body, or lists it."""
    if disposition == "attachment" or not content_type.startswith("text/"):
        return BODY if content_type == "application/xhtml+xml" and not filename else ATTACHMENT
    if filename and disposition != "inline":
        return ATTACHMENT
    return BODY

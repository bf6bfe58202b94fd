"""Outlook messages (.msg, MS-OXMSG): subject, body, sender and attachments out of the OLE container.

Properties are streams named by their tag (``__substg1.0_1000001F``); attachments and embedded messages are
storages. An embedded message is read with the one around it, to a limited depth.
"""

from __future__ import annotations

from mailrisk.collect.files import rtf
from mailrisk.collect.files.container import streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.packed_rtf import decompress
from mailrisk.collect.files.webpage import read_markup
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_DEPTH = 4
_PROPERTY = "__substg1.0_"
_TEXT_TYPES = ("001F", "001E")


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an Outlook message. BadInput: no container, or no message."""
    gather = Gather(budget)
    streams = streams_of(data, gather)
    if not any(name.startswith(("__properties", _PROPERTY)) for name in streams):
        raise BadInput("file", "no Outlook message")
    return read_streams(streams, budget)


def read_streams(streams: dict[str, bytes], budget: FileBudget) -> Contents:
    """Reads a message from the streams of its container."""
    gather = Gather(budget)
    gather.trait("message", "outlook")
    _message(streams, "", gather, 0)
    return gather.contents()


def _message(streams: dict[str, bytes], root: str, gather: Gather, depth: int) -> None:
    for tag in ("0037", "0C1A", "0C1F"):  # subject, sender's name and address
        gather.text(_text(streams, root, tag))
    body = _text(streams, root, "1000")
    gather.text(body)
    gather.links_in(body, "body")
    html = streams.get(f"{root}{_PROPERTY}10130102", b"") or _text(streams, root, "1013").encode()
    if html:
        read_markup(html, gather, "body", shown=not body)
    packed = streams.get(f"{root}{_PROPERTY}10090102", b"")
    if packed and not body and not html:
        gather.take(rtf.read(decompress(packed), gather.budget), "body")
    for storage in _storages(streams, root, "__attach_version1.0_"):
        _attachment(streams, storage, gather, depth)


def _attachment(streams: dict[str, bytes], root: str, gather: Gather, depth: int) -> None:
    name = _text(streams, root, "3707") or _text(streams, root, "3704") or _text(streams, root, "3001")
    content = streams.get(f"{root}{_PROPERTY}37010102", b"")
    inner = f"{root}{_PROPERTY}3701000D/"
    if content:
        gather.member(name, content)
    elif any(stream.startswith(inner) for stream in streams):
        gather.trait("nested-message", name)
        if depth < MOST_DEPTH:
            _message(streams, inner, gather, depth + 1)
        else:
            gather.cut(f"messages nested deeper than {MOST_DEPTH} levels were not read")


def _storages(streams: dict[str, bytes], root: str, prefix: str) -> list[str]:
    """The storages directly below ``root`` whose names begin so, with a slash at the end, at most 200."""
    start = f"{root}{prefix}"
    found = (name[len(root) :].partition("/")[0] for name in streams if name.startswith(start))
    return [f"{root}{name}/" for name in list(dict.fromkeys(found))[:200]]


def _text(streams: dict[str, bytes], root: str, tag: str) -> str:
    """A property's text, as UTF-16 or bytes (read as GB 18030, the code page of Chinese senders, or Latin-1)."""
    wide, narrow = (streams.get(f"{root}{_PROPERTY}{tag}{kind}", b"") for kind in _TEXT_TYPES)
    if wide:
        return wide.decode("utf-16-le", "replace")
    try:
        return narrow.decode("gb18030")
    except UnicodeDecodeError:
        return narrow.decode("latin-1")

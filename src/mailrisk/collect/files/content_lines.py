"""Calendar files (iCalendar, RFC 5545) and contact cards (vCard, RFC 6350): both are lines ``NAME;PARAM=x:value``."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.webpage import read_markup
from mailrisk.collect.message.charset import decode
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_BYTES = 2_000_000
MOST_LINES = 20_000

_FOLD = re.compile(r"\r?\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9.-]{1,60}(?=[:;])")
MOST_PARAMETERS = 2_000  # characters
_ESCAPED = re.compile(r"\\([nN,;:\\])")
_MAILTO = re.compile(r"^mailto:", re.IGNORECASE)
_SHOWN = frozenset(
    {"SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "FN", "NOTE", "TITLE", "ORG", "NICKNAME"}
)


class Line(NamedTuple):
    """One content line: upper-case name without its group, parameters as they stand, unescaped value."""

    name: str
    parameters: str
    value: str


def lines_of(data: bytes, gather: Gather) -> Iterator[Line]:
    """The unfolded content lines (RFC 5545 §3.1), as many as the limit allows."""
    if len(data) > MOST_BYTES:
        gather.cut(f"only the first {MOST_BYTES} of {len(data)} bytes were read")
    text, _, _ = decode(data[:MOST_BYTES], "")
    for number, raw in enumerate(_FOLD.sub("", text).splitlines()):
        if number >= MOST_LINES:
            gather.cut(f"only the first {MOST_LINES} lines were read")
            return
        match = _NAME.match(raw)
        if match:
            at = _colon(raw, match.end())
            parameters = raw[match.end() : at]
            yield Line(match[0].rpartition(".")[2].upper(), parameters, _value(raw[at + 1 :], parameters))


def _colon(line: str, at: int) -> int:
    """Where the value begins: the first colon that stands in no quotes."""
    quoted = False
    for place in range(at, min(len(line), at + MOST_PARAMETERS)):
        if line[place] == '"':
            quoted = not quoted
        elif line[place] == ":" and not quoted:
            return place
    return at + MOST_PARAMETERS


def _value(value: str, parameters: str) -> str:
    """The value without escapes (§3.3.11), or as quoted-printable says (vCard 2.1)."""
    if "QUOTED-PRINTABLE" in parameters.upper():
        return decode(binascii.a2b_qp(value.encode()), "")[0]
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def read_calendar(data: bytes, budget: FileBudget) -> Contents:
    """Reads a calendar file. BadInput: none begins in it."""
    if b"BEGIN:VCALENDAR" not in data[:4_000].upper():
        raise BadInput("file", "no calendar")
    gather = Gather(budget)
    gather.trait("calendar")
    events = 0
    for line in lines_of(data, gather):
        where = f"event {max(events, 1)}"
        if line.name == "BEGIN" and line.value.strip().upper() in ("VEVENT", "VTODO", "VJOURNAL"):
            events += 1
        elif line.name == "METHOD":
            gather.trait("method", line.value.strip().upper())
        elif line.name == "ORGANIZER":
            gather.trait("organizer", _MAILTO.sub("", line.value.strip()))
        elif line.name in _SHOWN:
            gather.text(line.value)
            gather.links_in(line.value, where, how="attachment")
        elif line.name == "X-ALT-DESC":
            read_markup(line.value.encode(), gather, where)
        elif (
            line.name in ("URL", "ATTACH", "CONFERENCE", "X-GOOGLE-CONFERENCE")
            and "BINARY" not in line.parameters.upper()
        ):
            gather.link(line.value, f"{where}, {line.name.lower()}")
        elif line.name == "ATTACH":
            gather.trait("embedded-file", f"{len(line.value)} characters of base64")
    gather.trait("events", str(events))
    return gather.contents()


def read_card(data: bytes, budget: FileBudget) -> Contents:
    """Reads contact cards. BadInput: none begins in it."""
    if b"BEGIN:VCARD" not in data[:4_000].upper():
        raise BadInput("file", "no contact card")
    gather = Gather(budget)
    gather.trait("contact")
    for line in lines_of(data, gather):
        if line.name in _SHOWN:
            gather.text(line.value)
            gather.links_in(line.value, "card")
        elif line.name in ("URL", "PHOTO", "LOGO", "SOURCE", "CALURI", "FBURL"):
            gather.link(
                line.value, f"card, {line.name.lower()}", how="attachment" if line.name == "URL" else "img"
            )
    return gather.contents()

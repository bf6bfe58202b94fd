"""The verification tests of libopendkim as messages: C sources in, (name, message, keys, status) out.

Each test is a straight row of calls that feed a verifier with header fields and pieces of a body, and one
``assert`` on what ``dkim_eom`` says. Tests with loops, chunks, or options that change the rules are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_DEFINE = re.compile(r"^#[ \t]*define[ \t]+(\w+)[ \t]+((?:.*\\\n)*.*)$", re.MULTILINE)
_PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"|(\w+)')
_CALL = re.compile(
    r'snprintf\(hdr, sizeof hdr, "%s: %s", DKIM_SIGNHEADER,\s*(?P<signature>\w+)\)'
    r"|dkim_header\(dkim, \(?(?:u_char \*\) ?)?(?P<header>\w+)"
    r"|dkim_body\(dkim, \(?(?:u_char \*\) ?)?(?P<body>\w+)"
    r"|dkim_eom\(dkim, (?:NULL|&\w+)\);\s*assert\(status == DKIM_STAT_(?P<status>\w+)\)"
)
_SETUP = re.compile(r'fprintf\(f, "%s\.%s\.%s ", (\w+), DKIM_DNSKEYNAME, (\w+)\);\s*for \(p = (\w+)')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OTHER_RULES = (
    "dkim_chunk",
    "FIXCRLF",
    "for (",
    "while (",
    "dkim_sign(",
    "DKIM_OPTS_MUSTBESIGNED",
    "TIMEOUT",
)


class OpenDkimCase(NamedTuple):
    """One test: the message, the records of the keys, what the library says of it."""

    name: str
    raw: bytes
    keys: dict[str, bytes]
    status: str


def cases(folder: Path) -> Iterator[OpenDkimCase]:
    """Every test below ``libopendkim/tests`` that is a straight row of calls with one verifier."""
    header = next(iter(sorted(folder.rglob("libopendkim/tests/t-testdata.h"))), None)
    if header is None:
        return
    common = _defines(header.read_text("latin-1"), {})
    setup = (header.parent / "t-setup.c").read_text("latin-1")
    keys = {
        f"{common[selector]}._domainkey.{common[domain]}".lower(): common[record].encode("latin-1")
        for selector, domain, record in _SETUP.findall(setup)
    }
    for path in sorted(header.parent.glob("t-test*.c")):
        source = _COMMENT.sub("", path.read_text("latin-1"))
        if source.count("dkim_verify(") == 1 and not any(word in source for word in _OTHER_RULES):
            found = _case(path.stem, source, _defines(source, common), keys)
            if found is not None:
                yield found


def _defines(source: str, known: Mapping[str, str]) -> dict[str, str]:
    """Names that stand for strings; neighbouring literals are joined as C does it."""
    values = dict(known)
    for name, text in _DEFINE.findall(source):
        pieces = _PIECE.findall(text)
        if pieces and all(literal or word in values for literal, word in pieces if literal or word):
            values[name] = "".join(values[word] if word else _unescaped(literal) for literal, word in pieces)
    return values


def _unescaped(literal: str) -> str:
    return literal.encode("latin-1").decode("unicode_escape")


def _case(name: str, source: str, values: Mapping[str, str], keys: dict[str, bytes]) -> OpenDkimCase | None:
    headers: list[str] = []
    body: list[str] = []
    signature = ""
    for call in _CALL.finditer(source):
        if call["signature"]:
            signature = f"DKIM-Signature: {values.get(call['signature'], '')}"
        elif call["header"]:
            text = signature if call["header"] == "hdr" else values.get(call["header"], "")
            if not text:
                return None
            headers.append(text.removesuffix("\r\n"))
        elif call["body"]:
            body.append(values.get(call["body"], ""))
        elif call["status"]:
            raw = "".join(f"{line}\r\n" for line in headers) + "\r\n" + "".join(body)
            return OpenDkimCase(name, raw.encode("latin-1"), keys, call["status"])
    return None

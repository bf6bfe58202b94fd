"""Legacy Office files (.doc, .xls, .ppt, .pub, .vsd) and other OLE containers: text, links, macros, packages.

Encrypted OOXML is such a container too (MS-OFFCRYPTO §2.1): it is opened with the message's passwords and goes on
as a member. An Outlook message is one as well; ``msg.py`` reads it.
"""

from __future__ import annotations

import re

from mailrisk.collect.files import legacy_text, msg, unlock, vba
from mailrisk.collect.files.container import packaged, streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.file import Contents

_HYPERLINK = re.compile(r'HYPERLINK\s{1,20}(?:\\l\s{1,20})?"([^"\x13-\x15]{3,2000})"')
_DDE = re.compile(r"\bDDE(?:AUTO)?\s{1,20}[\"\w][^\x14\x15]{3,300}")
_WIDE_URL = re.compile(rb"(?:h\x00t\x00t\x00p\x00s?\x00?:\x00/\x00/\x00)(?:[!-~]\x00){3,1000}")
_URL = re.compile(rb"https?://[!-~]{3,1000}")
_NAME_SPACES = (
    b"schemas.microsoft.com",
    b"schemas.openxmlformats.org",
    b"www.w3.org",
    b"purl.org",
    b"ns.adobe.com",
)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an OLE container. BadInput: it is none or broken."""
    gather = Gather(budget)
    streams = streams_of(data, gather)
    if "__properties_version1.0" in streams:
        return msg.read_streams(streams, budget)
    if "EncryptedPackage" in streams:
        unlock.open_package(data, streams, gather)
        return gather.contents()
    _projects(streams, gather)
    _packages(streams, gather)
    legacy_text.read(data, streams, gather)
    text = gather.contents().text
    for number, found in enumerate(_HYPERLINK.findall(text), 1):
        gather.link(found, f"field {number}")
    for match in _DDE.findall(text)[:10]:
        gather.trait("dde", match)
    _raw_urls(streams, gather)
    return gather.contents()


def _projects(streams: dict[str, bytes], gather: Gather) -> None:
    """Every VBA project, wherever it lies (``Macros/VBA/dir`` in .doc, ``_VBA_PROJECT_CUR/VBA/dir`` in .xls)."""
    for name in [name for name in streams if name.lower().endswith("vba/dir")][:10]:
        root = name[: -len("VBA/dir")]
        vba.read_project(streams, root, gather)


def _packages(streams: dict[str, bytes], gather: Gather) -> None:
    """Files that the document holds as objects, to be opened with a double click."""
    for name, content in streams.items():
        last = name.rpartition("/")[2].lower()
        if last == "\x01ole10native":
            inner, inside = packaged(content)
            if inside:
                gather.trait("ole-package", inner)
                gather.member(inner, inside)
        elif last == "package" and content.startswith(b"PK\x03\x04"):
            gather.member(f"{name.rpartition('/')[0]}.zip", content)
        elif last == "equation native":
            gather.trait("equation-editor", "Equation Native")


def _raw_urls(streams: dict[str, bytes], gather: Gather) -> None:
    """Addresses anywhere in the main streams: hyperlink tables hold them as UTF-16 or bytes."""
    for name, content in streams.items():
        if name.lower().startswith(("\x05", "macros/", "_vba", "pictures", "data")):
            continue
        part = content[:4_000_000]
        wide = (match[0].decode("utf-16-le") for match in _WIDE_URL.finditer(part))
        plain = (match[0].decode("ascii") for match in _URL.finditer(part) if b"\x00" not in match[0])
        for number, url in enumerate((*wide, *plain), 1):
            if not any(space.decode() in url[:60] for space in _NAME_SPACES) and number <= 300:
                gather.link(url, f"stream {name.strip()}, link {number}", how="text")

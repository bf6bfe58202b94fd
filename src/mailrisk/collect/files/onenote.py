"""OneNote sections (.one, MS-ONESTORE): embedded files, which a double click starts, and text.

Embedded files lie in FileDataStoreObjects (§2.6.13), which a GUID marks: they are found by it, whatever the
structures around them say.
"""

from __future__ import annotations

import re

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MAGIC = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
_STORED = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM")
_NAME_END = re.compile(rb"\.\x00(?:[A-Za-z0-9]\x00){2,5}(?=\x00\x00)")
_NOT_IN_NAMES = frozenset('/\\:*?"<>|\r\n\x00')
MOST_NAMES = 500
LONGEST_NAME = 120
_WIDE_TEXT = re.compile(rb"(?:[ -~]\x00|[\x00-\xff][\x30\x4e-\x9f\xff]){6,2000}")
_PROGRAM = re.compile(
    r"\.(?:exe|com|scr|bat|cmd|js|jse|vbs|vbe|wsf|hta|ps1|lnk|dll|msi|chm|cpl|iso|jar)$", re.IGNORECASE
)
_SCRIPT_START = re.compile(
    rb"MZ|<(?:script|html|hta|job)|@echo|<#|#@|powershell|function |var |Set |Dim |On Error", re.IGNORECASE
)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a section. BadInput: it is none."""
    if not data.startswith(MAGIC):
        raise BadInput("file", "no OneNote section")
    gather = Gather(budget)
    names = _names(data)
    at = number = 0
    while (at := data.find(_STORED, at)) >= 0 and number < gather.limits.members:
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        content = data[at + 36 : at + 36 + size] if size <= len(data) else b""
        at += 36 + len(content)
        number += 1
        if not content:
            gather.defect(f"embedded file {number} is longer than the section")
        elif content.startswith(_PICTURES):
            gather.picture(content, f"picture {number}")
        else:
            _embedded(content, names.pop(0) if names else f"embedded file {number}", gather)
    text = "\n".join(
        match[0].decode("utf-16-le", "replace") for match in _WIDE_TEXT.finditer(data[:8_000_000])
    )
    gather.text(text)
    gather.links_in(text, "")
    return gather.contents()


def _embedded(content: bytes, name: str, gather: Gather) -> None:
    gather.trait("embedded-file", name)
    if _PROGRAM.search(name) or _SCRIPT_START.match(content[:200].lstrip()):
        gather.trait("embedded-program", name)
    gather.member(name, content)


def _names(data: bytes) -> list[str]:
    """File names in the order in which they stand, each once; those of pictures are left out."""
    found: dict[str, None] = {}
    for number, match in enumerate(_NAME_END.finditer(data[:8_000_000])):
        if number >= MOST_NAMES:
            break
        before = data[max(0, match.start() - 2 * LONGEST_NAME) : match.start()]
        stem = before[len(before) % 2 :].decode("utf-16-le", "replace")
        start = next((at for at in range(len(stem) - 1, -1, -1) if stem[at] in _NOT_IN_NAMES), -1) + 1
        if stem[start:]:
            found[(stem[start:] + match[0].decode("utf-16-le")).strip()] = None
    pictures = (".png", ".jpg", ".gif", ".one", ".bmp")
    return [name for name in found if not name.lower().endswith(pictures)]

"""XML files that programs open as something else: property lists, flat Office documents (Word 2003 XML, Flat OPC)."""

from __future__ import annotations

import base64
import binascii
import re

from mailrisk.collect.files import mailfile, url_shortcut
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.webpage import read_markup
from mailrisk.model.file import Contents

_BINARY = re.compile(rb"<(?:w:|pkg:)?binData\b[^>]{0,300}>([A-Za-z0-9+/=\s]{20,30000000})<")
_DDE = re.compile(
    rb"\b(?i:cmd|powershell|mshta|rundll32|regsvr32|msexcel)(?:\.exe)?\|[^\n!<]{1,300}|\bDDE(?:AUTO)?\s[^<\n]{1,200}"
)
_OFFICE = re.compile(
    rb"<\?mso-application\s[^>]{0,200}|schemas\.microsoft\.com/office/(?:word|excel|2006/xmlPackage)"
)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an XML file. BadInput only for a property list that is no shortcut."""
    if b"<plist" in data[:1_000]:
        return url_shortcut.read(data, budget)
    gather = Gather(budget)
    if _OFFICE.search(data[:5_000]):
        gather.trait("flat-office")
        for match in list(_DDE.finditer(data))[:10]:
            gather.trait("dde", match[0].decode("utf-8", "replace"))
        for match in list(_BINARY.finditer(data))[:50]:
            clean = b"".join(match[1].split()).rstrip(b"=")
            try:
                raw = base64.b64decode(clean[: len(clean) // 4 * 4])
            except binascii.Error:
                continue
            mailfile.read_binary(raw, gather)
    read_markup(data, gather, "")
    return gather.contents()

"""Tables as text (CSV, TSV, SYLK): Excel computes what begins with an equals sign, and may start a program for it."""

from __future__ import annotations

import re

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.charset import decode
from mailrisk.model.file import Contents

MOST_BYTES = 2_000_000

_COMMAND = re.compile(
    r"(?:^|[,;\t\"'=+@-])[ =+@-]{0,9}(?:cmd|powershell|mshta|rundll32|regsvr32|msexcel|certutil)(?:\.exe)?\|[^!\n]{1,300}!",
    re.IGNORECASE | re.MULTILINE,
)
_LINK = re.compile(
    r'(?:HYPERLINK|WEBSERVICE|IMPORTXML|IMPORTDATA)\([ "]{0,5}(https?://[^"\s)]{3,2000})', re.IGNORECASE
)


_SYLK_AUTO = re.compile(r"^NN;N(Auto_?(?:open|close|activate))", re.IGNORECASE | re.MULTILINE)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a table. Never raises for what stands in it."""
    gather = Gather(budget)
    if len(data) > MOST_BYTES:
        gather.cut(f"only the first {MOST_BYTES} of {len(data)} bytes were read")
    text, _, _ = decode(data[:MOST_BYTES], "")
    for number, match in enumerate(_COMMAND.finditer(text)):
        if number < 10:
            gather.trait("dde", match[0])
    for number, match in enumerate(_LINK.finditer(text[:MOST_BYTES]), 1):
        gather.link(match[1], f"formula {number}")
    if text.startswith("ID;"):
        _sylk(text, gather)
    gather.text(text)
    gather.links_in(text, "")
    return gather.contents()


def _sylk(text: str, gather: Gather) -> None:
    """SYLK may hold an Excel 4 macro sheet: an options record with ``E``, and names that start it."""
    if re.search(r"^O;(?:[A-Z];?){0,20}E", text, re.MULTILINE):
        gather.trait("xlm-macro", "SYLK")
        if found := _SYLK_AUTO.search(text):
            gather.trait("xlm-autoexec", found[1])

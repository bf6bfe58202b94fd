"""Shortcuts of Windows (.lnk, MS-SHLLINK): what a double click starts, under which icon."""

from __future__ import annotations

import base64
import binascii
import re
import struct

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MAGIC = b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
MOST_BLOCKS = 30
LARGE = 200_000
"""Bytes after which a shortcut carries more than a shortcut: those of Windows have some thousands."""

_INTERPRETERS = re.compile(
    r"\b(?:powershell|pwsh|cmd|mshta|wscript|cscript|rundll32|regsvr32|msiexec|certutil|bitsadmin|forfiles|conhost|"
    r"curl|ftp|wmic|msbuild|installutil|explorer\.exe\s+(?:https?:|\\\\)|python\w?|java\w?|node|bash|ssh|hh)(?:\.exe)?\b",
    re.IGNORECASE,
)
_ENCODED = re.compile(
    r"[-/]e(?:c|n(?:c(?:o(?:d(?:e(?:d(?:c\w*)?)?)?)?)?)?)?\s{1,20}[\"']?([A-Za-z0-9+/=]{20,20000})",
    re.IGNORECASE,
)
_HIDES = re.compile(
    r"FromBase64String|\biex\b|Invoke-Expression|-w(?:indowstyle)?\s{1,9}(?:hidden|1\b)|\bhidden\b|DownloadString|"
    r"DownloadFile|\^[a-z]\^",
    re.IGNORECASE,
)
_DOCUMENT_ICON = re.compile(
    r"(?:acrord|acrobat|winword|excel|powerpnt|wordpad|notepad|chrome|msedge|iexplore|firefox|imageres|wps|et|foxit|pdf|docx?|xlsx?|photo)",
    re.IGNORECASE,
)
_PROGRAM_END = re.compile(
    r"\.(?:exe|com|bat|cmd|js|jse|vbs|vbe|wsf|hta|ps1|scr|dll|msi|cpl|pif)\b", re.IGNORECASE
)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a shortcut. BadInput: it is none."""
    if not data.startswith(MAGIC) or len(data) < 76:
        raise BadInput("file", "no Windows shortcut")
    gather = Gather(budget)
    link = _Link(data)
    link.read()
    target = link.environment or link.path or link.relative
    command = f"{target} {link.arguments}".strip()
    gather.trait("command", command)
    if link.description:
        gather.text(link.description)
    if found := _INTERPRETERS.search(command):
        gather.trait("starts-interpreter", found[0])
    elif _PROGRAM_END.search(target):
        gather.trait("starts-program", target)
    _hidden(command, gather)
    if link.icon and _DOCUMENT_ICON.search(link.icon) and not _same_program(link.icon, target):
        gather.trait("icon-mimics", link.icon)
    if len(link.arguments) > 1_000:
        gather.trait("long-command", f"{len(link.arguments)} characters")
    if len(data) > LARGE:
        gather.trait("oversized", f"{len(data)} bytes")
    if target.startswith("\\\\"):
        gather.trait("unc-path", target)
    gather.links_in(command, "command", how="attachment")
    for defect in link.defects:
        gather.defect(defect)
    return gather.contents()


def _hidden(command: str, gather: Gather) -> None:
    """Encoded commands, decoded once (PowerShell takes base64 of UTF-16)."""
    found = _ENCODED.search(command)
    if found:
        try:
            raw = base64.b64decode(found[1] + "=" * (-len(found[1]) % 4))
        except binascii.Error:
            raw = b""
        plain = raw.decode("utf-16-le", "replace") if raw[1:2] == b"\x00" else raw.decode("latin-1")
        gather.trait("encoded-command", plain)
        gather.links_in(plain, "encoded command", how="attachment")
    elif found := _HIDES.search(command):
        gather.trait("encoded-command", found[0])


def _same_program(icon: str, target: str) -> bool:
    """Whether the icon is the target's own."""
    name = icon.replace("/", "\\").rpartition("\\")[2].lower()
    return bool(name) and name in target.lower()


class _Link:
    """The parts of one shortcut: header (§2.1), ID list (§2.2), link info (§2.3), strings (§2.4), extra data (§2.5)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 76
        self._flags = int.from_bytes(data[20:24], "little")
        self.path = self.relative = self.description = self.arguments = self.icon = self.environment = ""
        self.defects: list[str] = []

    def read(self) -> None:
        """Reads part after part; a part that runs past the end ends the reading."""
        if self._flags & 0x01:
            size = self._number(2)
            self._id_list(self._take(size))
        if self._flags & 0x02:
            size = int.from_bytes(self._data[self._at : self._at + 4], "little")
            self._link_info(self._take(size))
        for bit, name in (
            (0x04, "description"),
            (0x08, "relative"),
            (0x10, ""),
            (0x20, "arguments"),
            (0x40, "icon"),
        ):
            if self._flags & bit:
                text = self._string()
                if name:
                    setattr(self, name, text)
        for _ in range(MOST_BLOCKS):
            size = int.from_bytes(self._data[self._at : self._at + 4], "little")
            if size < 8:
                break
            self._block(self._take(size))

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data) and not self.defects:
            self.defects.append("a part runs past the end of the shortcut")
        taken = self._data[self._at : self._at + size]
        self._at += max(size, 1) if size else 0
        return taken

    def _string(self) -> str:
        count = self._number(2)
        if self._flags & 0x80:
            return self._take(2 * count).decode("utf-16-le", "replace")
        return self._take(count).decode("cp1252", "replace")

    def _id_list(self, items: bytes) -> None:
        """Names out of the shell items: the long names that stand in them as UTF-16, the short ones as bytes."""
        names: list[str] = []
        at = 0
        while at + 2 <= len(items) and len(names) < 50:
            size = int.from_bytes(items[at : at + 2], "little")
            if size < 3:
                break
            item = items[at + 2 : at + size]
            at += size
            wide = max((m[0] for m in _WIDE_NAME.finditer(item)), key=len, default=b"").decode(
                "utf-16-le", "replace"
            )
            narrow = item[12:].split(b"\x00")[0].decode("cp1252", "replace") if len(item) > 12 else ""
            names.append(wide or narrow)
        if names and not self.path:
            self.path = "\\".join(filter(None, names))

    def _link_info(self, info: bytes) -> None:
        """Local base path and common path suffix (§2.3)."""
        if len(info) < 28:
            return
        _, _, flags, _, base, network, suffix = struct.unpack_from("<7I", info, 0)
        local = _until_zero(info, base) if flags & 1 else ""
        share = (
            _until_zero(info, network + int.from_bytes(info[network + 8 : network + 12], "little"))
            if flags & 2
            else ""
        )
        path = (local or share) + _until_zero(info, suffix)
        if path:
            self.path = path

    def _block(self, block: bytes) -> None:
        """The environment variables' block (§2.5.4) names the target a second time, and wins."""
        signature = int.from_bytes(block[4:8], "little")
        if signature == 0xA0000001 and len(block) >= 0x314:
            wide = block[268:788].decode("utf-16-le", "replace").partition("\x00")[0]
            self.environment = wide or block[8:268].partition(b"\x00")[0].decode("cp1252", "replace")
        elif signature == 0xA0000007 and len(block) >= 0x314 and not self.icon:
            self.icon = block[268:788].decode("utf-16-le", "replace").partition("\x00")[0]


_WIDE_NAME = re.compile(rb"(?:[ -~]\x00){3,260}")


def _until_zero(data: bytes, at: int) -> str:
    """Text from the offset to the next zero byte."""
    if not 0 < at < len(data):
        return ""
    end = data.find(b"\x00", at)
    return data[at : end if end >= 0 else None].decode("cp1252", "replace")

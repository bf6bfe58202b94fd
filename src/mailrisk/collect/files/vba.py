"""VBA projects: the source of macros out of an OLE container, and what it starts, fetches and hides.

A project (MS-OVBA) is a storage with streams: ``VBA/dir``, compressed, lists the modules with the stream and
the offset at which each one's compressed source begins. Own code and not oletools, because that
distribution requires pcodedmp, which is GPL, and is one module of 4,800 lines that opens files.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping

from mailrisk.collect.files.gather import Gather

MOST_SOURCE = 2_000_000  # characters of all modules
MOST_MODULES = 300

_AUTO = re.compile(
    r"\b(?:Auto_?Open|Auto_?Close|Auto_?Exec|Auto_?Exit|Auto_?New|Document_?Open|Document_?Close|Document_?New|"
    r"Document_?BeforeClose|Document_ContentControlOnEnter|Workbook_?Open|Workbook_?Close|Workbook_?Activate|"
    r"Workbook_?BeforeClose|Workbook_?Deactivate|Worksheet_?Activate|Worksheet_?Calculate|Slide_?Show_?Begin|"
    r"Presentation_?Open|App_?Open|[A-Za-z0-9]{1,40}_(?:Layout|Painting|Painted|Resize|MouseHover|BeforeNavigate2|"
    r"DownloadComplete|Navigate2|FileDownload|OnConnecting|StatusTextChange))\b",
    re.IGNORECASE,
)
_CALLS = (
    ("runs", re.compile(
        r"WScript\.Shell|Shell\.Application|\bShell(?:Execute[AW]?)?\b|\bpowershell|\bcmd(?:\.exe|\s+/[ck])|\bmshta\b|"
        r"\bregsvr32\b|\brundll32\b|\bwscript\b|\bcscript\b|\bmsiexec\b|\bschtasks\b|Win32_Process|winmgmts:|"
        r"\bCreateProcess[AW]?\b|\bWinExec\b|\bMacScript\b|\bAppleScriptTask\b|\bExecuteExcel4Macro\b",
        re.IGNORECASE)),
    ("downloads", re.compile(
        r"URLDownloadToFile|MSXML2?\.(?:Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest|"
        r"\bInternetOpen(?:Url)?[AW]?\b|\bcertutil\b|\bbitsadmin\b|Net\.WebClient|Invoke-WebRequest|DownloadString|"
        r"DownloadFile|\bcurl(?:\.exe)?\s+-|InternetExplorer\.Application",
        re.IGNORECASE)),
    ("writes", re.compile(
        r"ADODB\.Stream|SaveToFile|Scripting\.FileSystemObject|CreateTextFile|\bOpen\b[^\n]{1,200}\bFor\s+(?:Binary|Output)",
        re.IGNORECASE)),
    ("injects", re.compile(
        r"\bVirtualAlloc(?:Ex)?\b|\bRtlMoveMemory\b|\bCreateThread\b|\bCreateRemoteThread\b|\bWriteProcessMemory\b|"
        r"\bEnumSystemLanguageGroups[AW]\b|\bHeapCreate\b|\bQueueUserAPC\b",
        re.IGNORECASE)),
    ("hides", re.compile(
        r"\bStrReverse\b|\bCallByName\b|\bChrW?\$?\s*\(\s*\d{1,3}\s*\)\s*&\s*ChrW?\$?\s*\(|\bFromBase64\b|bin\.base64|"
        r"\bXor\b[^\n]{0,80}\bAsc\b|\bAsc\b[^\n]{0,80}\bXor\b|VBProject\.VBComponents|AccessVBOM|VBAWarnings",
        re.IGNORECASE)),
)  # fmt: skip
_COMMENT = re.compile(r"^[ \t]*(?:'|Rem\b).*$", re.MULTILINE | re.IGNORECASE)
_JOIN = re.compile(r'"\s{0,20}[&+]\s{0,20}(?:_\s{0,20})?"')


def read_project(streams: Mapping[str, bytes], root: str, gather: Gather) -> None:
    """Reads the project below ``root`` (``Macros/``, or ''); ``streams`` is path -> content, '/' between names.

    Adds the traits ``macros``, ``macro-autoexec``, ``macro-suspicious-call``, ``macro-without-source``.
    """
    gather.trait("macros")
    sources = list(_sources(streams, root, gather))
    left = MOST_SOURCE
    whole: list[str] = []
    for source in sources:
        whole.append(source[:left])
        left -= len(whole[-1])
    if left <= 0:
        gather.cut(f"macros: only {MOST_SOURCE} characters of source were read")
    code = "\n".join(whole)
    body = "\n".join(line for line in code.splitlines() if not line.startswith("Attribute "))
    if not body.strip():
        if any(len(data) > 3_000 for name, data in streams.items() if name.startswith(f"{root}VBA/")):
            gather.trait("macro-without-source")
        return
    name_traits(code, gather)


def name_traits(code: str, gather: Gather) -> None:
    """Names what a macro's source starts by itself and what it calls; links of its strings are told."""
    code = _JOIN.sub("", _COMMENT.sub("", code))
    for found in _distinct(_AUTO, code):
        gather.trait("macro-autoexec", found)
    for kind, pattern in _CALLS:
        for found in _distinct(pattern, code):
            gather.trait("macro-suspicious-call", f"{kind} {found}")
    gather.links_in(code, "macro", how="attachment")


def _distinct(pattern: re.Pattern[str], code: str) -> list[str]:
    """What the pattern finds, each writing once, at most 10."""
    found: dict[str, str] = {}
    for match in pattern.finditer(code):
        found.setdefault(match[0].lower(), match[0])
        if len(found) >= 10:
            break
    return list(found.values())


def _sources(streams: Mapping[str, bytes], root: str, gather: Gather) -> Iterator[str]:
    """The modules' sources, by the project's directory, or by their look where that is broken."""
    codec, modules = _directory(streams.get(f"{root}VBA/dir", b""))
    by_name = {name.lower(): data for name, data in streams.items()}
    for stream, offset in modules[:MOST_MODULES]:
        data = by_name.get(f"{root}VBA/{stream}".lower(), b"")
        if data:
            yield _decoded(decompress(data, offset), codec)
    if not modules:
        gather.defect("a VBA project without a readable directory")
        for name, data in streams.items():
            at = data.find(b"\x00Attribut") - 3
            if name.startswith(f"{root}VBA/") and at >= 0:
                yield _decoded(decompress(data, at), codec)


def _decoded(source: bytes, codec: str) -> str:
    return source.decode(codec, "replace")


def _directory(packed: bytes) -> tuple[str, list[tuple[str, int]]]:
    """Codec and (stream name, offset of the source) of every module (MS-OVBA §2.3.4.2)."""
    data = decompress(packed, 0) if packed else b""
    codec, modules, name = "cp1252", list[tuple[str, int]](), ""
    at = 0
    while at + 6 <= len(data):
        kind, size = struct.unpack_from("<HI", data, at)
        if kind == 0x0009:  # PROJECTVERSION says 4 and holds 6
            size = 6
        value = data[at + 6 : at + 6 + size]
        at += 6 + size
        if kind == 0x0003 and size == 2:
            codec = _codec(int.from_bytes(value, "little"))
        elif kind == 0x001A:
            name = value.decode(codec, "replace")
        elif kind == 0x0032 and value:  # the stream's name in UTF-16
            name = value.decode("utf-16-le", "replace")
        elif kind == 0x0031 and size == 4:
            modules.append((name, int.from_bytes(value, "little")))
    return codec, modules


def _codec(page: int) -> str:
    try:
        "".encode(f"cp{page}")
    except LookupError:
        return {10000: "mac-roman", 65001: "utf-8"}.get(page, "cp1252")
    return f"cp{page}"


def decompress(data: bytes, at: int, most: int = MOST_SOURCE) -> bytes:
    """The container that begins at this offset (MS-OVBA §2.4.1); as far as it is sound, at most ``most`` bytes."""
    if at >= len(data) or data[at] != 1:
        return b""
    at += 1
    out = bytearray()
    while at + 2 <= len(data) and len(out) < most:
        header = int.from_bytes(data[at : at + 2], "little")
        if (header >> 12) & 7 != 3:
            break
        end = min(len(data), at + (header & 0xFFF) + 3)
        at += 2
        if header & 0x8000:
            _chunk(data, at, end, out)
        else:
            out += data[at : at + 4096]
            end = at + 4096
        at = end
    return bytes(out)


def _chunk(data: bytes, at: int, end: int, out: bytearray) -> None:
    """Appends one compressed chunk: flag bytes, each for eight literals or copies (§2.4.1.3.4-5)."""
    start = len(out)
    while at < end:
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= end:
                return
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            if at + 2 > end:
                return
            token = int.from_bytes(data[at : at + 2], "little")
            at += 2
            bits = max((len(out) - start - 1).bit_length(), 4)  # §2.4.1.3.19.1
            length = (token & (0xFFFF >> bits)) + 3
            offset = (token >> (16 - bits)) + 1
            if offset > len(out) - start or len(out) - start > 4096:
                return
            for _ in range(length):
                out.append(out[-offset])

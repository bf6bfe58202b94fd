"""The kind of a file by its content, in magika's words: cheap first looks, and when a deeper one is needed.

First bytes decide what has a signature. Text has none: a script is what the system that opens it takes it
for, so there the name decides, and the content only where the name says nothing. What neither decides is
asked of a model (``Identify``), which costs milliseconds and is given by whoever opens files.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailrisk.collect.files.packages import kind_of_ole, kind_of_zip

Identify = Callable[[bytes], str]
"""Bytes -> a label of magika, '' when it is not sure."""

HEAD = 4_096
"""Bytes in which signatures and the first words of text are looked for."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"{\\rt", "rtf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\xd7\xcd\xc6\x9a", "wmf"),
    (b"7z\xbc\xaf\x27\x1c", "sevenzip"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP", "lzip"),
    (b"\x1f\x9d", "unixcompress"),
    (b"MSCF", "cab"),
    (b"ITSF", "chm"),
    (b"\x60\xea", "arj"),
    (b"xar!", "xar"),
    (b"MSWIM\x00\x00\x00", "wim"),
    (b"!<arch>\n", "ar"),
    (b"070701", "cpio"),
    (b"070707", "cpio"),
    (b"conectix", "vhd"),
    (b"vhdxfile", "vhdx"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "lnk"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "one"),
    (b"\x7fELF", "elf"),
    (b"\xca\xfe\xba\xbe", "javabytecode"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"dex\n", "dex"),
    (b"\x00asm", "wasm"),
    (b"FWS", "swf"),
    (b"CWS", "swf"),
    (b"ZWS", "swf"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"\x1aE\xdf\xa3", "mkv"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"wOFF", "woff"),
    (b"wOF2", "woff2"),
    (b"-----BEGIN PGP ", "pgp"),
    (b"BEGIN:VCALENDAR", "ics"),
    (b"BEGIN:VCARD", "vcard"),
    (b"[InternetShortcut]", "internetshortcut"),
    (b"Windows Registry Editor", "winregistry"),
    (b"REGEDIT4", "winregistry"),
    (b"ISc(", "cab-installshield"),
)
"""First bytes -> kind. Labels that magika lacks are told by the common name of the format."""

PICTURES = frozenset({"png", "jpeg", "gif", "bmp", "tiff", "webp", "ico", "heif", "wmf"})

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MP4 = re.compile(rb"\A....ftyp", re.DOTALL)
_CMS = b"\x2a\x86\x48\x86\xf7\x0d\x01"  # pkcs-7 and pkcs-9: what S/MIME wraps content in (RFC 5652)
_LHA = re.compile(rb"\A..-l[hz][0-9ds]-", re.DOTALL)
_HTML = re.compile(
    rb"\A\s*+(?:<!--.{0,2000}?-->\s*+)?(?:<\?xml[^>]{0,200}>\s*+)?<(?:!doctype\s++html|html|head|body|script|meta|title|form|table|iframe|div|a\s|p>|center|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_MHT = re.compile(rb"^content-type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
_MAIL = re.compile(
    rb"^(?:received|return-path|from|to|subject|date|message-id|mime-version|x-[a-z-]{2,40}|delivered-to):",
    re.IGNORECASE | re.MULTILINE,
)
_CONTROL = bytes(range(9)) + b"\x0b" + bytes(range(14, 27)) + bytes(range(28, 32))

SCRIPTS: dict[str, str] = {
    "js": "javascript", "jse": "jse", "mjs": "javascript", "vbs": "vba", "vbe": "vbe", "wsf": "scriptwsf",
    "wsh": "ini", "wsc": "scriptwsf", "sct": "scriptwsf", "hta": "hta", "bat": "batch", "cmd": "batch",
    "ps1": "powershell", "psm1": "powershell", "sh": "shell", "py": "python", "pyw": "python", "reg": "winregistry",
    "url": "internetshortcut", "inf": "ini", "scf": "ini", "iqy": "iqy", "slk": "slk", "jnlp": "jnlp",
    "au3": "autohotkey", "ahk": "autohotkey", "applescript": "applescript", "desktop": "desktop",
    "library-ms": "library-ms", "search-ms": "search-ms", "settingcontent-ms": "settingcontent-ms",
    "application": "clickonce", "rdp": "rdp", "diagcab": "cab", "command": "shell", "ics": "ics", "vcf": "vcard",
    "eml": "eml", "mht": "mht", "mhtml": "mht", "csv": "csv", "txt": "txt", "log": "txt", "json": "json",
    "css": "css", "md": "markdown", "asc": "pgp", "patch": "diff", "diff": "diff", "yaml": "yaml", "yml": "yaml",
    "c": "c", "h": "c", "cpp": "cpp", "pl": "perl", "tex": "latex", "xml": "xml", "vcs": "ics",
}  # fmt: skip
"""Last part of the name -> kind, for files that are text: what the system that opens them takes them for."""


_SIGNED = frozenset({"iso", "dmg", "vhd", "vhdx", "wim"})
"""Images of disks, which say so at fixed places; a model takes rows of zeros for one."""

_LIKE_MAIL = ("diff", "txt", "markdown")
"""Texts that begin as mails do: patches have From, Date and Subject."""


def extension(name: str) -> str:
    """The last part of a file's name, lower case, without dots and blanks around it; '' when there is none."""
    _, dot, last = name[-200:].rstrip(" .\u00a0\u3000\x00").rpartition(".")
    return last.strip().lower() if dot else ""


def kind_of(data: bytes, name: str = "", identify: Identify | None = None) -> str:
    """The kind of a file; '' when it cannot be told (or only by ``identify``, and that is not given)."""
    head = data[:HEAD]
    if not head:
        return "empty"
    known = by_signature(data)
    if known:
        return known
    if is_text(head):
        known, by_name = by_text(head), SCRIPTS.get(extension(name), "")
        if known == "eml" and by_name in _LIKE_MAIL:
            return by_name
        known = known or by_name
        if known:
            return known
    guessed = identify(data) if identify is not None else ""
    return "" if guessed in _SIGNED else guessed


def by_signature(data: bytes) -> str:
    """The kind that first (or otherwise fixed) bytes tell; '' when they tell nothing."""
    head = data[:HEAD]
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(_ZIP_STARTS):
        return kind_of_zip(data)
    if head.startswith(_OLE):
        return kind_of_ole(data)
    if head.startswith(b"MZ"):
        return _program(data)
    if head.startswith(b"RIFF"):
        return {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi", b"ACON": "ani"}.get(head[8:12], "riff")
    if head.startswith(b"BM") and len(head) > 26 and head[14] in (12, 40, 52, 56, 64, 108, 124):
        return "bmp"
    return _further_in(data, head)


def _further_in(data: bytes, head: bytes) -> str:
    """Signatures that do not stand at the start."""
    if _MP4.match(head):
        brand = head[8:12]
        return "heif" if brand in (b"heic", b"heix", b"mif1", b"avif") else "mp4"
    if _LHA.match(head):
        return "lha"
    if head[:1] == b"\x30" and _CMS in head[:40]:
        return "p7m"
    if head[7:14] == b"**ACE**":
        return "ace"
    if head[257:262] == b"ustar":
        return "tar"
    if data[32_769:32_774] in (b"CD001", b"BEA01") or data[37_633:37_638] == b"CD001":
        return "iso"
    if data[-512:-504] == b"conectix":
        return "vhd"
    if data[-512:-508] == b"koly":
        return "dmg"
    if len(data) >= 512 and data[510:512] == b"\x55\xaa" and (data[54:57] == b"FAT" or data[82:85] == b"FAT"):
        return "img"
    if len(data) >= 512 and data[510:512] == b"\x55\xaa" and data[3:7] == b"NTFS":
        return "img"
    at = head.find(b"%PDF-", 0, 1_024)  # PDF 1.7, appendix H.3.4.1: viewers accept it that far in.
    return "pdf" if at > 0 else ""


def _program(data: bytes) -> str:
    """A program for DOS or Windows (Microsoft's PE format, §2): ``pebin`` if it has the newer header."""
    at = int.from_bytes(data[60:64], "little")
    return "pebin" if data[at : at + 2] in (b"PE", b"NE", b"LE", b"LX") or len(data) > 64 else ""


def is_text(head: bytes) -> bool:
    """Whether bytes read as text: no control characters, or UTF-16 with a mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not head.translate(None, bytes(set(range(256)) - set(_CONTROL)))


def by_text(head: bytes) -> str:
    """The kind of a text that says itself what it is."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for start, kind in _STARTS:
        if len(start) > 8 and head[: len(start)].upper() == start.upper():
            return kind
    if _HTML.match(head):
        return "html"
    if head.startswith(b"<"):
        return "svg" if _SVG.search(head[:2_000]) else "xml"
    if len(_MAIL.findall(head[:2_000])) >= 2:
        return "mht" if _MHT.search(head[:2_000]) else "eml"
    return "shell" if head.startswith(b"#!") else ""

"""Which files are programs: by content where they were opened, by name where they were not."""

from __future__ import annotations

import re
from typing import Final

from mailrisk.analyse.message.view import MessageView
from mailrisk.model.file import OpenedFile

_NAMES = (
    "exe scr com pif bat cmd msi msix appx js jse vbs vbe wsf wsh hta lnk ps1 cpl dll jar apk iso img vhd vhdx chm "
    "reg scf url one xll appref-ms"
)
PROGRAM = re.compile(rf"\.(?:{'|'.join(_NAMES.split())})\s*$", re.IGNORECASE)
"""Names of what runs, or holds what runs, when it is opened."""

BINARIES: Final = frozenset(
    {"pebin", "elf", "macho", "msi", "dex", "apk", "jar", "chm", "appx", "lnk", "jse", "vbe"}
)
"""Kinds that run when they are opened, whatever their name."""

SCRIPT_NAMES: Final = frozenset(
    "js jse mjs vbs vbe wsf wsh wsc sct hta bat cmd ps1 psm1 reg scf inf jnlp au3 ahk pyw settingcontent-ms "
    "library-ms search-ms application appref-ms".split()
)
"""Last parts of names of texts that run: what the system takes them for, whatever they say.

An internet shortcut only opens an address; the harmful ones are for the rules of ``data/yara``.
"""

_INERT: Final = frozenset(
    {"pdf", "png", "jpeg", "gif", "docx", "xlsx", "pptx", "doc", "xls", "ppt", "rtf", "zip"}
)

DOCUMENT_NAMES: Final = frozenset(
    "pdf doc docx docm dot dotx rtf odt wps xls xlsx xlsm xlsb ods et csv ppt pptx pps ppsx odp dps jpg jpeg png gif bmp "
    "tif tiff webp heic txt log md mp3 mp4 wav avi mov".split()
)
"""Last parts of names that say document, picture or sound."""

_DOUBLE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|txt|csv)[\s._-]{0,200}\.[a-z0-9]{2,5}\s*\Z", re.IGNORECASE
)
_FEW = 10
"""Files of an archive that may be an attack; the source of a project has more."""


def is_program(file: OpenedFile) -> bool:
    """A program or script that runs when it is opened.

    By its content; by its name where it is text of a kind that runs by its name, or nobody could look inside.
    """
    if file.kind in BINARIES:
        return True
    if file.kind == "":
        return PROGRAM.search(file.name[-200:]) is not None
    return extension(file.name) in SCRIPT_NAMES and file.kind not in _INERT


def programs(view: MessageView) -> list[OpenedFile]:
    """The programs of a message, bare or packed. Many files of one part are the source of a project."""
    count: dict[str, int] = {}
    for file in view.files:
        count[file.part] = count.get(file.part, 0) + 1
    return [
        file
        for file in view.files
        if is_program(file) and (file.kind in BINARIES or count[file.part] <= _FEW)
    ]


def is_disguised(file: OpenedFile) -> bool:
    """A program whose name says document or picture: ``invoice.pdf``, ``invoice.pdf.exe``, reversed letters."""
    name = file.name[-200:]
    return is_program(file) and (
        extension(name) in DOCUMENT_NAMES or _DOUBLE.search(name) is not None or "\u202e" in name
    )


def extension(name: str) -> str:
    """The last part of a file's name, lower case; '' when there is none."""
    _, dot, last = name.rstrip(" .").rpartition(".")
    return last.strip().lower() if dot else ""


def locked_around(view: MessageView, file: OpenedFile) -> OpenedFile | None:
    """The locked archive that a file is in, opened with a mailed password or not; None when there is none."""
    for above in view.files:
        inside = above.part == file.part and file.path[: len(above.path)] == above.path
        if inside and above is not file and above.contents.trait("encrypted") is not None:
            return above
    return None


def place(file: OpenedFile) -> str:
    """Where a file is, for people: ``part 2, docs.zip > invoice.js``."""
    return f"part {file.part}, {shown(file)}"


def shown(file: OpenedFile) -> str:
    """The names from the part down, shortened."""
    return " > ".join(name[-80:] for name in file.path)[-300:]

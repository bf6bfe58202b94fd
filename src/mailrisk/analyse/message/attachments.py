"""What is attached, by name and first look: programs, disguised names, pages with forms, locked archives.

Names and small HTML parts are read here, and names inside ZIP archives (``Part.members``). Where the files were
opened, their content counts instead of their names: ``files.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.programs import PROGRAM, programs
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import OpenedFile
from mailrisk.model.message import Part

PAGE_LIMIT = 400_000
"""Bytes of an attached page that are searched."""

_DOUBLE = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|txt|csv|zip)[\s._-]*\.[a-z0-9]{2,5}\s*$", re.IGNORECASE
)
_PAGE = re.compile(r"\.(?:s?html?|xhtml|mht|mhtml|svg|htm)\s*$", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:zip|rar|7z|gz|tar|ace|arj|cab|z|r\d\d)\s*$", re.IGNORECASE)
_ASKS = re.compile(rb"<form\b|type\s*=\s*[\"']?password", re.IGNORECASE)
_SMUGGLES = re.compile(
    rb"createObjectURL|msSaveOrOpenBlob|new\s+Blob\s*\(|\batob\s*\(|fromCharCode|unescape\s*\(|document\.write\s*\(|eval\s*\("
    rb"|location\.(?:href|replace|assign)|http-equiv\s*=\s*[\"']?refresh",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:密码|口令|(?:查看|查阅|阅读|访问|解压|提取)码)\s*+(?:为|是)?+\s*+[:：]?+\s*+([A-Za-z0-9@#]{3,16})"
    r"|(?:password|passcode|archive code|contraseña|senha|mot de passe|passwort)(?:\s++(?:ist|is|est|es|é))?+(?:\s*+[:=])?+\s++"
    r"([A-Za-z0-9@#]*\d[A-Za-z0-9@#]*)",
    re.IGNORECASE,
)


def evidence(view: MessageView) -> Iterator[Evidence]:
    """Every attached thing that a careful reader would not open."""
    archives = any(_ARCHIVE.search(part.filename[-200:]) for part in view.message.parts)
    code = archives and hands_over_code(view)
    for part in view.message.parts:
        yield from _part(view, part, code)


def hands_over_code(view: MessageView) -> bool:
    """Whether text, subject or a picture's text names a password."""
    texts = (view.message.text, view.message.subject, *(picture.text for picture in view.pictures))
    return any(_CODE.search(text[:20_000]) for text in texts)


def opened(view: MessageView, part: Part) -> list[OpenedFile]:
    """The file of a part and the files in it, when it could be opened (or is locked); else none."""
    found = [file for file in view.files if file.part == part.path]
    return found if found and found[0].why in ("", "locked") else []


def _part(view: MessageView, part: Part, code_in_body: bool) -> Iterator[Evidence]:
    where = f"part {part.path}"
    files = opened(view, part)
    program = PROGRAM.search(part.filename[-200:]) or next(filter(PROGRAM.search, part.members), None)
    if program and not files:
        name = part.filename if PROGRAM.search(part.filename[-200:]) else f"{part.filename}/{program}"
        yield fact(view, code="program-attached", data={"name": name}, artefact=where)
    elif _DOUBLE.search(part.filename[-200:]) and not _ARCHIVE.search(part.filename[-200:]):
        yield fact(view, code="disguised-attachment", data={"name": part.filename}, artefact=where)
    if is_page(part):
        page = part.payload[:PAGE_LIMIT]
        if _ASKS.search(page):
            yield fact(view, code="page-with-form-attached", data={"name": part.filename}, artefact=where)
        elif _SMUGGLES.search(page):
            yield fact(view, code="page-with-script-attached", data={"name": part.filename}, artefact=where)
    if code_in_body and _ARCHIVE.search(part.filename[-200:]) and _is_locked(part, files):
        yield fact(view, code="locked-archive", data={"name": part.filename}, artefact=where)


def _is_locked(part: Part, files: list[OpenedFile]) -> bool:
    """Locked as far as is known; an archive that nobody could look into may be."""
    if files:
        return any(file.contents.trait("locked") is not None for file in files)
    return "encrypted" in part.flags or not part.flags


def is_page(part: Part) -> bool:
    """An attached HTML or SVG page (not the body of the mail)."""
    return bool(_PAGE.search(part.filename[-200:]))


def active_pages(view: MessageView) -> list[Part]:
    """Attached pages that ask for something or run a script."""
    return [
        part
        for part in view.message.parts
        if is_page(part)
        and (_ASKS.search(part.payload[:PAGE_LIMIT]) or _SMUGGLES.search(part.payload[:PAGE_LIMIT]))
    ]


def has_program(view: MessageView) -> bool:
    """Whether a program is attached, bare or in an archive: by content, or by name where nothing could be opened."""
    if programs(view):
        return True
    return any(
        PROGRAM.search(name)
        for part in view.message.parts
        if not opened(view, part)
        for name in (part.filename, *part.members)
    )

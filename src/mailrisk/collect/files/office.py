"""Office Open XML (ECMA-376: .docx, .xlsx, .pptx and their kin): text, links, pictures, and what is active.

A package is read by its parts: relationships tell what leads outside (a template, an object, a picture that is
fetched), ``vbaProject.bin`` holds macros, ``embeddings`` other files, ``macrosheets`` Excel 4 macros.
"""

from __future__ import annotations

import re

from mailrisk.collect.files import vba
from mailrisk.collect.files.container import MAGIC, packaged, streams_of
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.markup import Attributes, OnEnd, OnStart, OnText, read_xml
from mailrisk.collect.files.zipped import Package
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_PARTS = 200
"""Parts of text (sheets, slides, notes) that are read."""

MOST_PART = 4_000_000

_TEXT_PARTS = re.compile(
    r"^(?:word/(?:document|header\d*|footer\d*|footnotes|comments|glossary/document)\.xml|xl/sharedstrings\.xml|xl/comments\d*\.xml|"
    r"xl/drawings/drawing\d+\.xml|ppt/(?:slides|notesslides)/[a-z]+\d+\.xml|visio/pages/page\d+\.xml)$"
)
_SHEET = re.compile(r"^xl/worksheets/[^/]{1,60}\.xml$")
_MEDIA = re.compile(r"^(?:word|xl|ppt|visio)/media/[^/]{1,100}\.(?:png|jpe?g|gif|bmp|webp)$")
_EMBEDDED = re.compile(r"^(?:word|xl|ppt|visio)/(?:embeddings|activex)/([^/]{1,200})$")
_FIELD_LINK = re.compile(r'HYPERLINK\s{1,20}(?:\\[a-z]\s{1,20})?"?([^"\s]{3,2000})')
_FORMULA_LINK = re.compile(r'HYPERLINK\s{0,9}\(\s{0,9}"([^"]{3,2000})"', re.IGNORECASE)
_FIELD_OUTSIDE = re.compile(
    r'\b(?:INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\s[^\n]{0,100}?"?((?:https?|file|ftp):[^"\s]{3,2000}|\\\\[^"\s]{3,500})'
)
_DDE = re.compile(
    r"\bDDE(?:AUTO)?\s[^\n]{1,200}|\b(?:cmd|powershell|mshta|rundll32|regsvr32|msexcel)\|[^\n!]{1,300}!",
    re.IGNORECASE,
)
_BREAKS = frozenset({"p", "si", "row", "tr", "br", "comment"})


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an Office Open XML package. BadInput, TooLarge: no package, or none that a document is."""
    gather = Gather(budget)
    package = Package(data, gather)
    if "[content_types].xml" not in package.names:
        raise BadInput("file", "a ZIP archive and no Office document")
    for name in [name for name in package.names if name.endswith(".rels")][:MOST_PARTS]:
        _relationships(package, name, gather)
    texts = sorted((name for name in package.names if _TEXT_PARTS.match(name)), key=_reading_order)
    if len(texts) > MOST_PARTS:
        gather.cut(f"parts: only the first {MOST_PARTS} of {len(texts)} were read")
    for name in texts[: budget.take_pages(min(len(texts), MOST_PARTS))]:
        _text(package.read(name, MOST_PART), name, gather)
    for name in [name for name in package.names if _SHEET.match(name)][:20]:
        _formulas(package.read(name, MOST_PART), name, gather)
    for name in package.names:
        _active(package, name, gather)
    return gather.contents()


def _reading_order(name: str) -> tuple[int, str]:
    """The main text first, slides by number."""
    return (0 if "document" in name or "sharedstrings" in name else 1, f"{len(name):04}{name}")


def _relationships(package: Package, name: str, gather: Gather) -> None:
    """What a part leads to outside of the package (Part 2 §6.5)."""
    number = 0
    where = place(name.replace("_rels/", "").removesuffix(".rels"))

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal number
        if tag != "Relationship" or attributes.get("TargetMode", "").lower() != "external":
            return
        kind = attributes.get("Type", "").rpartition("/")[2].lower()
        target = attributes.get("Target", "")
        number += 1
        artefact = f"{where}, link {number}" if where else f"link {number}"
        if kind == "hyperlink":
            gather.link(target, artefact)
        elif kind in ("attachedtemplate", "template"):
            if target.lower().startswith(
                ("http", "ftp", "\\\\", "//", "file://")
            ) and not target.lower().startswith("file:///"):
                gather.trait("remote-template", target)
                gather.link(target, artefact, how="frame")
        elif kind == "image":
            gather.link(target, artefact, how="img")
            gather.trait("external-image", target)
        else:
            gather.trait("external-link", f"{kind} {target}")
            gather.link(target.removeprefix("mhtml:"), artefact, how="frame")

    _xml(package.read(name, 2_000_000), name, gather, start)


def place(name: str) -> str:
    """A part's place in words: ``slide 3``, ``sheet 1``, '' for the main text."""
    last = name.rpartition("/")[2].removesuffix(".xml").removesuffix(".bin")
    match = re.match(r"(slide|sheet|header|footer|notesslide|page|comments|footnotes)(\d{0,5})$", last)
    return f"{match[1]} {match[2]}".strip() if match else ""


def _ignore(*_: object) -> None:
    """No interest."""


def _xml(
    data: bytes, name: str, gather: Gather, start: OnStart, end: OnEnd = _ignore, text: OnText = _ignore
) -> None:
    """Reads one part; what is broken or too large is a defect of the file."""
    try:
        if data:
            read_xml(data, start, end, text)
    except BadInput as error:
        gather.defect(f"{name}: {error.reason}")


def _text(data: bytes, name: str, gather: Gather) -> None:
    """The runs of one part with its fields; fields may be spread over runs, so they are read together."""
    shown: list[str] = []
    fields: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        inside.append(tag)
        if tag == "fldSimple":
            fields.append(f"{attributes.get('instr', '')}\n")
        elif tag in ("tab", "cr", "br"):
            shown.append(" " if tag == "tab" else "\n")
        elif tag == "fldChar" and attributes.get("fldCharType") == "end":
            fields.append("\n")

    def end(tag: str) -> None:
        if inside:
            inside.pop()
        if tag in _BREAKS:
            shown.append("\n")

    def text(piece: str) -> None:
        tag = inside[-1] if inside else ""
        if tag == "t" or tag == "Text":
            shown.append(piece)
        elif tag in ("instrText", "delInstrText"):
            fields.append(piece)

    _xml(data, name, gather, start, end, text)
    where = place(name)
    whole = "".join(shown)
    gather.text(whole)
    gather.links_in(whole, where)
    _fields("".join(fields), where, gather)


def _fields(instructions: str, where: str, gather: Gather) -> None:
    """What field codes (Part 1 §17.16) fetch and start."""
    before = f"{where}, " if where else ""
    for number, url in enumerate(_FIELD_LINK.findall(instructions), 1):
        gather.link(url, f"{before}field {number}")
    for url in _FIELD_OUTSIDE.findall(instructions):
        gather.trait("external-link", url)
        gather.link(url, f"{before}field", how="frame")
    for match in list(_DDE.finditer(instructions))[:10]:
        gather.trait("dde", match[0])


def _formulas(data: bytes, name: str, gather: Gather) -> None:
    """Formulas of a sheet that lead outside, and text that stands in its cells."""
    inside: list[str] = []
    formulas: list[str] = []
    shown: list[str] = []

    def start(tag: str, _: Attributes) -> None:
        inside.append(tag)

    def end(tag: str) -> None:
        if inside:
            inside.pop()
        if tag in ("f", "is"):
            (formulas if tag == "f" else shown).append("\n")

    def text(piece: str) -> None:
        if inside and inside[-1] in ("f", "t"):
            (formulas if inside[-1] == "f" else shown).append(piece)

    _xml(data, name, gather, start, end, text)
    gather.text("".join(shown))
    joined = "".join(formulas)[:1_000_000]
    where = place(name)
    for number, url in enumerate(_FORMULA_LINK.findall(joined), 1):
        gather.link(url, f"{where}, formula {number}")
    for match in list(_DDE.finditer(joined))[:10]:
        gather.trait("dde", match[0])


def _active(package: Package, name: str, gather: Gather) -> None:
    """Macros, macro sheets, embedded files and pictures."""
    if name.endswith("vbaproject.bin"):
        _macros(package.read(name, 16_000_000), gather)
    elif name.startswith(("xl/macrosheets/", "xl/intlmacrosheets/")) and not name.endswith(".rels"):
        gather.trait("xlm-macro", name.rpartition("/")[2])
        if name.endswith(".xml"):
            _formulas(package.read(name, MOST_PART), name, gather)
    elif name == "xl/workbook.xml" and re.search(
        rb'name="(?:_xlnm\.)?Auto_?Open', package.read(name, MOST_PART), re.IGNORECASE
    ):
        gather.trait("xlm-autoexec", "Auto_Open")
    elif (
        name.startswith("xl/externallinks/")
        and name.endswith(".xml")
        and b"ddeLink" in (part := package.read(name, 500_000))
    ):
        found = re.search(rb'ddeService="([^"]{0,200})"\s{0,9}ddeTopic="([^"]{0,500})"', part)
        gather.trait("dde", b"|".join(found.groups()).decode("utf-8", "replace") if found else name)
    elif _MEDIA.match(name) and package.size(name) <= gather.limits.picture_bytes:
        gather.picture(package.read(name), f"picture {name.rpartition('/')[2]}")
    elif (match := _EMBEDDED.match(name)) and not name.endswith((".xml", ".rels")):
        _embedded(match[1], package.read(name, 16_000_000), gather)


def _macros(project: bytes, gather: Gather) -> None:
    gather.trait("macros")
    if not project.startswith(MAGIC):
        gather.defect("a VBA project that is no OLE container")
        return
    try:
        streams = streams_of(project, gather)
    except BadInput as error:
        gather.defect(error.reason)
        return
    vba.read_project(streams, "", gather)


def _embedded(name: str, content: bytes, gather: Gather) -> None:
    """An OLE object: a package is unwrapped, an equation told, another document goes on as a member."""
    if not content:
        return
    if not content.startswith(MAGIC):
        gather.member(name, content)
        return
    try:
        streams = streams_of(content, gather)
    except BadInput as error:
        gather.defect(f"{name}: {error.reason}")
        return
    for path, stream in streams.items():
        last = path.rpartition("/")[2].lower()
        if last == "\x01ole10native":
            inner, inside = packaged(stream)
            if inside:
                gather.trait("ole-package", inner)
                gather.member(inner, inside)
        elif last == "equation native":
            gather.trait("equation-editor", "Equation Native")
    if {"WordDocument", "Workbook", "PowerPoint Document", "EncryptedPackage"} & set(streams):
        gather.member(name, content)

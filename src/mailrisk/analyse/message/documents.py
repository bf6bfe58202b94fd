"""What attached documents do and hide: facts from the traits that the readers of ``collect/files`` name.

None of them convicts (``document_lures.py`` does, by conjunctions). This module also says what the documents
tell their reader, so that a lure in an attached PDF is read like one in the body.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.programs import PROGRAM
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import OpenedFile

DOCUMENTS = frozenset(
    "pdf docx dotx xlsx xlsb pptx ooxml visio doc xls ppt ole pub rtf odt ods odp one html hta svg mht ics vcs vcard "
    "tnef outlook internetshortcut xml".split()
)
"""Kinds whose text is a document's; a message inside of a message is somebody else's words."""

TEXT_OF_ONE = 2_500
"""Characters of one document that are read for its intent: a lure says what it wants at once."""

TEXT_OF_ALL = 5_000

BUTTON_TEXT = 400
"""Most characters of a document that is little more than a button or a picture."""

_TOLD = {
    "launch-action": "pdf-launches-program",
    "javascript": "pdf-script",
    "acroform-submit": "pdf-submits-form",
    "macro-without-source": "macro-source-removed",
    "remote-template": "remote-template",
    "dde": "document-dde",
    "unc-path": "link-to-share",
    "starts-interpreter": "shortcut-starts-interpreter",
    "starts-program": "shortcut-starts-interpreter",
    "encoded-command": "shortcut-hides-command",
    "icon-mimics": "shortcut-mimics-document",
    "calendar": "calendar-attached",
    "contact": "contact-attached",
    "message": "message-attached",
    "nested-message": "message-attached",
}
"""Trait -> the code that tells it, once a file, with the trait's detail."""

_DANGEROUS_CALLS = ("runs ", "downloads ", "injects ")
_SEALED = ("s/mime", "pgp")


def evidence(view: MessageView) -> Iterator[Evidence]:
    """Every fact about the documents, in the order of the files."""
    for file in view.files:
        if file.contents.traits:
            yield from _traits(view, file)
            yield from _composed(view, file)
    if sealed(view):
        yield fact(view, code="content-encrypted", data={"how": sealed(view)})


def _fact(view: MessageView, file: OpenedFile, code: str, detail: str = "") -> Evidence:
    data = {"name": file.name[:200], "detail": detail[:200]}
    return fact(view, code=code, data=data, artefact=place(file))


def place(file: OpenedFile) -> str:
    """Where the file stands, for people."""
    return f"part {file.part}: {' > '.join(name[-100:] for name in file.path)}"[:300]


def _traits(view: MessageView, file: OpenedFile) -> Iterator[Evidence]:
    """Traits that are facts by themselves, each code once a file."""
    told: set[str] = set()
    for trait in file.contents.traits:
        code = _TOLD.get(trait.name)
        if code and code not in told:
            told.add(code)
            yield _fact(view, file, code, trait.detail)


def _composed(view: MessageView, file: OpenedFile) -> Iterator[Evidence]:
    """Facts that several traits make together."""
    if macros := dangerous_macros(file):
        yield _fact(view, file, "document-runs-macros", macros)
    elif file.contents.trait("macros") or file.contents.trait("xlm-macro"):
        yield _fact(view, file, "document-macros")
    if is_equation_object(file):
        yield _fact(view, file, "equation-object")
    if program := held_program(file):
        yield _fact(view, file, "document-holds-program", program)
    if file.kind in DOCUMENTS | {"ooxml-encrypted"} and file.contents.trait("locked"):
        yield _fact(view, file, "document-locked")
    if is_button(file):
        yield _fact(view, file, "document-is-button", file.contents.links[0].url)
    if file.kind == "svg" and is_active_picture(file):
        yield _fact(view, file, "picture-with-script")
    if file.kind in ("html", "hta", "svg", "mht") and hides_form(file):
        yield _fact(view, file, "page-builds-form")


def dangerous_macros(file: OpenedFile) -> str:
    """What the file's macros start by themselves, '' if they do not start, or call nothing that runs or fetches."""
    traits = file.contents.traits
    auto = next((item for item in traits if item.name in ("macro-autoexec", "xlm-autoexec")), None)
    call = next(
        (
            item.detail
            for item in traits
            if item.name == "macro-suspicious-call" and item.detail.startswith(_DANGEROUS_CALLS)
        ),
        "EXEC" if file.contents.trait("xlm-macro") else "",
    )
    return f"{auto.detail}: {call}" if auto and call else ""


def is_equation_object(file: OpenedFile) -> bool:
    """An object of the equation editor as raw data in rich text, which no program of today writes."""
    return file.kind == "rtf" and file.contents.trait("equation-editor") is not None


def held_program(file: OpenedFile) -> str:
    """The name of a program that the document holds for a double click, '' for none."""
    for trait in file.contents.traits:
        if trait.name == "embedded-program":
            return trait.detail or "program"
        if trait.name in ("ole-package", "embedded-file") and PROGRAM.search(trait.detail[-200:]):
            return trait.detail
    return ""


def is_button(file: OpenedFile) -> bool:
    """A document that says little and leads away: next to no text, at most three links, and a picture or large link."""
    contents = file.contents
    if file.kind not in ("pdf", "docx", "pptx", "xlsx", "odt", "rtf", "one", "svg") or not contents.links:
        return False
    pages = contents.trait("pages")
    if pages is not None and pages.detail not in ("1", "2"):
        return False
    little = len("".join(contents.text.split())) <= BUTTON_TEXT
    drawn = bool(contents.pictures) or contents.trait("large-link") is not None or not contents.text
    return little and drawn and len(contents.links) <= 3


def is_active_picture(file: OpenedFile) -> bool:
    """A picture that runs a script or asks for input when a browser opens it."""
    return any(file.contents.trait(name) is not None for name in ("script", "foreign-form", "form"))


def hides_form(file: OpenedFile) -> bool:
    """A page whose script unpacks a password field that its source does not show."""
    return any(item.name == "password-field" and "unpacked" in item.detail for item in file.contents.traits)


def active_pages(view: MessageView) -> list[OpenedFile]:
    """Pages at any depth that ask for a password, hide a form or hand over a file by script."""
    return [
        file
        for file in view.files
        if file.kind in ("html", "hta", "svg", "mht")
        and any(file.contents.trait(name) is not None for name in ("password-field", "smuggling"))
    ]


def text_of(view: MessageView) -> str:
    """What the documents tell their reader, bounded; '' without documents."""
    pieces: list[str] = []
    left = TEXT_OF_ALL
    for file in view.files:
        if left <= 0:
            break
        if file.contents.text and (file.kind in DOCUMENTS or is_signed_content(file)):
            pieces.append(file.contents.text[: min(left, TEXT_OF_ONE)])
            left -= len(pieces[-1])
    return "\n".join(pieces)


def is_signed_content(file: OpenedFile) -> bool:
    """The message itself, out of its S/MIME wrapper."""
    return file.name == "signed content.eml" and file.depth > 0


def sealed(view: MessageView) -> str:
    """How the message's content is encrypted, '' when it can be read."""
    for part in view.message.parts:
        if part.content_type == "application/pgp-encrypted":
            return "PGP/MIME"
    if "-----BEGIN PGP MESSAGE-----" in view.message.text[:20_000]:
        return "PGP"
    for file in view.files:
        locked = file.contents.trait("encrypted")
        if locked is not None and locked.detail.startswith(_SEALED):
            return "S/MIME" if locked.detail.startswith("s/mime") else "PGP"
    return ""

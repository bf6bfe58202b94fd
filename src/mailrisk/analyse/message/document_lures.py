"""Rules for documents: what they start, and what they lead to.

The words of the docstrings are those of ``lures.py``; "asks" are its asking intents and lures, which are read in
the documents' text too. An insider's or the claimed brand's own mail is never judged here.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import documents, links
from mailrisk.analyse.message.claimed import CLAIMED
from mailrisk.analyse.message.intent import ASKS, LURES
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import LinkedUrl
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import OpenedFile
from mailrisk.model.verdict import Category

_PUSHES = ("threat", "urgency", "secrecy")
_NOTICES = (
    "asks-credential", "asks-card", "asks-scan", "subsidy", "mailbox-quota", "delivery", "tax", "prize", "threat",
)  # fmt: skip

WEAKLY = 0.6
MUTE = 20
SHORT_MAIL = 300
SHORT_DOCUMENT = 2_500


def _unknown_author(reading: Reading) -> bool:
    """Neither an insider nor a brand that the author's domain belongs to."""
    return not reading.who.inside and not reading.who.genuine


def _pressed(reading: Reading) -> bool:
    """The reader is asked for something, or somebody is claimed, by an author who stands for nobody."""
    named = bool(reading.who.departments or reading.who.claims)
    return reading.intents.has(*ASKS, *LURES, *_PUSHES) or (named and reading.unreliable)


def _convict(reading: Reading, file: OpenedFile, code: str, value: float, detail: str) -> Evidence:
    return reading.convict(
        code=code,
        value=value,
        category=Category.MALWARE_FILE,
        data={"name": file.name[:200], "detail": detail[:200]},
    )


def macros(reading: Reading) -> Iterator[Evidence]:
    """A document's macros start by themselves and run, fetch or inject something.

    * a macro that starts on opening, and a call that runs, downloads or injects (or an Excel 4 sheet that starts);
    * the author is neither inside nor a brand's.
    In full if the message or document asks for something or comes in somebody's name from an unreliable author;
    else partly.
    """
    for file in reading.view.files:
        started = documents.dangerous_macros(file)
        if started and _unknown_author(reading):
            value = 1.0 if _pressed(reading) else PARTLY
            yield _convict(reading, file, "macro-document", value, started)
            return


def shortcut(reading: Reading) -> Iterator[Evidence]:
    """A shortcut starts an interpreter.

    * a Windows shortcut whose command starts PowerShell, mshta, cmd and the like;
    * the author is not inside.
    In full if it also hides its command, leads to the web or a share, looks like a document or is as large as what
    it carries, or the message asks for something; else partly.
    """
    for file in reading.view.files:
        started = file.contents.trait("starts-interpreter")
        if file.kind != "lnk" or started is None or reading.who.inside:
            continue
        signs = ("encoded-command", "icon-mimics", "unc-path", "long-command", "oversized")
        hidden = bool(file.contents.links) or any(file.contents.trait(name) for name in signs)
        value = 1.0 if hidden or _pressed(reading) else PARTLY
        command = file.contents.trait("command")
        yield _convict(reading, file, "shortcut-malware", value, command.detail if command else "")
        return


def held_program(reading: Reading) -> Iterator[Evidence]:
    """A document holds a program that a double click starts.

    * a OneNote section, Office document, rich text or PDF with an embedded program or script;
    * the author is neither inside nor a brand's.
    In full if it is a OneNote section or the message asks for something; else partly.
    """
    for file in reading.view.files:
        program = documents.held_program(file)
        if program and _unknown_author(reading):
            value = 1.0 if file.kind == "one" or _pressed(reading) else PARTLY
            yield _convict(reading, file, "document-with-program", value, program)
            return


def exploit(reading: Reading) -> Iterator[Evidence]:
    """A document is built to run something without macros.

    * rich text with raw data of the equation editor (CVE-2017-11882), a PDF that launches a program, a field of
      dynamic data exchange that names a command interpreter, or a template from a foreign site;
    * the author is neither inside nor a brand's.
    In full for the equation editor, or if the message asks for something and it is no template; else partly.
    """
    for file in reading.view.files:
        how = _built_to_run(file)
        if how and _unknown_author(reading):
            strong = how == "equation editor" or (not how.startswith("template") and _pressed(reading))
            yield _convict(reading, file, "exploit-document", 1.0 if strong else PARTLY, how)
            return


def _built_to_run(file: OpenedFile) -> str:
    """What runs without macros, in words; '' for nothing."""
    if documents.is_equation_object(file):
        return "equation editor"
    launched, dde = file.contents.trait("launch-action"), file.contents.trait("dde")
    if launched is not None:
        return f"launches {launched.detail}"
    if dde is not None and any(
        word in dde.detail.lower() for word in ("cmd", "powershell", "mshta", "rundll32")
    ):
        return f"DDE {dde.detail}"
    template = file.contents.trait("remote-template")
    return f"template {template.detail}" if template is not None else ""


def _of(reading: Reading, file: OpenedFile) -> list[LinkedUrl]:
    """The foreign links that stand in this file or in a code on its pages; the mail parser reads some kinds too."""
    name, part = file.name[-100:], f"part {file.part},"
    return [
        item
        for item in reading.foreign
        if (name and name in item.link.artefact) or (not file.depth and item.link.artefact.startswith(part))
    ]


def button(reading: Reading) -> Iterator[Evidence]:
    """A document that is little more than a button leads away from whoever writes.

    * an attached document of at most two pages with next to no text, a picture or a large link, and a foreign link
      (or one opened with a password that the message gives, with any text);
    * a brand is claimed with strength >= 0.7, or a department, or an asking intent or lure holds; or mail and document
      say nothing at all (fewer than 20 characters) and the author is unreliable;
    * the author is neither inside nor a brand's.
    In full if the author is unreliable or the link throwaway, and two of claim, department and intent hold or the
    document was locked; weakly if nothing but an intent holds; else partly.
    """
    who, wants = reading.who, reading.intents.held(*ASKS, *LURES)
    claimed = reading.claim is not None and reading.claim.strength >= CLAIMED
    grounds = (claimed, bool(who.departments), bool(wants))
    if not (any(grounds) or _is_mute(reading)) or not _unknown_author(reading):
        return
    for file in reading.view.files:
        locked = file.contents.trait("opened-with-password") is not None
        items = _of(reading, file) if locked or documents.is_button(file) else []
        if items:
            strong = _from_nobody(reading, items) and (sum(grounds) >= 2 or locked)
            value = 1.0 if strong else PARTLY if any(grounds[:2]) or locked else WEAKLY
            yield _lure(reading, file, "document-button-lure", value, items)
            return


def _is_mute(reading: Reading) -> bool:
    """Neither mail nor document says anything, and nobody stands behind it."""
    said = reading.view.message.text + documents.text_of(reading.view)
    return len("".join(said.split())) < MUTE and reading.unreliable


def notice(reading: Reading) -> Iterator[Evidence]:
    """The mail says next to nothing, and the attached document says all: a notice with a link away.

    * at most 300 characters of mail; an attached document of at most 2,500, with a foreign link to click;
    * asks-credential, asks-card, asks-scan, subsidy, mailbox-quota, delivery, tax, prize or threat holds (an
      invoice with an address to pay at has none of these);
    * the author is neither inside nor a brand's, and no link leads to the author's own site.
    In full if the author is unreliable or the link throwaway, and a brand or department is claimed; else partly.
    """
    who = reading.who
    if not reading.intents.has(*_NOTICES) or not _unknown_author(reading) or reading.goes_home:
        return
    if len("".join(reading.view.message.text.split())) > SHORT_MAIL:
        return
    for file in reading.view.files:
        items = [item for item in _of(reading, file) if item.link.how != "text"]
        if file.kind in documents.DOCUMENTS and items and 0 < len(file.contents.text) <= SHORT_DOCUMENT:
            named = bool(who.departments or reading.claim)
            value = 1.0 if named and _from_nobody(reading, items) else PARTLY
            yield _lure(reading, file, "document-notice-lure", value, items)
            return


def _from_nobody(reading: Reading, items: list[LinkedUrl]) -> bool:
    return reading.unreliable or any(links.is_throwaway(reading.view, item) for item in items)


def _lure(reading: Reading, file: OpenedFile, code: str, value: float, items: list[LinkedUrl]) -> Evidence:
    return reading.convict(
        code=code,
        value=value,
        items=items,
        category=Category.DOCUMENT_LURE,
        data={"name": file.name[:200]},
        claim=reading.claim,
    )


def invitation(reading: Reading) -> Iterator[Evidence]:
    """An invitation to an appointment leads to a place that wants a log-in.

    * a calendar file is attached, with a foreign link in it that is no brand's;
    * asks-credential, asks-card, asks-payment or mailbox-quota holds;
    * a brand is claimed with strength >= 0.4, or a department; the author is neither inside nor a brand's.
    In full if the author is unreliable or the link throwaway; else partly.
    """
    claimed = reading.claim is not None and reading.claim.strength >= 0.4
    asks = reading.intents.has("asks-credential", "asks-card", "asks-payment", "mailbox-quota")
    if not asks or not (claimed or reading.who.departments) or not _unknown_author(reading):
        return
    for file in reading.view.files:
        items = _of(reading, file) if file.contents.trait("calendar") is not None else []
        if items:
            yield reading.convict(
                code="calendar-lure",
                value=1.0 if _from_nobody(reading, items) else PARTLY,
                items=items,
                category=Category.CREDENTIAL_PHISHING,
                data={"name": file.name[:200]},
                claim=reading.claim if claimed else None,
            )
            return


RULES = (macros, shortcut, held_program, exploit, button, notice, invitation)

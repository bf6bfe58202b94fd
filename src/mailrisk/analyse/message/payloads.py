"""Rules for what is to be opened: attached pages that ask for input, and programs.

The words of the docstrings are those of ``lures.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import attachments, links
from mailrisk.analyse.message.intent import ASKS, LURES
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Category


def attached_page(reading: Reading) -> Iterator[Evidence]:
    """A page with a form or script is attached, and the text asks to open it.

    * an attached HTML or SVG page asks for something or runs a script;
    * an asking intent or lure holds; the author is not inside, or the page holds a password field.
    In full if the author is unreliable, a brand or department is claimed, or two intents hold; else partly.
    """
    pages = attachments.active_pages(reading.view)
    wants = reading.intents.held(*ASKS, *LURES, "threat", "urgency")
    if not pages or not wants or reading.who.inside or reading.who.genuine:
        return
    strong = reading.unreliable or bool(reading.who.departments) or len(wants) >= 2
    yield reading.convict(
        code="attached-login-page",
        value=1.0 if strong else PARTLY,
        items=[item for item in reading.offending if item.link.how in ("attachment", "form")],
        category=Category.CREDENTIAL_PHISHING,
        data={"name": pages[0].filename, "part": pages[0].path},
    )


def program_link(reading: Reading) -> Iterator[Evidence]:
    """The reader is to open what is a program: attached, in an archive, or behind a foreign link.

    * asks-open, invoice, document-share, delivery or tax holds with >= 1.0; the author is no brand's;
    * an attached program (bare or in an archive), or a foreign link whose path names a program; from inside (a stolen
      mailbox) only such a link to a strange place.
    In full if the author is not inside, and is unreliable or a brand or department is claimed; else partly.
    """
    wants, who = reading.intents, reading.who
    if not wants.has("asks-open", "invoice", "document-share", "delivery", "tax", least=1.0) or who.genuine:
        return
    items = [
        item for item in (reading.strange if who.inside else reading.foreign) if links.leads_to_program(item)
    ]
    if items or (not who.inside and attachments.has_program(reading.view)):
        named = bool(who.departments) or bool(who.claims)
        strong = not who.inside and (reading.unreliable or named)
        yield reading.convict(
            code="program-lure", value=1.0 if strong else PARTLY, items=items, category=Category.MALWARE_FILE
        )


RULES = (attached_page, program_link)

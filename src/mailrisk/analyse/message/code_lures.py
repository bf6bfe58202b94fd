"""Rules for codes that are to be scanned: a claim, a request, and a code that leads to somebody else.

The words of the docstrings are those of ``lures.py``. A "strange code" is one of ``codes.strangers``: it leads neither to
the author nor to a brand that the mail is from, nor to the organisation, nor to a widely used site, an account or an app.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import codes, links
from mailrisk.analyse.message.claimed import CLAIMED, claims_own
from mailrisk.analyse.message.intent import ASKS, LURES
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import LinkedUrl
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Category

_SERIOUS = ("asks-credential", "asks-card", "subsidy", "mailbox-quota", "document-share", "tax", "threat")


def _claimed(reading: Reading) -> str:
    """Who the message says it is, beside the author's own name: a brand, the reader's organisation, a department."""
    claim = reading.claim
    if claim is not None and claim.strength >= CLAIMED:
        return claim.brand.title
    return claims_own(reading.view, reading.who) or next(iter(reading.who.departments.values()), "")


def scan_lure(reading: Reading) -> Iterator[Evidence]:
    """A strange code is to be scanned in the name of a brand, a department or the reader's own organisation.

    * a strange code;
    * a brand (strength >= 0.7), a department or the reader's organisation is claimed; or the code's link carries the
      reader's address;
    * an asking intent, lure, threat or urgency holds;
    * the author is neither inside nor a brand's.
    In full if such a serious intent holds (credentials, card, subsidy, mailbox, document, tax, threat), and the author is
    unreliable, or the link is throwaway, made for the reader, or to a site that hardly anybody visits and the body shows
    no link to the author's own; else partly.
    """
    view, who, wants = reading.view, reading.who, reading.intents
    if not view.codes or who.inside or who.genuine:
        return
    items = codes.strangers(view, who)
    claimed = _claimed(reading)
    personal = codes.personalised(view, items)
    if not items or not (claimed or personal) or not wants.has(*ASKS, *LURES, "threat", "urgency"):
        return
    thrown = any(links.is_throwaway(view, item) for item in items)
    unknown = not reading.goes_home and not any(view.knowledge.hosts.rank(item.url.host) for item in items)
    serious = wants.has(*_SERIOUS, least=1.0)
    strong = serious and bool(reading.unreliable or thrown or personal or (unknown and claimed))
    yield _convict(reading, "qr-lure", strong, personal or items, claimed)


def drawn_lure(reading: Reading) -> Iterator[Evidence]:
    """A code that is hidden from filters leads away.

    * a code that the body draws with cells or characters, or that is cut into pieces;
    * it is strange, or cannot be read;
    * an asking intent, lure, threat or urgency holds, or somebody is claimed;
    * the author is no brand's; from inside (a stolen mailbox) only with a serious intent.
    In full with a serious intent, a claim, an unreliable author or a link that carries the reader's address; else partly.
    """
    view, who, wants = reading.view, reading.who, reading.intents
    hidden = codes.evasive(view)
    if hidden is None or who.genuine:
        return
    items = codes.strangers(view, who)
    serious = wants.has(*_SERIOUS, least=0.5)
    if (hidden.payload and not items) or (who.inside and not serious):
        return
    claimed = _claimed(reading)
    if not claimed and not wants.has(*ASKS, *LURES, "threat", "urgency"):
        return
    strong = serious or bool(claimed) or reading.unreliable or bool(codes.personalised(view, items))
    yield _convict(reading, "qr-hidden-lure", strong, items, claimed, hidden.artefact)


def _convict(
    reading: Reading, code: str, strong: bool, items: list[LinkedUrl], claimed: str, artefact: str = ""
) -> Evidence:
    claim = reading.claim if reading.claim is not None and reading.claim.strength >= CLAIMED else None
    return reading.convict(
        code=code,
        value=1.0 if strong else PARTLY,
        items=items,
        category=Category.IMAGE_TEXT_LURE,
        data={"claimed": claimed or "?"},
        claim=claim,
        artefact=artefact,
    )


RULES = (scan_lure, drawn_lure)

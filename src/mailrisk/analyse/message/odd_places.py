"""A request whose link leads to an address that by itself reads like those of phishing pages.

The words of the docstrings are those of ``lures.py``; a "strange" link is one of ``Reading.strange``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailrisk.analyse.message.intent import ASKS
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.analyse.url.model import CERTAIN, url_model
from mailrisk.analyse.url.text import lure_words
from mailrisk.analyse.url.view import view as url_view
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.unwrap import Unwrapped

MOST_READ: Final = 10
"""Strange links whose addresses are read; a lure has a handful."""

_LURES: Final = (
    "subsidy", "invoice", "document-share", "mailbox-quota", "delivery", "tax", "prize", "threat",
)  # fmt: skip


def odd_address(reading: Reading) -> Iterator[Evidence]:
    """A lure leads to an address that reads like those of phishing pages. At most suspicious by itself.

    * subsidy, invoice, document-share, mailbox-quota, delivery, tax, prize or threat holds with >= 1.0, and an asking
      intent holds;
    * one of the first ten strange links is beyond the limit of the URL model, or the model has a word against it and its
      host was chosen to sound like a log-in;
    * no link leads to the author's own site, the author is no brand's, and the message comes through no mailing list.
    """
    wants, message = reading.intents, reading.view.message
    if not wants.has(*_LURES, least=1.0) or not wants.has(*ASKS) or reading.goes_home or reading.who.genuine:
        return
    if message.header("List-Id"):
        return
    odd = [item for item in reading.strange[:MOST_READ] if _reads_like_phishing(reading.view, item)]
    if odd:
        yield reading.convict(code="odd-address-lure", value=PARTLY, items=odd)


def _reads_like_phishing(view: MessageView, item: LinkedUrl) -> bool:
    seen = url_view(Unwrapped(url=item.url), view.knowledge, view.at, view.subject)
    found = {one.code: one.value for rule in (url_model, lure_words) for one in rule(seen)}
    against = found.get("url-model", 0.0)
    return against >= CERTAIN or (against > 0 and "lure-words-in-host" in found)


RULES = (odd_address,)

"""Rules for fraud and spam that convicts without a log-in page: money, calls, blackmail, lotteries.

The words of the docstrings are those of ``lures.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailrisk.analyse.message.claimed import CLAIMED
from mailrisk.analyse.message.intent import ASKS
from mailrisk.analyse.message.picture_text import text_of
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.url.lookalike import imitates_own
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Category

PARTLY = 0.72
WEAKLY = 0.62

_BITCOIN = re.compile(r"\b(?:bc1[a-z0-9]{25,62}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})\b")
_LITECOIN = re.compile(r"\b(?:ltc1[a-z0-9]{25,62}|0x[0-9a-fA-F]{40}|T[A-Za-z1-9]{33})\b")
_PHONE = re.compile(
    r"(?:\+?1[\s.\-(]{0,3})?\(?\b[2-9]\d{2}\)?[\s.\-]{1,3}\d{3}[\s.\-]{1,3}\d{4}\b|\+\d{1,3}[\s.\-]?\(?\d{1,4}\)?(?:[\s.\-]?\d{2,4}){2,4}"
    r"|\b(?:400|800)[-\s]?\d{3,4}[-\s]?\d{3,4}\b"
)
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[\s-]?\d{7,8}(?!\d)")
_READ = 12_000


def extortion(reading: Reading) -> Iterator[Evidence]:
    """The writer says that he holds something against the reader and wants coins.

    * extortion holds with >= 3.0 (several phrases);
    * a coin address stands in the text (full), or the text names bitcoin without one (partly).
    """
    if not reading.intents.has("extortion", least=3.0):
        return
    text = reading.view.message.text[:_READ]
    coin = _BITCOIN.search(text) or _LITECOIN.search(text)
    if coin or re.search(r"bitcoin|\bbtc\b|比特币", text, re.IGNORECASE):
        yield reading.convict(
            code="extortion-threat",
            value=1.0 if coin else PARTLY,
            category=Category.EXTORTION,
            data={"wallet": coin.group(0) if coin else ""},
        )


def callback(reading: Reading) -> Iterator[Evidence]:
    """An invoice that nobody ordered, with a telephone number to dispute it.

    * asks-call holds, and invoice or asks-payment holds with >= 1.0;
    * a telephone number in the text (or the text is a picture); the author is not inside;
    * a brand is claimed that is not the author's, or the author is unreliable, or asks-call holds with >= 2.5 and there
      is no link at all (the call is everything).
    In full if both, or asks-call holds with >= 3.0 from an unreliable author; else partly.
    """
    wants = reading.intents
    claimed = reading.claim is not None and reading.claim.strength >= 0.4
    if (
        not wants.has("asks-call")
        or not wants.has("invoice", "asks-payment", least=1.0)
        or reading.who.inside
    ):
        return
    if (
        not _PHONE.search(f"{reading.view.message.text[:_READ]}\n{text_of(reading.view)}")
        or reading.who.genuine
    ):
        return
    only_call = wants.has("asks-call", least=2.5) and not reading.view.urls
    if (claimed and (reading.unreliable or not reading.goes_home)) or (
        only_call or (reading.unreliable and wants.has("asks-call", least=3.0))
    ):
        strong = reading.unreliable and (claimed or wants.has("asks-call", least=3.0))
        yield reading.convict(
            code="callback-lure",
            value=1.0 if strong else PARTLY,
            category=Category.CALLBACK_SCAM,
            claim=reading.claim if claimed else None,
        )


def advance_fee(reading: Reading) -> Iterator[Evidence]:
    """An inheritance, donation, loan or consignment for a stranger.

    * advance-fee holds with >= 4.0 (two strong phrases and more);
    * the author is unreliable, or answers go to another, free mailbox; the author is not inside or a brand's.
    In full with >= 5.5 and an unreliable author or a diverted answer; else partly.
    """
    who, wants = reading.who, reading.intents
    if not wants.has("advance-fee", least=4.0) or who.inside or who.genuine:
        return
    diverted = _diverted(reading)
    if reading.unreliable or diverted:
        strong = wants.has("advance-fee", least=5.5)
        yield reading.convict(
            code="advance-fee-scam", value=1.0 if strong else PARTLY, category=Category.OTHER_SCAM
        )


def _diverted(reading: Reading) -> bool:
    """Answers go to a mailbox at a provider that is not the author's."""
    addresses = {box.addr.lower() for box in reading.view.message.from_}
    return any(box.domain and box.addr.lower() not in addresses for box in reading.view.message.reply_to)


def prize(reading: Reading) -> Iterator[Evidence]:
    """A prize, voucher or survey that leads away from whoever writes.

    * prize holds with >= 1.5; a foreign link to click, or a throwaway one of any kind where asks-card holds with >= 1.5;
      no link to the author's own site; no brand claimed with >= 0.7;
    * the author is neither inside nor a brand's.
    In full if the author is unreliable or a link throwaway, and urgency or an asking intent holds; else weakly.
    """
    wants, who = reading.intents, reading.who
    if reading.claim and reading.claim.strength >= CLAIMED:
        return
    if not wants.has("prize", least=1.5) or reading.goes_home or who.inside or who.genuine:
        return
    if not reading.clickable and not (reading.throwaway and wants.has("asks-card", least=1.5)):
        return
    strong = (reading.unreliable or bool(reading.throwaway)) and wants.has("urgency", "asks-open", *ASKS)
    yield reading.convict(
        code="prize-lure",
        value=1.0 if strong else WEAKLY,
        items=reading.foreign,
        category=Category.OTHER_SCAM,
    )


def vice(reading: Reading) -> Iterator[Evidence]:
    """Gambling or pornography that leads away from whoever writes.

    * gambling or adult holds with >= 1.0; a foreign link to click;
    * no link to the author's own site, unless the author is unreliable; not inside.
    In full with >= 2.0 and an unreliable author; else weakly.
    """
    wants = reading.intents
    if not wants.has("gambling", "adult", least=1.0) or reading.who.inside or reading.goes_home:
        return
    if reading.clickable:
        sure = wants.has("gambling", "adult", least=2.0)
        strong = sure and (reading.unreliable or bool(reading.throwaway))
        yield reading.convict(
            code="gambling-porn",
            value=1.0 if strong else WEAKLY,
            items=reading.foreign,
            category=Category.GAMBLING_PORN_SPAM,
        )


def affiliate(reading: Reading) -> Iterator[Evidence]:
    """Cures, warranties and easy money from an author who stands for nobody. At most suspicious by itself.

    * miracle-offer or investment has log-odds >= 0.5; a foreign link to click; not inside, no brand's author;
    * the author is unreliable, or no link leads to him and half of the sites are throwaway or the message hides what
      it says: a newsletter has a short link among many others.
    """
    wants, who = reading.intents, reading.who
    if not wants.has("miracle-offer", "investment") or not reading.clickable or who.inside or who.genuine:
        return
    thrown = {item.url.host for item in reading.throwaway}
    mostly = bool(thrown) and 2 * len(thrown) >= len({item.url.host for item in reading.foreign})
    nobody = not reading.goes_home and (mostly or reading.disguised)
    if reading.unreliable or nobody:
        yield reading.convict(
            code="affiliate-scam", value=PARTLY, items=reading.foreign, category=Category.OTHER_SCAM
        )


def picture(reading: Reading) -> Iterator[Evidence]:
    """All that is said stands in a picture behind a throwaway link. At most suspicious by itself.

    * the message is a picture; every foreign link to click is throwaway, and there is one;
    * no link leads to the author's own site or he is unreliable; not inside, no brand's author.
    """
    who = reading.who
    if not reading.picture_only or reading.goes_home or who.inside or who.genuine or not reading.clickable:
        return
    if reading.throwaway and (reading.unreliable or len(reading.throwaway) == len(reading.foreign)):
        yield reading.convict(
            code="picture-lure", value=0.75, items=reading.throwaway, category=Category.IMAGE_TEXT_LURE
        )


def executive(reading: Reading) -> Iterator[Evidence]:
    """A superior asks for a favour, gift cards or another bank account, from an address that is not his.

    * executive-request holds with >= 1.0;
    * the author is unreliable, imitates the organisation's domain, or answers go elsewhere; or the request holds with
      >= 3.0 beside asks-payment, secrecy or urgency, and the author is no mailing list (then weakly);
    * no offending link and at most 1,200 characters (the fraud wants an answer).
    In full with >= 3.0 and asks-payment, secrecy or urgency; else weakly.
    """
    wants, who = reading.intents, reading.who
    imitated = imitates_own(who.author, reading.view.knowledge) if who.author else None
    outside = reading.unreliable or _diverted(reading) or imitated is not None
    pressing = wants.has("executive-request", least=3.0) and wants.has("asks-payment", "secrecy", "urgency")
    listed = bool(reading.view.message.header("List-Id"))
    if (
        not wants.has("executive-request", least=1.0)
        or who.inside
        or not (outside or (pressing and not listed))
    ):
        return
    if (
        len(reading.view.message.text) <= 1_200
        and not reading.offending
        and not reading.view.message.header("In-Reply-To")
    ):
        value = 1.0 if (pressing and outside) or imitated else WEAKLY
        yield reading.convict(code="executive-fraud", value=value, category=Category.PAYMENT_FRAUD)


def invoice_trade(reading: Reading) -> Iterator[Evidence]:
    """Invoices, receipts or papers are offered for sale (代开发票): a trade of its own in Chinese mail.

    * fake-invoices holds with >= 2.0 (a phrase of the trade and its surroundings);
    * a telephone or mobile number stands in the text; the author is neither inside nor a brand's.
    In full with >= 4.0 or an unreliable author; else partly.
    """
    wants, who = reading.intents, reading.who
    if not wants.has("fake-invoices", least=2.0) or who.inside or who.genuine:
        return
    if _MOBILE.search(reading.view.message.text[:_READ]):
        strong = wants.has("fake-invoices", least=4.0) or reading.unreliable
        value = 1.0 if strong else PARTLY
        yield reading.convict(code="invoice-trade", value=value, category=Category.OTHER_SCAM)


RULES = (extortion, callback, advance_fee, prize, vice, affiliate, picture, executive, invoice_trade)

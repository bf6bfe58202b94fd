"""Rules for lures: somebody is impersonated, and the reader is to open, scan, log in or fill in.

In every docstring "offending" and "foreign" links are those of ``links.offending`` and
``Reading.foreign``; "holds" means log-odds of at least 0.5; "unreliable author" is ``claimed.is_unreliable``.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import links
from mailrisk.analyse.message.claimed import CLAIMED, target
from mailrisk.analyse.message.identity import Trust
from mailrisk.analyse.message.intent import ASKS, LURES
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.hosts import HostClass

PARTLY = 0.72
"""Value of a rule that holds without its strongest condition: suspicious, not malicious, by itself."""

_VANISHING = (
    HostClass.SHORTENER,
    HostClass.DYNAMIC_DNS,
    HostClass.IPFS_GATEWAY,
    HostClass.FREE_SUBDOMAIN,
)


def brand_impersonation(reading: Reading) -> Iterator[Evidence]:
    """A brand is claimed by somebody else, who asks for something behind a link that is not the brand's.

    * a brand is claimed with strength >= 0.7 (display name, sender address, or subject and signature),
      and the author's domain is not the brand's, nor the organisation's own;
    * at least one asking intent or lure has log-odds >= 0, or the message hides what it says, or a foreign
      link is throwaway;
    * an offending link, or an attached page that asks for something.
    In full if the claim has strength >= 0.9 and either two such intents hold, or the author is
    unreliable, or the link is throwaway, or the author's domain imitates the brand; else partly.
    Without a display name or sender address that claims it, one of the intents must hold, a foreign link must
    stand behind something to click, and no link may lead to the author's own site.
    """
    claim = reading.claim
    if claim is None or claim.strength < CLAIMED or reading.who.inside:
        return
    wants = reading.intents.held(*ASKS, *LURES, "threat", "urgency", "investment", least=0.0)
    items = reading.offending
    if not (wants or reading.disguised or reading.throwaway) or not (items or reading.active_page):
        return
    if claim.where not in ("display name", "sender address") and (
        reading.goes_home or not reading.clickable or not reading.intents.has(*ASKS, *LURES)
    ):
        return
    strong = claim.strength >= 0.9 and (
        len(wants) >= 2 or reading.unreliable or claim.where == "sender address" or bool(reading.throwaway)
    )
    yield reading.convict(
        code="brand-impersonation", value=1.0 if strong else PARTLY, items=items, claim=claim
    )


def brand_without_link(reading: Reading) -> Iterator[Evidence]:
    """A brand is claimed by somebody else, who wants an answer or something attached opened.

    * a brand is claimed in the display name or sender address; the author's domain is not the brand's nor own;
    * asks-credential, asks-card, asks-open, prize, delivery or document-share has log-odds >= 0;
    * no offending link; a click or answer writes to another domain's mailbox, or a document or picture is attached;
    In full if the author is unreliable or answers go elsewhere, and asks-credential holds; else partly.
    """
    claim, wants = reading.claim, reading.intents
    if (
        claim is None
        or claim.where not in ("display name", "sender address")
        or reading.who.inside
        or reading.who.genuine
    ):
        return
    asks = wants.held(
        "asks-credential", "asks-card", "asks-open", "prize", "delivery", "document-share", least=0.0
    )
    attached = any(part.filename and not part.content_id for part in reading.view.message.parts)
    if not asks or reading.offending or not (reading.answers_elsewhere or (attached and reading.unreliable)):
        return
    strong = wants.has("asks-credential", least=0.5) and (reading.unreliable or reading.answers_elsewhere)
    yield reading.convict(code="brand-reply-lure", value=1.0 if strong else PARTLY, claim=claim)


def brand_spoofing(reading: Reading) -> Iterator[Evidence]:
    """The From domain is a brand's, but the mail is not, and it asks behind a link that is not the brand's.

    * the author's domain belongs to a brand;
    * DMARC fails, or SPF fails without any valid signature (in full if the link stands behind something to
      click, partly for a bare one: lists break authentication of discussions); or authentication is unknown, no
      link leads to the brand and all offending ones are throwaway (partly);
    * an asking intent, lure, threat or urgency holds; an offending link exists that is not the brand's.
    """
    who = reading.who
    owners = () if who.free_mail else reading.view.knowledge.brands.owners(who.author)
    brand = who.spoofed or next(iter(owners), None)
    if brand is None or who.inside or not reading.intents.has(*ASKS, *LURES, "threat", "urgency"):
        return
    items = [item for item in reading.offending if not links.is_official(reading.view, brand, item.url.host)]
    if not who.spoofed:
        items = [item for item in items if item.link.how != "text"]
    led_home = any(links.is_official(reading.view, brand, item.url.host) for item in reading.view.urls)
    thrown = (
        who.trust is Trust.UNKNOWN
        and not led_home
        and all(links.is_throwaway(reading.view, item) for item in items)
    )
    if items and (who.spoofed or thrown):
        clicked = any(item.link.how != "text" for item in items)
        value = 1.0 if who.spoofed and clicked else PARTLY
        yield reading.convict(code="brand-spoofing", value=value, items=items, data=target(brand))


def delivery_lure(reading: Reading) -> Iterator[Evidence]:
    """A parcel of a courier without a known name waits for a fee or an address.

    * delivery holds with >= 1.5, and asks-payment, asks-card, asks-open, asks-call, urgency or threat holds;
    * a foreign link, no link to the author's own site, and no brand is claimed with strength >= 0.7;
    In full if the author is unreliable or claims to be a courier; else partly.
    """
    wants, who = reading.intents, reading.who
    if reading.claim and reading.claim.strength >= CLAIMED:
        return
    asks = wants.has("asks-payment", "asks-card", "asks-open", "asks-call", "urgency", "threat")
    if not wants.has("delivery", least=1.5) or not asks or who.inside or who.genuine:
        return
    if reading.foreign and not reading.goes_home and not reading.view.knowledge.brands.owners(who.author):
        strong = reading.unreliable and "from-courier" in who.departments
        yield reading.convict(code="delivery-lure", value=1.0 if strong else PARTLY, items=reading.foreign)


def wallet_lure(reading: Reading) -> Iterator[Evidence]:
    """Tokens, an airdrop or a blocked wallet lead to a page that empties wallets.

    * prize or asks-credential holds with >= 1.5, and investment holds with >= 1.0 (wallet, tokens, coins);
    * a foreign link, no link to the author's own site; the author is neither inside nor a brand's.
    """
    wants, who = reading.intents, reading.who
    if not wants.has("prize", "asks-credential", least=1.5) or not wants.has("investment", least=1.0):
        return
    if reading.foreign and not (reading.goes_home or who.inside or who.genuine):
        value = 1.0 if reading.unreliable else PARTLY
        yield reading.convict(code="wallet-lure", value=value, items=reading.foreign)


def document_login(reading: Reading) -> Iterator[Evidence]:
    """A document, message or fax that can be read only after logging in somewhere that is nobody's.

    * document-share holds with >= 1.5 and asks-credential holds;
    * a foreign link that is throwaway, or a strange one; from inside (a stolen mailbox) only a strange one;
    * the author is no brand's.
    In full if the author is unreliable and the link strange; else partly.
    """
    wants, who = reading.intents, reading.who
    if not wants.has("document-share", least=1.5) or not wants.has("asks-credential") or who.genuine:
        return
    items = reading.strange or ([] if who.inside else reading.throwaway)
    if items and not reading.view.knowledge.brands.owners(who.author):
        strong = reading.unreliable and bool(reading.strange)
        yield reading.convict(code="document-login-lure", value=1.0 if strong else PARTLY, items=items)


def thrown_paper(reading: Reading) -> Iterator[Evidence]:
    """A business paper is to be fetched from a place that vanishes again. At most suspicious by itself.

    * invoice, document-share, delivery or tax holds with >= 1.5, and asks-open holds;
    * every foreign link leads to an address, a shortener, dynamic DNS, an IPFS gateway or a free page host, and there
      is one; no link leads to the author's own site;
    * the author is neither inside nor a brand's, and the message comes through no mailing list.
    """
    wants, who = reading.intents, reading.who
    paper = wants.has("invoice", "document-share", "delivery", "tax", least=1.5) and wants.has("asks-open")
    if not paper or reading.goes_home or who.inside or who.genuine or not reading.foreign:
        return
    if reading.view.message.header("List-Id") or reading.view.knowledge.brands.owners(who.author):
        return
    hosts = reading.view.knowledge.hosts
    if all(item.url.is_ip or hosts.has(item.url.host, *_VANISHING) for item in reading.foreign):
        yield reading.convict(code="thrown-paper-lure", value=PARTLY, items=reading.foreign)


def injected(reading: Reading) -> Iterator[Evidence]:
    """Orders to an automatic reader stand beside a request. At most suspicious by itself.

    * prompt-injection holds with >= 2.0 by phrases, and another asking intent holds;
    * a strange link; the message comes through no mailing list, where people talk of such things.
    """
    wants = reading.intents
    listed = bool(reading.view.message.header("List-Id"))
    if wants.has("prompt-injection", least=2.0) and wants.has(*ASKS) and reading.strange and not listed:
        yield reading.convict(code="injection-lure", value=PARTLY, items=reading.strange)


RULES = (
    brand_impersonation,
    brand_without_link,
    brand_spoofing,
    delivery_lure,
    wallet_lure,
    document_login,
    thrown_paper,
    injected,
)

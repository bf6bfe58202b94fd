"""Claimed identity against authenticated identity.

A reader believes what a display name, a subject, a signature or a logo's text says. This module
collects such *claims* (a brand, a department, the reader's own organisation) and holds them against
who really wrote: the authenticated domain where DMARC, DKIM or SPF vouches for it, else the From
domain. The idea is PiMRef's (Liu et al., "PiMRef: Detecting and Explaining Ever-evolving Spear
Phishing Emails with Knowledge Base Invariants", 2025): a claimed identity and the sender's
domain contradict each other, which no rewording of the text can repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from mailrisk.analyse.message import documents
from mailrisk.analyse.message.account import taken_over
from mailrisk.analyse.message.authentication import sealed_by_trusted
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.picture_text import heads_of, text_of
from mailrisk.analyse.message.view import MessageView
from mailrisk.analyse.url.lookalike import imitates
from mailrisk.model.authority import is_authority
from mailrisk.model.brand import Brand, Mention
from mailrisk.model.confusable import latin
from mailrisk.model.url.hosts import HostClass

BODY_START = 3_000
"""Characters of the body in which a brand is looked for from the front."""

BODY_END = 700
"""Characters of the body's end that may hold a signature."""

_ADDRESS = re.compile(r"[a-z0-9._%+-]{1,64}@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)", re.IGNORECASE)
_BUSINESS = re.compile(
    r"\b(?:support|team|service|services|bank|banking|card|alerts?|account|security|secure|billing|customer|care|store|"
    r"notifications?|rewards?|wallet|department|express|no-?reply|id|pay|online|update|info|center|centre|shipping|"
    r"delivery|paket|versand|gutschein|message|offers?|paquete|colis|pacco|pakket|paket|entrega|livraison|seguimiento|"
    r"spedizione|sendung|zustellung|conta|banco|atendimento|cliente|clientes|suporte|recompensas?|pontos|tracking|"
    r"parcel|package|gift|customer|recovery|login|verification)\b"
)
_SIGNED_BEFORE = re.compile(
    r"(?:copyright|©|\(c\)|regards|sincerely|equipe|equipo|atenciosamente|cordialement|grussen|rights reserved|"
    r"版权|敬上|此致)[^.!?]{0,24}$"
)
_SIGNED_AFTER = re.compile(
    r"^\W{0,3}(?:team\b|customer|support team|security team|security center|inc\b|llc\b|ltd\b|gmbh|s\.a\b|all rights|"
    r"kundenservice|kundendienst|客服|团队|官方|安全中心|版权)"
)
_SPACED = re.compile(r"(?<!\w)\w(?: \w){3,}(?!\w)")


class Trust(StrEnum):
    """What authentication says of the author's domain."""

    AUTHENTICATED = "authenticated"
    FAILED = "failed"
    UNKNOWN = "unknown"


class BrandClaim(msgspec.Struct, frozen=True, kw_only=True):
    """The message says that it comes from ``brand``. ``strength`` 0..1; ``where`` shows it."""

    brand: Brand
    name: str
    where: str
    strength: float


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the message says it is, and who it is.

    ``author``: domain of the From address. ``claims``: brands claimed that are not the author's,
    strongest first. ``genuine``: brands claimed that the author's domain does belong to.
    ``departments``: labels of the lexicon (``from-hr``) with the phrase. ``own``: registrable domains
    of the recipient's organisation. ``inside``: the author writes from one of them.
    """

    author: str
    trust: Trust
    claims: tuple[BrandClaim, ...]
    genuine: tuple[Brand, ...]
    departments: dict[str, str]
    own: frozenset[str]
    inside: bool
    free_mail: bool
    display: str
    spoofed: Brand | None = None

    @property
    def strongest(self) -> BrandClaim | None:
        """The brand claim that weighs most."""
        return self.claims[0] if self.claims else None


def identify(view: MessageView) -> Identity:
    """Collects the claims of a message and holds them against its author."""
    author, display = _author(view)
    own = _own(view)
    trust = _trust(view)
    owners = _owners(view, author)
    claims = _claims(view, author, display)
    spoofed = next(iter(owners), None) if trust is Trust.FAILED else None
    genuine = () if spoofed else tuple(claim.brand for claim in claims if claim.brand in owners)
    foreign = [
        claim
        for claim in claims
        if claim.brand not in genuine
        and not _sibling(claim.brand, genuine)
        and not _is_office(claim.brand, author)
    ]
    if genuine or (owners and not spoofed):
        foreign = [claim for claim in foreign if claim.where == "display name"]
    return Identity(
        author=author,
        trust=trust,
        claims=tuple(sorted(foreign, key=lambda claim: -claim.strength)),
        genuine=genuine,
        departments=_departments(view, display),
        own=own,
        inside=registrable(view, author) in own and trust is not Trust.FAILED and not taken_over(view),
        free_mail=is_free_mail(view, author),
        display=display,
        spoofed=spoofed,
    )


def _author(view: MessageView) -> tuple[str, str]:
    """(domain, everything that mail programs show as the sender's name)."""
    message = view.message
    boxes = message.from_ or message.sender
    domain = next((box.domain for box in boxes if "." in box.domain), boxes[0].domain if boxes else "")
    return domain.strip("."), collapsed(" ".join(box.name[:300] for box in boxes[:5]).strip())


def _trust(view: MessageView) -> Trust:
    """What vouches for the author's domain.

    ``not-checked``, errors of look-ups and ``softfail`` say nothing for or against; a list that a trusted
    host has sealed (ARC) may have broken what was good.
    """
    auth = view.authentication
    if auth.authenticated_domain:
        return Trust.AUTHENTICATED
    if sealed_by_trusted(view):
        return Trust.UNKNOWN
    refused = auth.spf.result == "fail" and auth.dkim_summary != "pass"
    return Trust.FAILED if auth.dmarc.result == "fail" or refused else Trust.UNKNOWN


def is_free_mail(view: MessageView, host: str) -> bool:
    """Whether anyone may have a mailbox there; a provider's own machines (``reply.yahoo.com``) are its own."""
    hosts = view.knowledge.hosts
    classes = (HostClass.FREE_MAIL, HostClass.DISPOSABLE_MAIL)
    first, _, parent = host.partition(".")
    return hosts.has(host, *classes) and (first == "vip" or not hosts.has(parent, *classes))


def _own(view: MessageView) -> frozenset[str]:
    """The configured domains, else those the message was delivered to; mailbox providers are nobody's own."""
    if view.knowledge.own_domains:
        return view.knowledge.own_domains
    addresses = view.envelope.rcpt_to or tuple(box.addr for box in view.message.to[:5])
    hosts = {address.rpartition("@")[2].lower() for address in addresses if "@" in address}
    return frozenset(
        registrable(view, host) for host in hosts if "." in host and not is_free_mail(view, host)
    )


def _owners(view: MessageView, author: str) -> tuple[Brand, ...]:
    """The brands that the author's domain belongs to; a mailbox at a provider is not the provider."""
    return () if is_free_mail(view, author) else view.knowledge.brands.owners(author)


def _sibling(brand: Brand, genuine: tuple[Brand, ...]) -> bool:
    """Brands that share a domain are one house (WeChat and Tencent)."""
    return any(set(brand.domains) & set(other.domains) for other in genuine)


def _is_office(brand: Brand, author: str) -> bool:
    """An authority's office writes in the name of its ministry (``rsj.example.gov.cn``)."""
    return is_authority(author) and any(is_authority(domain) for domain in brand.domains)


def _claims(view: MessageView, author: str, display: str) -> list[BrandClaim]:
    """Every brand that the message claims to come from, each with its strongest place."""
    best: dict[str, BrandClaim] = {}
    for claim in (
        *_by_name(view, display),
        *_by_address(view, author),
        *_by_subject_and_body(view),
        *_by_picture(view),
    ):
        known = best.get(claim.brand.id)
        if known is None or claim.strength > known.strength:
            best[claim.brand.id] = claim
    return list(best.values())


def _by_name(view: MessageView, display: str) -> Iterator[BrandClaim]:
    """A display name that names a brand; an ambiguous name must stand alone or beside a business word."""
    words = len(re.findall(r"\w+", display))
    business = bool(_BUSINESS.search(latin(display)))
    for mention in view.knowledge.brands.mentions(display):
        named = len(re.findall(r"\w+", mention.name))
        if not mention.ambiguous or words == named or (business and words <= named + 3):
            yield BrandClaim(brand=mention.brand, name=mention.name, where="display name", strength=1.0)
    for word in re.findall(r"[a-z0-9]{8,30}", latin(display))[:12]:
        brand = view.knowledge.brands.misspelt(word)
        if brand:
            yield BrandClaim(brand=brand, name=word, where="display name", strength=0.9)


def _by_address(view: MessageView, author: str) -> Iterator[BrandClaim]:
    """An author domain that imitates a brand, or a local part that names one."""
    look = imitates(author, view.knowledge) if author else None
    if look:
        slip = look.kind == "typo" and len(look.label) < 8
        strength = 0.6 if look.kind == "tld" or slip else 1.0
        yield BrandClaim(brand=look.brand, name=look.label, where="sender address", strength=strength)
    for box in view.message.from_[:3]:
        local = re.sub(r"[._+-]+", " ", box.addr.rpartition("@")[0])
        for mention in view.knowledge.brands.mentions(local):
            if not mention.ambiguous:
                yield BrandClaim(brand=mention.brand, name=mention.name, where="sender address", strength=0.8)


def _by_subject_and_body(view: MessageView) -> Iterator[BrandClaim]:
    """A brand in the subject or signed below the text; in both it is as good as a display name."""
    text, attached = view.message.text, documents.text_of(view)[:BODY_START]
    ending = text[BODY_START:][-BODY_END:]
    subject = {mention.brand.id: mention for mention in _plain(view, view.message.subject[:1_000])}
    head = text[:BODY_START]
    named = {part: _plain(view, part) for part in (head, ending, attached)}
    read = _plain(view, f"{head}\n{attached}") if attached else named[head]
    body = {mention.brand.id: mention for mention in read}
    signed = {brand_id for part, found in named.items() for brand_id in _signed(part, found)}
    for brand_id, mention in (body | subject).items():
        strength = 0.25 + (0.3 if brand_id in subject else 0.0)
        strength += 0.1 if brand_id in body and brand_id in subject else 0.0
        strength += 0.35 if brand_id in signed else 0.0
        where = "signature" if brand_id in signed else ("subject" if brand_id in subject else "text")
        yield BrandClaim(brand=mention.brand, name=mention.name, where=where, strength=min(strength, 0.9))


def _by_picture(view: MessageView) -> Iterator[BrandClaim]:
    """A brand in the text of a picture: as a logo or letterhead at its top as good as a name, else as in a text."""
    if not view.pictures:
        return
    text = text_of(view)
    heads = {mention.brand.id for mention in _plain(view, heads_of(view))}
    signed = _signed(text, named := _plain(view, text))
    for mention in named:
        strength = 0.75 if mention.brand.id in heads else 0.6 if mention.brand.id in signed else 0.25
        yield BrandClaim(brand=mention.brand, name=mention.name, where="picture", strength=strength)


def _plain(view: MessageView, text: str) -> list[Mention]:
    return [mention for mention in view.knowledge.brands.mentions(text) if not mention.ambiguous]


def _signed(text: str, named: list[Mention]) -> set[str]:
    """Those brands of ``named`` that stand within a few words of what is in signatures and copyright lines."""
    folded, found = latin(text) if named else "", set()
    for mention in named:
        end = 0
        while (start := folded.find(mention.name, end)) >= 0:
            end = start + len(mention.name)
            before, after = folded[max(0, start - 40) : start], folded[end : end + 30]
            if _SIGNED_BEFORE.search(before) or _SIGNED_AFTER.search(after):
                found.add(mention.brand.id)
    return found


def _departments(view: MessageView, display: str) -> dict[str, str]:
    """Departments that the sender's name, the subject or the end of text or documents claims, with the phrase."""
    text = view.message.text
    attached = documents.text_of(view)
    drawn = text_of(view)
    ends = (text[-250:], attached[:100], attached[-250:], drawn[:100], drawn[-250:])
    found = view.knowledge.lexicon.find("\n".join((display, view.message.subject[:1_000], *ends)))
    return {
        label: hit.phrases[0]
        for label, hit in found.items()
        if label.startswith("from-") and hit.log_odds > 0
    }


def collapsed(name: str) -> str:
    """A name written with a space between all letters, without them (``C o i n b a s e``)."""
    return _SPACED.sub(lambda found: found.group(0).replace(" ", ""), name)


def address_in_name(display: str) -> str:
    """The domain of an address that a display name shows, '' when it shows none."""
    found = _ADDRESS.search(latin(display))
    return found.group(1).lower() if found else ""

"""Evidence about claimed identity; see ``identity.py`` for how claims are found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from mailrisk.analyse.message.account import taken_over
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.identity import Identity, Trust, address_in_name
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.view import MessageView
from mailrisk.analyse.url.lookalike import STRENGTH, imitates, imitates_own
from mailrisk.model.authority import is_authority
from mailrisk.model.brand import Brand
from mailrisk.model.confusable import latin
from mailrisk.model.evidence import Evidence
from mailrisk.model.person import person
from mailrisk.model.url.hosts import HostClass

CLAIMED = 0.7
"""Least strength of a brand claim that counts as one."""

_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxyz]{5}")
_AUTHORITIES = ("from-police", "from-tax", "from-government")
_HOST_LABELS = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def target(brand: Brand) -> dict[str, Any]:
    """Who is impersonated, in the form that verdicts read."""
    return {"brand": brand.title, "brand_id": brand.id, "official_domains": list(brand.domains[:8])}


def evidence(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """Every contradiction between what the sender's names say and who the author is."""
    yield from _brand(view, who)
    yield from _sender_address(view, who)
    yield from _own_organisation(view, who)
    yield from _reply_to(view, who)
    yield from _form_of_sender(view, who)


def _brand(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """A brand claimed at least as strongly as CLAIMED, and its domains are not the author's."""
    claim = next((claim for claim in who.claims if not claim.brand.self_hosted), None)
    if claim and claim.strength >= CLAIMED:
        data = target(claim.brand) | {"author": who.author, "where": claim.where, "name": claim.name}
        yield fact(view, code="brand-not-author", value=claim.strength, data=data, artefact=claim.where)
    if who.spoofed:
        data = target(who.spoofed) | {"author": who.author, "reason": view.authentication.dmarc.result}
        yield fact(view, code="brand-domain-spoofed", data=data, artefact="header From")


def _sender_address(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """The author's domain imitates a brand or the organisation; the name shows another address."""
    look = imitates(who.author, view.knowledge) if who.author and not who.genuine else None
    if look:
        data = target(look.brand) | {"author": who.author, "kind": look.kind}
        value = STRENGTH[look.kind]
        yield fact(view, code="sender-lookalike", value=value, data=data, artefact="header From")
    own = imitates_own(who.author, view.knowledge) if who.author else None
    if own:
        data = {"author": who.author, "domain": own.domain, "kind": own.kind}
        yield fact(view, code="sender-own-lookalike", data=data, artefact="header From")
    shown = address_in_name(who.display)
    if shown and registrable(view, shown) != registrable(view, who.author):
        yield fact(
            view, code="address-in-name", data={"shown": shown, "author": who.author}, artefact="header From"
        )


def claims_own(view: MessageView, who: Identity) -> str:
    """The recipient's domain that the sender's name or the subject claims, '' when the author is inside or none is."""
    if who.inside:
        return ""
    head = latin(f"{who.display} {view.message.subject[:1_000]}")
    local = " ".join(box.addr.rpartition("@")[0] for box in view.message.from_[:2])
    for domain in who.own:
        label = domain.split(".")[0]
        if label not in head and label not in local:
            continue  # Hardly any mail names them: making a pattern costs more than all of this.
        whole = rf"(?<![a-z0-9@-]){re.escape(domain)}(?![a-z0-9-])"
        if re.search(whole, head) or re.search(whole, local):
            return domain
        if len(label) >= 5 and re.search(
            rf"(?<![a-z0-9@.-]){re.escape(label)}(?![a-z0-9@-])", latin(who.display)
        ):
            return domain
    return ""


def _own_organisation(view: MessageView, who: Identity) -> Iterator[Evidence]:
    domain = claims_own(view, who)
    if domain:
        yield fact(view, code="own-organisation-claimed", data={"domain": domain, "author": who.author})
    yield from _staff(view, who)
    yield from _authority(view, who)
    department = next(iter(who.departments), "")
    if department and who.free_mail:
        data = {"department": who.departments[department], "author": who.author}
        yield fact(view, code="department-from-free-mail", data=data, artefact="header From")


def _staff(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """The display name is that of one of the people named in the configuration, and the author is outside.

    A mailbox that anyone may have weighs in full; from elsewhere it may be a namesake.
    """
    people = view.knowledge.people
    if not people or not who.author or registrable(view, who.author) in who.own:
        return
    name = person(who.display)
    if name and name in people:
        data = {"name": people[name], "author": who.author}
        value = 1.0 if who.free_mail else 0.6
        yield fact(view, code="staff-name-from-outside", value=value, data=data, artefact="header From")


def _authority(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """The display name is that of the police, a tax office or a government, and the domain is no authority's.

    Authorities write from names below ``gov``, ``gob``, ``gouv``, ``mil``, ``police``, ``admin.ch`` and their like, or
    from domains of a brand record.
    """
    if not who.author or who.genuine or view.knowledge.brands.owners(who.author) or is_authority(who.author):
        return
    found = view.knowledge.lexicon.find(who.display) if who.display else {}
    label = next((label for label in _AUTHORITIES if label in found and found[label].log_odds > 0), "")
    if label:
        data = {"claimed": found[label].phrases[0], "author": who.author}
        yield fact(view, code="authority-not-author", data=data, artefact="header From")


def _reply_to(view: MessageView, who: Identity) -> Iterator[Evidence]:
    """Answers go to a free mailbox although the author's address is none, or to another one."""
    answers = {box.domain for box in view.message.reply_to if box.domain}
    addresses = {box.addr.lower() for box in view.message.from_}
    for box in view.message.reply_to[:3]:
        free = view.knowledge.hosts.has(box.domain, HostClass.FREE_MAIL, HostClass.DISPOSABLE_MAIL)
        if free and box.addr.lower() not in addresses and who.author:
            data = {"reply_to": box.domain, "author": who.author}
            yield fact(view, code="reply-to-free-mail", data=data, artefact="header Reply-To")
            return
    if answers and all(registrable(view, host) != registrable(view, who.author) for host in answers):
        data = {"reply_to": ", ".join(sorted(answers)[:3]), "author": who.author}
        yield fact(view, code="reply-to-elsewhere", data=data, artefact="header Reply-To")


def is_malformed(view: MessageView, who: Identity) -> bool:
    """A From that mail programs do not write: several boxes without address, a domain that cannot be one."""
    boxes = view.message.from_
    nameless = sum(1 for box in boxes if "@" not in box.addr)
    no_domain = bool(boxes) and ("." not in who.author or not _HOST_LABELS.fullmatch(who.author))
    return (len(boxes) > 1 and nameless > 0) or no_domain


def is_random(view: MessageView, who: Identity) -> bool:
    """A registrable label that no naming gives.

    Eight or more characters that change between letters and digits three times, or nine or more with a
    digit inside and five consonants in a row. Initials of Chinese names have no digits inside.
    """
    domain = registrable(view, who.author)
    label = domain.split(".")[0] if domain else ""
    if label.startswith("xn--") or view.knowledge.hosts.rank(who.author):
        return False
    turns = sum(
        1 for left, right in pairwise(label) if left.isdigit() != right.isdigit() and "-" not in (left, right)
    )
    if len(label) >= 8 and turns >= 3:
        return True
    return len(label) >= 9 and turns >= 2 and bool(_CONSONANTS.search(label))


def is_unreliable(view: MessageView, who: Identity) -> bool:
    """The author's address stands for nobody: free, malformed, thrown away, taken over, or authentication failed."""
    return (
        who.free_mail
        or who.trust is Trust.FAILED
        or who.author.endswith(".onmicrosoft.com")
        or taken_over(view)
        or is_malformed(view, who)
        or is_random(view, who)
    )


def _form_of_sender(view: MessageView, who: Identity) -> Iterator[Evidence]:
    if is_malformed(view, who):
        yield fact(view, code="malformed-from", data={"author": who.author or "?"}, artefact="header From")
    elif is_random(view, who):
        yield fact(view, code="random-sender-domain", data={"author": who.author}, artefact="header From")
    if who.author.endswith(".onmicrosoft.com"):
        yield fact(view, code="default-tenant-domain", data={"author": who.author}, artefact="header From")

"""Where a letter comes from: a sender with an address, what authentication says of it, and where its link leads.

Every address here is invented, but for the domains of well-known services that honest mail really comes from
(origins.toml). Lures come from stolen, free, bought, imitated, forged and stolen inside mailboxes, in the
proportions that the field reports (design/product.md).
"""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.lures.material import Template, places, words_of

_LURE_ORIGINS = {"stolen": 35, "free": 16, "bought": 20, "forged-own": 9, "like-own": 8, "stolen-inside": 12}
_STAFF = {"hr", "finance", "it", "mail-admin", "docshare", "school"}
_LURE_LINKS = {"bought": 36, "thrown": 24, "forms": 18, "short": 9, "broken": 13}


class Reader(NamedTuple):
    """Who gets the letter."""

    name: str
    address: str
    domain: str
    organisation: str


class Origin(NamedTuple):
    """Who sends it. ``how`` names the case; ``passes``: SPF, DKIM and DMARC pass for the From domain."""

    how: str
    address: str
    domain: str
    passes: bool
    link: str
    list_id: str = ""


def invent_domain(rng: random.Random, words: str) -> str:
    """A domain as a firm or university might have it."""
    parts = places().parts
    language = "zh" if words == "zh" else "en"
    name = "".join(rng.choice(parts[language]) for _ in range(rng.choice((2, 2, 3))))
    return name + rng.choice(parts[f"firm-{language}"])


def invent_organisation(rng: random.Random, words: str) -> str:
    """An organisation's name, in the reader's language."""
    parts = places().parts
    if words == "zh":
        return rng.choice(parts["org-zh-name"]) + rng.choice(parts["org-zh"])
    return "".join(rng.choice(parts["en"]) for _ in range(2)).title() + " " + rng.choice(parts["org-en"])


def token(rng: random.Random, length: int = 10) -> str:
    """A random name of small letters and digits."""
    return "".join(rng.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(length))


def invent_reader(rng: random.Random, words: str, name: str) -> Reader:
    """A reader at an organisation of its own."""
    domain = invent_domain(rng, words)
    parts = places().parts["zh" if words == "zh" else "en"]
    local = "".join(rng.choice(parts) for _ in range(2))
    return Reader(name, f"{local}@{domain}", domain, invent_organisation(rng, words))


def _pick(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _thrown_domain(rng: random.Random) -> str:
    parts = places().parts
    return (
        f"{rng.choice(parts['thrown'])}-{token(rng, rng.choice((3, 5, 7)))}{rng.choice(parts['thrown-tld'])}"
    )


def _page(rng: random.Random, kind: str, words: str) -> str:
    pages = places().pages
    language = "zh" if words == "zh" else "en"
    if kind == "bought":
        return f"https://{rng.choice(('', 'www.', 'mail.', 'oa.'))}{_thrown_domain(rng)}/{rng.choice(places().parts['paths-zh'])}/{token(rng, 6)}"
    if kind == "broken":
        return f"https://www.{invent_domain(rng, words)}/wp-content/{token(rng, 4)}/{token(rng, 6)}.php?e={token(rng, 8)}"
    shelf = {"thrown": "thrown", "forms": f"forms-{language}", "short": f"short-{language}"}[kind]
    return rng.choice(pages[shelf]).replace("{id}", token(rng, 12))


def _program(rng: random.Random, words: str) -> str:
    """A link to a program or archive."""
    return f"https://{_thrown_domain(rng)}/{token(rng, 6)}/{rng.choice(('setup.exe', 'view.msi', 'file.scr', 'doc.iso', 'fp.js'))}"


def lure_origin(rng: random.Random, template: Template, reader: Reader) -> Origin:
    """Where a lure comes from, and where it leads."""
    words = words_of(template.language)
    language = "zh" if words == "zh" else "en"
    staff = bool(_STAFF & set(template.senders))
    how = _pick(rng, _LURE_ORIGINS)
    if how in ("forged-own", "like-own", "stolen-inside") and not staff:
        how = "bought"
    if template.senders[0] in ("boss", "stranger") and how not in ("stolen", "bought"):
        how = "free"
    local = rng.choice(
        ("admin", "hr", "notice", "service", "info", "no-reply", token(rng, 7), "caiwu", "zhangwei")
    )
    domain = {
        "stolen": lambda: invent_domain(rng, words),
        "free": lambda: rng.choice(places().pages[f"free-{language}"]),
        "bought": lambda: _thrown_domain(rng),
        "forged-own": lambda: reader.domain,
        "like-own": lambda: reader.domain.replace(".", "-mail.", 1),
        "stolen-inside": lambda: reader.domain,
    }[how]()
    if template.category == "malware-file" and rng.random() < 0.6:
        link = _program(rng, words)
    else:
        link = _page(rng, _pick(rng, _LURE_LINKS), words)
    return Origin(how, f"{local}@{domain}", domain, how != "forged-own", link)


def twin_origin(rng: random.Random, template: Template, reader: Reader) -> tuple[Origin, str]:
    """Where an honest letter comes from, and the sender's genuine name where he has one ('' else)."""
    words = words_of(template.language)
    language = "zh" if words == "zh" else "en"
    how = rng.choice(template.origins)
    firm, name, list_id = invent_domain(rng, words), "", ""
    if how == "brand":
        name, domain = rng.choice(places().genuine["brandzh" if words == "zh" else "brand"])
    elif how in _GENUINE:
        name, domain = rng.choice(places().genuine[_GENUINE[how]])
    elif how == "gov":
        domain = _authority(rng, template.language)
    elif how == "free":
        domain = rng.choice(places().pages[f"free-{language}"])
    elif how == "list":
        domain, list_id = firm, f"{token(rng, 5)}.lists.{invent_domain(rng, words)}"
    else:
        domain = reader.domain if how == "inside" else firm
    local = rng.choice(("noreply", "service", "hr", "info", token(rng, 6), "zhang.wei", "office"))
    link = _honest_link(rng, template, how, domain)
    return Origin(how, f"{local}@{domain}", domain, how != "list", link, list_id), name


_GENUINE = {
    "bank": "bankzh",
    "courier": "courierzh",
    "rail": "rail",
    "etc": "etc",
    "docs": "docs",
    "bankown": "bank",
    "courierown": "courier",
    "dev": "dev",
    "signown": "sign",
    "googledocs": "googledocs",
}
"""Origins that are well-known services, with their list in origins.toml."""


def _authority(rng: random.Random, language: str) -> str:
    """The domain of an authority, by language."""
    parts = places().parts
    if language == "zh":
        return f"{rng.choice(('rsj', 'ybj', 'czj', 'swj'))}.{rng.choice(parts['zh'])}{rng.choice(parts['zh'])}.gov.cn"
    ending = {"es": ".gob.es", "fr": ".gouv.fr", "pt": ".gov.br", "ja": ".go.jp", "de": ".bund.de"}.get(
        language, ".gov"
    )
    return f"{rng.choice(parts['en'])}{rng.choice(parts['en'])}{ending}"


def _honest_link(rng: random.Random, template: Template, how: str, domain: str) -> str:
    if template.sites and rng.random() < 0.7:
        return f"https://{rng.choice(template.sites)}/{rng.choice(('form', 's', 'join', 'd', 'vm'))}/{token(rng, 9)}"
    if how == "bulk":
        return rng.choice(places().pages["bulk"]).replace("{id}", token(rng, 12))
    host = {
        "docs": "docs.qq.com",
        "googledocs": "docs.google.com",
    }.get(how, f"{rng.choice(('www', 'portal', 'my', 'hr', 'oa', 'account'))}.{domain}")
    if how == "free":
        host = f"www.{invent_domain(rng, words_of(template.language))}"
    path = rng.choice(
        (
            "news/1021.html",
            "login?next=%2Fpayslip",
            "reset/" + token(rng, 20),
            "d/" + token(rng, 8),
            "track?no=8812",
        )
    )
    return f"https://{host}/{path}"

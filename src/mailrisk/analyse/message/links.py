"""Where a message's links lead: which of them a reader is asked to open, and which may be blamed.

A link may carry a conviction (and be listed for it) only if it is *offending*: a reader can open it;
it leads neither to the impersonated brand nor to the recipient's organisation, nor to a widely used
site where not everybody may publish; and it is no unsubscribe link, name space or decoration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.analyse.url.lookalike import imitates
from mailrisk.analyse.url.text import runs_at_server
from mailrisk.model.brand import Brand
from mailrisk.model.url.hosts import HostClass, is_numbered

OPENED = frozenset({"a", "area", "form", "text", "qr", "attachment", "meta"})
"""Ways in which a link waits for its reader; images, styles and headers do not."""

LINKS_READ = 1_000
"""Links that the rules look at; a lure has a handful."""

PATH_READ = 300
"""Characters of a path in which the words of unsubscribing are looked for."""

WIDELY_USED = 20_000
"""Largest rank of a site whose own pages are taken for harmless."""

NAME_SPACES = frozenset(
    {
        "www.w3.org",
        "w3.org",
        "schemas.microsoft.com",
        "schemas.openxmlformats.org",
        "purl.org",
        "ns.adobe.com",
    }
)

_NETWORKS = (
    "facebook.com linkedin.com twitter.com x.com instagram.com youtube.com pinterest.com tiktok.com weibo.com"
)
SOCIAL = frozenset(_NETWORKS.split())
"""Social networks that every footer links to: anyone may publish there, but nobody logs in for somebody else."""

DOCUMENT_CLASSES = (HostClass.DOCUMENT, HostClass.FORM_BUILDER)

LEAVE = re.compile(
    r"un-?subscri|opt-?out|abmeld|abbestell|desinscri|désinscri|desabonn|désabonn|darse de baja|descadastr|"
    r"cancelar (?:a )?(?:inscri|suscri)|uitschrijv|afmelden|disiscri|preference|privacy|datenschutz|"
    r"impressum|terms|view (?:it )?in (?:your )?browser|退订|取消订阅|退訂|配信停止",
    re.IGNORECASE,
)
THROWAWAY_CLASSES = (
    HostClass.SHORTENER,
    HostClass.FREE_SUBDOMAIN,
    HostClass.FILE_HOST,
    HostClass.FORM_BUILDER,
    HostClass.DOCUMENT,
    HostClass.SELF_SERVICE,
    HostClass.REDIRECTOR,
    HostClass.DYNAMIC_DNS,
    HostClass.IPFS_GATEWAY,
)
_HOST_IN_PATH = re.compile(r"(?:/|%2f)www\.[a-z0-9.-]{1,80}\.com$", re.IGNORECASE)
_PROGRAM = re.compile(
    r"\.(?:exe|scr|msi|bat|cmd|com|js|jse|vbs|vbe|hta|lnk|iso|img|vhd|apk|jar|ps1|wsf|cpl|dll|dmg|pkg)$",
    re.IGNORECASE,
)


def opened(view: MessageView) -> list[LinkedUrl]:
    """Links that wait for the reader, without name spaces and unsubscribe links."""
    return [item for item in view.urls[:LINKS_READ] if item.link.how in OPENED and not is_side_link(item)]


def is_side_link(item: LinkedUrl) -> bool:
    """Whether the link is no part of the request: a name space, or a way to leave a mailing list."""
    return (
        item.url.host in NAME_SPACES
        or is_about_leaving(item.link.text)
        or is_about_leaving(item.url.path[:PATH_READ])
    )


@lru_cache(maxsize=2048)
def is_about_leaving(text: str) -> bool:
    """Whether a text is about unsubscribing; many rules ask it of the same links."""
    return bool(LEAVE.search(text))


def is_popular(view: MessageView, host: str) -> bool:
    """A widely used site where not everybody may publish."""
    hosts = view.knowledge.hosts
    return 0 < hosts.rank(host) <= WIDELY_USED and not hosts.is_shared(host)


def offending(view: MessageView, brands: Iterable[Brand], own: frozenset[str]) -> list[LinkedUrl]:
    """Links that may be blamed when one of these brands is impersonated. See the module's docstring.

    A brand's host where anyone may publish (``docs.google.com``) is nobody's alibi except for that
    brand itself. ``own``: registrable domains of the recipient's organisation.
    """
    brands = tuple(brands)
    return [
        item
        for item in opened(view)
        if registrable(view, item.url.host) not in own
        and not any(is_official(view, brand, item.url.host) for brand in brands)
        and not is_popular(view, item.url.host)
        and registrable(view, item.url.host) not in SOCIAL
    ]


def is_official(view: MessageView, brand: Brand, host: str) -> bool:
    """Whether the host is the brand's; a hosting brand's numbered customer machines are not."""
    return view.knowledge.brands.is_official(brand, host) and not is_numbered(host)


def is_throwaway(view: MessageView, item: LinkedUrl) -> bool:
    """Whether the link leads to a place that costs nothing: an address, a shortener, a file or page host, an imitation."""
    if item.url.is_ip or is_numbered(item.url.host):
        return True
    hosts = view.knowledge.hosts
    if hosts.has(item.url.host, HostClass.BULK_MAILER, HostClass.SOCIAL_LANDING):
        return False
    return hosts.has(item.url.host, *THROWAWAY_CLASSES) or imitates(item.url.host, view.knowledge) is not None


def blamed(view: MessageView, items: Iterable[LinkedUrl]) -> list[LinkedUrl]:
    """Of the offending links those that a listing may name; none is better than a bystander's.

    Senders fill mails with copied footers and with the true project's pages. So the first kind that occurs is
    taken alone: places made for one message (shortened links, forms, documents, free hosts, bare addresses,
    imitations), then unranked sites, then pages on platforms. The front page of a ranked site is never named.
    """
    items = [item for item in items if item.url.path.strip("/") or item.url.query or not _ranked(view, item)]
    momentary = [item for item in items if is_throwaway(view, item) and not on_platform(view, item)]
    unknown = [item for item in items if not view.knowledge.hosts.rank(item.url.host)]
    return momentary or unknown or items[:1]


def _ranked(view: MessageView, item: LinkedUrl) -> bool:
    return view.knowledge.hosts.rank(item.url.host) > 0


def on_platform(view: MessageView, item: LinkedUrl) -> bool:
    """A widely used place for code, files or talk, where honest projects have their pages."""
    hosts = view.knowledge.hosts
    return _ranked(view, item) and not hosts.has(
        item.url.host, HostClass.SHORTENER, HostClass.FORM_BUILDER, HostClass.DOCUMENT
    )


def registrable(view: MessageView, host: str) -> str:
    """The registrable domain, or the host itself where there is none (an address, a bare name)."""
    return view.knowledge.hosts.registrable(host) or host


def on_document_service(view: MessageView, item: LinkedUrl) -> bool:
    """Whether the link leads to an online document or form that anyone may publish."""
    return view.knowledge.hosts.has(item.url.host, *DOCUMENT_CLASSES)


def is_shared(view: MessageView, item: LinkedUrl) -> bool:
    """Whether the link leads to a place that many publish on or redirect through."""
    return view.knowledge.hosts.is_shared(item.url.host) or bool(
        view.knowledge.hosts.tenant_of(item.url.host)
    )


def leads_to_program(item: LinkedUrl) -> bool:
    """Whether the path names a program, script or disk image; not one that runs at the server, nor a host's name."""
    path = item.url.path
    if not _PROGRAM.search(path) or runs_at_server(path, item.url.query):
        return False
    return not _HOST_IN_PATH.search(path)


def keys(items: Iterable[LinkedUrl]) -> list[str]:
    """Canonical keys of the links, each once, at most 20: what a conviction may list."""
    return list(dict.fromkeys(item.url.key for item in items))[:20]

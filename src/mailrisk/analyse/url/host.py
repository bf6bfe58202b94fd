"""What the host of a URL says. None of it convicts: honest sites look odd as well."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mailrisk.analyse.url.view import UrlView
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.hosts import SHARED, HostClass
from mailrisk.model.url.unwrap import OPEN_REDIRECT

MANY_LABELS = 4
TRUSTED_RANK = 5_000
MAX_NAME_LENGTH = 40

_SWITCH = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
_VOWELS = re.compile(r"[aeiouy]")
_LETTERS = re.compile(r"[a-z]")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{9,}")


def ip_literal(view: UrlView) -> Iterator[Evidence]:
    """The host is an IP address."""
    if view.url.is_ip:
        yield view.evidence("ip-literal-host", ip=view.url.ip)


def odd_port(view: UrlView) -> Iterator[Evidence]:
    """A port other than the scheme's own, 80, 443, 8080 and 8443, on a host that is not reputable."""
    if view.url.port not in (0, 80, 443, 8080, 8443) and not view.reputable:
        yield view.evidence("odd-port", port=view.url.port)


def credentials(view: UrlView) -> Iterator[Evidence]:
    """User information before the host; worse when it looks like a host itself."""
    if view.url.decoy:
        yield view.evidence("decoy-before-host", decoy=view.url.decoy, host=view.url.host)
    elif view.url.has_credentials:
        yield view.evidence("credentials-in-url", host=view.url.host)


def many_subdomains(view: UrlView) -> Iterator[Evidence]:
    """At least MANY_LABELS labels below the registrable domain or the service, on a host that is not reputable."""
    labels = view.name.removeprefix("www.").count(".") + (1 if view.tenant else 0)
    if labels >= MANY_LABELS and not view.reputable:
        yield view.evidence("many-subdomains", count=labels, host=view.url.host)


def host_class(view: UrlView) -> Iterator[Evidence]:
    """The first of these that the host is: dynamic DNS, IPFS gateway, customer of a free service, shortener,
    form service, document service, file host.
    """
    for wanted, code in _CLASS_CODES:
        if wanted in view.classes and (wanted is not HostClass.FREE_SUBDOMAIN or view.tenant):
            yield view.evidence(code, host=view.url.host, service=view.tenant or view.registrable)
            return


_CLASS_CODES = (
    (HostClass.DYNAMIC_DNS, "dynamic-dns-host"),
    (HostClass.IPFS_GATEWAY, "ipfs-gateway-host"),
    (HostClass.FREE_SUBDOMAIN, "free-subdomain-host"),
    (HostClass.SHORTENER, "shortener-hides-target"),
    (HostClass.FORM_BUILDER, "form-service-host"),
    (HostClass.DOCUMENT, "document-service-host"),
    (HostClass.FILE_HOST, "file-host"),
)


def abused_tld(view: UrlView) -> Iterator[Evidence]:
    """A top-level domain of which phishing has far more than its share, and a host that is not reputable."""
    if HostClass.ABUSED_TLD in view.classes and not view.reputable and not view.tenant:
        yield view.evidence("abused-tld", tld=view.url.host.rpartition(".")[2])


def random_name(view: UrlView) -> Iterator[Evidence]:
    """A label of 8 characters or more that its owner chose, switching between letters and digits at least
    four times, or with nine consonants in a row, or of twelve letters with hardly a vowel; not reputable.

    Chinese names in initials (``szgjj``) have no vowels either, but are shorter.
    """
    if view.reputable or view.url.is_ip:
        return
    for label in view.name.split("."):
        if len(label) < 8 or label.startswith("xn--"):
            continue
        letters = len(_LETTERS.findall(label))
        few_vowels = letters >= 12 and len(_VOWELS.findall(label)) * 8 < letters
        if len(_SWITCH.findall(label)) >= 4 or _CONSONANTS.search(label) or few_vowels:
            yield view.evidence("random-looking-host", label=label)
            return


def stuffed_name(view: UrlView) -> Iterator[Evidence]:
    """Three hyphens or more in one label, or a chosen name longer than MAX_NAME_LENGTH; not reputable."""
    if view.reputable or view.url.is_ip or "xn--" in view.name:
        return
    if len(view.name) > MAX_NAME_LENGTH or any(label.count("-") >= 3 for label in view.name.split(".")):
        yield view.evidence("stuffed-host-name", host=view.url.host)


def wrapping(view: UrlView) -> Iterator[Evidence]:
    """The link hides its target in a gateway's code, passes an open redirector, or three wrappers and more."""
    unwrapped = view.unwrapped
    if unwrapped.opaque:
        yield view.evidence("opaque-wrapper", wrapper=unwrapped.opaque)
    hop = next((url for name, url in unwrapped.hops if name == OPEN_REDIRECT), None)
    if hop is not None and not view.reputable:
        yield view.evidence("open-redirect", host=hop.host, target=view.url.host)
    if len(unwrapped.hops) >= 3 or unwrapped.cut:
        yield view.evidence("nested-wrappers", count=len(unwrapped.hops))


def widely_used(view: UrlView) -> Iterator[Evidence]:
    """Among the TRUSTED_RANK most used domains, not shared, no customer's page, without credentials, not
    reached through an open redirector.

    The rank is not the sender's to forge, so it may lower the verdict.
    """
    if 0 < view.rank <= TRUSTED_RANK and _is_plain(view):
        yield view.evidence("widely-used-site", host=view.registrable, rank=view.rank)


def official_site(view: UrlView) -> Iterator[Evidence]:
    """The host belongs to a brand of the records, which no sender can forge, under the terms of ``widely_used``.

    A document that anyone can share there, a form or a customer's page is not the brand's. Where the site counts as
    widely used already, this adds next to nothing: both say that its owner is known.
    """
    if view.tenant or view.url.is_ip or view.classes & _PUBLISHED_BY_OTHERS or not _is_plain(view):
        return
    brand = view.knowledge.brands.recorded(view.url.host)
    if brand:
        found = view.evidence("official-site", host=view.url.host, brand=brand.title)
        known_already = 0 < view.rank <= TRUSTED_RANK
        yield msgspec.structs.replace(found, value=0.1) if known_already else found


def _is_plain(view: UrlView) -> bool:
    """Not shared, without credentials, and not reached through an open redirector."""
    through_redirector = any(name == OPEN_REDIRECT for name, _ in view.unwrapped.hops)
    return not view.shared and not view.url.has_credentials and not through_redirector


_PUBLISHED_BY_OTHERS = SHARED | {HostClass.SHORTENER}

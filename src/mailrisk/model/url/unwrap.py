"""Unwrapping: from the link in a mail to the URL that it leads to, without opening anything."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.url.rewritten import absolute, from_base64, opaque, parameters
from mailrisk.model.url.wrappers import fitting

MAX_DEPTH: Final = 8
MAX_EMBEDDED: Final = 4

OPEN_REDIRECT: Final = "open-redirect"

# Names of parameters that hold a redirection's target. Those of sign-in flows (continue, redirect_uri,
# returnUrl, next) are not here: nothing leads there before the visitor has signed in.
_TARGET_NAMES = frozenset({
    "url", "u", "uri", "target", "to", "redirect", "redirecturl", "redirect_url", "redirect_to", "redir", "dest",
    "destination", "dest_url", "goto", "go", "link", "out", "location", "forward", "jump", "href", "site", "page", "rurl",
    "returl", "tourl", "gourl", "targeturl", "target_url", "jumpurl", "linkurl", "l", "r",
})  # fmt: skip
_REDIRECTING_PATH = re.compile(
    r"(?:^|[/_.-])(?:redirect|redirector|redir|jump|goto|go|out|outlink|link|links|away|click|clk|clicks|ck|exit|leave|track|"
    r"tracking|external|forward|bounce|aclk|safety|r|l|url|url_check|openurl)(?:$|[/_.?0-9-])",
    re.IGNORECASE,
)
_REDIRECTING = (HostClass.REDIRECTOR, HostClass.WRAPPER, HostClass.BULK_MAILER, HostClass.SHORTENER)


class Unwrapped(msgspec.Struct, frozen=True, kw_only=True):
    """Where a link leads as far as its text says.

    ``hops``      every wrapper passed, the outermost first: its name and the URL that was unwrapped
    ``opaque``    name of the wrapper that ``url`` still is, because it hides its target; '' when nothing hides
    ``embedded``  URLs in parameters of hosts that are not known to redirect: worth a look-up, but not where
                  the link leads (a phishing page may carry its victim's real address there)
    ``cut``       ``depth`` (more than MAX_DEPTH wrappers), ``loop`` or ``bad-target``
    """

    url: Url
    hops: tuple[tuple[str, Url], ...] = ()
    opaque: str = ""
    embedded: tuple[Url, ...] = ()
    cut: tuple[str, ...] = ()


def unwrap(url: Url, hosts: Hosts, own: frozenset[str] = frozenset()) -> Unwrapped:
    """Takes the known wrappers off ``url``, at most MAX_DEPTH of them; never raises for hostile input.

    ``own`` are the organisation's registrable domains: gateways that rewrite links to the customer's own
    host are believed there alone.
    """
    hops: list[tuple[str, Url]] = []
    embedded: list[Url] = []
    seen = {url.key}
    hidden, cut = "", ""
    while not cut:
        name, text = _one_layer(url, hosts, own)
        if not name:
            embedded.extend(_carried(url, hosts, embedded))
        hidden = name if not text else ""
        if not text:
            break
        target = _parsed(text)
        if target is None or target.key in seen or len(hops) == MAX_DEPTH:
            cut = "bad-target" if target is None else "loop" if target.key in seen else "depth"
            break
        hops.append((name, url))
        seen.add(target.key)
        url = target
    return Unwrapped(
        url=url, hops=tuple(hops), opaque=hidden, embedded=tuple(embedded), cut=(cut,) if cut else ()
    )


def _one_layer(url: Url, hosts: Hosts, own: frozenset[str]) -> tuple[str, str]:
    """Name of the wrapper that ``url`` is ('' if none) and the text of its target ('' if it hides it)."""
    registrable = hosts.registrable(url.host)
    hidden = ""
    for wrapper in fitting(url, registrable, is_own=registrable in own):
        target = wrapper.decode(url)
        if target:
            return wrapper.name, target
        if wrapper.decode is opaque or hosts.has(url.host, HostClass.WRAPPER):
            # Other sites have many pages on the same path that lead nowhere; a gateway has none.
            hidden = hidden or wrapper.name
    if hidden:
        return hidden, ""
    target = _open_redirect(url, hosts, registrable)
    return (OPEN_REDIRECT, target) if target else ("", "")


def _open_redirect(url: Url, hosts: Hosts, registrable: str) -> str:
    """The target of a parameter, when the host is known to redirect or is a known site's redirecting page.

    An unknown host's parameter proves nothing: see ``embedded``.
    """
    if not url.query:
        return ""
    known = hosts.has(url.host, *_REDIRECTING)
    if not known and not (hosts.rank(url.host) and _REDIRECTING_PATH.search(url.path)):
        return ""
    for target in _targets(url):
        parsed = _parsed(target)
        if parsed is not None and (not registrable or hosts.registrable(parsed.host) != registrable):
            return target
    return ""


def _carried(url: Url, hosts: Hosts, known: list[Url]) -> list[Url]:
    targets = [target for text in _targets(url) if (target := _parsed(text)) is not None]
    if not targets:
        return []
    registrable = hosts.registrable(url.host)
    foreign = [
        target for target in targets if not registrable or hosts.registrable(target.host) != registrable
    ]
    return foreign[: MAX_EMBEDDED - len(known)]


def _targets(url: Url) -> list[str]:
    if not url.query:
        return []
    return [
        target
        for name, value in parameters(url.query)
        if name in _TARGET_NAMES and (target := absolute(value) or from_base64(value))
    ]


def _parsed(text: str) -> Url | None:
    try:
        return parse_url(text)
    except BadInput:
        return None

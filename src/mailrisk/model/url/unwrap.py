"""Unwrapping: from the link in a mail to the URL that it leads to, without opening anything."""

from __future__ import annotations

import re
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.go_links import PATH, wrapped_target
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.url.rewritten import absolute, from_base64, opaque, parameters
from mailrisk.model.url.wrappers import OWN_HOST, OWN_HOST_PATHS, fitting, may_wrap

MAX_DEPTH: Final = 8
MAX_EMBEDDED: Final = 4

OPEN_REDIRECT: Final = "open-redirect"
REWRITTEN: Final = "mailrisk"
"""Name of our own rewritten links among the wrappers."""

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
# A parameter can hold a URL only with a colon, an escape, or base64 that decodes to h, H, f, F or %.
_MAY_HOLD_URL = re.compile(r"[:%]|=[aSZRJ][A-Za-z0-9+/_-]{7}")


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


def unwrap(url: Url, hosts: Hosts, own: frozenset[str] = frozenset(), link_base: str = "") -> Unwrapped:
    """Takes the known wrappers off ``url``, at most MAX_DEPTH of them; never raises for hostile input.

    ``own`` are the organisation's registrable domains: gateways that rewrite links to the customer's own
    host are believed there alone. ``link_base`` is where our own rewritten links lead, without a scheme.
    """
    if link_base and PATH in url.path and (inner := _parsed(wrapped_target(url, link_base))):
        found = unwrap(inner, hosts, own)
        return msgspec.structs.replace(found, hops=((REWRITTEN, url), *found.hops))
    if not _may_lead(url, own):
        return Unwrapped(url=url)
    hops: list[tuple[str, Url]] = []
    seen = {url.key}
    embedded: tuple[Url, ...] = ()
    hidden, cut = "", ""
    while True:
        layer = _one_layer(url, hosts, own)
        embedded = (*embedded, *layer.embedded)[:MAX_EMBEDDED]
        if not layer.target:
            hidden = layer.name
            break
        target = _parsed(layer.target)
        if target is None or target.key in seen or len(hops) == MAX_DEPTH:
            cut = "bad-target" if target is None else "loop" if target.key in seen else "depth"
            break
        hops.append((layer.name, url))
        seen.add(target.key)
        url = target
    return Unwrapped(url=url, hops=tuple(hops), opaque=hidden, embedded=embedded, cut=(cut,) if cut else ())


def _may_lead(url: Url, own: frozenset[str]) -> bool:
    """A quick test that nearly every link fails: whether there can be a wrapper or a URL in a parameter."""
    if url.query and _MAY_HOLD_URL.search(url.query):
        return True
    return may_wrap(url.host) or (bool(own) and url.path.startswith(OWN_HOST_PATHS))


class _Layer(NamedTuple):
    """One wrapper: its name ('' if there is none) and its target's text ('' if it hides it)."""

    name: str = ""
    target: str = ""
    embedded: tuple[Url, ...] = ()


def _one_layer(url: Url, hosts: Hosts, own: frozenset[str]) -> _Layer:
    hidden = ""
    wrappers = fitting(url)
    if own and url.path.startswith(OWN_HOST_PATHS) and hosts.registrable(url.host) in own:
        wrappers = chain(wrappers, OWN_HOST)
    for wrapper in wrappers:
        target = wrapper.decode(url)
        if target:
            return _Layer(wrapper.name, target)
        if wrapper.decode is opaque or hosts.has(url.host, HostClass.WRAPPER):
            # Other sites have many pages on the same path that lead nowhere; a gateway has none.
            hidden = hidden or wrapper.name
    if hidden or not url.query:
        return _Layer(hidden)
    return _parameters_layer(url, hosts)


def _parameters_layer(url: Url, hosts: Hosts) -> _Layer:
    """A redirect by parameter, when the host is known to redirect or it is a known site's redirecting page.

    An unknown host's parameter proves nothing, and no site redirects to itself.
    """
    texts = _targets(url.query)
    if not texts:
        return _Layer()
    registrable = hosts.registrable(url.host)
    foreign = [
        target
        for text in texts
        if (target := _parsed(text)) and (not registrable or hosts.registrable(target.host) != registrable)
    ]
    if not foreign:
        return _Layer()
    redirects = hosts.has(url.host, *_REDIRECTING)
    if redirects or (hosts.rank(url.host) and _REDIRECTING_PATH.search(url.path)):
        return _Layer(OPEN_REDIRECT, foreign[0].text)
    return _Layer(embedded=tuple(foreign[:MAX_EMBEDDED]))


def _targets(query: str) -> list[str]:
    return [
        target
        for name, value in parameters(query)
        if name in _TARGET_NAMES and (target := absolute(value) or from_base64(value))
    ]


def _parsed(text: str) -> Url | None:
    """The URL of a text; None if it is none."""
    try:
        return parse_url(text)
    except BadInput:
        return None

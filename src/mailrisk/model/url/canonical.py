"""URLs in canonical form.

Two standards, one on top of the other:

* **WHATWG URL** (https://url.spec.whatwg.org/, by the ada parser): what a browser makes of a text.
  Tabs and line breaks vanish, backslashes are slashes, IPv4 may be decimal, octal, hex or short,
  internationalised names become punycode. ``Url.text``, ``path`` and ``query`` have this form, so that
  they can be opened and a wrapper's parameters can be read from them.
* **Safe Browsing canonicalisation** (https://developers.google.com/safe-browsing/v4/urls-hashing):
  percent-escapes are undone until none is left and then done once, repeated slashes and dots are
  folded. ``Url.key`` has this form, without scheme and port: it names the indicator and is hashed.

Where the two leave a gap we choose so that ``parse_url`` of a key gives the same key again: a backslash
in a decoded path is a slash, a decoded ``?`` starts the query. IPv4-mapped and NAT64 (``64:ff9b::/96``)
IPv6 addresses become IPv4. Hosts that no DNS name can have are refused.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
from ada_url import join_url, normalize_url

from mailrisk.model.errors import BadUrl, TooLarge
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.defang import refang

MAX_LENGTH: Final = 16_384
"""Longest text that is read as a URL, in characters; a longer one raises TooLarge."""

MAX_SERIALISED: Final = 4 * MAX_LENGTH  # escaping makes three characters of one byte
MAX_HOST: Final = 253  # RFC 1035 §2.3.4, in presentation form
MAX_UNESCAPE: Final = 16  # rounds, after %2525... is folded; nobody but an attacker nests deeper

SCHEMES: Final = ("http", "https", "ftp")

# What nearly every URL looks like already: nothing in it that the WHATWG parser would change, save dot
# segments, punycode to be checked and an escaped dot (%2e), which are looked for apart. The last label
# starts with a letter, since otherwise the host could be an IPv4 address.
_PLAIN = re.compile(
    r"(https?)://((?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62})"
    r"(/[A-Za-z0-9._~!$&()*+,;=:@%/|-]*)(?:(\?)([A-Za-z0-9._~!$&()*+,;=:@%/?|{}-]*))?(?:#([!#-;=?-_a-~]*))?"
)
_HREF = re.compile(
    r"(https?|ftp)://(?:(?P<user>[^/@]*)@)?(\[[0-9a-f:]*\]|[^/:@?#\[\]]*)(:[0-9]{1,5})?(/[^?#]*)"
    r"(?:(\?)([^#]*))?(?:#(.*))?"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BREAKS = re.compile(r"[\t\r\n]")
_EDGE = "".join(map(chr, range(0x21))) + "\x7f\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_DOTS = re.compile(r"\.{2,}")
_SLASHES = re.compile(rb"/{2,}")
_NESTED = re.compile(rb"%(?:25)+(?=[0-9A-Fa-f]{2})")
_ESCAPE = re.compile(rb"[\x00-\x20\x7f-\xff#%]")
_BARE_PORT = re.compile(r"[0-9]{1,5}(?:[/?#\\]|$)")
_BARE_AUTHORITY = re.compile(r"[^/?#\\]*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Url(msgspec.Struct, frozen=True):
    """One URL. Build it with :func:`parse_url` alone, which keeps the fields consistent.

    ``text``   absolute, as a browser writes it; no credentials, no fragment; a non-default port stays
    ``host``   ASCII, lower case, no dot at the end; an IPv6 address keeps its brackets, as in ``key``
    ``port``   0 for the scheme's default
    ``path``   starts with ``/``; ``query`` has no ``?`` ('' when there is none); both as in ``text``
    ``key``    Safe Browsing canonical ``host/path?query``: what an indicator is named by
    ``fragment``  without ``#``; no part of the identity and never stored
    ``decoy``  the user name of the credentials when it looks like a host (``paypal.com@evil.example``)
    ``cut``    what a limit left undone: ``escapes`` when they were nested deeper than MAX_UNESCAPE
    """

    text: str
    scheme: str
    host: str
    port: int
    path: str
    query: str
    key: str
    has_credentials: bool = False
    is_ip: bool = False
    cut: tuple[str, ...] = ()
    fragment: str = ""
    decoy: str = ""

    @property
    def subject(self) -> Subject:
        """The indicator that this URL is, at its narrowest scope."""
        return Subject(Kind.URL, self.key)

    @property
    def ip(self) -> str:
        """The host as a bare IP address, '' when it is a name."""
        return self.host.strip("[]") if self.is_ip else ""


def parse_url(text: str) -> Url:
    """The URL that a browser would open for ``text``.

    A missing scheme is ``http``, defanged forms (``hxxp://evil[.]example``) are understood. BadUrl: no
    URL, another scheme than http, https or ftp, or a host that cannot exist. TooLarge: longer than
    MAX_LENGTH characters.
    """
    if len(text) > MAX_LENGTH:
        raise TooLarge("url", f"longer than {MAX_LENGTH} characters")
    plain = _PLAIN.fullmatch(text)
    if plain and "/." not in text and "xn--" not in text and "%2e" not in text and "%2E" not in text:
        scheme, host, path, mark, query, fragment = plain.groups("")
        if len(host) <= MAX_HOST:
            tail = path + mark + query
            key, cut = _key(host, tail)
            return Url(
                f"{scheme}://{host}{tail}", scheme, host, 0, path, query, key, cut=cut, fragment=fragment
            )
    return _from_href(_href(_with_scheme(refang(_clean(text)))))


def resolve(base: Url, reference: str) -> Url:
    """The URL that ``reference`` (absolute or relative) leads to from ``base``; errors as parse_url."""
    if len(reference) > MAX_LENGTH:
        raise TooLarge("url", f"longer than {MAX_LENGTH} characters")
    try:
        return _from_href(join_url(base.text, reference))
    except ValueError:
        raise BadUrl("no browser would open this") from None


def _href(absolute: str) -> str:
    try:
        return normalize_url(absolute)
    except ValueError:
        raise BadUrl("no browser would open this") from None


def _from_href(href: str) -> Url:
    """The URL of a text that has the WHATWG's serialised form."""
    match = _HREF.fullmatch(href)
    if match is None:
        raise BadUrl("only http, https and ftp are checked")
    if len(href) > MAX_SERIALISED:
        raise TooLarge("url", f"longer than {MAX_SERIALISED} characters when escaped")
    scheme, user, name, colon_port, path, mark, query, fragment = match.groups("")
    host, is_ip = _host(name)
    tail = path + mark + query
    key, cut = _key(host, tail)
    return Url(
        f"{scheme}://{host}{colon_port}{tail}", scheme, host, int(colon_port[1:] or 0), path, query, key,
        match["user"] is not None, is_ip, cut, fragment, _decoy(user),
    )  # fmt: skip


def _clean(text: str) -> str:
    return _BREAKS.sub("", text.strip(_EDGE))


def _with_scheme(text: str) -> str:
    """``text`` with one of our schemes in front; BadUrl when it has another one or cannot take one."""
    match = _SCHEME.match(text)
    if match:
        scheme = match[1].lower()
        if scheme in SCHEMES:
            return text
        if not ("." in scheme and _BARE_PORT.match(text, match.end())):
            raise BadUrl(f"scheme {scheme[:20]!r} is not checked")
    if text.startswith(("//", "\\\\")):
        return "http:" + text
    match = _BARE_AUTHORITY.match(text)
    authority = match[0] if match else ""
    if "@" in authority:
        raise BadUrl("looks like an e-mail address")
    if not _has_dot(authority) and not authority.startswith("["):
        raise BadUrl("neither a scheme nor a host with a dot")
    return "http://" + text


def _has_dot(authority: str) -> bool:
    # The ideographic and full-width full stops are dots to IDNA (UTS #46 §4).
    return any(dot in authority for dot in ".\u3002\uff0e\uff61") or "%2e" in authority.lower()


def _host(name: str) -> tuple[str, bool]:
    """A parsed host name in our form, and whether it is an IP address."""
    if name.startswith("["):
        return _ipv6(name)
    if ".." in name:
        name = _DOTS.sub(".", name)
    if name.startswith(".") or name.endswith("."):
        name = name.strip(".")
    if len(name) > MAX_HOST or not _HOST.fullmatch(name):
        raise BadUrl("the host cannot be a name in the DNS")
    return name, name[-1] in "0123456789" and _IPV4.fullmatch(name) is not None


def _ipv6(name: str) -> tuple[str, bool]:
    address = ipaddress.IPv6Address(name[1:-1])
    inner = address.ipv4_mapped
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return (str(inner) if inner is not None else f"[{address}]"), True


def _key(host: str, tail: str) -> tuple[str, tuple[str, ...]]:
    """Safe Browsing canonical ``host/path?query``; ``tail`` is the WHATWG path and query."""
    if "%" not in tail and "//" not in tail:
        return host + tail, ()
    if "%" not in tail and "//" not in tail.partition("?")[0]:
        return host + tail, ()
    raw, cut = _unescape(tail.encode("ascii"))
    path, mark, query = raw.partition(b"?")
    path = _SLASHES.sub(b"/", _resolve_dots(path.replace(b"\\", b"/")))
    escaped = _ESCAPE.sub(lambda match: b"%%%02X" % match[0][0], path + mark + query)
    return host + escaped.decode("ascii"), cut


def _unescape(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Undoes percent-escapes until none is left, at most MAX_UNESCAPE times."""
    for _ in range(MAX_UNESCAPE):
        # ``%252541`` is ``A`` after three rounds; folding the 25s first saves one round each.
        decoded = unquote_to_bytes(_NESTED.sub(b"%", raw))
        if decoded == raw:
            return raw, ()
        raw = decoded
    return raw, ("escapes",)


def _resolve_dots(path: bytes) -> bytes:
    if b"/." not in path:
        return path
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        kept.append(b"")
    return b"/" + b"/".join(kept)


def _decoy(credentials: str) -> str:
    user = unquote_to_bytes(credentials.partition(":")[0]).decode("utf-8", "replace").lower()[:MAX_HOST]
    return user if "." in user and _HOST.fullmatch(user) else ""

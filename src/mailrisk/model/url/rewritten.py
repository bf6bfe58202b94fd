"""Decoders: how link-rewriting gateways and redirectors hide the target in their own URL.

Every decoder takes the wrapping URL and returns the target's text, '' when it is not there (the
wrapper is opaque then). The formats are the vendors' public ones; Proofpoint's three are described in
its URL Defense documentation.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

from mailrisk.model.url.canonical import Url

Decoder = Callable[[Url], str]

_ABSOLUTE = re.compile(r"(?:https?|ftp):/*[^\s/]", re.IGNORECASE)
_ENCODED_SCHEME = re.compile(r"(?:https?|ftp)%(?:25)*3a", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
MAX_LAYERS: Final = 3  # percent-encoding around a parameter that is an URL itself


def parameters(query: str) -> Iterator[tuple[str, str]]:
    """Names (lower case) and raw values of a query, as they stand; ``&amp;`` from copied HTML counts as ``&``."""
    for pair in query.replace("&amp;", "&").split("&"):
        name, _, value = pair.partition("=")
        yield (unquote(name) if "%" in name else name).lower(), value


def absolute(value: str) -> str:
    """``value`` as an absolute URL after as few rounds of unescaping as needed, '' if it is none."""
    for _ in range(MAX_LAYERS):
        if _ABSOLUTE.match(value):
            return value
        if "%" not in value:
            return ""
        value = unquote(value)
    return value if _ABSOLUTE.match(value) else ""


def from_base64(value: str) -> str:
    """The URL in base64 or base64url text, '' if there is none."""
    text = unquote(value)
    if not _BASE64.fullmatch(text):
        return ""
    standard = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        raw = base64.b64decode(standard + "=" * (-len(standard) % 4))
    except (binascii.Error, ValueError):
        return ""
    return absolute(raw.decode("utf-8", "replace"))


def param(*names: str) -> Decoder:
    """The first of these parameters whose value is a URL, escaped or in base64; a bare host counts too."""

    def decode(url: Url) -> str:
        found = dict(reversed(list(parameters(url.query))))
        for name in names:
            value = found.get(name, "")
            target = absolute(value) or from_base64(value) or _bare(value)
            if target:
                return target
        return ""

    return decode


def _bare(value: str) -> str:
    text = unquote(value)
    return text if re.match(r"(?:www\.|//)[^\s/]", text) else ""


def raw_query(url: Url) -> str:
    """``https://href.li/?https://target/``."""
    return absolute(url.query)


def tail_param(name: str) -> Decoder:
    """A parameter that takes all the rest of the query, unescaped (``...&adurl=https://target/?a&b``)."""
    pattern = re.compile(rf"(?:^|[&?;]){name}=(.+)", re.IGNORECASE | re.DOTALL)

    def decode(url: Url) -> str:
        match = pattern.search(url.query) or pattern.search(url.path)
        if match is None:
            return ""
        if _ENCODED_SCHEME.match(match[1]):
            return absolute(match[1].partition("&")[0])
        return absolute(match[1])

    return decode


def tail_path(url: Url) -> str:
    """An absolute URL at the end of the path, raw or escaped (``/token/https%3A%2F%2Ftarget%2F``)."""
    match = re.search(r"/((?:https?|ftp)(?::|%(?:25)*3a).+)", url.path, re.IGNORECASE | re.DOTALL)
    if match is None:
        return ""
    target = absolute(match[1])
    # Raw: the target's query has become the wrapper's. Escaped: the wrapper's query is its own.
    return f"{target}?{url.query}" if url.query and match[1] == target else target


def underscored(url: Url) -> str:
    """Check Point: ``/v2/___https://target/___.token``; from r01 on the middle is scrambled."""
    text = f"{url.path}?{url.query}"
    start = text.find("/___") + 4
    end = text.find("___.", start + 1)
    return absolute(text[start:end]) if start > 3 and end > 0 else ""


def bing(url: Url) -> str:
    """Bing: ``u=a1`` and base64url of the target."""
    value = dict(parameters(url.query)).get("u", "")
    return from_base64(value[2:]) if value.startswith("a1") else ""


def amp(url: Url) -> str:
    """``/amp/s/target/path`` and ``target.cdn.ampproject.org/c/s/target/path``; ``s`` means https."""
    match = re.match(r"/(?:amp|c|v|a|i|wp|r)/(s/)?([^/]+\.[^/]+.*)", url.path, re.DOTALL)
    if match is None:
        return ""
    query = f"?{url.query}" if url.query else ""
    return f"{'https' if match[1] else 'http'}://{unquote(match[2])}{query}"


def translated_host(url: Url) -> str:
    """``a--b-example-com.translate.goog`` -> ``https://a-b.example.com``: dots are hyphens, hyphens doubled."""
    label = url.host.removesuffix(".translate.goog")
    host = label.replace("--", "\0").replace("-", ".").replace("\0", "-")
    kept = "&".join(pair for pair in url.query.split("&") if not pair.startswith("_x_tr_"))
    return f"https://{host}{url.path}{'?' + kept if kept else ''}"


def yahoo(url: Url) -> str:
    """``/_ylt=.../RU=https%3a%2f%2ftarget/RK=2/...``."""
    match = re.search(r"/RU=([^/]+)/", url.path)
    return absolute(match[1]) if match else ""


def proofpoint_v1(url: Url) -> str:
    """``/v1/url?u=`` percent-encoded and HTML-escaped target."""
    value = dict(parameters(url.query)).get("u", "")
    return absolute(html.unescape(unquote(value)))


def proofpoint_v2(url: Url) -> str:
    """``/v2/url?u=http-3A__target_path``: ``-`` stands for ``%``, ``_`` for ``/``."""
    value = dict(parameters(url.query)).get("u", "")
    return absolute(html.unescape(unquote(value.translate(str.maketrans("-_", "%/")))))


_V3 = re.compile(r"/v3/__(?P<url>.+?)__;(?P<codes>[A-Za-z0-9_=-]*)!", re.DOTALL)
_V3_TOKEN = re.compile(r"\*\*(?P<length>[A-Za-z0-9_-])|\*")
_V3_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def proofpoint_v3(url: Url) -> str:
    """``/v3/__target__;codes!!...``: ``*`` stands for one character of the base64 codes, ``**A`` for two,
    ``**B`` for three and so on.
    """
    fragment = f"#{url.fragment}" if url.fragment else ""
    match = _V3.match(url.path + (f"?{url.query}" if url.query else "") + fragment)
    if match is None:
        return ""
    codes = match["codes"].rstrip("=")
    try:
        hidden = base64.urlsafe_b64decode(codes + "=" * (-len(codes) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    at = 0

    def restore(token: re.Match[str]) -> str:
        nonlocal at
        count = _V3_LENGTHS.index(token["length"]) + 2 if token["length"] else 1
        start, at = at, at + count
        return hidden[start:at]

    # A mail client or the URL parser may have folded the slashes behind the scheme.
    target = _V3_TOKEN.sub(restore, match["url"])
    return absolute(re.sub(r"^(https?|ftp):/+", r"\1://", target, flags=re.IGNORECASE))


def opaque(_: Url) -> str:
    """The target is not in the URL."""
    return ""

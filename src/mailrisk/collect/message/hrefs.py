"""Attribute values and CSS -> links that lead to the web."""

from __future__ import annotations

import re
from urllib.parse import urljoin

_SCHEME = re.compile(r"(?:https?|ftp):", re.IGNORECASE)
_BARE = re.compile(
    r"(?:www\.|(?:[a-z0-9-]{1,63}\.){1,8}(?:com|net|org|cn|top|xyz|info|io|co|ru|vip|shop|site|online)(?=[/:?#]|\Z))",
    re.IGNORECASE,
)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)
_CSS_URL = re.compile(r"""url\(\s*["']?([^"')\s]{1,4096})""", re.IGNORECASE)
_CSS_IMPORT = re.compile(r"""@import\s+["']([^"']{1,4096})["']""", re.IGNORECASE)
_REFRESH = re.compile(
    r"""\A\s*[\d.]{0,10}\s*[;,]?\s*(?:url\s*=\s*)?["']?(.{1,4096}?)["']?\s*\Z""", re.IGNORECASE | re.DOTALL
)
_CONTROLS = "".join(map(chr, range(33)))


def web_url(value: str, base: str = "") -> str:
    """The absolute http, https or ftp URL that a browser would go to; '' for anything else.

    Tabs and newlines go (WHATWG URL §4.4), the rest of the writing stays. A host without a scheme gets
    ``http://`` as mail programs do; a relative path counts only when a base says to what.
    """
    url = value.strip(_CONTROLS)
    if "\n" in url or "\t" in url or "\r" in url:
        url = re.sub(r"[\t\r\n]", "", url)
    if not url:
        return ""
    if _SCHEME.match(url):
        return url if len(url) > 8 else ""
    if url[:2] in ("//", "\\\\", "/\\", "\\/"):
        return f"http://{url[2:]}" if len(url) > 4 else ""
    if _OTHER_SCHEME.match(url) or url.startswith("#"):
        return ""
    if _BARE.match(url):
        return f"http://{url}"
    if base:
        try:
            return urljoin(base, url)
        except ValueError:
            return ""
    return ""


def css_urls(css: str) -> list[str]:
    """The values of ``url(...)`` and ``@import`` in the first 200,000 characters, at most 200."""
    part = css[:200_000]
    return [*_CSS_IMPORT.findall(part), *_CSS_URL.findall(part)][:200]


def refresh_target(content: str) -> str:
    """The URL of ``<meta http-equiv=refresh content="0; url=...">`` (HTML §4.2.5.3); '' if none."""
    match = _REFRESH.match(content[:5000])
    return match[1] if match and not match[1].replace(".", "").strip().isdigit() else ""

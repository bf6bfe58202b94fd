"""Attribute values and CSS -> links that lead to the web."""

from __future__ import annotations

import re
from typing import Final
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
    r"""[\d.]{0,10}+\s*+[;,]?+\s*+(?:url\s*+=\s*+)?+["']?+(.+)""", re.IGNORECASE | re.DOTALL
)
_CONTROLS = "".join(map(chr, range(33)))
_ORIGIN = re.compile(r"[a-z]{3,5}:[/\\]{0,20}[^/\\?#]{1,1000}", re.IGNORECASE)

MOST_LINKS: Final = 2_000
"""Different links of one HTML body that are worked out; ``limits.Limits.links`` is the same number."""

LONGEST_BASE: Final = 2_048
"""Characters of ``<base href>``; of a longer one only scheme and host are kept."""


class Hrefs:
    """Works out the links of one HTML body, each writing once, at most ``most`` different ones.

    Adding a link to a base costs as much as the base is long. ``left_out`` counts the others that may be links.
    """

    def __init__(self, most: int = MOST_LINKS) -> None:
        self._most = most
        self._base = ""
        self._known: dict[str, str] = {}
        self._over: set[str] = set()

    @property
    def left_out(self) -> int:
        """How many different links more there are."""
        return len(self._over)

    def url(self, value: str) -> str:
        """As ``web_url``; '' for a link beyond the limit."""
        found = self._known.get(value)
        if found is not None:
            return found
        if len(self._known) >= self._most:
            if web_url(value) or (
                self._base and not _OTHER_SCHEME.match(value) and value[:1] not in ("", "#")
            ):
                self._over.add(value)
            return ""
        found = web_url(value, self._base)
        if found:
            self._known[value] = found
        return found

    def start_from(self, base: str) -> None:
        """Relative links go from here on; the first base counts (HTML §4.2.3)."""
        if self._base:
            return
        origin = _ORIGIN.match(base)
        self._base = base if len(base) <= LONGEST_BASE else f"{origin[0]}/" if origin else ""
        self._known.clear()


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
    match = _REFRESH.match(content[:5000].strip())
    if match is None:
        return ""
    target = match[1].removesuffix('"').removesuffix("'").rstrip()[:4096]
    return "" if target.replace(".", "").isdigit() else target

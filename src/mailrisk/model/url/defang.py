"""Undoing defanged URLs: the forms in which analysts write a URL so that nobody opens it by mistake."""

from __future__ import annotations

import re

_SCHEME = re.compile(
    r"(?P<name>h(?:tt|xx|\*\*|__)p|f(?:t|x)p)(?P<s>s?)\s?(?:\[:\]|\(:\)|\{:\}|\[:?//\]|\[://\]|:)(?:\[//\]|//)?",
    re.IGNORECASE,
)
_MARK = re.compile(r"[\[({]\s?(?P<sign>\.|:|/|dot|punto|点)\s?[\])}]", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#](?![\])}])")
_DOT_WORDS = frozenset({"dot", "punto", "点"})


def refang(text: str) -> str:
    """``hxxps[://]evil[.]example/a[.]php`` -> ``https://evil.example/a.php``.

    Marks behind the host count only if the scheme or the host was defanged as well, since brackets
    are ordinary characters there. A text without any mark comes back as it is.
    """
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    head = ""
    if scheme:
        kind = "ftp" if scheme["name"][0] in "fF" else "http"
        head = f"{kind}{scheme['s'].lower()}://"
    plain_scheme = scheme is None or scheme[0].lower() in ("http://", "https://", "ftp://", "http:", "https:")
    mark = _MARK.search(rest)
    end = _AUTHORITY_END.search(rest)
    in_host = mark is not None and (end is None or mark.start() < end.start())
    if plain_scheme and not in_host:
        return text
    return head + _MARK.sub(_sign, rest)


def _sign(match: re.Match[str]) -> str:
    sign = match["sign"].lower()
    return "." if sign in _DOT_WORDS else sign

"""Plain links: the quick way for what nearly every URL is that somebody looks up.

A plain link is its own canonical form, stands on no wrapper's host, and nothing in its parameters can be a URL:
``parse_url`` and ``unwrap`` would leave it as it is. To see that takes one pattern; to make their two values takes
three times as long, and a look-up needs no more of them than the host and the key. What is not certainly plain
is no plain link, and takes the whole way. tests/model/url/test_plain.py holds both ways together.
"""

from __future__ import annotations

import re

from mailrisk.model.url.canonical import MAX_HOST, MAX_LENGTH
from mailrisk.model.url.go_links import PATH as GO
from mailrisk.model.url.wrappers import OWN_HOST_PATHS, may_wrap

# As in canonical.py, without escapes, fragment and colons in the query; a value that could be base64 of a URL
# (unwrap.py) is none either. Possessive: what one part has taken no other part could take.
_PLAIN = re.compile(
    r"https?://((?:[a-z0-9_-]{1,63}\.)++[a-z][a-z0-9-]{0,62}+)/[A-Za-z0-9._~!$&()*+,;=:@/|-]*+"
    r"(?:\?[A-Za-z0-9._~!$&()*+,;@/?|{}-]*+(?:=(?![aSZRJ][A-Za-z0-9+/_-]{7})[A-Za-z0-9._~!$&()*+,;@/?|{}-]*+)*+)?+"
)
_BEHIND_SLASHES = len("http://")


def plain_link(text: str, own: frozenset[str]) -> tuple[str, str] | None:
    """The host and the key of a plain link; None: it is none, or that is not certain.

    Then ``parse_url(text)`` has this host, this key and ``text`` itself as its text, and ``unwrap`` finds no wrapper and
    no URL in it. ``own``: the organisation's registrable domains, as for ``unwrap``.
    """
    match = _PLAIN.fullmatch(text)
    if match is None or "/." in text or "xn--" in text or text.find("//", _BEHIND_SLASHES) >= 0:
        return None
    host = match[1]
    if len(host) > MAX_HOST or len(text) > MAX_LENGTH or may_wrap(host) or GO in text:
        return None  # On our own host ``/go/`` is a link that we have rewritten.
    if own and text.startswith(OWN_HOST_PATHS, match.end(1)):
        return None
    return host, text[match.start(1) :]

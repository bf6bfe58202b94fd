"""HTML read without building a tree, for input whose tree would cost too much.

One pass of a regular expression that never goes back (possessive), so time is linear. Text and links are
all there; what would be hidden by styles is not told apart.
"""

from __future__ import annotations

import html as entities
import re
from typing import NamedTuple

from mailrisk.collect.message.hrefs import Hrefs

TAG = re.compile(r"""<(/?[a-zA-Z][a-zA-Z0-9:]{0,30})((?>[^>"'=]++|=\s*+(?>"[^"]*+"?|'[^']*+'?)|["'=])*+)>?""")
_LINK = re.compile(
    r"""\b(href|src|action|background|data|formaction)\s{0,20}=\s{0,20}("[^"]{0,5000}|'[^']{0,5000}|[^\s>"']{1,5000})""",
    re.IGNORECASE,
)
_SKIPPED = re.compile(
    r"<(script|style|title|template)\b.*?(?:</\1|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_HOW = {"a": "a", "area": "area", "form": "form", "img": "img", "base": "base", "link": "css"}
_ATTRIBUTES = 20_000  # characters of one tag in which links are looked for


class Found(NamedTuple):
    """A link as ``render.RawLink`` has it."""

    url: str
    how: str


def read_crudely(source: str, hrefs: Hrefs) -> tuple[str, list[Found]]:
    """The text between the tags, and the links in them, as ``hrefs`` works them out."""
    source = _SKIPPED.sub(" ", source)
    links: list[Found] = []
    texts: list[str] = []
    at = 0
    for match in TAG.finditer(source):
        texts.append(source[at : match.start()])
        at = match.end()
        name = match[1].lower()
        for attribute, value in _LINK.findall(match[2][:_ATTRIBUTES]):
            url = hrefs.url(entities.unescape(value.strip("\"'")))
            if url:
                if name == "base":
                    hrefs.start_from(url)
                how = "form" if attribute.lower().endswith("action") else _HOW.get(name, "img")
                links.append(Found(url, how))
    texts.append(source[at:])
    return entities.unescape("\n".join(texts)), links

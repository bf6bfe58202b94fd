"""Keeps HTML away from the parser whose nesting would cost it quadratic time or memory.

A WHATWG parser looks through the open elements at every block start, and opens every unclosed
formatting element again at every paragraph (HTML §13.2.4.3): 200,000 nested ``<div>`` take it minutes,
300 open ``<font>`` before 6,000 ``<p>`` a gigabyte. Both are estimated here in one linear pass; HTML
over the bound is read without structure, which still yields its text and links.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
_IMPLIED = frozenset({
    "p", "li", "dd", "dt", "option", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "rp",
    "rt",
})  # fmt: skip
_FENCES = frozenset(
    {"table", "td", "th", "caption", "button", "object", "marquee", "ul", "ol", "dl", "template"}
)
_FEW_TAGS = 2_000  # no arrangement of so few is costly
_DEPTH = 512  # browsers do not nest deeper either
_WORK = 2_000_000
_STRUCTURE = re.compile(
    r"<(?!/?(?:a|area|form|img|base|meta|br|style|script|title)\b)/?[a-zA-Z][^<>]{0,2000}>", re.IGNORECASE
)


def flatten_if_costly(html: str) -> tuple[str, str]:
    """The HTML itself, or a flat version of it and the words for what happened."""
    if html.count("<") <= _FEW_TAGS or not _costly(html):
        return html, ""
    flat = _STRUCTURE.sub(" ", html)
    flat = re.sub(r"<a\b", "</a><a", flat, flags=re.IGNORECASE)
    return flat, "HTML nested too deeply: read without its structure"


def _costly(html: str) -> bool:
    """True if the estimated work of the tree builder is over the bound."""
    stack: list[str] = []
    formatting: dict[str, int] = {}
    open_formats = 0
    work = 0
    for match in _TAG.finditer(html):
        closing, name = match[1], match[2].lower()
        if name in _FORMATTING:
            if closing:
                if formatting.get(name, 0) > 0:
                    formatting[name] -= 1
                    open_formats -= 1
            else:
                formatting[name] = 1 if name == "a" else formatting.get(name, 0) + 1
                open_formats = sum(formatting.values())
        elif closing:
            _pop(stack, name)
        elif name not in _VOID:
            if name in _IMPLIED:
                _pop(stack, name)
            stack.append(name)
        work += open_formats
        if len(stack) > _DEPTH or open_formats > _DEPTH or work > _WORK:
            return True
    return False


def _pop(stack: list[str], name: str) -> None:
    """Closes the innermost open element of that name, unless a fence lies between."""
    for back in range(len(stack) - 1, -1, -1):
        if stack[back] == name:
            del stack[back:]
            return
        if stack[back] in _FENCES and name not in ("table", "tr", "tbody", "thead", "tfoot", "td", "th"):
            return
        if stack[back] == "table" and name != "table":
            return

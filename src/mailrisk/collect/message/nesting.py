"""Keeps HTML away from the parser when its shape would cost quadratic time or memory.

A WHATWG parser looks through the open elements at every block start, opens every unclosed formatting
element again at every paragraph (HTML §13.2.4.3), and compares each attribute of a tag with all others:
200,000 nested ``<div>`` take it minutes, 300 open ``<font>`` before 6,000 ``<p>`` a gigabyte. An ``<option>``
costs it as many steps as its ``<select>`` has options before it. All four are
estimated here in linear passes; HTML over the bound is read without structure (``crude.py``).
"""

from __future__ import annotations

import re

from mailrisk.collect.message.crude import TAG

_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_OPTION = re.compile(r"<opt(?:ion|group)", re.IGNORECASE)
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
_IMPLIED = frozenset({
    "p", "li", "dd", "dt", "option", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup",
})  # fmt: skip
_FENCES = frozenset(
    {"table", "td", "th", "caption", "button", "object", "marquee", "ul", "ol", "dl", "template"}
)
_FEW_TAGS = 2_000  # no arrangement of so few is costly
_DEPTH = 512  # browsers do not nest deeper either
_WORK = 2_000_000
_MOST_OPTIONS = 3_000
_SHORT = 20_000  # characters of HTML that may hold anything
_LONG_TAG = 4_096
_MOST_ATTRIBUTES = 2_000
# A value with < in it may be a quote that was opened in a comment, and hide real tags.
_VALUE = re.compile(r"=\s*+(?>\"[^\"<]*+\"|'[^'<]*+')")


def too_costly(html: str) -> bool:
    """True if building the tree of this HTML could cost quadratic time or memory."""
    if len(html) > _SHORT and any(
        match.end() - match.start() > _LONG_TAG and _attributes(match[2]) > _MOST_ATTRIBUTES
        for match in TAG.finditer(html)
    ):
        return True
    if html.count("<") <= _FEW_TAGS:
        return False
    return sum(1 for _ in _OPTION.finditer(html)) > _MOST_OPTIONS or _costly(html)


def _attributes(text: str) -> int:
    """At least as many as a tag with this text has attributes; long values count once."""
    bare = _VALUE.sub("=", text)
    return len(bare.split()) + bare.count("/") + bare.count("=")


def _costly(html: str) -> bool:
    """True if the estimated work of the tree builder is over the bound."""
    stack: list[str] = []
    formatting: dict[str, int] = {}
    open_formats = 0
    work = 0
    for match in _NAME.finditer(html):
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

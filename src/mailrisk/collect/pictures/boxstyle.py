"""As much CSS as says where a box stands, how large and how bright it is: for bodies that draw with boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from mailrisk.collect.message.styles import parse_colour

MOST_RULES: Final = 2_000
MOST_CSS_CHARS: Final = 200_000
MOST_DECLARATION_CHARS: Final = 600_000  # a code drawn with shadows is one declaration

_WANTED: Final = frozenset({
    "width", "min-width", "height", "min-height", "left", "top", "position", "display", "float", "background",
    "background-color", "background-image", "color", "box-shadow", "padding", "white-space", "clear",
    "border-left", "border-top", "line-height", "font-size",
})  # fmt: skip
_LENGTH: Final = re.compile(r"\s*(-?\d{0,6}(?:\.\d{1,6})?)\s*(px|pt|em|rem|mm|cm|in|vw|vh|ch|%)?")
_UNITS: Final = {
    "pt": 1.333,
    "em": 16.0,
    "rem": 16.0,
    "mm": 3.78,
    "cm": 37.8,
    "in": 96.0,
    "vw": 10.0,
    "vh": 10.0,
    "ch": 8.0,
}
_COMMENT: Final = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/")
_NAME: Final = re.compile(r"(?:[.#][\w-]{1,80}|[a-z][a-z0-9]{0,12})\Z", re.IGNORECASE)

Declarations = Mapping[str, str]


def declarations(css: str, most: int = MOST_DECLARATION_CHARS) -> dict[str, str]:
    """The wanted properties of a declaration block, lower case; a later one wins."""
    found: dict[str, str] = {}
    for declaration in css[:most].lower().split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip()
        if colon and name in _WANTED:
            found[name] = value.replace("!important", "").strip()
    return found


def rules_of(sheets: Iterable[str]) -> dict[str, dict[str, str]]:
    """Declarations by the last simple selector (``.name``, ``#name``, ``td``) of every rule."""
    rules: dict[str, dict[str, str]] = {}
    css = _COMMENT.sub("", "\n".join(sheets)[:MOST_CSS_CHARS])
    for block in css.split("}", MOST_RULES)[:MOST_RULES]:
        selectors, brace, body = block.rpartition("{")
        found = declarations(body, MOST_CSS_CHARS) if brace else {}
        if not found:
            continue
        for selector in selectors[-2_000:].split(",")[:50]:
            last = re.split(r"[\s>+~]", selector.strip())[-1].lower()
            name = last if _NAME.match(last) else "." + last.rpartition(".")[2] if "." in last else ""
            if _NAME.match(name):
                rules.setdefault(name, {}).update(found)
    return rules


def style_of(
    tag: str, attributes: Mapping[str, str | None], rules: Mapping[str, Declarations]
) -> Declarations:
    """What rules and the element's own style say of it, in the order of CSS's strength."""
    names = (attributes.get("class") or "").lower().split()[:10]
    own = attributes.get("style") or ""
    identity = attributes.get("id")
    if not rules:
        return declarations(own) if own else {}
    found = dict(rules.get(tag, {}))
    for name in names:
        found.update(rules.get(f".{name}", {}))
    if identity:
        found.update(rules.get(f"#{identity.lower()}", {}))
    if own:
        found.update(declarations(own))
    return found


def pixels(value: str | None) -> float | None:
    """A length in pixels; None for none, percent, ``auto`` and what is not positive."""
    match = _LENGTH.match(value or "")
    if match is None or not match[1] or match[1] in ("-", ".") or match[2] == "%":
        return None
    return float(match[1]) * _UNITS.get(match[2] or "px", 1.0)


def shade_of(value: str) -> int | None:
    """The brightness 0-255 of a CSS or HTML colour over white; None when it is none or transparent."""
    colour, alpha = parse_colour(value)
    if colour is None or alpha < 0.1:
        return None
    brightness = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    return round(255 - alpha * (255 - brightness)) if alpha < 1 else round(brightness)

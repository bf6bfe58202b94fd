"""CSS as far as it decides whether a reader sees text: what hides, colours and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_NUMBER = re.compile(r"(-?\d{0,6}\.?\d{1,6})\s*(px|pt|em|rem|ex|%|vh|vw|in|cm|mm)?")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,6})(%?))?")
_PIXELS = {
    "pt": 1.33,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "vh": 10.0,
    "vw": 10.0,
}
_NAMES = {
    "white": (255, 255, 255), "black": (0, 0, 0), "red": (255, 0, 0), "green": (0, 128, 0),
    "blue": (0, 0, 255), "yellow": (255, 255, 0), "gray": (128, 128, 128), "grey": (128, 128, 128),
    "silver": (192, 192, 192), "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211),
    "whitesmoke": (245, 245, 245), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "orange": (255, 165, 0), "navy": (0, 0, 128), "ghostwhite": (248, 248, 255),
}  # fmt: skip
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]{0,12})?[.#]([\w-]{1,80})\Z|([a-z][a-z0-9]{0,12})\Z", re.IGNORECASE)
_LAST_NAME = re.compile(r"[.#][\w-]{1,80}|[a-z][a-z0-9]{0,12}(?![\w-])", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BLOCK = re.compile(r"@[a-z-]{1,40}+[^{};@]{0,1000}+\{|[{}]", re.IGNORECASE)
_MAX_RULES = 500
_MAX_CHARS = 100_000  # of all style sheets of a body together

Colour = tuple[int, int, int]


class Style(NamedTuple):
    """What one declaration block sets; None where it sets nothing.

    ``gone`` hides the whole subtree for good; ``visible`` and ``font_px`` are inherited and may be
    set again below. ``unclear`` says that the background is a picture or a gradient.
    """

    gone: bool = False
    visible: bool | None = None
    font_px: float | None = None
    font_em: float | None = None
    colour: Colour | None = None
    transparent: bool = False
    background: Colour | None = None
    unclear: bool = False


EMPTY = Style()


@lru_cache(maxsize=4096)
def parse_style(css: str) -> Style:
    """The style of an inline ``style`` attribute or a rule's declarations (first 4,000 characters)."""
    found: dict[str, str] = {}
    for declaration in css[:4000].lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip()] = value.strip()
    font_px, font_em = _font(found.get("font-size") or found.get("font", ""), "font-size" in found)
    colour, alpha = parse_colour(found.get("color", ""))
    paint = found.get("background-color") or found.get("background", "")
    background, background_alpha = parse_colour(paint)
    picture = any(
        word in found.get("background", "") + found.get("background-image", "")
        for word in ("url(", "gradient")
    )
    visibility = found.get("visibility", "")
    return Style(
        gone=_gone(found),
        visible=None if not visibility else not visibility.startswith(("hidden", "collapse")),
        font_px=font_px,
        font_em=font_em,
        colour=colour,
        transparent=(colour is not None and alpha < 0.06) or found.get("color", "").startswith("transparent"),
        background=background if background_alpha > 0.9 else None,
        unclear=picture or (background is not None and 0.06 <= background_alpha <= 0.9),
    )


def _gone(found: dict[str, str]) -> bool:
    """True if these declarations take the element and all below it out of sight."""
    if found.get("display", "").startswith("none") or found.get("mso-hide", "").startswith("all"):
        return True
    if (alpha := _pixels(found.get("opacity", ""))) is not None and alpha < 0.06:
        return True
    clipped = found.get("overflow", found.get("overflow-y", "")).startswith(("hidden", "clip"))
    flat = any(
        (size := _pixels(found.get(name, ""))) is not None and size <= 1
        for name in ("max-height", "max-width")
    )
    if flat or (
        clipped
        and any(
            (size := _pixels(found.get(name, ""))) is not None and size <= 1 for name in ("height", "width")
        )
    ):
        return True
    placed = found.get("position", "").startswith(("absolute", "fixed"))
    away = ("left", "top", "right", "bottom") if placed else ()
    return any(
        (offset := _pixels(found.get(name, ""))) is not None and offset <= -400
        for name in (*away, "text-indent", "margin-left")
    )


def _font(value: str, sized: bool) -> tuple[float | None, float | None]:
    """Font size as (pixels, factor of the parent's size); one of them or neither is set."""
    match = _NUMBER.search(value) if sized else re.search(r"(-?\d{0,6}\.?\d{1,6})(px|pt|em|rem|%)", value)
    if match is None:
        return None, None
    number, unit = float(match[1]), match[2] or "px"
    if unit == "em":
        return None, number
    if unit == "%":
        return None, number / 100
    return number * _PIXELS.get(unit, 1.0), None


def _pixels(value: str) -> float | None:
    """A length in rough pixels; percent and numbers without a unit count as they stand."""
    match = _NUMBER.match(value)
    return None if match is None else float(match[1]) * _PIXELS.get(match[2] or "", 1.0)


@lru_cache(maxsize=1024)
def parse_colour(value: str) -> tuple[Colour | None, float]:
    """A CSS or HTML colour and its opacity; (None, 1.0) for what is none or not understood."""
    text = value.strip().lower()[:100]
    if not text:
        return None, 1.0
    if (match := _RGB.search(text)) is not None:
        alpha = float(match[4].rstrip(".") or 0) / (100 if match[5] else 1) if match[4] else 1.0
        return (min(255, int(match[1])), min(255, int(match[2])), min(255, int(match[3]))), alpha
    if (hexed := re.search(r"#([0-9a-f]{3,8})", text) or re.fullmatch(r"([0-9a-f]{6})", text)) is not None:
        digits = hexed[1]
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) >= 6:
            alpha = int(digits[6:8], 16) / 255 if len(digits) == 8 else 1.0
            return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)), alpha
    return _NAMES.get(text.split()[0].partition("!")[0]), 1.0


def same_colour(one: Colour, other: Colour) -> bool:
    """True if a reader cannot tell them apart: no channel differs by more than 10 of 255."""
    return abs(one[0] - other[0]) <= 10 and abs(one[1] - other[1]) <= 10 and abs(one[2] - other[2]) <= 10


def rules_of_all(sheets: Iterable[str]) -> dict[str, Style]:
    """The rules of several style sheets, of which a later one wins; 100,000 characters of all are read."""
    rules: dict[str, Style] = {}
    left = _MAX_CHARS
    for css in sheets:
        if left <= 0:
            break
        rules.update(rules_of(css[:left]))
        left -= len(css)
    return rules


def rules_of(css: str) -> dict[str, Style]:
    """Styles by simple selector (``.name``, ``#name``, ``td``; the tag of ``td.name`` is left out) outside of @media.

    Rules inside @media are left out: hiding something on small screens is what honest mail does. Of other
    selectors only a background counts, and only so that nothing is said about what stands on it. At most
    500 rules of the first 100,000 characters are read.
    """
    css = _without_blocks(_COMMENT.sub("", css[:_MAX_CHARS]))
    rules: dict[str, Style] = {}
    for block in css.split("}", _MAX_RULES)[:_MAX_RULES]:
        selectors, brace, declarations = block.rpartition("{")
        style = parse_style(declarations) if brace else EMPTY
        if style == EMPTY:
            continue
        for selector in selectors[-2000:].split(",")[:20]:
            _enter_rule(selector.strip().lower(), style, rules)
    return rules


def _enter_rule(selector: str, style: Style, rules: dict[str, Style]) -> None:
    """Adds one selector's style under the key that ``look.look_of`` asks for."""
    simple = _SIMPLE.match(selector)
    if simple is not None:
        rules[selector if simple[2] else selector[simple.start(1) - 1 :]] = style
    elif style.background is not None or style.unclear:
        names = _LAST_NAME.findall(selector.rpartition(" ")[2])
        if names:
            rules[names[-1]] = rules.get(names[-1], EMPTY)._replace(unclear=True)


def _without_blocks(css: str) -> str:
    """The CSS without its ``@...{...{...}...}`` blocks."""
    out, depth, at, skipping = [], 0, 0, False
    for match in _BLOCK.finditer(css):
        if not skipping and match[0][0] == "@":
            out.append(css[at : match.start()])
            skipping, depth = True, 1
        elif skipping:
            depth += 1 if match[0].endswith("{") else -1
            if depth == 0:
                skipping, at = False, match.end()
    if not skipping:
        out.append(css[at:])
    return "".join(out)

"""How text at one place of an HTML tree looks: what its ancestors' styles add up to."""

from __future__ import annotations

from typing import NamedTuple

from mailrisk.collect.message.styles import EMPTY, Colour, Style, parse_colour, parse_style, same_colour


class Look(NamedTuple):
    """Inherited appearance. ``background`` None: a picture or gradient, nothing can be said.

    ``hides``: text here cannot be seen, because it is not drawn, at most 1.5 px high, or in the
    colour of what lies behind it.
    """

    gone: bool = False
    visible: bool = True
    font_px: float = 16.0
    colour: Colour = (0, 0, 0)
    transparent: bool = False
    background: Colour | None = (255, 255, 255)
    hides: bool = False


def look_of(tag: str, attributes: dict[str, str | None], rules: dict[str, Style], look: Look) -> Look:
    """The look below an element: presentational attributes first, then rules, then its own style."""
    if "bgcolor" in attributes or "background" in attributes or (tag == "font" and "color" in attributes):
        colour = parse_colour(attributes.get("color") or "")[0] if tag == "font" else None
        background = parse_colour(attributes.get("bgcolor") or "")[0]
        look = _apply(Style(colour=colour, background=background, unclear="background" in attributes), look)
    elif tag == "body" and "text" in attributes:
        look = _apply(Style(colour=parse_colour(attributes["text"] or "")[0]), look)
    if rules:
        look = _apply(rules.get(tag, EMPTY), look)
        for name in (attributes.get("class") or "").lower().split()[:20]:
            look = _apply(rules.get(f".{name}", EMPTY), look)
        if name_of := attributes.get("id"):
            look = _apply(rules.get(f"#{name_of.lower()}", EMPTY), look)
    if inline := attributes.get("style"):
        look = _apply(parse_style(inline), look)
    return look._replace(gone=True, hides=True) if "hidden" in attributes else look


def _apply(style: Style, look: Look) -> Look:
    """One declaration block on top of the inherited look."""
    if style is EMPTY:
        return look
    font_px = look.font_px
    if style.font_px is not None:
        font_px = style.font_px
    elif style.font_em is not None:
        font_px *= style.font_em
    background = look.background
    if style.unclear:
        background = None
    elif style.background is not None:
        background = style.background
    gone = look.gone or style.gone
    visible = look.visible if style.visible is None else style.visible
    colour = style.colour or look.colour
    transparent = style.transparent or (look.transparent and style.colour is None)
    hides = gone or not visible or font_px <= 1.5 or transparent
    if not hides and background is not None:
        hides = same_colour(colour, background)
    return Look(gone, visible, font_px, colour, transparent, background, hides)

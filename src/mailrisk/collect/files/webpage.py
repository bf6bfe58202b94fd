"""Attached HTML and SVG: what they show and ask for, and what their scripts do.

The page is read as the mail's body is (``collect/message/render.py``), so that what a person does not see stays
out of the text; scripts are searched and never run.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.charset import decode
from mailrisk.collect.message.render import render
from mailrisk.collect.message.textlinks import find_urls
from mailrisk.model.file import Contents

MOST_BYTES = 4_000_000
"""Bytes of a page that are read."""

MOST_SCRIPT = 1_000_000

_FORM = re.compile(r"<form\b[^>]{0,2000}", re.IGNORECASE)
_ACTION = re.compile(r"\b(?:form)?action\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,4000})", re.IGNORECASE)
_PASSWORD = re.compile(r"<input\b[^>]{0,500}type\s{0,9}=\s{0,9}[\"']?password", re.IGNORECASE)
_INPUT = re.compile(
    r"<(?:input\b(?![^>]{0,500}type\s{0,9}=\s{0,9}[\"']?(?:hidden|submit|button|image|reset))|textarea\b|select\b)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"<script\b|\son[a-z]{3,20}\s{0,9}=\s{0,9}[\"']|href\s{0,9}=\s{0,9}[\"']?\s{0,9}javascript:",
    re.IGNORECASE,
)
_REFRESH = re.compile(r"<meta\b[^>]{0,300}http-equiv\s{0,9}=\s{0,9}[\"']?refresh", re.IGNORECASE)
_SMUGGLING = re.compile(
    r"createObjectURL|msSaveOrOpenBlob|msSaveBlob|new\s{1,9}Blob\s{0,9}\(|new\s{1,9}File\s{0,9}\(|"
    r"\bdownload\s{0,9}=\s{0,9}[\"'][^\"']{1,200}[\"'][^>]{0,300}href\s{0,9}=\s{0,9}[\"']data:",
    re.IGNORECASE,
)
_UNPACKS = re.compile(
    r"\batob\s{0,9}\(|fromCharCode|unescape\s{0,9}\(|decodeURIComponent\s{0,9}\(|\beval\s{0,9}\(|new\s{1,9}Function\s{0,9}\(",
    re.IGNORECASE,
)
_WRITES = re.compile(
    r"document\.write(?:ln)?\s{0,9}\(|\.innerHTML\s{0,9}=|insertAdjacentHTML|srcdoc\s{0,9}=|DOMParser",
    re.IGNORECASE,
)
_LEAVES = re.compile(
    r"location(?:\.href)?\s{0,9}=[^=]|location\.(?:replace|assign)\s{0,9}\(|window\.open\s{0,9}\(",
    re.IGNORECASE,
)
_SENDS = re.compile(
    r"XMLHttpRequest|\bfetch\s{0,9}\(|\$\.(?:post|ajax)\s{0,9}\(|sendBeacon|api\.telegram\.org/bot",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[\"'(]([A-Za-z0-9+/]{40,400000}={0,2})[\"')]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){20,100000}")
_FOREIGN = re.compile(r"<(?:[a-z]{1,10}:)?foreignObject\b", re.IGNORECASE)
_DRAWN = re.compile(rb"<(/?)(?:[a-z]{1,10}:)?(?:svg|g|text|tspan)\b", re.IGNORECASE)
_XLINK = re.compile(rb"(\s)xlink:href", re.IGNORECASE)
_DATA = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,([A-Za-z0-9+/=\s]{100,8000000})", re.IGNORECASE
)


def read_html(data: bytes, budget: FileBudget) -> Contents:
    """Reads an attached HTML page. Never raises for what stands in it."""
    gather = Gather(budget)
    read_markup(data, gather, "")
    return gather.contents()


def read_svg(data: bytes, budget: FileBudget) -> Contents:
    """Reads an SVG picture, which browsers open as a page: its scripts and foreign parts are live there."""
    gather = Gather(budget)
    # A picture's text and links count as a page's do once its own elements are named as a page's.
    page = _XLINK.sub(rb"\1href", _DRAWN.sub(rb"<\1div", data[:MOST_BYTES]))
    source = read_markup(page, gather, "")
    if _FOREIGN.search(source):
        gather.trait("foreign-object")
        if gather.has("form") or gather.has("password-field") or "<iframe" in source.lower():
            gather.trait("foreign-form")
    return gather.contents()


def read_markup(data: bytes, gather: Gather, where: str, *, shown: bool = True) -> str:
    """Adds what a page shows, leads to and does; returns its source. ``shown``: its text is not read elsewhere."""
    if len(data) > MOST_BYTES:
        gather.cut(f"page: only the first {MOST_BYTES} of {len(data)} bytes were read")
    source, _, problem = decode(data[:MOST_BYTES], "")
    if problem:
        gather.defect(problem)
    rendered = render(source)
    if rendered.problem:
        gather.cut(rendered.problem)
    if shown:
        gather.text(rendered.text)
    prefix = f"{where}, " if where else ""
    for number, link in enumerate(rendered.links, 1):
        how = {"a": "attachment", "area": "attachment"}.get(link.how, link.how)
        gather.link(link.url, f"{prefix}link {number}", link.text, how)
    gather.links_in(rendered.bare, where)
    _traits(source, gather, prefix)
    _pictures(source, gather, prefix)
    return source


def _traits(source: str, gather: Gather, prefix: str) -> None:
    """What the page asks for and does by itself."""
    form = _FORM.search(source)
    if form or (_INPUT.search(source) and _SCRIPT.search(source)):
        action = _ACTION.search(form[0]) if form else None
        gather.trait("form", action[1] if action else "")
    if _PASSWORD.search(source):
        gather.trait("password-field")
    if _REFRESH.search(source):
        gather.trait("meta-refresh")
    if not _SCRIPT.search(source):
        return
    script = source[:MOST_SCRIPT]
    gather.trait("script")
    hidden = _unpacked(script)
    for name, pattern in (
        ("smuggling", _SMUGGLING), ("script-unpacks", _UNPACKS), ("script-writes-page", _WRITES),
        ("script-leaves", _LEAVES), ("script-sends", _SENDS),
    ):  # fmt: skip
        found = pattern.search(script) or pattern.search(hidden)
        if found:
            gather.trait(name, found[0])
    if _PASSWORD.search(hidden):
        gather.trait("password-field", "unpacked by script")
    for number, url in enumerate(find_urls(f"{script}\n{hidden}"), 1):
        if number > 50:
            break
        if "www.w3.org" not in url[:40]:
            gather.link(url, f"{prefix}script, link {number}", how="attachment")


def _unpacked(script: str) -> str:
    """What long base64 or percent-encoded constants hold, as far as it is text; one level, 500,000 characters."""
    pieces: list[str] = []
    left = 500_000
    for match in _BASE64.finditer(script):
        if left <= 0 or len(pieces) >= 50:
            break
        clean = match[1].rstrip("=")
        try:
            raw = base64.b64decode(clean[: len(clean) // 4 * 4])[:left]
        except binascii.Error:
            continue
        if raw.isascii() or b"<" in raw:
            pieces.append(raw.decode("utf-8", "replace"))
            left -= len(raw)
    for match in _PERCENT.finditer(script):
        if left <= 0 or len(pieces) >= 50:
            break
        pieces.append(unquote(match[0])[:left])
        left -= len(pieces[-1])
    return "\n".join(pieces)


def _pictures(source: str, gather: Gather, prefix: str) -> None:
    """Pictures that the page holds as ``data:`` addresses."""
    for number, match in enumerate(_DATA.finditer(source), 1):
        if number > gather.limits.pictures:
            break
        clean = "".join(match[1].split()).rstrip("=")
        try:
            raw = base64.b64decode(clean[: len(clean) // 4 * 4])
        except binascii.Error:
            continue
        gather.picture(raw, f"{prefix}picture {number}")

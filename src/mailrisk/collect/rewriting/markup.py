"""Where in HTML the links of real elements stand: the WHATWG's tokenisation, as far as that takes.

HTML §13.2.5 in short: comments end at ``-->``; an attribute's quote counts only behind its ``=``; what is in ``script``,
``style``, ``textarea`` and the like is text until their end tag, except inside ``svg`` and ``math``. Who reads it otherwise than a
mail program does takes text for links, or, worse, links for text. Where programs differ (conditional comments, which
Outlook reads; foreign content) it is read as the one in which there is a link; what may hide links from this reading alone is
looked through once more (``swallowed.py``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final, NamedTuple

from mailrisk.collect.message.hrefs import refresh_target
from mailrisk.collect.rewriting.swallowed import Hidden, swallowed

MAX_LINKS: Final = 5_000
"""Links of one text that are looked at."""

_OPEN: Final = re.compile(r"<(?:(!--)|(/?)([A-Za-z][^\t\n\f\r />]{0,200})|[!?/])")
_ATTRIBUTE: Final = re.compile(
    r"[\t\n\f\r /]*+(?:(?P<end>>)|(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"(?P<is>[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?![\"'])(?P<bare>[^\t\n\f\r >]*+)))?)"
)
_EQUALS: Final = re.compile(r"[\t\n\f\r ]*+=")
_COMMENT_END: Final = re.compile(r"--!?>")
_CONDITION: Final = re.compile(r"[\t\n\f\r ]{0,20}\[if\b[^\]>]{0,200}\]>", re.IGNORECASE)
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE)
    for name in (
        "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
    )
}  # fmt: skip
_SCRIPT: Final = re.compile(r"(<!--)|(-->)|<(/?)script(?=[\t\n\f\r />])", re.IGNORECASE)
_FOREIGN: Final = ("svg", "math")
_LOADED: Final = frozenset((
    "link", "image", "use", "script", "feimage", "lineargradient", "radialgradient", "pattern", "filter", "textpath", "mpath", "tref",
    "animate", "animatemotion", "animatetransform", "set", "discard", "cursor", "imagedata", "marker", "mask", "clippath",
))  # fmt: skip
"""Elements whose ``href`` is loaded or is a place in the text. That of every other one is taken for a link: MathML has it on
all of its elements, VML (which Outlook shows) on its shapes."""

_WANTED: Final = ("href", "action", "formaction", "content", "http-equiv", "attributename")
_FRAMES: Final = ("iframe", "frame", "object", "embed")
_DELAY: Final = re.compile(r"[\t\n\f\r ]*+([0-9]{0,6})")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,9};?|#[xX][0-9a-fA-F]{1,9};?|[A-Za-z][A-Za-z0-9]{0,40};?)")


class Attribute(NamedTuple):
    """One attribute that is a link: ``start`` to ``end`` is what is replaced, ``name_at`` where its name begins.

    ``before`` stands in front of the new link, and ``quote`` around both. They are '' where the text may be read in two ways
    and the quotes stay, so that neither reading sees other tags than before.
    """

    value: str
    start: int
    end: int
    name_at: int
    quote: str = '"'
    before: str = ""


class Markup(NamedTuple):
    """The links of one HTML text in order, and what relative ones are relative to ('' if nothing says it).

    ``others``: things that lead somewhere and cannot be replaced (an animated link, a frame, a second base that Outlook alone sees).
    """

    links: list[Attribute]
    base: str
    cut: bool
    others: int = 0


class _Seen:
    """What the readers of one text have found."""

    def __init__(self) -> None:
        self.links: list[Attribute] = []
        self.bases: list[str] = []
        self.conditional_bases: list[str] = []
        self.hidden = Hidden()
        self.others = 0


def read_markup(text: str) -> Markup:
    """Every link that can be followed by a click, or a form that can be sent. Never raises."""
    seen = _Seen()
    _Reader(text, seen).read(0, len(text))
    links, cut = list(seen.links), len(seen.links) > MAX_LINKS
    for start, end, name_at in swallowed(text, seen.hidden, MAX_LINKS):
        links.append(Attribute(text[start:end], start, end, name_at, quote=""))
    links.sort(key=lambda one: (one.start, -one.end))
    bases = [*seen.bases[:1], *seen.conditional_bases[:1]]
    others = seen.others + (len(set(bases)) > 1)
    return Markup(links[:MAX_LINKS], bases[0] if bases else "", cut or len(links) > MAX_LINKS, others)


class _Reader:
    """Reads one text, or the inside of a conditional comment of it."""

    def __init__(self, text: str, seen: _Seen, *, inside: bool = False) -> None:
        self._text, self._seen, self._inside = text, seen, inside
        self._bases = seen.conditional_bases if inside else seen.bases
        self._foreign = dict.fromkeys(_FOREIGN, 0)

    def read(self, at: int, end: int) -> None:
        text = self._text
        while len(self._seen.links) <= MAX_LINKS and (match := _OPEN.search(text, at, end)):
            if match[1]:
                at = self._comment(match.end(), end)
            elif match[3]:
                at = self._tag(match, end)
            else:  # <!doctype>, <?xml>, </3: a bogus comment (§13.2.5.41)
                at = text.find(">", match.end(), end) + 1 or end

    def _comment(self, at: int, end: int) -> int:
        """Passes a comment over; the inside of a conditional one is read apart, so that it cannot swallow what follows."""
        text = self._text
        for abrupt in (">", "->"):
            if text.startswith(abrupt, at):
                return at + len(abrupt)
        found = _COMMENT_END.search(text, at, end)
        inner = found.start() if found else end
        condition = _CONDITION.match(text, at, inner)
        if condition is not None and not self._inside:
            _Reader(text, self._seen, inside=True).read(condition.end(), inner)
        return found.end() if found else end

    def _tag(self, match: re.Match[str], end: int) -> int:
        """Reads a tag, and what is text behind it."""
        text, name, at = self._text, match[3].lower(), match.end()
        found: list[tuple[str, Attribute]] = []
        while True:
            part = _ATTRIBUTE.match(text, at, end)
            if part is None or (part["name"] and part["is"] is None and _EQUALS.match(text, part.end(), end)):
                # The text ends within the tag: there is no such element (eof-in-tag), for those who know the rule.
                self._seen.hidden.places.append((match.start(), end))
                return end
            at = part.end()
            if part["end"]:
                break
            last = part["name"].lower().rpartition(":")[2]
            if last in _WANTED and part["is"]:
                found.append((last, _attribute(part)))
            elif part["is"] and "<" in part["is"]:
                self._seen.hidden.places.append(part.span("is"))
        self._take(name.rpartition(":")[2], found, ended=bool(match[2]))
        return self._behind(name, at, end, ended=bool(match[2]), closed=part[0].endswith("/>"))

    def _take(self, name: str, found: list[tuple[str, Attribute]], *, ended: bool) -> None:
        """Sorts the attributes of one tag; ``name`` without a prefix."""
        said = {what: attribute_text(one.value).strip().lower() for what, one in reversed(found)}
        refresh = name == "meta" and said.get("http-equiv") == "refresh"
        self._seen.others += name in _FRAMES and not ended
        self._seen.others += said.get("attributename", "").rpartition(":")[2] == "href"
        for what, one in found:
            self._seen.hidden.known.add(one.name_at)
            if ended:
                continue
            if what == "href" and name == "base":
                self._bases.append(attribute_text(one.value))
            elif (what == "href" and name not in _LOADED) or what in ("action", "formaction"):
                self._seen.links.append(one)
            elif what == "content" and refresh:
                value = attribute_text(one.value)
                delay = _DELAY.match(value)
                before = f"{delay[1] if delay else ''};url="
                self._seen.links.append(one._replace(value=html.escape(refresh_target(value)), before=before))

    def _behind(self, name: str, at: int, end: int, *, ended: bool, closed: bool) -> int:
        """Where tags go on behind this one."""
        if name in self._foreign:
            if ended:
                self._foreign[name] = max(0, self._foreign[name] - 1)
            elif not closed:
                self._foreign[name] += 1
        if ended or any(self._foreign.values()):
            return at
        if name == "script":
            stop = _script_end(self._text, at, end)
        elif name in _RAW:
            found = _RAW[name].search(self._text, at, end)
            stop = found.start() if found else end
        else:
            stop = end if name == "plaintext" else at
        if stop > at:
            self._seen.hidden.places.append((at, stop))
        return stop


def _script_end(text: str, at: int, end: int) -> int:
    """Where a script ends: ``<!--<script>`` within it hides one ``</script>`` (script data double escaped, §13.2.5.27)."""
    escaped = doubly = False
    for match in _SCRIPT.finditer(text, at, end):
        if match[1]:
            escaped = True
        elif match[2]:
            escaped = doubly = False
        elif match[3] and not doubly:
            return match.start()
        elif escaped:
            doubly = not match[3]
    return end


def _attribute(part: re.Match[str]) -> Attribute:
    for group in ("double", "single"):
        if part[group] is not None:
            return Attribute(part[group], part.start(group) - 1, part.end(group) + 1, part.start("name"))
    return Attribute(part["bare"] or "", part.start("bare"), part.end("bare"), part.start("name"))


def attribute_text(raw: str) -> str:
    """An attribute's value with its character references undone as in attributes (§13.2.5.73).

    There ``&copy=1`` is no copyright sign but the parameter of a link.
    """
    return _ENTITY.sub(lambda match: _reference(match, raw), raw) if "&" in raw else raw


def _reference(match: re.Match[str], raw: str) -> str:
    text = match[0]
    if text[1] == "#" or (text.endswith(";") and text[1:] in html5):
        return html.unescape(text)
    for name in _prefixes(text[1:]):
        behind = match.start() + 1 + len(name)
        following = raw[behind : behind + 1]
        if following == "=" or (following.isascii() and following.isalnum()):
            return text
        return html5[name] + text[1 + len(name) :]
    return text


def _prefixes(name: str) -> Iterator[str]:
    """Names without a semicolon that it begins with, the longest first."""
    return (name[:length] for length in range(min(len(name), 6), 1, -1) if name[:length] in html5)

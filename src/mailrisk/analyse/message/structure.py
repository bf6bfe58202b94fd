"""Where the links of a message lead, seen together with who wrote it: weak facts that rank, and never convict.

An honest newsletter leads home, or through the counter of a sender that many use. Mass-sent fraud leads to
hosts that have nothing to do with its author, often one alone, under paths that carry a number for each
reader, with the pictures on a free image host. Any one of these happens to honest people too, so that the weights
are small and the group is capped (``structure`` in data/policy.toml).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.links import (
    LINKS_READ,
    NAME_SPACES,
    PATH_READ,
    is_about_leaving,
    is_popular,
    on_platform,
    registrable,
)
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import Message
from mailrisk.model.url.hosts import HostClass

SHORT = 500
"""Visible characters of a message that says little and links."""

PAYLOAD = 12
"""Characters of a fragment that carries something rather than naming a place on the page."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,}")
_ANSWER = re.compile(r"(?:re|fwd?|aw|sv|wg|tr|antw|答复|回复|转发)\s*[:：]", re.IGNORECASE)
_IMAGE_HOSTS = (
    "imgur.com zupimages.net postimg.cc postimages.org ibb.co imgbb.com pinimg.com imgbox.com casimages.com "
    "hizliresim.com gyazo.com prnt.sc freeimage.host imageshack.com tinypic.com photobucket.com"
)
IMAGE_HOSTS = frozenset(_IMAGE_HOSTS.split())
"""Where anyone may put a picture; honest senders have theirs at home or with their sender of newsletters."""

_BELOW_IMAGE_HOSTS = tuple(f".{name}" for name in sorted(IMAGE_HOSTS))


def evidence(reading: Reading) -> Iterator[Evidence]:
    """Every fact of this module."""
    clicked = [
        item
        for item in reading.foreign
        if item.link.how in ("a", "area", "form", "qr", "meta") and not on_platform(reading.view, item)
    ]
    yield from _leads_away(reading, clicked)
    yield from _payload(reading)
    yield from _reader_in_link(reading)
    yield from _pictures_elsewhere(reading)
    yield from _leaving(reading)
    yield from _short(reading)
    yield from _unread(reading.view)


def _leads_away(reading: Reading, clicked: Sequence[LinkedUrl]) -> Iterator[Evidence]:
    """Nothing to click leads to the author, and what there is leads to hosts that few know.

    * ``leads-elsewhere``: at least one foreign link to click (places for code and talk are none), and none to
      the author's own site;
    * ``one-unknown-target``: these lead to one registrable domain alone, which is no widely used one;
    * ``throwaway-target``: one of them leads to a place that costs nothing.
    """
    view = reading.view
    if not clicked or reading.goes_home or reading.who.inside or reading.who.genuine:
        return
    first = clicked[0]
    data = {"host": first.url.host, "author": reading.who.author or "?"}
    yield fact(view, code="leads-elsewhere", data=data, artefact=first.link.artefact)
    targets = {registrable(view, item.url.host) for item in clicked}
    if len(targets) == 1 and not view.knowledge.hosts.rank(first.url.host):
        yield fact(view, code="one-unknown-target", data=data, artefact=first.link.artefact)
    thrown = next((item for item in reading.throwaway if item in clicked), None)
    if thrown:
        yield fact(
            view, code="throwaway-target", data={"host": thrown.url.host}, artefact=thrown.link.artefact
        )


def _payload(reading: Reading) -> Iterator[Evidence]:
    """What a link carries for the page behind it.

    * ``payload-in-fragment``: a foreign link's fragment of PAYLOAD or more characters mixes letters and digits
      (no server sees a fragment: a script on the page does);
    * ``numbered-reader``: a foreign link to a host of no rank has a path or query word of 20 or more characters
      that changes between letters and digits, or letter cases, at least six times.
    """
    view = reading.view
    for item in reading.foreign[:LINKS_READ]:
        fragment = item.url.fragment
        if len(fragment) >= PAYLOAD and _changes(fragment[:80]) >= 3:
            data = {"host": item.url.host}  # Never the fragment itself: it may name the reader.
            yield fact(view, code="payload-in-fragment", data=data, artefact=item.link.artefact)
            break
    for item in reading.clickable[:LINKS_READ]:
        if view.knowledge.hosts.rank(item.url.host):
            continue
        words = _TOKEN.findall(f"{item.url.path[:PATH_READ]} {item.url.query[:PATH_READ]}")
        if any(_changes(word) >= 6 for word in words):
            yield fact(
                view, code="numbered-reader", data={"host": item.url.host}, artefact=item.link.artefact
            )
            break


def _changes(word: str) -> int:
    """How often a word changes between lower case, upper case and digits."""
    kinds = [char.isdigit() * 2 + char.isupper() for char in word if char.isalnum()]
    return sum(left != right for left, right in pairwise(kinds))


def _reader_in_link(reading: Reading) -> Iterator[Evidence]:
    """A foreign link carries the reader's address, plain or in base64: the page will show it."""
    for address in readers(reading.view):
        coded = base64.b64encode(address.encode()).decode().rstrip("=")[:-1]
        for item in reading.foreign[:LINKS_READ]:
            text = f"{item.url.path[:2_000]}?{item.url.query[:2_000]}#{item.url.fragment[:2_000]}"
            if address in text.lower().replace("%40", "@") or coded in text:
                yield fact(
                    reading.view,
                    code="reader-in-link",
                    data={"host": item.url.host},
                    artefact=item.link.artefact,
                )
                return


def readers(view: MessageView) -> list[str]:
    """Whom the message is for, if it is for at most three; lower case."""
    found = view.envelope.rcpt_to or tuple(box.addr for box in view.message.to)
    return [address.lower() for address in found if "@" in address] if len(found) <= 3 else []


def _pictures_elsewhere(reading: Reading) -> Iterator[Evidence]:
    """The pictures lie on a free image host, and the author's address is not the one who runs it."""
    view = reading.view
    home = registrable(view, reading.who.author)
    for item in view.urls[:LINKS_READ]:
        host = item.url.host
        if item.link.how != "img" or registrable(view, host) == home:
            continue
        if host in IMAGE_HOSTS or host.endswith(_BELOW_IMAGE_HOSTS):
            yield fact(view, code="pictures-on-free-host", data={"host": host}, artefact=item.link.artefact)
            return


def _leaving(reading: Reading) -> Iterator[Evidence]:
    """The way to leave the list leads neither to the author nor to a sender of newsletters nor a known site."""
    view = reading.view
    home = registrable(view, reading.who.author)
    for item in view.urls[:LINKS_READ]:
        host = item.url.host
        if item.link.how != "a" or host in NAME_SPACES or registrable(view, host) == home:
            continue
        if not (is_about_leaving(item.link.text) or is_about_leaving(item.url.path[:PATH_READ])):
            continue
        if not (view.knowledge.hosts.has(host, HostClass.BULK_MAILER) or is_popular(view, host)):
            data = {"host": host, "author": reading.who.author or "?"}
            yield fact(view, code="leave-link-elsewhere", data=data, artefact=item.link.artefact)
            return


def answers(message: Message) -> bool:
    """Whether the message says that it answers or forwards another one."""
    return bool(_ANSWER.match(message.subject.strip()) or message.header("In-Reply-To"))


def _short(reading: Reading) -> Iterator[Evidence]:
    """Next to nothing is said, it answers nothing, and a foreign link to a host of no rank is all there is to do.

    At most two distinct foreign hosts; not inside the organisation. In full if it stands behind something to click;
    in half for a bare address in the text, which friends send too.
    """
    view = reading.view
    text = view.message.text
    if len(text) > 3 * SHORT or len(" ".join(text.split())) > SHORT or reading.who.inside:
        return
    if answers(view.message):
        return
    hosts = {item.url.host for item in reading.foreign}
    unknown = sorted(host for host in hosts if not view.knowledge.hosts.rank(host))
    if unknown and len(hosts) <= 2:
        data = {"host": unknown[0], "characters": len(text.strip())}
        clicked = any(item.link.how != "text" for item in reading.foreign)
        yield fact(view, code="little-but-a-link", value=1.0 if clicked else 0.5, data=data)


def _unread(view: MessageView) -> Iterator[Evidence]:
    """The body is longer than what is read; a letter is not, and padding around a lure makes it so."""
    if view.message.unread:
        yield fact(view, code="body-cut", data={"bytes": view.message.unread}, artefact="text")

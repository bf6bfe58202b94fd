"""Signs that a message pretends to belong to a conversation, or has got into one from outside.

Business e-mail fraud answers a stolen conversation from a domain that looks like a participant's, or
pastes colleagues' mails below its own words. The quoted block says who took part; it is the writer's own word, so
that it can only raise suspicion. Exact conditions:

- ``reply-without-thread``: the subject says that it answers, no header names what is answered, nothing is quoted, there
  is a foreign link or a file to open, and the author is neither inside nor somebody who wrote before.
- ``stranger-in-thread``: the quoted mails are all from the organisation's configured domains, and the author, outside of it,
  is among nobody's addresses there.
- ``lookalike-in-thread``: the author's domain looks like that of a quoted participant, and is another.
- ``reply-to-lookalike``: answers go to a domain that looks like the author's or an own one, and is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.imitation import LabelIndex

READ = 20_000
"""Characters of the text in which quoted mails are looked for."""

LINES = 1_000
"""And lines of it."""

MOST = 30
"""Quoted addresses that are looked at."""

_REPLY = re.compile(r"\s*(?:re|aw|sv|antw|rif|res|odp|回复|答复|回覆)\s*[:：]", re.IGNORECASE)
_FROM = ("from:", "von:", "de:", "发件人:", "寄件者:")
_WROTE = ("wrote:", "schrieb", "a écrit", "写道", "寫道")
_RULES = (
    "-----original",
    "---original",
    "----- original",
    "-----forwarded",
    "---------- forwarded",
    "-----原始",
    "----转发",
)
_ADDRESS = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{3,100}")
_LOOKS = {"confusable": 1.0, "typo": 1.0}  # A house has its name under several suffixes.


def evidence(reading: Reading) -> Iterator[Evidence]:
    """Every sign of this module."""
    view = reading.view
    quoted = _quoted(view.message.text[:READ])
    yield from _unanswered(reading, bool(quoted.text))
    yield from _strangers(reading, quoted)
    yield from _answers_to_lookalike(reading)


class _Quote(NamedTuple):
    """The quoted part of a text, and the lines in it that say who wrote what."""

    text: str = ""
    writers: tuple[str, ...] = ()


def _quoted(text: str) -> _Quote:
    """What is quoted: from the first line on that begins with ``>``, or says who wrote what follows."""
    lines = text.split("\n", LINES)[:LINES]
    first = -1
    writers: list[str] = []
    for number, line in enumerate(lines):
        if ":" not in line and "：" not in line:  # Nobody is named.
            if first < 0 and (
                line.startswith(">") or ("-" in line and _bare(line).lower().startswith(_RULES))
            ):
                first = number
            continue
        bare = _bare(line)
        low = bare.lower()
        says = low.startswith(_FROM) or (low.rstrip().endswith(":") and any(word in low for word in _WROTE))
        if says:  # The address may stand on the line before: mail programs fold long ones.
            writers.append(bare if "@" in bare or not number else lines[number - 1][-300:] + bare)
        if first < 0 and (says or line.startswith(">") or low.startswith(_RULES)):
            first = number
    return _Quote("\n".join(lines[first:]), tuple(writers[:MOST])) if first >= 0 else _Quote()


def _bare(line: str) -> str:
    """The line without the marks of quoting, as far as it is read."""
    return line.lstrip("> \t*").replace("*", "").replace("：", ":")[:300]


def _unanswered(reading: Reading, quotes: bool) -> Iterator[Evidence]:
    message = reading.view.message
    if quotes or reading.who.inside or not _REPLY.match(message.subject[:40]):
        return
    if message.header("References") or message.header("In-Reply-To"):
        return
    if not reading.foreign and not any(part.filename for part in message.parts):
        return  # There is nothing to open; old mail programs and forums leave such headers out.
    history = reading.view.history
    if history is None or not history.domain_days:
        yield fact(reading.view, code="reply-without-thread", artefact="header Subject")


def _strangers(reading: Reading, quoted: _Quote) -> Iterator[Evidence]:
    view, who = reading.view, reading.who
    if "@" not in quoted.text or not who.author or who.inside:
        return
    home = registrable(view, who.author)
    there = _domains(view, _ADDRESS.findall(quoted.text)[:MOST])
    look = _looks_like(who.author, home, there - {home})
    if look:
        kind, domain = look
        data = {"author": who.author, "domain": domain, "kind": kind}
        yield fact(view, code="lookalike-in-thread", value=_LOOKS[kind], data=data, artefact="quoted text")
    writers = _domains(view, [address for line in quoted.writers for address in _ADDRESS.findall(line)[-1:]])
    # Without configuration the addressee stands for the organisation, and that may be a mailing list.
    if writers and writers <= view.knowledge.own_domains and home not in there:
        data = {"author": who.author, "domain": min(writers)}
        yield fact(view, code="stranger-in-thread", data=data, artefact="quoted text")


def _answers_to_lookalike(reading: Reading) -> Iterator[Evidence]:
    view, who = reading.view, reading.who
    home = registrable(view, who.author) if who.author else ""
    for box in view.message.reply_to[:3]:
        target = registrable(view, box.domain) if box.domain else ""
        if not target or target == home or target in who.own:
            continue
        look = _looks_like(box.domain, target, {home, *who.own} - {""})
        if look:
            data = {"reply_to": box.domain, "domain": look[1], "kind": look[0]}
            value = _LOOKS[look[0]]
            yield fact(view, code="reply-to-lookalike", value=value, data=data, artefact="header Reply-To")
            return


def _domains(view: MessageView, addresses: Iterable[str]) -> set[str]:
    """Registrable domains of addresses."""
    hosts = {address.rpartition("@")[2].lower().strip(".") for address in addresses}
    return {registrable(view, host) for host in hosts if "." in host}


def _looks_like(host: str, domain: str, others: set[str]) -> tuple[str, str] | None:
    """(kind, imitated domain) when the host's registrable domain looks like one of the others."""
    labels = {other.split(".")[0]: other for other in sorted(others) if len(other.split(".")[0]) >= 4}
    found = LabelIndex(labels).imitated(host, domain) if labels and domain else None
    return (found.kind, found.owner) if found is not None and found.kind in _LOOKS else None

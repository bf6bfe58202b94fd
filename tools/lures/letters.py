"""Letters as texts: what a template says once everything is filled in, what it asks, and how it is carried.

Models of text train on these; ``mail.py`` makes whole messages of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tools.lures.grammar import Writer
from tools.lures.material import Split, Template, banks, of_split, places, senders, words_of
from tools.lures.origin import Origin, Reader, invent_reader, lure_origin, token, twin_origin

LINK = "\ue000"
"""Stands in texts where the link goes."""

_ASKS = {
    "qr": "scan",
    "picture": "scan",
    "link": "click",
    "plain": "click",
    "archive": "locked",
    "page": "attach",
    "program": "attach",
}
INJECTED = 0.05
"""Share of the lures that also give orders to an automatic reader."""

_DOCUMENTS = ("pdf", "docx")
_MONTHS = "January February March April May June July August September October November December".split()


class Letter(NamedTuple):
    """One letter. ``body`` is what the mail itself says, ``inside`` what its document or picture says."""

    template: Template
    subject: str
    body: str
    inside: str
    labels: frozenset[str]  # of all of it
    body_labels: frozenset[str]  # of subject and body alone
    carrier: str
    sender: str  # display name
    origin: Origin
    reader: Reader
    code: str  # of a locked archive
    scanned: bool  # the document holds a code to scan, not a link

    @property
    def text(self) -> str:
        """Subject, body and what stands inside: what a model of text reads."""
        return "\n".join(part for part in (self.subject, self.body, self.inside) if part)


def letters(seed: int, count: int, split: Split, only: Sequence[Template] = ()) -> Iterator[Letter]:
    """``count`` letters of the split's templates (or of those given), every template equally often."""
    chosen = list(only or of_split(split))
    rng = random.Random(f"{seed} {split}")  # noqa: S311  the same letters in every run
    for number in range(count):
        if number % len(chosen) == 0:
            rng.shuffle(chosen)
        yield _letter(chosen[number % len(chosen)], split, random.Random(f"{seed} {split} {number}"))  # noqa: S311


def _values(rng: random.Random, words: str) -> dict[str, str]:
    """What stays the same throughout one letter."""
    year, month = rng.choice((2024, 2025, 2026)), rng.randrange(1, 13)
    day = rng.randrange(1, 28)
    chinese = words == "zh"
    titles = places().parts["titles-zh" if chinese else "titles-en"]
    return {
        "year": str(year),
        "lastyear": str(year - 1),
        "month": str(month) if chinese else _MONTHS[month - 1],
        "q": str(rng.randrange(1, 5)),
        "n": str(rng.randrange(2, 100)),
        "small": str(rng.choice((2, 3, 4, 5, 6, 8, 9, 12, 15, 18, 23, 26, 39, 48))),
        "money": f"{rng.randrange(8, 98) * 100 + rng.choice((0, 0, 50, 68)):,}".replace(
            ",", rng.choice((",", ""))
        ),
        "no": f"{rng.choice(('', 'SF', 'FP', 'A', 'INV-'))}{rng.randrange(10**7, 10**10)}",
        "digits": str(rng.randrange(1_000, 999_999)),
        "ext": str(rng.randrange(1000, 9999)),
        "date": f"{month}月{day}日" if chinese else f"{day} {_MONTHS[month - 1]}",
        "today": f"{year}年{month}月{day}日" if chinese else f"{_MONTHS[month - 1]} {day}, {year}",
        "phone": f"400-{rng.randrange(100, 999)}-{rng.randrange(1000, 9999)}"
        if chinese
        else f"+1 (8{rng.randrange(10, 89)}) 555-01{rng.randrange(10, 99)}",
        "wechat": f"wx_{token(rng, 8)}",
        "qq": str(rng.randrange(10**8, 10**10)),
        "wallet": "1" + "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789") for _ in range(32)),
        "code": token(rng, rng.choice((4, 4, 6))),
        "doctitle": rng.choice(titles),
        "link": LINK,
    }  # fmt: skip


def _letter(template: Template, split: Split, rng: random.Random) -> Letter:
    words = words_of(template.language)
    writer = Writer(banks(words), split, rng)
    values = _values(rng, words)
    values["person"] = writer.line("person", values)
    values["reader"] = writer.line("reader", values)
    reader = invent_reader(rng, words, values["reader"])
    values |= {"org": reader.organisation, "mailbox": reader.address, "domain": reader.domain}
    if template.kind == "lure":
        origin, genuine = lure_origin(rng, template, reader), ""
    else:
        origin, genuine = twin_origin(rng, template, reader)
    for slot in ("brand", "brandzh", "bank", "bankzh", "courier", "courierzh"):
        values[slot] = genuine or {"courier": "DHL", "courierzh": "顺丰速运"}.get(slot, "")
    carrier = rng.choice(template.carriers)
    return _written(template, writer, values, rng, carrier, origin, reader)


def _written(
    template: Template,
    writer: Writer,
    values: dict[str, str],
    rng: random.Random,
    carrier: str,
    origin: Origin,
    reader: Reader,
) -> Letter:
    """The letter's words, for a carrier that is chosen."""
    words = words_of(template.language)
    scanned = carrier in ("qr", "picture") or (carrier in _DOCUMENTS and rng.random() < 0.6)
    bank = _ASKS.get(carrier) or ("scan" if scanned else "click") if carrier != "none" else ""
    injected = template.kind == "lure" and words != "other" and rng.random() < INJECTED
    plain = (template.text + "\n{inject}" if injected else template.text).replace(
        "{ask", f"{{{bank}" if bank else "{nothing"
    )
    plain = plain.replace(f"{{{bank}2}}", "{ask2}").replace("{nothing2}", "{ask2}")
    values = values | {"nothing": ""}
    subject, from_subject = writer.expand(template.subject, values)
    text, from_text = writer.expand(plain, values)
    if carrier in _DOCUMENTS and template.kind == "lure":
        cover, from_cover = writer.expand(rng.choice(("{hello}\n{attach}\n{bye?}", "{attach}")) if words != "other" else "", values)  # fmt: skip
        body, inside, seen = cover, text, from_subject | from_cover
    elif carrier == "picture" and (template.kind == "lure" or rng.random() < 0.5):
        body, inside, seen = "", text, from_subject
    else:
        body, inside, seen = text, "", from_subject | from_text | template.wants
    names = senders()["other" if words == "other" else words]
    name, _ = writer.expand(rng.choice(names[rng.choice(template.senders)]), values)
    labels = template.wants | from_subject | from_text | seen
    return Letter(
        template, subject, body, inside, labels, seen, carrier, name, origin, reader, values["code"], scanned
    )

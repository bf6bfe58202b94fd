"""The slow stages, entered in one visible table: what each costs, when it is wanted, what it adds to the view.

A stage is a reader (``readers.py``) with a condition on the verdict so far. :mod:`.deepen` does them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from mailrisk.analyse.message.content import is_picture_only
from mailrisk.analyse.message.identity import identify
from mailrisk.analyse.message.intent import read_text
from mailrisk.analyse.message.opinion import LOUDEST, believable
from mailrisk.analyse.message.question import make_question
from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.files.passwords import passwords_in
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import Picture, ReadPicture
from mailrisk.model.lexicon import CEILING
from mailrisk.model.opinion import LABELS
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.context import Context
from mailrisk.service.facts import Budget
from mailrisk.service.message_codes import all_codes
from mailrisk.service.message_files import find_files, is_locked
from mailrisk.service.message_links import Known, ask_domains, find_urls, linked, links_of
from mailrisk.service.readers import Depth, Readers

LEAST_PICTURE: Final = 2_000
"""Bytes below which a picture holds no text: icons, lines, counting pixels."""

_SPARE_S: Final = 0.05
"""A stage that works piece by piece stops so long before its time is over, and keeps what it has."""

LEAST_TEXT: Final = 20
"""Characters below which a model has nothing to read."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A message with what the analysers said about it and what follows from that."""

    view: MessageView
    known: Known
    evidence: tuple[Evidence, ...]
    verdict: Verdict


class Enriched(msgspec.Struct, frozen=True):
    """A view with what a stage added, and what its limits cut off. ``failed``: it could not do all of its work.

    ``known``: what is known beside the view, when the stage added to that too.
    """

    view: MessageView
    cuts: tuple[str, ...] = ()
    failed: bool = False
    known: Known | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One slow stage.

    ``cost`` tells people what it costs; ``at_once`` is how many messages may be in it together.
    ``optional``: an installation without its reader does not miss it. ``outside``: it leaves this machine.
    ``enrich`` raises Unavailable or BadInput when it cannot do its work. ``loudest`` adds the answer that
    would raise most: where even that changes no level, the stage is left out.
    """

    name: str
    cost: str
    at_once: int
    wanted: Callable[[Judged, Depth], bool]
    ready: Callable[[Readers], bool]
    enrich: Callable[[Context, Judged, Budget], Awaitable[Enriched]]
    loudest: Callable[[MessageView], MessageView] | None = None
    optional: bool = False
    outside: bool = False


def in_band(judged: Judged, depth: Depth) -> bool:
    """Whether the verdict is uncertain."""
    low, high = depth.band
    return low <= judged.verdict.probability < high and judged.verdict.level is not Level.MALICIOUS


def pictures(view: MessageView) -> list[Picture]:
    """Pictures of the message and of its files that may hold text, the largest first."""
    found = [
        Picture(part.payload, f"part {part.path}")
        for part in view.message.parts
        if part.content_type.startswith("image/") and len(part.payload) >= LEAST_PICTURE
    ]
    for file in view.files:
        found.extend(one for one in file.contents.pictures if len(one.data) >= LEAST_PICTURE)
    distinct = {picture.data: picture for picture in reversed(found)}
    return sorted(distinct.values(), key=lambda picture: (-len(picture.data), picture.artefact))


def _wants_ocr(judged: Judged, depth: Depth) -> bool:
    """There is a picture, and the verdict is uncertain or all that is said stands in pictures.

    Not for authors who are proved to be a brand or a colleague: a picture changes nothing about them.
    """
    if judged.verdict.level is Level.MALICIOUS or not pictures(judged.view):
        return False
    if in_band(judged, depth) or is_locked(judged.view.files):
        return True  # The password of a locked file may stand in a picture.
    if not is_picture_only(judged.view):
        return False
    who = identify(judged.view)
    return not (who.genuine or who.inside)


def _wants_unlocking(judged: Judged, depth: Depth) -> bool:
    """A file is locked, and a picture that was read may hold its password."""
    if judged.verdict.level is Level.MALICIOUS or not is_locked(judged.view.files):
        return False
    return bool(passwords_in(picture.text for picture in judged.view.pictures))


async def _unlock(context: Context, judged: Judged, budget: Budget) -> Enriched:
    """Opens the files again, with the passwords that pictures hold. What is inside goes the way of all files."""
    view, known = judged.view, judged.known
    files = await find_files(context, view.message, [picture.text for picture in view.pictures])
    if files.missing:
        raise Unavailable("the files could not be opened again")
    codes = all_codes(known.drawn, files.files)
    links = (*links_of(view.message), *files.links, *codes.links)
    urls = await context.analysis.run(find_urls, context, links, known.tenant, known.budget, known.urls)
    domains = known.domains
    if {item.link.url for item in urls} != {item.link.url for item in known.urls}:
        domains = await ask_domains(context, view.message, urls, known.network)
    return Enriched(
        replace(view, files=files.files, codes=codes.codes, urls=linked(urls)),
        (*files.cuts, *codes.cuts),
        known=replace(known, urls=urls, domains=domains),
    )


def _wants_model(judged: Judged, depth: Depth) -> bool:
    """The verdict is uncertain, and there is something to read."""
    return in_band(judged, depth) and len(read_text(judged.view).strip()) >= LEAST_TEXT


async def _read_pictures(context: Context, judged: Judged, budget: Budget) -> Enriched:
    """The largest pictures are read one after the other; one that cannot be decoded is passed over.

    What was read before the time ran out, or before the reader failed, counts.
    """
    reader, most = context.readers.ocr, context.depth.most_pictures
    assert reader is not None
    view = judged.view
    found = pictures(view)
    cuts = [f"pictures: {len(found) - most} of {len(found)} were not read"] if len(found) > most else []
    read: list[ReadPicture] = []
    failed = False
    for number, picture in enumerate(found[:most]):
        try:
            async with asyncio.timeout(budget.left_s() - _SPARE_S):
                read.append(await reader.read(picture))
        except BadInput as error:
            cuts.append(f"{picture.artefact}: not read: {error.reason}"[:200])
        except (TimeoutError, Unavailable):
            if not read:
                raise
            cuts.append(f"pictures: only {number} of {len(found)} could be read")
            failed = True
            break
    return Enriched(replace(view, pictures=(*view.pictures, *read)), tuple(cuts), failed)


async def _embed(context: Context, judged: Judged, budget: Budget) -> Enriched:
    embedder = context.readers.embedder
    assert embedder is not None
    found = await embedder.intents(read_text(judged.view))
    return Enriched(replace(judged.view, meanings=tuple(sorted(found.items()))))


async def _ask_model(context: Context, judged: Judged, budget: Budget) -> Enriched:
    model = context.readers.language_model
    assert model is not None
    question = await context.analysis.run(make_question, judged.view)
    answer = await model.ask(question)
    if answer.status != "found":
        raise Unavailable(f"{answer.status}: {answer.value or ''}".rstrip(": "))
    if not believable(question, answer.value):
        raise Unavailable(
            "temperror: the message gives orders to automatic readers, and the answer clears it"
        )
    return Enriched(replace(judged.view, opinion=answer.value))


STAGES: Final[tuple[Stage, ...]] = (
    Stage(
        name="ocr",
        cost="about 1 CPU-second a picture",
        at_once=1,
        wanted=_wants_ocr,
        ready=lambda readers: readers.ocr is not None,
        enrich=_read_pictures,
    ),
    Stage(
        name="unlock",
        cost="as opening the files a second time",
        at_once=2,
        wanted=_wants_unlocking,
        ready=lambda readers: True,
        enrich=_unlock,
    ),
    Stage(
        name="embedding",
        cost="tens of CPU-milliseconds a message",
        at_once=1,
        wanted=_wants_model,
        ready=lambda readers: readers.embedder is not None,
        enrich=_embed,
        loudest=lambda view: replace(view, meanings=tuple((label, CEILING) for label in LABELS)),
        optional=True,
    ),
    Stage(
        name="language-model",
        cost="seconds of waiting, and what its operator charges",
        at_once=4,
        wanted=_wants_model,
        ready=lambda readers: readers.language_model is not None,
        enrich=_ask_model,
        loudest=lambda view: replace(view, opinion=LOUDEST),
        optional=True,
        outside=True,
    ),
)
"""All slow stages, the cheapest answer to an uncertain verdict first."""

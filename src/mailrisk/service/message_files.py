"""The files of a message: which are worth opening, and what was found in them.

What nobody needs to open (the text of the mail, pictures, signatures, plain text) is told by its name, kind and
hash alone and costs nothing; most mails never reach the processes that open files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from mailrisk.collect.files.kinds import PICTURES, kind_of
from mailrisk.collect.files.open import Attached, Opened
from mailrisk.collect.files.passwords import passwords_in
from mailrisk.collect.pictures.decode import may_hold_code
from mailrisk.collect.pictures.drawn import Body
from mailrisk.edge.opening.job import Job
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.file import EXHAUSTED, OpenedFile
from mailrisk.model.message import Link, Message, Part
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict
from mailrisk.service.answers import FileTrait, MessageFile
from mailrisk.service.context import Context
from mailrisk.service.message_codes import NO_CODES, CodesFound

STAGE = "files"

MOST_PARTS = 200
"""Attached parts of one message that are told and opened."""

_PARSED = frozenset({
    "message/rfc822", "message/global", "message/news", "message/delivery-status", "message/disposition-notification",
    "text/rfc822-headers", "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
    "application/pgp-encrypted",
})  # fmt: skip
"""Types that the mail parser reads itself, and signatures."""

_PLAIN = PICTURES | frozenset(
    "txt diff pgp empty css json markdown yaml c latex mp3 mp4 wav ogg flac avi mkv woff woff2 otf ttf ico".split()
)
"""Kinds in which nothing is looked for, but for codes in pictures that are large enough for one."""


MOST_CUTS = 50
"""Cuts inside of files that an answer tells."""


class FilesFound(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one message at every depth. ``missing`` says that not all could be opened."""

    files: tuple[OpenedFile, ...] = ()
    cuts: tuple[str, ...] = ()
    missing: bool = False
    drawn: CodesFound = NO_CODES  # codes that the bodies draw

    @property
    def links(self) -> Iterator[Link]:
        """The links in all files."""
        return (link for file in self.files for link in file.contents.links)


NO_FILES = FilesFound()


def is_locked(files: Sequence[OpenedFile]) -> bool:
    """Whether a file stayed locked."""
    return any(file.contents.trait("locked") is not None for file in files)


async def find_files(
    context: Context, message: Message, texts: Sequence[str] = (), bodies: Sequence[Body] = ()
) -> FilesFound:
    """Opens what a message carries. It never fails: what could not be opened is told as missing.

    ``texts`` are searched for passwords before subject and body: what was read in pictures. ``bodies`` are searched
    for codes that they draw.
    """
    told, waiting = _sorted(message)
    if not (waiting or bodies):
        return FilesFound(files=tuple(told)) if told else NO_FILES
    texts = [*texts, message.text, message.subject]
    names = [file.name for file in told] + [one.name for one in waiting]
    job = Job(attached=tuple(waiting), passwords=passwords_in(texts, names), bodies=tuple(bodies))
    if context.opener is None:
        why = "files: there is nothing to open them with"
        opened = Opened(
            files=tuple(_unopened(one, "not opened") for one in waiting), cuts=(why,), failed=True
        )
    else:
        opened = await context.opener.open(job)
        if opened.failed and not opened.files:
            why = EXHAUSTED if opened.exhausted else "not opened"
            opened = msgspec.structs.replace(opened, files=tuple(_unopened(one, why) for one in waiting))
    cuts = (*opened.cuts, *_cuts(opened.files))
    drawn = CodesFound(codes=opened.drawn, cuts=opened.drawn_cuts)
    return FilesFound(files=(*opened.files, *told), cuts=cuts, missing=opened.failed, drawn=drawn)


def _cuts(files: Sequence[OpenedFile]) -> list[str]:
    """What was cut off inside the files, at most MOST_CUTS of it."""
    told = [
        f"{', '.join(filter(None, (f'part {file.part}', *file.path[-1:])))}: {cut}"[:300]
        for file in files
        for cut in file.contents.cuts
    ]
    return told[:MOST_CUTS]


def _sorted(message: Message) -> tuple[list[OpenedFile], list[Attached]]:
    """(files that are only told, files to open)."""
    told: list[OpenedFile] = []
    waiting: list[Attached] = []
    for part in _parts(message):
        if len(told) + len(waiting) >= MOST_PARTS:
            break
        if not part.payload or _is_body(part) or _is_parsed(part):
            continue
        kind = kind_of(part.payload, part.filename)
        if kind in _PLAIN and not may_hold_code(part.payload):
            if part.filename:
                told.append(_told(part, kind))
        else:
            waiting.append(
                Attached(part=part.path, name=part.filename, declared=part.content_type, data=part.payload)
            )
    return told, waiting


def _parts(message: Message) -> Iterator[Part]:
    """Parts of the message and of the messages inside it."""
    yield from message.parts
    for inner in message.nested:
        yield from _parts(inner)


def _is_body(part: Part) -> bool:
    """Text that mail programs show as the message itself."""
    return (
        part.content_type in ("text/plain", "text/html", "text/enriched")
        and not part.filename
        and part.disposition != "attachment"
    )


def _is_parsed(part: Part) -> bool:
    """What the mail parser has read as a message, and signatures."""
    return part.content_type in _PARSED or part.filename.lower().endswith(".eml")


def _told(part: Part, kind: str) -> OpenedFile:
    return OpenedFile(
        part=part.path,
        path=(part.filename,),
        declared=part.content_type,
        kind=kind,
        size=part.size,
        sha256=part.sha256,
    )


def _unopened(one: Attached, why: str) -> OpenedFile:
    return OpenedFile(
        part=one.part,
        path=(one.name or f"part {one.part}",),
        declared=one.declared,
        kind=kind_of(one.data, one.name),
        size=len(one.data),
        why=why,
    )


def unsettled(verdict: Verdict, found: FilesFound, message: Message) -> Verdict:
    """The verdict; files that nobody has seen the inside of, and text that nobody has read, are never ``clean``."""
    if (found.missing or message.unread) and verdict.level is Level.CLEAN:
        return msgspec.structs.replace(verdict, level=Level.UNKNOWN)
    return verdict


def listed_files(
    context: Context, subject: Subject, files: Sequence[OpenedFile], now: datetime, tenant: int
) -> list[Evidence]:
    """``listed-file``: intelligence knows the hash of a file as malicious."""
    found = []
    for sha256, file in {file.sha256: file for file in reversed(files) if file.sha256}.items():
        rule = context.index.subject(Subject(Kind.FILE, sha256), tenant)
        if rule is None and tenant != SHARED:
            rule = context.index.subject(Subject(Kind.FILE, sha256))
        if rule is None or rule.listing is None or rule.listing.level is not Level.MALICIOUS:
            continue
        listing = rule.listing
        found.append(
            Evidence(
                code="listed-file",
                subject=subject,
                source=f"index:file:{sha256}",
                seen_at=now,
                data={
                    "name": " > ".join(file.path)[-300:],
                    "level": listing.level.value,
                    "since": str(listing.first_seen.date()),
                    "sha256": sha256,
                },
                artefact=f"part {file.part}",
                category=listing.category or "",
            )
        )
    return found


MOST_TRAITS = 30
"""Traits of one file that an answer shows."""


def file_answer(file: OpenedFile) -> MessageFile:
    """One file as scripts get it."""
    return MessageFile(
        part=file.part,
        path=file.path,
        kind=file.kind,
        declared=file.declared,
        size=file.size,
        sha256=file.sha256,
        traits=tuple(
            FileTrait(name=trait.name, detail=trait.detail[:300])
            for trait in file.contents.traits[:MOST_TRAITS]
        ),
        rules=tuple(match.rule for match in file.rules),
        links=len(file.contents.links),
        not_opened=file.why,
        defects=file.contents.defects[:MOST_TRAITS],
    )

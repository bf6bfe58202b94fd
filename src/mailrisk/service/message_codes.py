"""The codes that a message shows: in its pictures and documents, and drawn in its bodies; with the links in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mailrisk.collect.files.kinds import PICTURES
from mailrisk.collect.files.open import file_place
from mailrisk.collect.pictures.drawn import Body, body_of, may_draw
from mailrisk.collect.pictures.payloads import urls_of
from mailrisk.model.file import Code, OpenedFile
from mailrisk.model.message import Link, Message
from mailrisk.service.answers import MessageCode

MOST_CODES = 100
"""Codes of one message that are told and followed."""


SECRET = frozenset({"otp", "wifi"})
"""Kinds whose payload is a key: it is never shown or stored."""


class CodesFound(msgspec.Struct, frozen=True, kw_only=True):
    """Codes with their places in the message, and what was cut off while they were looked for."""

    codes: tuple[Code, ...] = ()
    cuts: tuple[str, ...] = ()

    @property
    def links(self) -> Iterator[Link]:
        """The web addresses that a scanner would open."""
        for code in self.codes:
            for url in urls_of(code.payload, code.kind):
                yield Link(url=url, how="qr", artefact=code.artefact)


NO_CODES = CodesFound()


def drawing_bodies(message: Message) -> list[Body]:
    """The bodies of a message, and of the messages inside it, that seem to draw codes."""
    bodies = [body_of(message)] if may_draw(message) else []
    for inner in message.nested:
        bodies.extend(drawing_bodies(inner))
    return bodies


def all_codes(drawn: CodesFound, files: Sequence[OpenedFile]) -> CodesFound:
    """The codes of bodies and of files, each payload at each place once, MOST_CODES at most.

    Pieces of one code that the body puts together show nothing by themselves: an unread code counts only where no
    other of the message could be read.
    """
    codes = [*drawn.codes, *(_placed(code, file) for file in files for code in file.contents.codes)]
    if not codes:
        return drawn
    is_read = any(code.payload for code in codes)
    kept = [code for code in dict.fromkeys(codes) if code.payload or not is_read]
    cuts = drawn.cuts
    if len(kept) > MOST_CODES:
        cuts = (*cuts, f"codes: only the first {MOST_CODES} of {len(kept)} were kept")
    return CodesFound(codes=tuple(kept[:MOST_CODES]), cuts=cuts)


def code_answer(code: Code) -> MessageCode:
    """One code as scripts get it."""
    return MessageCode(
        kind=code.kind,
        symbology=code.symbology,
        drawn=code.drawn,
        payload="" if code.kind in SECRET else code.payload[:2_000],
        where=code.artefact,
    )


def _placed(code: Code, file: OpenedFile) -> Code:
    """The code with the place of its file: ``part 1.3, QR code 1``."""
    is_part = file.depth == 0 and file.kind in PICTURES
    where = f"part {file.part}" if is_part else file_place(file)
    return msgspec.structs.replace(code, artefact=f"{where}, {code.artefact.lstrip(', ')}")

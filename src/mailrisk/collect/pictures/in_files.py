"""The codes of a file that a message carries: a picture, the pictures in a document, the pages of a PDF.

Runs where files are opened (``collect/files/open.py``), in a process with limits of its own. Pages are rendered by a
native library that this process lends (``Render``): a code may be drawn with lines, which no list of pictures shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from PIL import Image

from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.pictures import svg
from mailrisk.collect.pictures.codes import Read, codes_in, read_bitmap, told
from mailrisk.collect.pictures.decode import Bitmap, may_hold_code, size_of
from mailrisk.model.file import Code, Contents

Render = Callable[[bytes, tuple[str, ...], FileBudget], Iterator[tuple[int, Image.Image]]]
"""(PDF, passwords, budget) -> (page number from 1, the page in grey)."""

MOST_PICTURES: Final = 40
"""Pictures of one document that are read."""

MOST_CODES: Final = 40
"""Codes that are told of one file."""


def with_codes(
    kind: str, data: bytes, contents: Contents, budget: FileBudget, render: Render | None = None
) -> Contents:
    """The contents of a file with the codes that it shows; artefacts are relative to the file."""
    codes: list[Code] = []
    cuts: list[str] = []
    for picture, artefact in _pictures(kind, data, contents, cuts):
        size = size_of(picture)
        if size == (0, 0) or not budget.take_pixels(*size):
            continue
        found = codes_in(picture, artefact)
        codes.extend(found.codes)
        cuts.extend(f"{artefact}: {cut}" if artefact else cut for cut in found.cuts)
    if kind == "svg":
        for number, image in enumerate(svg.drawings(data.decode("utf-8", "replace")), 1):
            codes.extend(_drawn(image, f"drawing {number}", "svg"))
    if kind == "pdf" and render is not None:
        for page, image in render(data, budget.passwords, budget):
            codes.extend(_drawn(image, f"page {page}", "pdf"))
    if not codes and not cuts:
        return contents
    kept = tuple(_once(codes))[:MOST_CODES]
    return msgspec.structs.replace(contents, codes=kept, cuts=(*contents.cuts, *cuts))


def _pictures(kind: str, data: bytes, contents: Contents, cuts: list[str]) -> Iterator[tuple[bytes, str]]:
    """The file itself where it is a picture, and the pictures that its reader found."""
    if may_hold_code(data):
        yield data, ""
    worth = [picture for picture in contents.pictures if may_hold_code(picture.data)]
    for picture in worth[:MOST_PICTURES]:
        yield picture.data, picture.artefact
    if len(worth) > MOST_PICTURES:
        cuts.append(f"pictures: {len(worth) - MOST_PICTURES} of {len(worth)} were not searched for codes")


def _drawn(image: Image.Image, artefact: str, drawn: str) -> tuple[Code, ...]:
    read: dict[Read, None] = dict.fromkeys(read_bitmap(Bitmap(image, image)))
    return told(read, artefact, drawn)


def _once(codes: list[Code]) -> Iterator[Code]:
    """Each payload once: a picture on a page is seen on the rendered page too. Unread ones only beside no other."""
    read = {code.payload for code in codes if code.payload}
    seen: set[str] = set()
    for code in codes:
        if code.payload in seen or (not code.payload and read):
            continue
        seen.add(code.payload)
        yield code

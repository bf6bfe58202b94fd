"""Pages of PDF documents as pictures, by PDFium: for codes that a page draws.

Native code that reads hostile input: it runs in the children that open files and nowhere else. Modest on purpose: the
first pages, at a scale at which a code of two centimetres is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from PIL import Image

from mailrisk.collect.files.limits import FileBudget

MOST_PAGES: Final = 5
"""Pages from the first on; a lure's code stands on one of them."""

SCALE: Final = 1.5
"""Pixels for each point (1/72 inch): 108 dpi."""

MOST_PIXELS: Final = 4_000_000
"""Pixels of one rendered page; larger pages are rendered smaller."""

MOST_OBJECTS: Final = 20_000
"""Lines, letters and pictures of a page that is rendered; maps and plans have more, and take long."""


def render(data: bytes, passwords: tuple[str, ...], budget: FileBudget) -> Iterator[tuple[int, Image.Image]]:
    """The first pages in grey with their numbers; none of a document that PDFium cannot open."""
    document = _opened(data, passwords)
    if document is None:
        return
    try:
        count = len(document)
        if count > MOST_PAGES:
            budget.cut(f"pages: only the first {MOST_PAGES} of {count} were searched for drawn codes")
        for number in range(min(count, MOST_PAGES)):
            image = _page(document, number, budget)
            if image is not None:
                yield number + 1, image
    finally:
        document.close()


def _opened(data: bytes, passwords: tuple[str, ...]) -> Any:
    import pypdfium2  # type: ignore[import-untyped]

    for password in (None, *passwords):
        try:
            return pypdfium2.PdfDocument(data, password=password)
        except pypdfium2.PdfiumError:
            continue
    return None


def _page(document: Any, number: int, budget: FileBudget) -> Image.Image | None:
    """One page; None for one that is damaged, empty or too full."""
    import pypdfium2
    import pypdfium2.raw  # type: ignore[import-untyped]

    try:
        page = document[number]
        objects = pypdfium2.raw.FPDFPage_CountObjects(page)
        width, height = page.get_size()
        if objects > MOST_OBJECTS:
            budget.cut(f"page {number + 1}: {objects} objects, not searched for drawn codes")
            return None
        if not objects or width < 20 or height < 20:
            return None
        scale = min(SCALE, (MOST_PIXELS / (width * height)) ** 0.5)
        if not budget.take_pixels(int(width * scale) + 1, int(height * scale) + 1):
            return None
        image: Image.Image = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    except (pypdfium2.PdfiumError, ValueError):
        return None
    return image

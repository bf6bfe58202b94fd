"""The readers of pictures by kind (magika's words).

What a picture holds are its codes, which the driver looks for in every file (``collect/pictures/in_files.py``); a
picture that stands in an archive is handed on, so that its text can be read where that matters.
"""

from __future__ import annotations

from mailrisk.collect.files.limits import FileBudget, Reader
from mailrisk.model.file import Contents

READERS: dict[str, Reader] = {}


def _read(data: bytes, budget: FileBudget) -> Contents:
    """Nothing but the picture itself."""
    return Contents()


READERS.update(dict.fromkeys(("png", "jpeg", "gif", "bmp", "webp"), _read))

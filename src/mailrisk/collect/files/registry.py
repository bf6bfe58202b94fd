"""Which reader opens which kind of file: the one visible table.

A kind is a label of magika (``pdf``, ``docx``, ``doc``, ``rtf``, ``zip``, ``sevenzip``, ``lnk``, ``one``,
``html``, ``svg``, ``ics``, ``outlook``, ``png`` ...). Each family keeps its own table; a kind stands in one of them.
"""

from __future__ import annotations

from mailrisk.collect.files import archives, documents, pictures
from mailrisk.collect.files.limits import FileBudget, Reader

__all__ = ["READERS", "FileBudget", "Reader"]

READERS: dict[str, Reader] = {**archives.READERS, **documents.READERS, **pictures.READERS}
"""Kind -> reader. A kind that has none is told by its type, name, size and hash alone."""

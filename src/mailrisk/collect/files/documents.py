"""The readers of documents by kind (magika's words)."""

from __future__ import annotations

from mailrisk.collect.files.limits import Reader

READERS: dict[str, Reader] = {}

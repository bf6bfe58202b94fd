"""The sample store: raw messages and captures, stored once by content hash.

The embedded default is a directory, ``ab/cd/<sha256>``. A sample is personal data and can be erased;
the evidence that came from it stays.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from mailrisk.model.errors import NotFound


class SampleStore(Protocol):
    """Where samples are kept."""

    def put(self, content: bytes) -> str:
        """Stores the content once and returns its SHA-256 (lower-case hex)."""

    def get(self, sha256: str) -> bytes:
        """The content. NotFound when it is not there or was erased."""

    def erase(self, sha256: str) -> bool:
        """Removes the content; False when it was not there."""


class DirectorySamples:
    """Samples in a local directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """See SampleStore. The file appears whole or not at all."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        return digest

    def get(self, sha256: str) -> bytes:
        """See SampleStore."""
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"no sample {sha256}") from None

    def erase(self, sha256: str) -> bool:
        """See SampleStore."""
        try:
            self._path(sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise NotFound("a sample is named by its SHA-256 in lower-case hex")
        return self._folder / sha256[:2] / sha256[2:4] / sha256


class MemorySamples:
    """Samples in memory: for tests and for programs that embed mailrisk."""

    def __init__(self) -> None:
        self._samples: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """See SampleStore."""
        digest = hashlib.sha256(content).hexdigest()
        self._samples[digest] = content
        return digest

    def get(self, sha256: str) -> bytes:
        """See SampleStore."""
        try:
            return self._samples[sha256]
        except KeyError:
            raise NotFound(f"no sample {sha256}") from None

    def erase(self, sha256: str) -> bool:
        """See SampleStore."""
        return self._samples.pop(sha256, None) is not None

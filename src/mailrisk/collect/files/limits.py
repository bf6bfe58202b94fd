"""Limits on the files of one message, and the budget that all readers of the message count down."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mailrisk.model.file import Contents


class FileLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of one message may cost together. Time is limited by the process that opens them."""

    depth: int = 6  # files inside of files; the message part itself is at depth 0
    files: int = 500  # files that are looked at, at every depth together
    unpacked_bytes: int = 100_000_000  # out of archives and documents
    member_bytes: int = 32_000_000  # one file out of an archive
    ratio: int = 200  # unpacked over packed bytes of one archive, beyond the first 10 MB
    pages: int = 100  # of documents
    pixels: int = 100_000_000  # of pictures that are decoded
    picture_bytes: int = 16_000_000  # encoded pictures that are kept for reading
    links: int = 1_000
    text_chars: int = 1_000_000
    passwords: int = 20  # tried on each locked file


DEFAULT_FILE_LIMITS = FileLimits()


NAMELESS = "a file without a name"
"""What stands for an empty name in a sentence."""


class FileBudget:
    """What is left of the limits. One budget serves all files of one message, at every depth.

    A reader asks before it does or keeps something: ``take_...`` says whether (or how much of it) it may,
    and notes a cut when it may not. ``passwords`` are what the message offers for locked files, likeliest
    first; a reader of a locked kind tries each and tells the one that fits by the trait ``opened-with-password``.
    """

    def __init__(self, limits: FileLimits = DEFAULT_FILE_LIMITS, passwords: tuple[str, ...] = ()) -> None:
        self.limits = limits
        self.passwords = passwords[: limits.passwords]
        self._files = limits.files
        self._unpacked = limits.unpacked_bytes
        self._pages = limits.pages
        self._pixels = limits.pixels
        self._pictures = limits.picture_bytes
        self._links = limits.links
        self._text = limits.text_chars
        self._cuts: dict[str, None] = {}

    @property
    def cuts(self) -> tuple[str, ...]:
        """What was left out of the whole message's files, in words; each note once."""
        return tuple(self._cuts)

    @property
    def files_left(self) -> int:
        """How many more files may be looked at."""
        return self._files

    @property
    def unpacked_left(self) -> int:
        """How many more bytes may be unpacked."""
        return self._unpacked

    def cut(self, what: str) -> None:
        """Notes that something was left out (``page 101 and later were not read``); at most 100 notes."""
        if len(self._cuts) < 100:
            self._cuts[what[:200]] = None

    def take_file(self) -> bool:
        """True while one more file may be looked at. The driver asks this, readers need not."""
        if self._files <= 0:
            self.cut(f"files: only the first {self.limits.files} were looked at")
            return False
        self._files -= 1
        return True

    def take_unpacked(self, size: int) -> bool:
        """True if so many bytes may be unpacked (a member of an archive, a stream of a document)."""
        if size > self._unpacked:
            self.cut(f"files: more than {self.limits.unpacked_bytes} bytes unpacked")
            return False
        self._unpacked -= size
        return True

    def take_pages(self, count: int) -> int:
        """How many of so many pages may be read."""
        taken = max(0, min(count, self._pages))
        if taken < count:
            self.cut(f"pages: only the first {self.limits.pages} were read")
        self._pages -= taken
        return taken

    def take_pixels(self, width: int, height: int) -> bool:
        """True if a picture of this size may be decoded."""
        if width * height > self._pixels:
            self.cut(f"pictures: one of {width} x {height} pixels was not decoded")
            return False
        self._pixels -= width * height
        return True

    def take_picture(self, size: int) -> bool:
        """True if an encoded picture of so many bytes may be kept in ``Contents.pictures``."""
        if size > self._pictures:
            self.cut(f"pictures: only the first {self.limits.picture_bytes} bytes were kept")
            return False
        self._pictures -= size
        return True

    def take_link(self) -> bool:
        """True while one more link may be kept."""
        if self._links <= 0:
            self.cut(f"links in files: only the first {self.limits.links} were kept")
            return False
        self._links -= 1
        return True

    def take_text(self, size: int) -> int:
        """How many of so many characters of text may be kept."""
        taken = max(0, min(size, self._text))
        if taken < size:
            self.cut(f"text of files: only the first {self.limits.text_chars} characters were kept")
        self._text -= taken
        return taken


Reader = Callable[[bytes, FileBudget], Contents]
"""Reads one file of a kind that ``registry.py`` names it for.

A reader may raise ``BadInput`` for what is damaged beyond reading; whatever else it raises is told as a defect
of the file too. It never recurses into files: it returns them as ``members`` with their bytes, and the driver
goes on with them. Artefacts of links and pictures are relative to the file (``page 2, link 1``); the driver puts
the file's name before them. Heavy libraries are imported inside of the function that uses them: the registry is
loaded by every process, the libraries only by the one that opens files.
"""

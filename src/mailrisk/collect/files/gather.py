"""What a reader of one file gathers, under limits of its own: text, links, pictures, members, traits.

Every reader has these limits beside those of the process in which it runs, so that one file cannot crowd
out the others of its message. What was left out is named in ``cuts``.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable

import msgspec

from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.hrefs import web_url
from mailrisk.collect.message.textlinks import find_urls
from mailrisk.model.file import Contents, Member, Picture, Trait
from mailrisk.model.message import Link

LIBRARY_FAILS = (
    ValueError,  # UnicodeError and most libraries' own errors are such
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,  # RecursionError and NotImplementedError are such
    EOFError,
    OSError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What parsers of other people raise on broken files: caught around their calls and told as a defect."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_STRANGE = re.compile(r"([a-z][a-z0-9+.-]{1,30}):", re.IGNORECASE)
_HARMLESS = frozenset({"http", "https", "ftp", "mailto", "tel", "sms", "cid", "data", "about"})


class OneFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one file at most, whatever the message's budget still allows. Characters, bytes or counts."""

    text: int = 100_000
    links: int = 300
    link_chars: int = 8_192
    pictures: int = 20
    picture_bytes: int = 8_000_000  # of all pictures together
    members: int = 200
    member_bytes: int = 30_000_000  # of all members together
    traits: int = 100
    detail: int = 300
    notes: int = 50


ONE_FILE = OneFile()


class Gather:
    """Collects what a reader finds, each thing once, as far as the limits go."""

    def __init__(self, budget: FileBudget, limits: OneFile = ONE_FILE) -> None:
        self.budget = budget
        self.limits = limits
        self._text: list[str] = []
        self._text_left = limits.text
        self._links: dict[tuple[str, str], Link] = {}
        self._pictures: list[Picture] = []
        self._picture_left = limits.picture_bytes
        self._members: list[Member] = []
        self._member_left = limits.member_bytes
        self._traits: dict[Trait, None] = {}
        self._cuts: dict[str, None] = {}
        self._defects: dict[str, None] = {}

    def text(self, piece: str) -> None:
        """Adds what a reader of the file sees."""
        if not piece:
            return
        taken = piece[: self.budget.take_text(min(len(piece), self._text_left))]
        if len(taken) < len(piece):
            self.cut(
                f"text: only the first {self.limits.text - self._text_left + len(taken)} characters were kept"
            )
        if taken:
            self._text.append(taken)
            self._text_left -= len(taken)

    @property
    def text_left(self) -> int:
        """Characters that may still be added."""
        return self._text_left

    def link(self, url: str, artefact: str, text: str = "", how: str = "attachment") -> bool:
        """Adds a link if it leads to the web; one to a share or to a program's own scheme is a trait.

        Returns whether the address was a link to the web.
        """
        url = url.strip("\x00 \t\r\n")
        web = "" if url.startswith("\\\\") else web_url(url[: self.limits.link_chars])
        if not web:
            self._elsewhere(url[: self.limits.link_chars])
            return False
        if (web, how) not in self._links:
            if len(self._links) >= self.limits.links or not self.budget.take_link():
                self.cut(f"links: only the first {len(self._links)} were kept")
                return True
            self._links[(web, how)] = Link(
                url=web, how=how, artefact=artefact, text=" ".join(text.split())[:300]
            )
        return True

    def _elsewhere(self, url: str) -> None:
        """A share (an opened one sends the reader's password hash), or a scheme that starts a program."""
        lower = url.lower()
        if lower.startswith(("\\\\", "file://", "file:\\\\")) and not lower.startswith("file:///"):
            self.trait("unc-path", url)
        elif (found := _STRANGE.match(url)) and found[1].lower() not in (*_HARMLESS, "file"):
            self.trait(
                "script-link" if found[1].lower() in ("javascript", "vbscript") else "program-scheme", url
            )

    def links_in(self, text: str, where: str, how: str = "text") -> None:
        """Adds the bare URLs of a text; ``where`` is the place, '' for the file itself.

        Bare ones are weaker than what is there to be clicked: papers and invoices quote addresses.
        """
        for number, url in enumerate(find_urls(text[: self.limits.text]), 1):
            if number > self.limits.links:
                self.cut(f"links: only the first {self.limits.links} were kept")
                return
            self.link(url, f"{where}, link {number}" if where else f"link {number}", how=how)

    def picture(self, data: bytes, artefact: str) -> None:
        """Adds an encoded picture."""
        over = len(self._pictures) >= self.limits.pictures or len(data) > self._picture_left
        if over or not self.budget.take_picture(len(data)):
            self.cut(f"pictures: only {len(self._pictures)} were kept")
            return
        self._pictures.append(Picture(data=data, artefact=artefact))
        self._picture_left -= len(data)

    def member(self, name: str, data: bytes, why: str = "", size: int = -1) -> None:
        """Adds a file inside the file."""
        if len(self._members) >= self.limits.members:
            self.cut(f"members: only the first {self.limits.members} were kept")
            return
        size = len(data) if size < 0 else size
        if len(data) > self._member_left or not self.budget.take_unpacked(len(data)):
            data, why = b"", "over the limit on the bytes of a file's members"
            self.cut(f"members: {size} bytes of {printable(name)[:100]} were not kept")
        self._member_left -= len(data)
        self._members.append(Member(name=printable(name)[:300] or "unnamed", data=data, size=size, why=why))

    def trait(self, name: str, detail: str = "") -> None:
        """Names what the file does or is."""
        if len(self._traits) < self.limits.traits:
            self._traits[Trait(name, printable(detail)[: self.limits.detail])] = None

    def has(self, name: str) -> bool:
        """Whether a trait of that name was added."""
        return any(trait.name == name for trait in self._traits)

    def cut(self, what: str) -> None:
        """Notes what a limit left out."""
        if len(self._cuts) < self.limits.notes:
            self._cuts[what[:300]] = None

    def defect(self, what: str) -> None:
        """Notes what was malformed."""
        if len(self._defects) < self.limits.notes:
            self._defects[printable(what)[:300]] = None

    def take(self, other: Contents, where: str = "") -> None:
        """Adds what another reader found in a part of this file."""
        before = f"{where}, " if where else ""
        self.text(other.text)
        for link in other.links:
            self.link(link.url, f"{before}{link.artefact}", link.text, link.how)
        for picture in other.pictures:
            self.picture(picture.data, f"{before}{picture.artefact}")
        for member in other.members:
            self.member(member.name, member.data, member.why, member.size)
        for trait in other.traits:
            self.trait(trait.name, trait.detail)
        self._note(other.cuts, other.defects, before)

    def _note(self, cuts: Iterable[str], defects: Iterable[str], before: str) -> None:
        for what in cuts:
            self.cut(f"{before}{what}")
        for what in defects:
            self.defect(f"{before}{what}")

    def contents(self) -> Contents:
        """Everything that was gathered."""
        return Contents(
            text=tidy("\n".join(self._text)),
            links=tuple(self._links.values()),
            pictures=tuple(self._pictures),
            members=tuple(self._members),
            traits=tuple(self._traits),
            cuts=tuple(self._cuts),
            defects=tuple(self._defects),
        )


def tidy(text: str) -> str:
    """The text without control characters and empty lines, white space inside of lines collapsed."""
    lines = (" ".join(line.split()) for line in _CONTROLS.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def printable(text: str) -> str:
    """The text on one line without control characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())

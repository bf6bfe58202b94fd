"""What is inside a file that a message carries: what ``collect/files`` makes of bytes, and what analysers read."""

from __future__ import annotations

import msgspec

from mailrisk.model.message import Link


class Trait(msgspec.Struct, frozen=True):
    """One thing that a file does or is, by a permanent kebab-case name, with the detail that shows it.

    Readers name what they see and judge nothing: ``macro-autoexec`` "AutoOpen", ``encrypted``,
    ``javascript``, ``launch-action`` "cmd.exe", ``remote-template`` "https://...".
    """

    name: str
    detail: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A picture that a reader may see: the encoded bytes (PNG, JPEG, ...), and where it stands."""

    data: bytes
    artefact: str


class Member(msgspec.Struct, frozen=True):
    """A file inside a file; ``data`` is empty when it was not unpacked, and ``why`` says why."""

    name: str
    data: bytes = b""
    size: int = 0
    why: str = ""


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A machine-readable code in a picture or drawn in a body.

    ``payload`` is '' when a finder pattern was seen and nothing could be decoded. ``kind`` is ``url``,
    ``wifi``, ``vcard``, ``payment``, ``otp``, ``tel``, ``mailto``, ``sms``, ``geo``, ``event``, ``app`` (a link that
    opens an app), ``text`` or ''.
    ``symbology`` is ``qr``, ``micro-qr``, ``data-matrix``, ``aztec``, ... ``drawn`` says how it was put there:
    ``picture``, ``table`` (coloured cells or boxes), ``text`` (half blocks), ``split`` (several pictures side by
    side), ``svg``, ``pdf`` (seen on a rendered page).
    """

    payload: str
    kind: str
    symbology: str
    drawn: str
    artefact: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader found in one file. Artefacts are relative to the file: ``page 2``, ``slide 1, link 3``."""

    text: str = ""
    links: tuple[Link, ...] = ()
    pictures: tuple[Picture, ...] = ()
    members: tuple[Member, ...] = ()
    traits: tuple[Trait, ...] = ()
    codes: tuple[Code, ...] = ()
    cuts: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()

    def trait(self, name: str) -> Trait | None:
        """The first trait of that name."""
        return next((trait for trait in self.traits if trait.name == name), None)


class RuleMatch(msgspec.Struct, frozen=True):
    """A YARA rule that holds for a file. All but its name comes from the rule's meta.

    ``strength`` is ``convicts`` (what no honest file has: convicts together with other facts), ``suspicious``
    or ``notes``; ``reason`` says in English and ``reason_zh`` in Chinese what the rule saw.
    """

    rule: str
    reason: str
    reason_zh: str = ""
    category: str = ""
    strength: str = "suspicious"


EXHAUSTED = "exhausted its reader"
"""Why a file was not opened that took more time or memory than it may."""


class OpenedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a message carries, at any depth.

    ``part`` is the MIME part (``1.2``); ``path`` the names from the part down (``docs.zip > invoice.js``).
    ``kind`` is the type by content, in magika's words (``pdf``, ``pebin``, ``docx``, ``lnk``, ...; '' not known),
    ``declared`` the MIME type that the message gives (part only). ``depth`` 0 is the part itself.
    ``why`` says why it was not opened (``locked``, ``too large``; '' when it was, or there was nothing to open).
    ``contents.members`` is empty: they are files of their own.
    """

    part: str
    path: tuple[str, ...]
    declared: str = ""
    kind: str = ""
    size: int = 0
    sha256: str = ""
    depth: int = 0
    contents: Contents = Contents()
    rules: tuple[RuleMatch, ...] = ()
    why: str = ""

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path[-1] if self.path else ""


class ReadPicture(msgspec.Struct, frozen=True, kw_only=True):
    """What optical character recognition read in one picture; ``lines`` from the top, each with its share 0-1."""

    lines: tuple[tuple[str, float], ...]
    artefact: str

    @property
    def text(self) -> str:
        """The lines that were read with some certainty."""
        return "\n".join(line for line, sure in self.lines if sure >= 0.5)

"""The driver: opens the files of one message, and the files inside of them, within one budget.

Every file becomes an ``OpenedFile`` whether it can be opened or not; what was left out is named, in the file's
``why`` and in ``Opened.cuts``. It never raises: whatever a reader's library makes of hostile bytes is a defect of
that file. Time and memory are limited by the process it runs in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mailrisk.collect.files.kinds import PICTURES, Identify, kind_of
from mailrisk.collect.files.limits import DEFAULT_FILE_LIMITS, FileBudget, FileLimits, Reader
from mailrisk.collect.files.registry import READERS
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Code, Contents, Member, OpenedFile, Picture, RuleMatch, Trait
from mailrisk.model.message import Link

if TYPE_CHECKING:
    from mailrisk.collect.pictures.in_files import Render

NEVER_OPENED: dict[str, str] = {
    "ace": "ACE archives", "arj": "ARJ archives", "wim": "Windows images", "vhd": "virtual disks",
    "vhdx": "virtual disks", "img": "disk images", "dmg": "macOS disk images", "zst": "Zstandard",
    "sevenzip": "7z archives", "rar": "RAR archives", "iso": "ISO images", "cab": "cabinets", "lha": "LHA archives",
    "cpio": "cpio archives", "ar": "ar archives", "xar": "xar archives", "lz4": "LZ4", "unixcompress": "compress",
    "lzip": "lzip",
}  # fmt: skip
"""Kinds that hold files: where they cannot be opened, that is told."""

_KEEP_HOW = frozenset({"img", "css", "header", "qr", "form", "base", "text"})
"""Ways of links that say more than that they stand in an attachment."""

MATCHED_BYTES = 10_000_000
"""Bytes of one file in which rules are looked for."""


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a message whose file is to be opened."""

    part: str
    name: str
    declared: str
    data: bytes


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the files of one message. ``drawn`` are the codes that its bodies draw.

    ``failed`` says that some were not looked at to the end, ``exhausted`` that this is what they did to their reader.
    """

    files: tuple[OpenedFile, ...] = ()
    cuts: tuple[str, ...] = ()
    failed: bool = False
    exhausted: bool = False
    drawn: tuple[Code, ...] = ()
    drawn_cuts: tuple[str, ...] = ()


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver cannot have of its own: native libraries, loaded by the process that opens files."""

    identify: Identify | None = None
    readers: Mapping[str, Reader] = {}  # beside and before those of the registry
    match: Callable[[bytes], tuple[RuleMatch, ...]] | None = None
    render: Render | None = None  # pages of PDF documents, for codes that they draw


NO_TOOLS = Tools()
_NOTHING = Contents()


class _Item(NamedTuple):
    """A file that waits to be looked at. ``above`` are the hashes of the files that it is in."""

    part: str
    path: tuple[str, ...]
    declared: str
    member: Member
    above: tuple[str, ...]


def open_files(
    attached: Iterable[Attached],
    passwords: Iterable[str] = (),
    tools: Tools = NO_TOOLS,
    limits: FileLimits = DEFAULT_FILE_LIMITS,
) -> Opened:
    """Opens files, each before those inside of it, in the order of the message."""
    budget = FileBudget(limits, tuple(passwords))
    driver = _Driver(budget, tools)
    waiting = [
        _Item(one.part, (one.name or f"part {one.part}",), one.declared, Member(one.name, one.data), ())
        for one in attached
    ]
    waiting.reverse()
    files: list[OpenedFile] = []
    while waiting and budget.take_file():
        file, inside = driver.open(waiting.pop())
        files.append(file)
        waiting.extend(reversed(inside))
    return Opened(files=tuple(files), cuts=budget.cuts)


class _Driver:
    """Opens one file after the other; the same content twice is read once."""

    def __init__(self, budget: FileBudget, tools: Tools) -> None:
        self._budget = budget
        self._tools = tools
        self._seen: dict[str, OpenedFile] = {}

    def open(self, item: _Item) -> tuple[OpenedFile, list[_Item]]:
        """The file, and what waits inside of it."""
        data = item.member.data
        if not data and item.member.why:
            return self._file(item, kind=""), []
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in item.above:
            bomb = Contents(traits=(Trait("archive-bomb", "holds itself"),))
            return self._file(item, sha256=sha256, contents=bomb, why="holds itself"), []
        if (before := self._seen.get(sha256)) is not None:
            why = f"same content as {' > '.join(before.path)}"[:200]
            same = self._file(item, sha256=sha256, kind=before.kind, rules=before.rules, why=why)
            return same, []
        kind = kind_of(data, item.path[-1], self._tools.identify)
        why = item.member.why
        contents = Contents()
        if not why:
            contents, why = self._read(item, kind)
        rules = self._match(data, kind)
        file = self._file(item, sha256=sha256, kind=kind, contents=contents, rules=rules, why=why)
        self._seen[sha256] = file
        above = (*item.above, sha256)
        inside = [
            _Item(item.part, (*item.path, _named(member, item.path[-1])), "", member, above)
            for member in contents.members
        ]
        return msgspec.structs.replace(file, contents=_placed(contents, file)), inside

    def _read(self, item: _Item, kind: str) -> tuple[Contents, str]:
        """(what is inside, why it was not opened)."""
        reader = self._tools.readers.get(kind) or READERS.get(kind)
        if reader is None:
            if kind in NEVER_OPENED:
                self._budget.cut(f"{item.path[-1][:100]}: {NEVER_OPENED[kind]} cannot be opened here")
                return Contents(), "cannot be opened here"
            return Contents(), ""
        if len(item.path) > self._budget.limits.depth:
            self._budget.cut(f"{item.path[-1][:100]}: nested deeper than {self._budget.limits.depth} files")
            return Contents(traits=(Trait("nested-too-deep"),)), "nested too deep"
        try:
            contents = reader(item.member.data, self._budget)
        except BadInput as error:
            return Contents(defects=(error.reason[:200],)), "damaged"
        except Exception as error:  # noqa: BLE001 - libraries raise whatever hostile bytes make them raise.
            return Contents(defects=(f"{type(error).__name__}: {error}"[:200],)), "damaged"
        contents = self._with_codes(item, kind, contents)
        return contents, "locked" if contents.trait("locked") is not None else ""

    def _with_codes(self, item: _Item, kind: str, contents: Contents) -> Contents:
        """The contents with the codes that the file shows; the library is loaded when the first file asks for it."""
        if kind not in ("pdf", "svg") and kind not in PICTURES and not contents.pictures:
            return contents
        from mailrisk.collect.pictures.in_files import with_codes

        try:
            return with_codes(kind, item.member.data, contents, self._budget, self._tools.render)
        except Exception as error:  # noqa: BLE001 - see above.
            cut = f"not searched for codes: {type(error).__name__}"
            return msgspec.structs.replace(contents, cuts=(*contents.cuts, cut))

    def _match(self, data: bytes, kind: str) -> tuple[RuleMatch, ...]:
        if self._tools.match is None or kind in PICTURES:
            return ()
        return self._tools.match(data[:MATCHED_BYTES])

    def _file(
        self,
        item: _Item,
        *,
        sha256: str = "",
        kind: str = "",
        contents: Contents = _NOTHING,
        rules: tuple[RuleMatch, ...] = (),
        why: str = "",
    ) -> OpenedFile:
        return OpenedFile(
            part=item.part,
            path=item.path,
            declared=item.declared,
            kind=kind,
            size=max(item.member.size, len(item.member.data)),
            sha256=sha256,
            depth=len(item.path) - 1,
            contents=contents,
            rules=rules,
            why=why or item.member.why,
        )


def _named(member: Member, parent: str) -> str:
    """The name of a member; a packed single file without one is named as its archive, without the last part."""
    if member.name:
        return member.name[:500]
    stem, dot, last = parent.rpartition(".")
    if not dot:
        return parent
    return f"{stem}.tar" if last.lower() in ("tgz", "tbz", "tbz2", "txz", "tzst", "taz") else stem


def _placed(contents: Contents, file: OpenedFile) -> Contents:
    """Contents whose artefacts name the file too, and whose members are left out (they are files of their own)."""
    where = file_place(file)
    links = tuple(
        Link(
            url=link.url,
            how=link.how if link.how in _KEEP_HOW else "attachment",
            artefact=f"{where}, {link.artefact}" if link.artefact else where,
            text=link.text,
        )
        for link in contents.links
    )
    pictures = tuple(
        Picture(picture.data, f"{where}, {picture.artefact}" if picture.artefact else where)
        for picture in contents.pictures
    )
    return msgspec.structs.replace(contents, links=links, pictures=pictures, members=())


def file_place(file: OpenedFile) -> str:
    """Where a file is, for people: ``attachment docs.zip > invoice.pdf``."""
    return "attachment " + " > ".join(name[-100:] for name in file.path)

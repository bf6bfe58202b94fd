"""What the opened files of a message say: programs, wrong types, locked archives, bombs, rules that hold.

``attachments.py`` judges by name what could not be opened; here the content counts. Traits of documents
(macros, scripts, remote templates) are another module's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.programs import BINARIES, extension, place, programs, shown
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import EXHAUSTED, OpenedFile

DISKS: Final = frozenset({"iso", "vhd", "vhdx", "img", "wim", "dmg"})
ARCHIVES: Final = frozenset({
    "zip", "rar", "sevenzip", "cab", "lha", "ace", "arj", "tar", "gzip", "bzip", "xz", "zst", "lzma", "cpio", "xar",
    "unixcompress", "lz4", "lzip",
})  # fmt: skip

_PAGES = frozenset({"html", "svg", "mht"})
_PICTURES = frozenset({"png", "jpeg", "gif", "bmp", "tiff", "webp", "heif", "ico", "wmf"})
_OFFICE = frozenset({
    "doc", "docx", "xls", "xlsx", "xlsb", "ppt", "pptx", "rtf", "ooxml", "ole", "odt", "ods", "odp", "ooxml-encrypted",
})  # fmt: skip
_TEXTS = frozenset({"txt", "csv", "tsv", "xml", "json", "html", "mht", "eml", "markdown", ""})
_WORD = _OFFICE | _TEXTS
_HONEST: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("pdf",), frozenset({"pdf"})),
    **dict.fromkeys(("doc", "docx", "dot", "dotx", "docm", "rtf", "odt", "wps"), _WORD),
    **dict.fromkeys(("xls", "xlsx", "xlsm", "xlsb", "ods", "et", "csv"), _WORD),
    **dict.fromkeys(("ppt", "pptx", "pps", "ppsx", "odp", "dps"), _WORD),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "heic"), _PICTURES),
    **dict.fromkeys(("txt", "log", "md"), _TEXTS),
    **dict.fromkeys(("zip", "rar", "7z"), ARCHIVES | _OFFICE | {"jar", "apk"}),
    **dict.fromkeys(
        ("mp3", "mp4", "wav", "avi", "mov"), frozenset({"mp3", "mp4", "wav", "avi", "mkv", "riff"})
    ),
}
"""Last part of a name -> kinds that honest programs save under it: Word saves HTML as .doc, banks export HTML as .xls."""

_TELLING = BINARIES | _PAGES | ARCHIVES | DISKS | _OFFICE | {"pdf", "hta", "scriptwsf", "one"}
"""Kinds whose presence under another name means something."""

_LOUD = BINARIES | _PAGES | ARCHIVES | DISKS
_PASSIVE = re.compile(r"\A(?:image|audio|video)/|\Aapplication/pdf\Z")
STRENGTH: Final = {"convicts": 1.0, "suspicious": 0.6, "notes": 0.2}


def evidence(view: MessageView) -> Iterator[Evidence]:
    """Everything that the content of files says by itself; conjunctions are in ``harmful.py``."""
    if not view.files:
        return
    yield from _programs(view)
    for file in view.files:
        yield from _mismatch(view, file)
        yield from _archive(view, file)
    yield from _rules(view)


def _programs(view: MessageView) -> Iterator[Evidence]:
    """``program-attached``, ``program-in-archive``, ``disk-image-attached``: each once a part."""
    told: set[tuple[str, str]] = set()
    for file in programs(view):
        code = "program-in-archive" if file.depth else "program-attached"
        if (file.part, code) not in told:
            told.add((file.part, code))
            data = {"name": shown(file), "kind": file.kind or "locked"}
            if code == "program-in-archive":
                yield fact(view, code="program-in-archive", data=data, artefact=place(file))
            else:
                yield fact(view, code="program-attached", data=data, artefact=place(file))
    for file in view.files:
        if file.kind in DISKS and file.depth < 2:
            data = {"name": shown(file), "kind": file.kind}
            yield fact(view, code="disk-image-attached", data=data, artefact=place(file))
            return


def _mismatch(view: MessageView, file: OpenedFile) -> Iterator[Evidence]:
    """The name or the declared type says one thing and the content is another that no honest program saves so."""
    if file.kind not in _TELLING:
        return
    honest = _HONEST.get(extension(file.name))
    by_name = honest is not None and file.kind not in honest
    declared = file.declared.lower()
    by_type = bool(_PASSIVE.search(declared)) and file.kind in _LOUD and declared != "image/svg+xml"
    if by_name or by_type:
        data = {
            "name": shown(file),
            "kind": file.kind,
            "said": file.declared if by_type else extension(file.name),
        }
        value = 1.0 if file.kind in _LOUD else 0.4
        yield fact(view, code="type-mismatch", value=value, data=data, artefact=place(file))


def _archive(view: MessageView, file: OpenedFile) -> Iterator[Evidence]:
    contents = file.contents
    data = {"name": shown(file)}
    if file.why == EXHAUSTED:
        yield fact(view, code="file-exhausts-reader", data=data, artefact=place(file))
    if contents.trait("opened-with-password") is not None:
        yield fact(view, code="opened-with-mailed-password", data=data, artefact=place(file))
    for name in ("archive-bomb", "overlapping-members", "nested-too-deep"):
        if (trait := contents.trait(name)) is not None:
            yield fact(view, code="archive-bomb", data=data | {"detail": trait.detail}, artefact=place(file))
            break
    if (trait := contents.trait("path-traversal")) is not None:
        data |= {"member": trait.detail[:120]}
        yield fact(view, code="archive-path-traversal", data=data, artefact=place(file))


def rule_matches(view: MessageView) -> Iterable[tuple[OpenedFile, str, float]]:
    """(file, rule, strength) of each rule that holds, once, in the first file it holds for."""
    seen: set[str] = set()
    for file in view.files:
        for match in file.rules:
            if match.rule not in seen:
                seen.add(match.rule)
                yield file, match.rule, STRENGTH.get(match.strength, 0.6)


def _rules(view: MessageView) -> Iterator[Evidence]:
    for file, rule, strength in rule_matches(view):
        match = next(match for match in file.rules if match.rule == rule)
        data = {
            "name": shown(file), "rule": rule, "reason": match.reason, "reason_zh": match.reason_zh or match.reason,
        }  # fmt: skip
        yield fact(
            view,
            code="file-rule-match",
            value=strength,
            data=data,
            artefact=place(file),
            category=match.category,
        )

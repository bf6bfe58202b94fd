"""OpenDocument (.odt, .ods, .odp): text, links, Basic macros and their events, encryption."""

from __future__ import annotations

from mailrisk.collect.files import vba
from mailrisk.collect.files.gather import Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.markup import Attributes, read_xml
from mailrisk.collect.files.zipped import Package
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

_BREAKS = frozenset({"p", "h", "list-item", "table-row", "line-break"})


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads an OpenDocument package. BadInput, TooLarge: none, or none that a document is."""
    gather = Gather(budget)
    package = Package(data, gather)
    if "content.xml" not in package.names:
        raise BadInput("file", "a ZIP archive and no OpenDocument")
    if b"encryption-data" in package.read("meta-inf/manifest.xml", 1_000_000):
        gather.trait("encrypted", "OpenDocument")
        gather.trait("locked")
        return gather.contents()
    for part in ("content.xml", "styles.xml"):
        _content(package.read(part), part, gather)
    for name in package.names:
        if name.startswith(("basic/", "scripts/")) and not name.endswith(
            ("script-lc.xml", "script-lb.xml", "/")
        ):
            gather.trait("macros")
            vba.name_traits(package.read(name, 2_000_000).decode("utf-8", "replace"), gather)
        elif name.startswith("pictures/") and package.size(name) <= gather.limits.picture_bytes:
            gather.picture(package.read(name), f"picture {name.rpartition('/')[2]}")
        elif name.startswith("object ") and name.count("/") == 0 and package.size(name):
            gather.member(name, package.read(name))
    return gather.contents()


def _content(data: bytes, part: str, gather: Gather) -> None:
    """Text and links of one part, with what its events and objects do."""
    shown: list[str] = []
    number = 0

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal number
        target = attributes.get("href", "")
        if tag == "a" and target:
            number += 1
            gather.link(target, f"link {number}")
        elif tag in ("tab", "s"):
            shown.append(" ")
        else:
            _active(tag, target, attributes, gather)

    def end(tag: str) -> None:
        if tag in _BREAKS:
            shown.append("\n")

    try:
        if data:
            read_xml(data, start, end, shown.append)
    except BadInput as error:
        gather.defect(f"{part}: {error.reason}")
    text = "".join(shown)
    gather.text(text)
    gather.links_in(text, "")


def _active(tag: str, target: str, attributes: Attributes, gather: Gather) -> None:
    """Scripts bound to events, objects from outside, DDE."""
    if tag == "event-listener" and target:
        event = attributes.get("event-name", "").rpartition(":")[2]
        alone = event.startswith(("on-load", "load", "on-view", "on-focus"))
        gather.trait("macro-autoexec" if alone else "macro-event", f"{event} {target}")
    elif tag in ("object", "plugin", "section-source") and target and not target.startswith((".", "#")):
        gather.trait("external-link", target)
        gather.link(target, tag, how="frame")
    elif tag in ("dde-source", "dde-connection-decl"):
        gather.trait("dde", " ".join(attributes.values()))

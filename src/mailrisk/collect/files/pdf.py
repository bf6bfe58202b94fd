"""PDF documents (ISO 32000): text, links, pictures, attached files, and the actions that they start.

The object graph is walked with an explicit stack, a set of what was visited and limits: page trees and name trees of
hostile files are cyclic or have ten thousand pages. pypdf reads the objects under limits of its own, tighter
here than its defaults.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.files.pdf_actions import Actions
from mailrisk.collect.files.pdf_page import Pages
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_PAGES = 20
"""Pages of which text, links and pictures are read; a lure has one."""

MOST_NODES = 5_000
"""Nodes of the page tree and of name trees that are visited."""

MOST_PASSWORDS = 8

LIMITS: dict[str, Any] = {
    "maximum_declared_stream_length": 30_000_000,
    "array_based_stream_maximum_output_length": 8_000_000,
    "lzw_maximum_output_length": 8_000_000,
    "run_length_maximum_output_length": 8_000_000,
    "zlib_maximum_output_length": 8_000_000,
    "stream_decoding_work_maximum_length": 40_000_000,
    "stream_parsing_work_maximum_count": 60_000,
    "image_maximum_buffer_size": 8_000_000,
    "xform_maximum_invocations_per_extraction": 100,
    "array_maximum_element_count": 60_000,
    "dictionary_maximum_element_count": 20_000,
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}

RECOVERY: dict[str, Any] = {"root_object_recovery_limit": 2_000, "xref_stream_maximum_entries": 200_000}

_CATALOGUE = re.compile(rb"(\d{1,9}\s{1,8}\d{1,5})\s{1,8}obj\s{0,8}<<[^>]{0,300}?/Type\s{0,8}/Catalog")


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads a PDF document. BadInput: it is none, or broken beyond reading."""
    from pypdf import PdfReader, apply_configuration
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    gather = Gather(budget)
    fails = (PyPdfError, DependencyError, DeprecationError, *LIBRARY_FAILS)
    try:
        with apply_configuration(**LIMITS):
            reader = _opened(partial(PdfReader, strict=False, **RECOVERY), data, fails, gather)
            if not _unlocked(reader, gather):
                return gather.contents()
            _document(reader, gather, fails)
    except fails as error:
        raise BadInput("file", f"a broken PDF: {type(error).__name__}: {str(error)[:200]}") from None
    return gather.contents()


def _opened(
    opener: Callable[..., Any], data: bytes, fails: tuple[type[Exception], ...], gather: Gather
) -> Any:
    """A reader of the document. One whose table of objects cannot be used is read once more with an end that
    points nowhere and names the catalogue: pypdf then looks for the objects, as the programs on a desk do."""
    try:
        reader = opener(io.BytesIO(data))
        if reader.is_encrypted or reader.root_object is not None:
            return reader
    except fails as error:
        gather.defect(f"no usable table of objects: {type(error).__name__}")
    catalogues = [match[1] for match in islice(_CATALOGUE.finditer(data), 1_000)]
    trailer = b"trailer\n<< /Root %s R >>" % catalogues[-1] if catalogues else b""
    return opener(io.BytesIO(b"%s\n%s\nstartxref\n0\n%%%%EOF\n" % (data, trailer)))


def _unlocked(reader: Any, gather: Gather) -> bool:
    """Whether the document can be read; most encrypted ones open with the empty password."""
    if not reader.is_encrypted:
        return True
    if reader.decrypt(""):
        gather.trait("restricted")  # encrypted, and everybody may read it
        return True
    gather.trait("encrypted", "PDF")
    for password in gather.budget.passwords[:MOST_PASSWORDS]:
        if reader.decrypt(password):
            gather.trait("opened-with-password", password)
            return True
    gather.trait("locked")
    return False


def _document(reader: Any, gather: Gather, fails: tuple[type[Exception], ...]) -> None:
    """Catalogue first, then pages; what is broken in one place does not hide the others."""
    root = reader.root_object
    actions = Actions(gather)
    _guarded(lambda: _catalogue(root, actions, gather), "catalogue", gather, fails)
    reading, pages = Pages(reader, actions, gather), 0
    budget = gather.budget.take_pages(MOST_PAGES)
    for page in _pages(root, gather):
        pages += 1
        if pages <= budget:
            _guarded(partial(reading.read, page, pages), f"page {pages}", gather, fails)
    stated = _number(_entry(_entry(root, "/Pages"), "/Count"))
    if max(stated, pages) > budget:
        gather.cut(f"pages: {max(stated, pages)}, the first {budget} were read")
    gather.trait("pages", str(max(pages, min(stated, 1_000_000))))


def _guarded(work: Any, what: str, gather: Gather, fails: tuple[type[Exception], ...]) -> None:
    """Does a piece of work; what it cannot read is a defect."""
    try:
        work()
    except fails as error:
        gather.defect(f"{what}: {type(error).__name__}: {error}")


def _entry(thing: Any, key: str) -> Any:
    """An entry of a dictionary object with its references followed; None if there is none."""
    found = thing.get(key) if hasattr(thing, "get") else None
    return found.get_object() if found is not None and hasattr(found, "get_object") else found


def _number(thing: Any) -> int:
    return int(thing) if isinstance(thing, int | float) else 0


def _catalogue(root: Any, actions: Actions, gather: Gather) -> None:
    """What the document does when it is opened, its scripts, forms and attached files (§7.7.2)."""
    opening = _entry(root, "/OpenAction")
    if hasattr(opening, "get"):
        gather.trait("open-action", str(_entry(opening, "/S") or ""))
        actions.read(opening, "opening")
    actions.read_additional(_entry(root, "/AA"), "document")
    names = _entry(root, "/Names")
    for script in _names(_entry(names, "/JavaScript"), gather):
        actions.read(script, "script")
    for file in _names(_entry(names, "/EmbeddedFiles"), gather):
        actions.keep_file(file)
    form = _entry(root, "/AcroForm")
    if form is not None:
        gather.trait("acroform")
        if _entry(form, "/XFA") is not None:
            gather.trait("xfa")
        for field in list(_entry(form, "/Fields") or [])[:200]:
            field = field.get_object()
            actions.read(_entry(field, "/A"), "field")
            actions.read_additional(_entry(field, "/AA"), "field")


def _names(tree: Any, gather: Gather) -> Iterator[Any]:
    """The values of a name tree (§7.9.6), at most MOST_NODES."""
    stack, visited = [tree], set[int]()
    while stack and len(visited) < MOST_NODES:
        node = stack.pop()
        node = node.get_object() if hasattr(node, "get_object") else node
        if node is None or not hasattr(node, "get") or _key(node) in visited:
            continue
        visited.add(_key(node))
        for value in list(_entry(node, "/Names") or [])[1 : 2 * MOST_NODES : 2]:
            yield value.get_object()
        stack.extend(list(_entry(node, "/Kids") or [])[:MOST_NODES])
    if stack:
        gather.cut(f"names: only {MOST_NODES} nodes were visited")


def _pages(root: Any, gather: Gather) -> Iterator[Any]:
    """The pages in their order (§7.7.3), by an explicit stack."""
    stack = [root.get("/Pages")]
    visited = set[Any]()
    while stack:
        if len(visited) >= MOST_NODES:
            gather.cut(f"pages: only {MOST_NODES} nodes of the page tree were visited")
            return
        item = stack.pop()
        place = (getattr(item, "idnum", None), getattr(item, "generation", None))
        node = item.get_object() if hasattr(item, "get_object") else item
        if node is None or not hasattr(node, "get") or (place in visited and place[0] is not None):
            continue
        visited.add(place if place[0] is not None else len(visited))
        kids = _entry(node, "/Kids")
        if kids is not None and node.get("/Type") != "/Page":
            stack.extend(reversed(list(kids)[:MOST_NODES]))
        else:
            yield node


def _key(node: Any) -> int:
    """A number that tells nodes apart: that of their object, or of the text of a direct one."""
    reference = getattr(node, "indirect_reference", None)
    return int(reference.idnum) if reference is not None else -hash(str(node)[:500])

"""XML as bounded events: for Office files, feeds of shapes, anything that is XML inside of an attachment.

expat reads; a document type with entities is refused before one is expanded (CVE-2003-1564, "billion
laughs"), external entities are never loaded, and depth, elements and text are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from mailrisk.model.errors import BadInput, TooLarge

MOST_ELEMENTS = 300_000
MOST_DEPTH = 256

Attributes = dict[str, str]
OnStart = Callable[[str, Attributes], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]


def _nothing(*_: object) -> None:
    """No interest in this kind of event."""


def read_xml(data: bytes, start: OnStart, end: OnEnd = _nothing, text: OnText = _nothing) -> None:
    """Calls back for every element and text; names and attributes come without their prefixes.

    BadInput: not well-formed (what came before was called back), or with entities. TooLarge: over the limits.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 65_536
    count = depth = 0

    def on_start(name: str, attributes: Attributes) -> None:
        nonlocal count, depth
        count += 1
        depth += 1
        if count > MOST_ELEMENTS or depth > MOST_DEPTH:
            raise TooLarge("xml", f"more than {MOST_ELEMENTS} elements or {MOST_DEPTH} levels")
        start(local(name), {local(key): value for key, value in attributes.items()} if attributes else {})

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(local(name))

    def on_entity(*_: object) -> None:
        raise BadInput("xml", "declares entities")

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = on_entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadInput("xml", f"not well-formed: {error}") from None
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise BadInput("xml", f"unreadable: {error}") from None


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]

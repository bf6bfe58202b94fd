"""What to write instead of a wrong setting: msgspec says where it stands, and the types say what may stand there."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from msgspec import Struct, inspect

_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`(?: - at `(?P<at>[^`]*)`)?")
_NO_CHOICE: Final = re.compile(r"Invalid enum value (?P<value>.*?)(?: - at `(?P<at>[^`]*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|(\[)")


def advised(said: str, form: type[Struct]) -> str:
    """The message of a ``msgspec.ValidationError`` about a value of ``form``, with the names or values that may be."""
    if found := _UNKNOWN.fullmatch(said):
        table = _at(form, found["at"] or "$")
        names = [field.name for field in table.fields] if isinstance(table, inspect.StructType) else []
        near = get_close_matches(found["name"], names, n=1)
        return f"{said}; did you mean `{near[0]}`?" if near else _listed(said, sorted(names))
    if found := _NO_CHOICE.fullmatch(said):
        return _listed(said, _choices(_at(form, found["at"] or "$")))
    return said


def _listed(said: str, names: list[str]) -> str:
    return f"{said}; there are: {', '.join(names)}" if names else said


def _at(form: type[Struct], path: str) -> inspect.Type | None:
    """The type of what stands at a path such as ``$.alert[0].kind``; None: there is no such place."""
    here: inspect.Type | None = _bare(inspect.type_info(form))
    for step in _STEP.finditer(path):
        if step[1]:
            fields = here.fields if isinstance(here, inspect.StructType) else ()
            here = next((field.type for field in fields if field.encode_name == step[1]), None)
        elif isinstance(here, inspect.DictType):
            here = here.value_type
        elif isinstance(here, inspect.VarTupleType):
            here = here.item_type
        else:
            here = None
        here = _bare(here)
    return here


def _bare(kind: inspect.Type | None) -> inspect.Type | None:
    """The type without its description; of ``X | None``, X."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return next((_bare(one) for one in kind.types if not isinstance(one, inspect.NoneType)), None)
    return kind


def _choices(kind: inspect.Type | None) -> list[str]:
    """The values of an enumeration, as they are written."""
    if isinstance(kind, inspect.LiteralType):
        return [repr(value) for value in kind.values]
    if isinstance(kind, inspect.EnumType):
        return [repr(member.value) for member in kind.cls]
    return []

"""Which regular expressions of a configuration may be run on text from outside: those that cannot stall.

Python's engine tries again with every shorter repetition, so that a repetition inside another takes
exponential time on text that a client can write, and several that can end in many places multiply. The rules:

- no repetition inside a repetition, except of a fixed number of characters;
- at most two repetitions that may end in more than one place (``.*`` before a character that it matches too);
- no back references, no look-around.

With these and ``MAX_TEXT`` characters of text a match takes some milliseconds at worst.
"""

from __future__ import annotations

import re
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

from mailrisk.model.errors import ConfigError

MAX_TEXT: Final = 1_500
"""Characters of a text that a configured expression is run on; longer ones are counted as bad."""

MAX_AMBIGUOUS: Final = 2
MAX_DEPTH: Final = 20

_REPEATS: Final = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)
_FORBIDDEN: Final = {
    kinds.GROUPREF: "a back reference",
    kinds.GROUPREF_EXISTS: "a back reference",
    kinds.ASSERT: "look-around",
    kinds.ASSERT_NOT: "look-around",
}


def linear_pattern(text: str, field: str) -> re.Pattern[str]:
    """The compiled expression. ConfigError says what is wrong with it; ``field`` is where it stands."""
    try:
        pattern = re.compile(text, re.DOTALL)
        tree = parser.parse(text, re.DOTALL)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(field, f"no regular expression: {error}") from None
    ambiguous = _check(tree, field, within=False, depth=0)
    if ambiguous > MAX_AMBIGUOUS:
        raise ConfigError(
            field,
            f"{ambiguous} repetitions may end in more than one place, at most {MAX_AMBIGUOUS} may: "
            "write [^ ]* or the like instead of .*",
        )
    return pattern


def _check(tree: Any, field: str, *, within: bool, depth: int) -> int:
    """Refuses what the module forbids; how many repetitions of the tree are ambiguous."""
    if depth > MAX_DEPTH:
        raise ConfigError(field, f"nested deeper than {MAX_DEPTH}")
    ambiguous = 0
    items = list(tree)
    for place, (kind, value) in enumerate(items):
        if kind in _FORBIDDEN:
            raise ConfigError(field, f"{_FORBIDDEN[kind]} is not allowed")
        if kind in _REPEATS:
            least, most, inner = value
            if within and least != most:
                raise ConfigError(field, "a repetition inside a repetition is not allowed")
            if most > 1:
                ambiguous += least != most and _may_go_on(inner, items[place + 1 :])
            ambiguous += _check(inner, field, within=within or most > 1, depth=depth + 1)
        elif kind is kinds.SUBPATTERN:
            ambiguous += _check(_tail(value[3], items[place + 1 :]), field, within=within, depth=depth + 1)
        elif kind is kinds.BRANCH:
            ambiguous += sum(_check(one, field, within=within, depth=depth + 1) for one in value[1])
        elif kind is kinds.ATOMIC_GROUP:
            ambiguous += _check(value, field, within=within, depth=depth + 1)
    return ambiguous


def _tail(inner: Any, after: list[Any]) -> list[Any]:
    """A group's items followed by the one literal behind it, which tells where its last repetition ends."""
    return [*inner, *(after[:1] if after and after[0][0] is kinds.LITERAL else ())]


def _may_go_on(inner: Any, after: list[Any]) -> bool:
    """Whether what follows a repetition may begin with a character that the repetition matches as well."""
    if len(inner) != 1:
        return True
    if not after:
        return False  # At the end of a full match there is one place to end.
    kind, value = after[0]
    if kind is not kinds.LITERAL:
        return not (kind is kinds.AT and len(after) == 1)
    return re.match(_source(inner[0]), chr(value), re.DOTALL) is not None


def _source(item: Any) -> str:
    """A one-character expression for an item; anything that is not simple counts as matching all."""
    kind, value = item
    if kind is kinds.LITERAL:
        return re.escape(chr(value))
    if kind is kinds.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    if kind is not kinds.IN:
        return "."
    parts = []
    for one, what in value:
        if one is kinds.NEGATE:
            parts.append("^")
        elif one is kinds.LITERAL:
            parts.append(re.escape(chr(what)))
        elif one is kinds.RANGE:
            parts.append(f"{re.escape(chr(what[0]))}-{re.escape(chr(what[1]))}")
        elif one is kinds.CATEGORY:
            parts.append(_CATEGORIES.get(str(what), r"\s\S"))
    return f"[{''.join(parts)}]"


_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip

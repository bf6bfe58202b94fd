"""Names of people in a form in which they can be compared."""

from __future__ import annotations

import re

from mailrisk.model.confusable import latin

_HAN = re.compile(r"[\u3400-\u9fff]{2,4}")
_TITLES = frozenset("dr prof mr mrs ms ceo cfo coo cto president director herr frau via".split())
_BRACKETS = re.compile(r"[(\[（【<].{0,60}[)\]）】>]")


def person(name: str) -> str:
    """A person's name without titles, brackets, marks and the order of its words; '' for what is no name.

    ``Wang, Xiaoming (CEO)`` and ``xiaoming WANG`` are one; a Chinese name of two to four characters stands for itself.
    """
    bare = latin(_BRACKETS.sub(" ", name[:300]))
    chinese = _HAN.findall(bare)
    if chinese:
        return str(chinese[0]) if len(chinese) == 1 else ""
    words = sorted(word for word in re.findall(r"[a-z]+", bare) if word not in _TITLES)
    return " ".join(words) if 2 <= len(words) <= 5 else ""

"""Addresses and names as people see them: nothing in them may turn the text around or be invisible.

Unicode UAX #9 and TR36 §2.7: U+202E shows ``gpj.exe`` as ``exe.jpg``, zero-width characters make two names look the same.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks that nobody sees (Default_Ignorable_Code_Point, and the empty Braille pattern)."""


def visible(text: str) -> str:
    """The text with every character that is not seen, or that moves others, written as ``[U+202E]``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    hidden = char in _BLANK or unicodedata.category(char) in _UNSEEN or _selects(char)
    return f"[U+{ord(char):04X}]" if hidden and char != " " else char


def _selects(char: str) -> bool:
    """Variation selectors are marks that change nothing that is seen here."""
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"

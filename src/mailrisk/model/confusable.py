"""Characters that look like others: a skeleton in the sense of Unicode Technical Standard 39.

UTS 39 §4 maps every character to a prototype; two texts with one skeleton look alike. The full
table has 6,000 rows, nearly all of scripts that brands are not written in. This one holds what
meets the eye as a Latin letter or digit: Cyrillic, Greek, Armenian, Cherokee and Latin look-alikes;
compatibility forms (full width, mathematical letters, circled) fall to NFKC beforehand.
"""

from __future__ import annotations

import re
import unicodedata

_ALIKE = {
    "a": "аαɑⲁа",
    "b": "ьƅЬ",
    "c": "сϲᴄⅽⲥ",
    "d": "ԁɗⅾ",
    "e": "еєҽℯẹėеҿ",
    "f": "ғϝẝ",
    "g": "ɡցġǥ",
    "h": "һհ",
    "i": "іıɩιίïìíîĩī¡ⅰꙇӏ",
    "j": "јϳɉ",
    "k": "кκķ",
    "l": "ⅼłļḷⳑ",
    "m": "мⅿṃ",
    "n": "пոռṇńñ",
    "o": "оοօσоөøօ",
    "p": "рρⲣр",
    "q": "ԛզ",
    "r": "гᴦⲅŕ",
    "s": "ѕꜱṣşѕ",
    "t": "тτţṭŧ",
    "u": "υսцᴜųü",
    "v": "ѵνⅴᴠ",
    "w": "ԝѡωшա",
    "x": "хχⅹ",
    "y": "уүγỿуʏ",
    "z": "ᴢżʐ",
}
_FOREIGN = frozenset(
    char
    for chars in _ALIKE.values()
    for char in chars
    if not char.isascii() and not "\u00a0" <= char <= "\u024f" and not "\u1e00" <= char <= "\u1eff"
)
_TABLE = {ord(char): plain for plain, chars in _ALIKE.items() for char in chars}

INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
"""Characters that take no room: soft hyphen, joiners, zero-width spaces, direction marks."""

_ACCENT = re.compile("[\u0300-\u036f]+")
_ANY_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_ANY_ALIKE = re.compile(f"[{''.join(re.escape(chr(code)) for code in _TABLE)}]")
_DIGITS = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s", "8": "b", "|": "l"})


def fold(text: str) -> str:
    """The text without invisible characters, compatibility forms undone, in lower case.

    Keeps every script; used to find names that a sender has salted. ASCII takes a short way.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _ANY_INVISIBLE.sub("", text)).lower()


def skeleton(text: str) -> str:
    """What the text looks like in plain Latin letters (UTS 39 §4, restricted to Latin prototypes).

    ``аррӏе`` in Cyrillic gives ``apple`` up to i and l, which are one here, as are o and 0.
    """
    plain = latin(text).translate(_DIGITS).replace("rn", "m").replace("vv", "w").replace("cl", "d")
    return plain.replace("i", "l")


def latin(text: str) -> str:
    """The text with look-alike letters put back into plain Latin without accents; digits left alone."""
    folded = fold(text)
    if folded.isascii():
        return folded
    # A pattern passes over what it does not look for ten times as fast as ``translate`` does.
    if _ANY_ALIKE.search(folded):
        folded = folded.translate(_TABLE)
    return _ACCENT.sub("", unicodedata.normalize("NFD", folded))


def disguised(text: str) -> bool:
    """Whether letters of another script, or Latin ones that no language writes so, look like plain Latin here.

    Letters with accents do not count: ``ä`` and ``ø`` are how people write.
    """
    return not text.isascii() and any(char in _FOREIGN for char in fold(text))

"""Bytes -> text under a label that may be missing, unknown or a lie.

Labels are read as the WHATWG Encoding Standard §4.2 reads them where mail agrees with it (``gb2312``
and ``gbk`` mean GB18030, ``iso-8859-1`` and ``us-ascii`` mean windows-1252), because that is what
mail programs show. A label that does not fit the bytes is replaced by what fits better, and the
caller gets told in words for ``Message.defects``.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_ALIASES = {
    "gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "ms936": "gb18030", "xgbk": "gb18030",
    "gb231280": "gb18030", "chinese": "gb18030", "gb18030": "gb18030", "hzgb2312": "hz",
    "big5": "big5hkscs", "xxbig5": "big5hkscs", "cnbig5": "big5hkscs", "cp950": "cp950",
    "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "windows31j": "cp932", "mskanji": "cp932",
    "iso2022jp": "iso2022_jp_ext", "euckr": "cp949", "ksc56011987": "cp949", "ksc5601": "cp949",
    "ascii": "cp1252", "usascii": "cp1252", "iso88591": "cp1252", "latin1": "cp1252", "7bit": "cp1252",
    "8bit": "", "binary": "", "default": "", "unknown": "", "unknown8bit": "", "xunknown": "", "defaultcharset": "",
    "utf8": "utf-8", "unicode11utf8": "utf-8", "utf8mb4": "utf-8", "utf16": "utf-16", "unicode": "utf-16",
    "iso88598i": "iso8859_8", "iso88599": "cp1254", "iso885911": "cp874", "tis620": "cp874",
}  # fmt: skip

# Codecs of the standard library that are no charsets, or whose decoders are slow on hostile input.
_REFUSED = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos"}
_SINGLE_BYTE = re.compile(r"(cp125\d|cp874|iso8859|koi8|latin|mac|cp437|cp85\d|cp86\d)")
_LATIN = {"cp1252", "iso8859-1", "iso8859-15"}
_UTF8_MULTI = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CHINESE_UTF8 = re.compile(
    rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){4}"
)  # no four characters of GB18030 look so by chance
_SAMPLE = 8192


@lru_cache(maxsize=512)
def codec_of(label: str) -> str:
    """The Python codec for a charset label; '' when there is none that is safe to use."""
    plain = re.sub(r"[^a-z0-9]", "", label.lower()[:60])
    if plain in _ALIASES:
        return _ALIASES[plain]
    try:
        info = codecs.lookup(re.sub(r"[^A-Za-z0-9_.:-]", "", label[:60]))
    except (LookupError, ValueError):
        return ""
    is_text: bool = getattr(info, "_is_text_encoding", False)
    return info.name if is_text and info.name.replace("-", "_") not in _REFUSED else ""


def decode(raw: bytes, label: str, hint: str = "") -> tuple[str, str, str]:
    """Text, the codec used, and what was wrong with the label ('' when nothing).

    ``hint`` is a charset to try first when there is no label (a header's body charset).
    """
    if raw.isascii():
        codec = codec_of(label)
        if not codec.startswith(("hz", "iso2022", "utf-7", "utf-16", "utf_7")):
            seven_bit = b"\x1b$" in raw
            return decode(raw, "iso-2022-jp") if seven_bit else (raw.decode("ascii"), "ascii", "")
        return _clean(raw.decode(codec, "replace")), codec, ""
    codec = codec_of(label)
    if codec and not codec.startswith("utf-16"):
        text, fits = _fits(raw, codec)
        if fits:
            return text, codec, ""
    # Mail programs obey the label: stray bytes before a Chinese text must not turn it into rubbish for us alone.
    surely = codec == "utf-8" and _CHINESE_UTF8.search(raw) is not None
    guess = codec if surely else detect(raw[:_SAMPLE], codec or codec_of(hint))
    problem = f"charset {label[:40]!r} is unknown" if label and not codec else ""
    if codec and guess != codec:
        problem = f"charset {label[:40]!r} is wrong, read as {guess}"
    elif codec:
        problem = f"bytes that are no {label[:40]}"
    elif not label:
        problem = f"no charset given, read as {guess}"
    return _clean(raw.decode(guess, "replace")), guess, problem


def _fits(raw: bytes, codec: str) -> tuple[str, bool]:
    """The text under this codec, and whether nothing fits better."""
    sample = raw[:_SAMPLE]
    if codec != "utf-8" and _looks_utf8(sample):
        return "", False
    try:
        text = raw.decode(codec)
    except (UnicodeDecodeError, UnicodeError):
        return "", False
    if codec in _LATIN and _rate(sample, "gb18030") > 0.9:
        return "", False
    return _clean(text), True


def _looks_utf8(sample: bytes) -> bool:
    """At least two multi-byte sequences and nothing else above 127: no other charset does that."""
    left, found = _UTF8_MULTI.subn(b"", sample[:-3] if len(sample) >= _SAMPLE else sample)
    high_left = sum(byte > 127 for byte in left[-3:]) if len(sample) >= _SAMPLE else 0
    return found >= 2 and (left.isascii() or (high_left > 0 and left[:-3].isascii()))


def detect(sample: bytes, preferred: str = "") -> str:
    """The codec that makes most of these bytes common characters; ``preferred`` wins ties."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if _looks_utf8(sample):
        return "utf-8"
    best, best_rate = "cp1252", 0.6
    for codec in dict.fromkeys((preferred, "utf-8", "gb18030", "big5hkscs", "cp932", "cp949")):
        if not codec or _SINGLE_BYTE.match(codec) or codec.startswith(("utf-16", "utf-32")):
            continue
        rate = _rate(sample, codec) + (0.03 if codec == preferred else 0.0)
        if rate > best_rate:
            best, best_rate = codec, rate
    if best == "cp1252" and preferred and not preferred.startswith("utf"):
        return preferred
    return best


def _rate(sample: bytes, codec: str) -> float:
    """Share of the non-ASCII characters that are common in the codec's language; 0..1.

    Common means GB2312 level 1 and full-width forms for GB18030, the 5,401 level-1 characters for Big5,
    kana and JIS level 1 for Shift-JIS, Hangul syllables for EUC-KR; anything printable for UTF-8.
    """
    text = sample.decode(codec, "replace")
    others = [char for char in text if char > "\x7f"]
    if not others:
        return 0.0
    if codec == "utf-8":
        return 1.0 - 1.5 * others.count("\ufffd") / len(others)
    rate = max(0.0, sum(_common(char, codec) for char in others) / len(others))
    # The common Hangul lie within the common ideographs of GB2312; only Korean text stays among them.
    return rate + 0.02 if codec == "cp949" and rate > 0.97 and len(others) >= 8 else rate


@lru_cache(maxsize=30_000)
def _common(char: str, codec: str) -> float:
    """1.0 for a common character, 0.0 for a rare one, below for one that tells against the codec."""
    if char == "\ufffd":
        return -1.0
    pair = char.encode(codec, "ignore")
    if len(pair) != 2:
        return -0.5
    lead, trail = pair
    if codec == "gb18030":
        common = (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3)) and trail >= 0xA1
    elif codec == "big5hkscs":
        common = 0xA1 <= lead <= 0xC6
    elif codec == "cp932":
        common = lead in (0x81, 0x82, 0x83) or 0x88 <= lead <= 0x97
        return 1.0 if common and not "\uff61" <= char <= "\uff9f" else 0.2
    else:
        common = 0xB0 <= lead <= 0xC8 and trail >= 0xA1
    return 1.0 if common else 0.0


def _clean(text: str) -> str:
    """The text without lone surrogates, which no other part of the program can store."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text

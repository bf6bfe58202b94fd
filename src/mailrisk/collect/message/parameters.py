"""Content-Type and Content-Disposition: value and parameters (RFC 2045 §5.1, RFC 2231)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from mailrisk.collect.message.charset import decode
from mailrisk.collect.message.words import decode_words, eight_bit, unfold

_PARAMETER = re.compile(
    r"""([^\s=;"]{1,80})\s{0,20}=\s{0,20}(?:"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|([^;]*))""", re.DOTALL
)
_NUMBERED = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?\Z")
_PARAMETERS = 200


def parse_parameters(value: bytes, defects: list[str]) -> tuple[str, dict[str, str]]:
    """The lower-case main value and the parameters, continuations joined and decoded.

    Read although broken: parameters without ``;`` between them, an unclosed quote, raw eight-bit text,
    RFC 2047 words in a quoted parameter (forbidden, and what most Chinese mail programs send). The
    first parameter of a name wins.
    """
    text = unfold(value).decode("ascii") if value.isascii() else eight_bit(value, defects)
    main, _, rest = text.partition(";")
    if "=" in main and "/" not in main.partition("=")[0]:
        main, rest = "", text
    main = main.strip().strip("\"'").lower()
    if not rest and " " in main:
        main, _, rest = main.partition(" ")
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(rest)):
        if count >= _PARAMETERS:
            break
        _collect(match, pieces)
    return main, {name: _join(found, defects) for name, found in pieces.items()}


def _collect(match: re.Match[str], pieces: dict[str, list[tuple[int, bool, str]]]) -> None:
    """Sorts one ``name*N*=value`` into the pieces of its name."""
    numbered = _NUMBERED.match(match[1].lower())
    if numbered is None:
        return
    quoted, bare = match[2], match[3]
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip().strip("'")
    index = int(numbered[2]) if numbered[2] else -1
    found = pieces.setdefault(numbered[1], [])
    piece = (index, bool(numbered[3]), value)
    if all(piece[:2] != known[:2] for known in found):
        found.append(piece)


def _join(found: list[tuple[int, bool, str]], defects: list[str]) -> str:
    """RFC 2231 §3 and §4: pieces in order, percent decoding where the piece is marked, one charset."""
    extended = [piece for piece in found if piece[0] >= 0] or [piece for piece in found if piece[1]]
    chosen = sorted(extended) if extended else found[:1]
    charset = ""
    octets: list[bytes] = []
    for position, (_, encoded, value) in enumerate(chosen):
        if encoded and position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        octets.append(unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace"))
    joined = b"".join(octets)
    if any(encoded for _, encoded, _ in chosen):
        text, _, problem = decode(joined, charset)
        if problem:
            defects.append(f"parameter: {problem}")
    else:
        text = joined.decode("utf-8", "replace")
    return decode_words(text, defects) if "=?" in text else text

"""Header text: RFC 2047 encoded words and raw eight-bit text, in all the ways they get broken."""

from __future__ import annotations

import binascii
import re

from mailrisk.collect.message.charset import decode

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/]", b"", bytes(range(256)))
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")


def unfold(value: bytes) -> bytes:
    """The value on one line (RFC 5322 §2.2.3): line ends go, the white space after them stays."""
    value = value.strip()
    if b"\r" in value:
        value = value.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return value.replace(b"\n", b"")


def eight_bit(value: bytes, defects: list[str], hint: str = "") -> str:
    """The unfolded value as text, encoded words left as they are; raw eight-bit text is decoded."""
    raw = unfold(value)
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    text, codec, problem = decode(raw, "", hint)
    if problem and codec != "utf-8":  # RFC 6532 allows UTF-8
        defects.append(f"header holds raw eight-bit text, read as {codec}")
    return text


def decode_value(value: bytes, defects: list[str], hint: str = "") -> str:
    """A header value as a reader sees it: unfolded, eight-bit text and encoded words decoded."""
    text = eight_bit(value, defects, hint)
    return decode_words(text, defects) if "=?" in text else printable(text)


def printable(text: str) -> str:
    """The text without control characters (a tab becomes a space)."""
    return text if text.isprintable() else _UNSAFE.sub("", text.replace("\t", " "))


def decode_words(text: str, defects: list[str]) -> str:
    """The text with its encoded words decoded; what is no encoded word stays as it is.

    Departures from RFC 2047 that are read nevertheless: words inside quoted strings or without space
    around them, spaces and folds inside a word, characters split between two words of one charset
    (§2 forbids it, many mail programs do it), missing padding, a missing end, a language suffix.
    """
    out: list[str] = []
    pending = b""
    pending_charset = ""
    at = 0

    def flush() -> None:
        nonlocal pending, pending_charset
        if pending_charset:
            decoded, _, problem = decode(pending, pending_charset)
            out.append(decoded)
            if problem:
                defects.append(f"encoded word: {problem}")
        pending, pending_charset = b"", ""

    while (start := text.find("=?", at)) >= 0:
        word = _word_at(text, start)
        if word is None:
            flush()
            out.append(text[at : start + 2])
            at = start + 2
            continue
        charset, octets, end = word
        between = text[at:start]
        if between.strip() or not pending_charset:  # §6.2: white space between two words is no text
            flush()
            out.append(between)
        elif charset != pending_charset:
            flush()
        pending += octets
        pending_charset = charset
        at = end
    flush()
    out.append(text[at:])
    return printable("".join(out))


def _word_at(text: str, start: int) -> tuple[str, bytes, int] | None:
    """Charset, decoded octets and end of the encoded word at this offset, or None."""
    mark = text.find("?", start + 2, start + 64)
    if mark < 0 or text[mark + 2 : mark + 3] != "?":
        return None
    kind = text[mark + 1].lower()
    end = text.find("?=", mark + 3)
    if kind not in "bq" or not kind:
        return None
    stop, after = (end, end + 2) if end >= 0 else (len(text), len(text))
    body = text[mark + 3 : stop]
    if end < 0 and ("?" in body or " " in body):
        return None
    charset = text[start + 2 : mark].partition("*")[0].strip()  # RFC 2231 §5: =?utf-8*en?Q?...?=
    if not charset:
        return None
    return charset, _octets(kind, body.encode("utf-8", "replace")), after


def _octets(kind: str, body: bytes) -> bytes:
    """B or Q encoding -> octets (RFC 2047 §4), never raising."""
    if kind == "q":
        if b"==" not in body and not body.endswith(b"="):
            # The same where no escape is broken off, and many times as fast.
            return binascii.a2b_qp(body, header=True)
        return _Q_BYTE.sub(lambda match: binascii.unhexlify(match[1]), body.replace(b"_", b" "))
    clean = body.translate(None, _NOT_BASE64)
    extra = len(clean) % 4
    clean = clean[:-1] if extra == 1 else clean + b"=" * (-extra % 4)
    return binascii.a2b_base64(clean)

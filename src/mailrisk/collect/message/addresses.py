"""Address headers -> mailboxes, as a mail program would show them (RFC 5322 §3.4, read leniently).

Tokens are taken apart before encoded words are decoded, so that a comma or an angle bracket that is
hidden in an encoded display name makes no second address.
"""

from __future__ import annotations

import re

from mailrisk.collect.message.words import decode_words
from mailrisk.model.message import Address

_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)|<([^<>]*)(?:>|\Z)|([,;])|([^",;<>()]+)|(\()|(.)', re.DOTALL
)
_ADDR = re.compile(r"[^\s@<>,;:\"()]{1,128}@[^\s@<>,;\"()]{1,255}")


def parse_addresses(value: str, limit: int, defects: list[str]) -> tuple[tuple[Address, ...], bool]:
    """The mailboxes of an unfolded, *undecoded* header value, and whether the limit cut some off.

    A group's name is dropped and its members stay. Text without any address is kept as a mailbox with
    an empty ``addr``: readers see it.
    """
    found: list[Address] = []
    words: list[str] = []
    comments: list[str] = []
    angles: list[str] = []
    at, end = 0, len(value)

    def flush() -> None:
        for mailbox in _mailboxes(" ".join(words), comments, angles, defects):
            if found and not found[-1].addr and mailbox.addr:
                # "Doe, John <j@example.org>": programs that forget the quotes mean one mailbox.
                name = ", ".join(filter(None, (found.pop().name, mailbox.name)))
                defects.append("display name with an unquoted comma")
                found.append(Address(name, mailbox.addr))
            else:
                found.append(mailbox)
        words.clear()
        comments.clear()
        angles.clear()

    while at < end:
        match = _TOKEN.match(value, at)
        if match is None:
            break
        at = match.end()
        if match[1] is not None:
            words.append(re.sub(r"\\(.)", r"\1", match[1]))
        elif match[2] is not None:
            angles.append(match[2])
        elif match[3]:
            flush()
            if len(found) >= limit:
                return tuple(found[:limit]), True
        elif match[4]:
            words.append(_ungroup(match[4]))
        elif match[5]:
            comment, at = _comment(value, at)
            comments.append(comment)
    flush()
    return tuple(found[:limit]), len(found) > limit


def _ungroup(text: str) -> str:
    """The text after a group's ``name:``; an address with a colon in it is left alone."""
    head, colon, tail = text.partition(":")
    return tail.strip() if colon and "@" not in head and not tail.startswith("//") else text.strip()


def _comment(value: str, at: int) -> tuple[str, int]:
    """The comment that was opened before this offset (they nest), and where it ends."""
    depth, start = 1, at
    while at < len(value) and depth:
        char = value[at]
        if char == "\\":
            at += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        at += 1
    return value[start : at - (depth == 0)].strip(), at


def _mailboxes(phrase: str, comments: list[str], angles: list[str], defects: list[str]) -> list[Address]:
    """One mailbox per angle address; several are malformed but some clients show any of them."""
    name = decode_words(phrase, defects).strip()
    if angles:
        if len(angles) > 1:
            defects.append("several angle addresses in one mailbox")
        label = name or decode_words(" ".join(comments), defects)
        return [Address(label, _lower_domain(angle)) for angle in angles]
    if not name and not comments:
        return []
    bare = _ADDR.findall(phrase)
    if not bare:
        return [Address(name or " ".join(comments), "")] if name else []
    label = decode_words(" ".join(comments), defects)
    if len(bare) > 1:
        defects.append("several addresses without a comma")
    return [Address(label, _lower_domain(addr)) for addr in bare]


def _lower_domain(addr: str) -> str:
    """``local@domain`` with the domain in lower case, source routes (RFC 5322 §4.4) removed."""
    addr = "".join(addr.split()).removeprefix("mailto:")
    if addr.startswith("@") and ":" in addr:
        addr = addr.partition(":")[2]
    local, at, domain = addr.rpartition("@")
    return f"{local}{at}{domain.lower().rstrip('.')}"

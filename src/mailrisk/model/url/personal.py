"""Finding people's addresses in URLs, in the disguises that mass mailers and phishing kits use.

Looked for are the given addresses and anything else that looks like an e-mail address: plain, percent-
encoded (a canonical key has lost that already), in base64 or base64url at any alignment, in hexadecimal;
the given ones also as MD5, SHA-1 or SHA-256 digest, and split into ``user=alice&domain=corp.example``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

MAX_ADDRESSES: Final = 100
"""Addresses looked for; more recipients than that are no personal link any more."""

MIN_LOCAL: Final = 5

_EMAIL = re.compile(r"[a-z0-9._+'-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![a-z0-9-])", re.IGNORECASE)
_BASE64_RUN = re.compile(r"[A-Za-z0-9_+-]{10,}")
_BASE64_RUN_WITH_SLASH = re.compile(r"[A-Za-z0-9_+/-]{10,}")
# What ``@`` becomes in base64, as the first, second or third of three bytes: text without it hides no address.
_BASE64_AT = re.compile(r"Q[A-P]|[EUk0][A-D]|[BFJNRVZdhlptx159]A")
# The same for ``@`` between two characters that an address can have beside it.
_BASE64_ADDRESS = re.compile(
    r"Q[C-H]|(?<=[J-OQ-e])[EUk0][AB]|(?<=[C-HS-Xi-nyz0-3])[BFJNRVZdhlptx159]A[L-OQ-WY-e]"
)
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{12,}")
_URLSAFE = str.maketrans("-_", "+/")
_USER_NAMES = frozenset({
    "user", "username", "u", "uid", "userid", "email", "mail", "e", "login", "loginid", "account", "acc", "name", "id", "usr", "m", "to",
})  # fmt: skip


class People(msgspec.Struct, frozen=True):
    """The addresses to look for, in every form that costs something to make."""

    addresses: tuple[str, ...]  # lower case
    digests: tuple[str, ...]

    @classmethod
    def of(cls, addresses: Iterable[str]) -> People:
        """From texts ``local@domain``; others are ignored, at most MAX_ADDRESSES are taken."""
        known = dict.fromkeys(
            text.strip().lower() for text in addresses if 3 <= len(text) <= 320 and "@" in text
        )
        taken = tuple(known)[:MAX_ADDRESSES]
        digests = [
            hashlib.new(name, address.encode(), usedforsecurity=False).hexdigest()
            for address in taken
            for name in ("md5", "sha1", "sha256")
        ]
        return cls(taken, tuple(digests))


def personal_at(text: str, people: People) -> int:
    """Where the first address begins in ``text`` (a key or part of one), -1 when there is none."""
    lowered = text.lower()
    places = [lowered.find(needle) for needle in (*people.addresses, *people.digests)]
    email = _EMAIL.search(text) if "@" in text else None
    if email:
        places.append(email.start())
    # Base64 of ``@`` has a capital in every alignment: most links have none at all.
    hidden = _BASE64_AT if people.addresses else _BASE64_ADDRESS
    may_hide = text != lowered and hidden.search(text.translate(_URLSAFE))
    if may_hide:
        places.extend(_encoded(text, _BASE64_RUN, people))
    places.extend(_hexadecimal(text, people))
    found = [place for place in places if place >= 0]
    if may_hide and not found:
        # Only now with the slash of plain base64, which in a path is nearly always a separator.
        found = list(_encoded(text, _BASE64_RUN_WITH_SLASH, people))
    return min(found, default=-1)


def _names_somebody(raw: bytes, people: People) -> bool:
    if b"@" not in raw:
        return False
    text = raw.decode("latin-1")
    lowered = text.lower()
    return any(address in lowered for address in people.addresses) or _EMAIL.search(text) is not None


def _encoded(text: str, runs: re.Pattern[str], people: People) -> Iterable[int]:
    for run in runs.finditer(text):
        standard = run[0].translate(_URLSAFE)
        if not _BASE64_AT.search(standard):
            continue
        for offset in range(4):
            part = standard[offset:]
            part = part[: len(part) - 1] if len(part) % 4 == 1 else part
            try:
                raw = base64.b64decode(part + "=" * (-len(part) % 4))
            except binascii.Error:
                continue
            if _names_somebody(raw, people):
                yield run.start()
                break


def _hexadecimal(text: str, people: People) -> Iterable[int]:
    for run in _HEX_RUN.finditer(text) if "40" in text else ():  # The code of ``@``.
        for digits in (run[0], run[0][1:]):
            if _names_somebody(bytes.fromhex(digits[: len(digits) // 2 * 2]), people):
                yield run.start()
                break


def split_in(query: str, people: People) -> bool:
    """Whether the parameters hold an address in two pieces, or a user's name where one belongs."""
    pairs = [pair.partition("=") for pair in query.lower().split("&")]
    values = {value for _, _, value in pairs}
    named = {value for name, _, value in pairs if name in _USER_NAMES}
    for address in people.addresses:
        local, _, domain = address.rpartition("@")
        if local in named or (local in values and domain in values):
            return True
    return False


def in_host(host: str, people: People) -> bool:
    """Whether a host name spells an address: ``alice-corp-example.evil.example``, in hexadecimal or hashed.

    The words of the address must stand there as words: ``u@niversity.example`` is not in ``some-university.example``.
    """
    words = re.split(r"[._-]+", host)
    for address in people.addresses:
        wanted = re.findall(r"[a-z0-9]+", address)
        if any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)):
            return True
    return personal_at(host, people) >= 0


def local_part_at(path: str, people: People) -> int:
    """Where a path segment begins that is the local part of a given address, -1 for none.

    Only local parts of MIN_LOCAL characters and more: shorter ones are ordinary words too often.
    """
    lowered = path.lower()
    for address in people.addresses:
        local = address.rpartition("@")[0]
        if len(local) >= MIN_LOCAL:
            at = f"{lowered}/".find(f"/{local}/")
            if at >= 0:
                return at + 1
    return -1

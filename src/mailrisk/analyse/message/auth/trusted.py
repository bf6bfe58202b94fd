"""What headers of our own hosts say: Authentication-Results (RFC 8601), Received-SPF (RFC 7208 §9.1), Received.

Anybody can write such headers. They count only when a host that the administrator named wrote them, and only
above the *border line*: the first ``Received`` line of ours that names a client from outside. Everything below
it came with the message (RFC 8601 §5), ``Received`` lines and results in our own name among it. A message
without a ``Received`` line of ours has not passed through our hosts, and nothing in it is believed. Of several
fields the topmost counts, and the authserv-id must be a configured name, letter by letter.

Milters under Postfix write their results *below* the border line, where a sender's forgery would stand as well.
Such results are believed only if the administrator says so (``below``), that is, if his hosts remove incoming
fields that carry their name, as RFC 8601 §5 demands of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailrisk.model.errors import BadAddress
from mailrisk.model.ip import parse_ip, reserved_range
from mailrisk.model.message import AuthResult, Envelope, Message

_WORDS = frozenset({"none", "neutral", "pass", "fail", "softfail", "policy", "temperror", "permerror"})
_OLD_WORDS = {
    "hardfail": "fail",
    "unknown": "permerror",
    "error": "temperror",
}  # RFC 8601 §2.7.2, older tools
_RESINFO = re.compile(r"\s*([A-Za-z][\w-]{0,30})(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]{1,20})(.{0,4000})", re.DOTALL)
_PROPERTY = re.compile(
    r"([a-z]{1,20}\.[a-z0-9-]{1,20})\s*=\s*(\"[^\"]{0,500}\"|[^\s;]{1,500})", re.IGNORECASE
)
_PAIR = re.compile(r"([a-z-]{1,30})\s*=\s*(\"[^\"]{0,500}\"|[^\s;]{1,500})", re.IGNORECASE)
_BY = re.compile(r"\bby\s+([A-Za-z0-9._\[\]:-]{1,255})", re.IGNORECASE)
_FROM = re.compile(r"\s*from\s+([^\s(;]{1,255})", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\s*([A-Za-z0-9._-]{1,255})\s+\[[^\]()]{1,60}\]\s*")
_CLIENT_WORD = re.compile(r"\s*(?:HELO|EHLO)\b", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"(?:[^\s@]{0,255}@)?([0-9A-Fa-f.:]{3,45})")
_ADDRESS = re.compile(r"(?<!helo=)(?<!ehlo=)\[(?:IPv6:)?([0-9A-Fa-f.:]{3,45})\]", re.IGNORECASE)
_HEADER = 20_000  # characters of a header that are read


class Told(NamedTuple):
    """What trusted headers say; None where they say nothing."""

    spf: AuthResult | None
    dkim: tuple[AuthResult, ...]
    dmarc: AuthResult | None
    arc: AuthResult | None
    client: Envelope | None  # the client as our host saw it, to check SPF ourselves


NOTHING = Told(None, (), None, None, None)


class _Reader:
    """The headers read from the top down, as long as they are ours."""

    def __init__(self, hosts: frozenset[str], below: bool) -> None:
        self.hosts = hosts
        self.below = below
        self.ours = False  # a Received line of ours was seen
        self.border = False  # and one that names a client from outside
        self.client: Envelope | None = None
        self.results: list[tuple[str, AuthResult]] | None = None
        self.spf: AuthResult | None = None
        self.return_path = ""

    def read(self, kind: str, value: str) -> bool:
        """Takes one header in; False when what follows is not ours."""
        if kind == "received":
            return self._received(value)
        if kind == "return-path" and not self.return_path and not self.border:
            self.return_path = value.strip().strip("<>")
        elif kind == "authentication-results" and self.results is None:
            self.results = _results(value, self.hosts)
        elif kind == "received-spf" and self.spf is None:
            self.spf = _received_spf(value, self.hosts)
        return True

    def _received(self, value: str) -> bool:
        host = _BY.search(strip_comments(value))
        if self.border or host is None or host[1].lower().rstrip(".") not in self.hosts:
            return False
        self.ours = True
        if not _is_internal(value, self.hosts):
            self.border = True
            self.client = _client(value, self.return_path)
        return self.below or not self.border


def read_trusted(message: Message, trusted_hosts: frozenset[str], below: bool = False) -> Told:
    """What the trusted part of the headers says; ``NOTHING`` when no host is trusted."""
    reader = _Reader(frozenset(host.lower().rstrip(".") for host in trusted_hosts), below)
    if not reader.hosts:
        return NOTHING
    for name, value in message.headers:
        if not reader.read(name.lower(), value[:_HEADER]):
            break
    if not reader.ours:
        return NOTHING
    results = reader.results or []

    def one(method: str) -> AuthResult | None:
        return next((result for known, result in results if known == method), None)

    dkim = tuple(result for method, result in results if method == "dkim")[:10]
    return Told(one("spf") or reader.spf, dkim, one("dmarc"), one("arc"), reader.client)


def _is_internal(value: str, hosts: frozenset[str]) -> bool:
    """Whether a Received line of ours tells of a hop within our own hosts.

    It names no client at all, or one at an address that is nobody's on the Internet, or one whose name our host
    itself looked up (``from helo (name [ip])``: what the client said in HELO proves nothing) and that is ours.
    """
    if not _FROM.match(value):
        return True
    client = _client_address(value)
    if client and reserved_range(client):
        return True
    comments = _about_client(value)[1]
    looked_up = _LOOKED_UP.fullmatch(comments[-1]) if comments else None
    return looked_up is not None and looked_up[1].lower().rstrip(".") in hosts


def strip_comments(value: str) -> str:
    """The value without (nested) comments; quoted strings stay (RFC 5322 §3.2.2)."""
    if "(" not in value:
        return value
    return "".join(" " if comment else text for comment, text in _pieces(value))


def _pieces(value: str) -> Iterator[tuple[bool, str]]:
    """(whether it is a comment, text): the value cut at its outermost comments, whose parentheses are left out."""
    depth, quoted, start, at = 0, False, 0, 0
    while at < len(value):
        char = value[at]
        if char == "\\":
            at += 1
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            if not depth:
                yield False, value[start:at]
                start = at + 1
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            if not depth:
                yield True, value[start:at]
                start = at + 1
        at += 1
    yield depth > 0, value[start:]


def _results(value: str, hosts: frozenset[str]) -> list[tuple[str, AuthResult]] | None:
    """(method, result) pairs of one Authentication-Results value of a trusted host, else None (§2.2)."""
    parts = strip_comments(value).split(";")
    words = parts[0].split()
    if not words or words[0].strip('"').lower().rstrip(".") not in hosts:
        return None
    results: list[tuple[str, AuthResult]] = []
    for part in parts[1:50]:
        match = _RESINFO.match(part)
        if match is None:
            continue
        word = _OLD_WORDS.get(match[2].lower(), match[2].lower())
        properties = {key.lower(): text.strip('"') for key, text in _PROPERTY.findall(match[3])}
        result = AuthResult(
            result=word if word in _WORDS else "permerror",
            reason=f"told by {words[0]}",
            domain=_domain(properties),
            selector=properties.get("header.s", ""),
        )
        results.append((match[1].lower(), result))
    return results


def _domain(properties: dict[str, str]) -> str:
    """The domain that a result speaks for."""
    for name in ("header.d", "smtp.mailfrom", "smtp.helo", "header.from", "header.i"):
        if name in properties:
            return properties[name].strip("<>").rpartition("@")[2].lower().rstrip(".")
    return ""


def _received_spf(value: str, hosts: frozenset[str]) -> AuthResult | None:
    """A Received-SPF value whose ``receiver`` (or the host that opens its comment) is trusted."""
    word = value.split(None, 1)[0].lower().rstrip(";") if value.split() else ""
    pairs = {key.lower(): text.strip('"') for key, text in _PAIR.findall(strip_comments(value))}
    comment = re.search(r"\(\s*([A-Za-z0-9.-]{1,255})\s*:", value)
    writer = (pairs.get("receiver") or (comment[1] if comment else "")).lower().rstrip(".")
    if writer not in hosts or word not in _WORDS:
        return None
    sender = pairs.get("envelope-from", pairs.get("helo", "")).strip("<>")
    domain = sender.rpartition("@")[2].lower()
    return AuthResult(result=word, reason=f"told by {writer} (Received-SPF)", domain=domain)


def _client(value: str, return_path: str) -> Envelope | None:
    """The client of a Received line of ours, if it came from outside (a global address)."""
    ip = _client_address(value)
    if not ip or reserved_range(ip):
        return None
    helo = _FROM.match(value)
    return Envelope(client_ip=ip, helo=helo[1] if helo else "", mail_from=return_path)


def _client_address(value: str) -> str:
    """The address that a Received line of ours gives its client; '' when it gives none.

    Postfix and Sendmail write ``from HELO (name [ip])``, Exim ``from name ([ip] helo=HELO)`` or, without a name,
    ``from [ip] (helo=HELO)``, qmail ``from name (HELO helo) (ident@ip)``. HELO is the client's own word and may be
    an address literal or hold one: a comment that starts with it says nothing.
    """
    words, said = _about_client(value)
    # What our own host knows stands behind what the client said.
    found = next(filter(None, map(_address, [words, *said][::-1])), "")
    try:
        return parse_ip(found) if found else ""
    except BadAddress:
        return ""


def _about_client(value: str) -> tuple[str, list[str]]:
    """(words, comments) of a Received line up to its ``by``, without the comments that repeat HELO."""
    comments: list[str] = []
    words: list[str] = []
    for comment, text in _pieces(value):
        if comment:
            comments.append(text[:1000])
        else:
            words.append(text)
            if _BY.search(text):
                break  # What follows is not about the client.
    return " ".join(words), [text for text in comments if not _CLIENT_WORD.match(text)]


def _address(text: str) -> str:
    """The address in brackets that is no HELO, or the one that is the whole text; '' when there is none."""
    bracketed = _ADDRESS.search(text)
    if bracketed is not None:
        return bracketed[1]
    whole = _BARE_ADDRESS.fullmatch(text.strip())
    return whole[1] if whole is not None and ("." in whole[1] or ":" in whole[1]) else ""

"""What headers of our own hosts say: Authentication-Results (RFC 8601), Received-SPF (RFC 7208 §9.1), Received.

Anybody can write such headers. They count only when a host that the administrator named wrote them, and only
above the first ``Received`` line of a host that is not ours: everything below that line came from outside
(RFC 8601 §5). A message without a ``Received`` line of ours has not passed through our hosts, and nothing in it
is believed. Of several fields the topmost counts. Our hosts must, as RFC 8601 §5 demands of them, remove
incoming fields that carry their name.
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


def read_trusted(message: Message, trusted_hosts: frozenset[str]) -> Told:
    """What the trusted part of the headers says; ``NOTHING`` when no host is trusted."""
    hosts = frozenset(host.lower().rstrip(".") for host in trusted_hosts)
    if not hosts:
        return NOTHING
    results: list[AuthResult] | None = None
    methods: list[str] = []
    spf: AuthResult | None = None
    client: Envelope | None = None
    ours = False  # a Received line of ours was seen
    return_path = ""
    for name, value in message.headers:
        kind, value = name.lower(), value[:_HEADER]
        if kind == "received":
            host = _BY.search(strip_comments(value))
            if host is None or host[1].lower().rstrip(".") not in hosts:
                break
            ours = True
            client = client or _client(value, return_path)
        elif kind == "return-path" and not return_path:
            return_path = value.strip().strip("<>")
        elif kind == "authentication-results" and results is None:
            results, methods = _results(value, hosts) or (None, [])
        elif kind == "received-spf" and spf is None:
            spf = _received_spf(value, hosts)
    if not ours:
        return NOTHING
    by_method = list(zip(methods, results or [], strict=True))

    def one(method: str) -> AuthResult | None:
        return next((result for known, result in by_method if known == method), None)

    dkim = tuple(result for method, result in by_method if method == "dkim")[:10]
    return Told(one("spf") or spf, dkim, one("dmarc"), one("arc"), client)


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


def _results(value: str, hosts: frozenset[str]) -> tuple[list[AuthResult], list[str]] | None:
    """Results and methods of one Authentication-Results value of a trusted host, else None (§2.2)."""
    parts = strip_comments(value).split(";")
    words = parts[0].split()
    if not words or words[0].strip('"').lower().rstrip(".") not in hosts:
        return None
    results: list[AuthResult] = []
    methods: list[str] = []
    for part in parts[1:50]:
        match = _RESINFO.match(part)
        if match is None:
            continue
        word = _OLD_WORDS.get(match[2].lower(), match[2].lower())
        properties = {key.lower(): text.strip('"') for key, text in _PROPERTY.findall(match[3])}
        results.append(
            AuthResult(
                result=word if word in _WORDS else "permerror",
                reason=f"told by {words[0]}",
                domain=_domain(properties),
                selector=properties.get("header.s", ""),
            )
        )
        methods.append(match[1].lower())
    return results, methods


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
    """The client of a Received line of ours, if it came from outside (a global address).

    Postfix and Sendmail write ``from HELO (name [ip])``, Exim ``from name ([ip] helo=HELO)`` or, without a name,
    ``from [ip] (helo=HELO)``, qmail ``from name (HELO helo) (ident@ip)``. HELO is the client's own word and may be
    an address literal or hold one: a comment that starts with it says nothing.
    """
    comments: list[str] = []
    words: list[str] = []
    for comment, text in _pieces(value):
        if comment:
            comments.append(text[:1000])
        else:
            words.append(text)
            if _BY.search(text):
                break  # What follows is not about the client.
    said = [text for text in comments if not _CLIENT_WORD.match(text)]
    # What our own host knows stands behind what the client said.
    found = next(filter(None, map(_address, [" ".join(words), *said][::-1])), "")
    try:
        ip = parse_ip(found) if found else ""
    except BadAddress:
        return None
    if not ip or reserved_range(ip):
        return None
    helo = _FROM.match(value)
    return Envelope(client_ip=ip, helo=helo[1] if helo else "", mail_from=return_path)


def _address(text: str) -> str:
    """The address in brackets that is no HELO, or the one that is the whole text; '' when there is none."""
    bracketed = _ADDRESS.search(text)
    if bracketed is not None:
        return bracketed[1]
    whole = _BARE_ADDRESS.fullmatch(text.strip())
    return whole[1] if whole is not None and ("." in whole[1] or ":" in whole[1]) else ""

"""From the text of one entry to its subject: URL, host, address, network or file hash.

Formats call these for their fields. All of them raise BadInput for what must never be listed however
often a feed says so: a private or reserved address, a network that holds one or is absurdly wide, a
name without a dot.
"""

from __future__ import annotations

import csv
import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_ip, parse_network, reserved_range, split_port
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url

MIN_PREFIX_V4 = 8
MIN_PREFIX_V6 = 19
"""The widest networks that a feed may list. Nobody but a registry holds more."""

MAX_TAGS = 20
MAX_WORD = 200  # characters of a tag, brand or reference that are kept

_PLAIN_HOST = re.compile(
    r"(?=.{4,253}\Z)(?!.*--)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\Z"
)
_NOT_IN_HOST = re.compile(r"[/?#@\\\s%]")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_EPOCH = re.compile(r"[0-9]{9,11}(?:\.[0-9]*)?\Z")


def url_of(text: str) -> tuple[Subject, str]:
    """Subject and scheme of a URL entry; one without a scheme is read as ``http``.

    A URL on a private or reserved address is refused: it names another machine for every reader.
    """
    url = parse_url(text)
    if url.is_ip and (reserved := reserved_range(url.ip)):
        raise BadInput("url", f"its host is no public address ({reserved})")
    if "." not in url.host and not url.is_ip:
        raise BadInput("url", "its host is a name without a dot")
    return url.subject, url.scheme


def host_of(text: str) -> Subject:
    """The host named by an entry, or the IP address if it is one."""
    name = text.strip().lower().removesuffix(".")
    if _PLAIN_HOST.match(name):
        return Subject(Kind.HOST, name)
    if _NOT_IN_HOST.search(name) or (":" in name and not name.startswith("[")):
        raise BadInput("host", "not a host name")
    host = parse_url(f"http://{name}/").subject.host
    if host.startswith("[") or host.replace(".", "").isdigit():
        return address_of(host)
    if "." not in host:
        raise BadInput("host", "a name without a dot")
    return Subject(Kind.HOST, host)


def address_of(text: str) -> Subject:
    """A single address (IPv6 also in brackets) that somebody on the Internet can own."""
    ip = parse_ip(text)
    reserved = reserved_range(ip)
    if reserved:
        raise BadInput("ip", f"no public address ({reserved})")
    return Subject(Kind.IP, ip)


def endpoint_of(text: str) -> Subject:
    """The address of ``1.2.3.4:443``; the port is no part of a subject."""
    return address_of(split_port(text)[0])


def network_of(text: str) -> Subject:
    """An address or CIDR block; a block of one is an address."""
    if "/" not in text:
        return address_of(text)
    block = parse_network(text)
    address, _, length = block.partition("/")
    v6 = ":" in address
    if int(length) == (128 if v6 else 32):
        return address_of(address)
    if int(length) < (MIN_PREFIX_V6 if v6 else MIN_PREFIX_V4):
        raise BadInput("network", f"a /{length} is wider than a feed may list")
    reserved = reserved_range(address) or _holds_reserved(block, v6)
    if reserved:
        raise BadInput("network", f"no public network ({reserved})")
    return Subject(Kind.NETWORK, block)


_PRIVATE_STARTS = (
    "10.0.0.0",
    "100.64.0.0",
    "127.0.0.0",
    "169.254.0.0",
    "172.16.0.0",
    "192.0.0.0",
    "192.168.0.0",
)


def _holds_reserved(block: str, v6: bool) -> str:
    """The kind of reserved block that begins inside this one ('' for none)."""
    if v6:
        return ""  # No block of /19 or longer holds a reserved one that begins inside it and matters.
    network = ipaddress.IPv4Network(block)
    for start in _PRIVATE_STARTS:
        if ipaddress.IPv4Address(start) in network:
            return reserved_range(start)
    return ""


def file_of(text: str) -> Subject:
    """A file by its SHA-256."""
    digest = text.strip().lower()
    if not _SHA256.match(digest):
        raise BadInput("file", "not a SHA-256")
    return Subject(Kind.FILE, digest)


def any_of(text: str) -> tuple[Subject, str]:
    """Subject and scheme of an entry whose kind shows in its form alone."""
    text = text.strip()
    if "://" in text:
        return url_of(text)
    if _SHA256.match(text.lower()):
        return file_of(text), "https"
    head = text.partition("/")[0]
    if head.replace(".", "").isdigit() or head.count(":") > 1:
        return network_of(text), "https"
    if "/" in text or "?" in text:
        return url_of(text)
    return host_of(text), "https"


@lru_cache(maxsize=4096)
def time_of(text: str) -> datetime | None:
    """A time as feeds write it (ISO 8601, with a blank, ``UTC``, or seconds since 1970), as UTC.

    None for an empty or unknown form: a feed's entry is not lost for its date. A date without a
    zone is UTC, as every feed known to us means it.
    """
    text = text.strip()
    if not text or text.lower() in ("none", "null"):
        return None
    try:
        if _EPOCH.match(text):
            return datetime.fromtimestamp(float(text), UTC)
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def fields_of(text: str, delimiter: str = ",") -> list[str]:
    """The fields of one line of CSV (RFC 4180 §2).

    Each line is read alone: an unclosed quote then costs one entry and not the rest of the feed.
    """
    try:
        rows = list(csv.reader((text,), delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise BadInput("line", f"not CSV: {error}") from None
    return rows[0] if rows else []


@lru_cache(maxsize=4096)
def tags_of(text: str, separator: str = ",") -> tuple[str, ...]:
    """The words of a tag field, lower case, without repetition, at most 20 of them."""
    return words_of(text.split(separator, 4 * MAX_TAGS))


def words_of(words: Iterable[str]) -> tuple[str, ...]:
    """Tags given one by one, in the same form as :func:`tags_of` makes. Control characters cost the tag."""
    short = (word.strip().lower()[:MAX_WORD] for word in words)
    kept = dict.fromkeys(w for w in short if w and w not in ("none", "null") and w.isprintable())
    return tuple(kept)[:MAX_TAGS]


def reference_of(text: str) -> str:
    """A source's own id or link, cut to 200 characters; '' if it could trick a terminal or a log."""
    return text[:MAX_WORD] if text.isprintable() else ""


@lru_cache(maxsize=4096)
def brand_of(text: str) -> str:
    """The impersonated brand as a source writes it; '' for the ways of saying "not known"."""
    name = " ".join(text.split())[:MAX_WORD]
    return (
        ""
        if not name.isprintable() or name.lower() in ("other", "unknown", "generic", "none", "null", "n/a")
        else name
    )

"""The URLs that the URL model is trained and judged on, read from the data folder, each cut up once.

A row's ``group`` is what must not stand on both sides of a split: the registrable domain, or below a service the
customer's own name. ``shippable`` says whether weights trained on the row may ship (its licence is MIT, CC-BY or CC0).
"""

from __future__ import annotations

import csv
import json
import lzma
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mailrisk.analyse.url.traits import Parts, parts
from mailrisk.analyse.url.view import chosen_name
from mailrisk.model.errors import BadInput
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.url.unwrap import unwrap

Array = np.ndarray[Any, Any]

SHIPPABLE = re.compile(r"MIT|CC0.*|CC-BY-4\.0")
POPULAR = frozenset({"cloudflare", "cisco", "majestic", "tranco"})
"""Sources that are lists of much-asked hosts, taken by traffic and not because anybody links there."""

_LISTS = {
    "cloudflare-top100k.json": "cloudflare",
    "cisco_top20k.json": "cisco",
    "majestic_million.json": "majestic",
    "university_domains.json": "universities",
    "bank-website.json": "banks",
}
_FEED_END = re.compile(r"(?:feed|rss|atom|index)[^/]*$|\.xml$|/feed/?$", re.IGNORECASE)
_NOT_TAKEN = frozenset({("ruanyf_weekly_zh", "cdn.beekka.com")})
"""One host's pictures are half of that source."""


class Row(NamedTuple):
    """One URL. ``day`` is '' where it is not known."""

    dangerous: bool
    source: str
    shippable: bool
    day: str
    url: Url
    cut: Parts
    classes: frozenset[HostClass]
    group: str
    tenant: str
    registrable: str
    reputable: bool  # a rank among the 50,000 most used domains, on a host that is nobody's to publish on

    @property
    def bare(self) -> bool:
        """Whether the URL is a host without path and query."""
        return not self.cut.tail


def read(data: Path, hosts: Hosts, *, ours_only: bool = False) -> list[Row]:
    """Every phishing URL and every benign one; ``ours_only`` leaves out what may not be trained on."""
    rows = []
    seen: set[tuple[bool, str]] = set()
    for dangerous, source, licence, day, text in _texts(data):
        shippable = SHIPPABLE.fullmatch(licence) is not None
        if ours_only and not shippable:
            continue
        row = row_of(text, hosts, dangerous=dangerous, source=source, shippable=shippable, day=day)
        if row is None or (source, row.url.host) in _NOT_TAKEN or (dangerous, row.url.key) in seen:
            continue
        seen.add((dangerous, row.url.key))
        rows.append(row)
    return rows


def row_of(
    text: str, hosts: Hosts, *, dangerous: bool, source: str, shippable: bool = False, day: str = ""
) -> Row | None:
    """One URL, unwrapped and cut up; None for what is no URL and for IP addresses, which a rule judges."""
    try:
        url = unwrap(parse_url(text), hosts, frozenset()).url
    except BadInput:
        return None
    registrable = hosts.registrable(url.host)
    if url.is_ip or not registrable:
        return None
    tenant = hosts.tenant_of(url.host)
    name = chosen_name(url.host, tenant, registrable)
    below = url.host.removesuffix("." + tenant).rpartition(".")[2]
    return Row(
        dangerous,
        source,
        shippable,
        day,
        url,
        parts(url, name, registrable, tenant),
        hosts.classes(url.host),
        f"{below}.{tenant}" if tenant else registrable,
        tenant,
        registrable,
        hosts.rank(url.host) > 0 and not hosts.is_shared(url.host),
    )


def _texts(data: Path) -> Iterator[tuple[bool, str, str, str, str]]:
    """(dangerous, source, licence, day, text) of everything there is, in a fixed order."""
    for name in ("malicious_tweetfeed.tsv.xz", "domains_tweetfeed.tsv.xz"):
        source = "tweetfeed" if name.startswith("mal") else "tweetfeed domains"
        for when, _, tags, text in _table(data / "urls" / name):
            if "#phishing" in tags.split():
                yield True, source, "CC0", when[:10], text
    for source, licence, text in _table(data / "urls" / "benign.tsv.xz"):
        yield False, source, licence, "", _cleaned(source, text)
    for text in debian_homepages():
        yield False, "debian", "CC0", "", text
    for source, licence, host in _listed_hosts(data / "urls" / "host_lists.tar.xz"):
        yield False, source, licence, "", host


def _table(path: Path) -> Iterator[list[str]]:
    with lzma.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        yield from rows


def _cleaned(source: str, text: str) -> str:
    """Without what gives a source away: feeds' paths, and the one word that every bang was asked for."""
    if source == "kagi_bangs":
        return text.replace("weather", "")
    if source == "kagi_smallweb_feeds" or (source == "zh_blogs" and _FEED_END.search(text)):
        return "/".join(text.split("/")[:3]) + "/"
    return text


def debian_homepages() -> list[str]:
    """``Homepage:`` of every package that apt knows on this machine, sorted; facts about packages, free to use."""
    try:
        done = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return []
    return sorted(set(re.findall(r"^Homepage: (\S+)", done.stdout, re.MULTILINE)))


def _listed_hosts(archive: Path) -> Iterator[tuple[str, str, str]]:
    """(source, licence, host) of the lists of hosts: MISP's warning lists are CC0, Sublime's ranking is MIT."""
    with tarfile.open(archive) as packed:
        for member in packed:
            name = member.name.rpartition("/")[2]
            raw = packed.extractfile(member)
            if raw is None:
                continue
            if name in _LISTS:
                listed: dict[str, Any] = json.load(raw)
                for host in listed["list"]:
                    yield _LISTS[name], "CC0", str(host).lstrip(".")
            elif name == "tranco_top_50k.csv":
                for host in _ranked(raw.read().decode().splitlines()):
                    yield "tranco", "MIT", host


def _ranked(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        host = line.strip().rpartition(",")[2]
        if "." in host:
            yield host

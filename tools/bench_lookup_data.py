"""The data of ``make bench-lookup``: a data directory with an index of many generated indicators.

Every indicator follows from its number, so that the benchmark can ask for listed ones without a list
of them. The index is made once, in ``build/``, and used again while its size and form are the same.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from mailrisk.model.change import KeyGrant, Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level, Reason, Target
from mailrisk.store.index import LookupIndex, Row
from mailrisk.store.index_form import FORMAT
from mailrisk.store.ledger import Ledger

T0 = datetime(2026, 1, 5, 8, tzinfo=UTC)
SUFFIXES = ("com", "net", "top", "xyz", "co.uk", "com.cn", "shop", "info")
WORDS = ("login", "account", "secure", "mail", "update", "verify", "portal", "invoice", "wallet", "office")
FEEDS = 60


def host_of(number: int) -> str:
    """The host of an indicator. Six of ten have one of their own, the rest share sixteen a host."""
    mixed = int.from_bytes(blake2b(number.to_bytes(8, "big"), digest_size=8).digest(), "big")
    if mixed % 10 >= 6:
        mixed = int.from_bytes(blake2b((number >> 4).to_bytes(9, "big"), digest_size=8).digest(), "big")
    word, suffix = WORDS[mixed >> 8 & 7], SUFFIXES[mixed >> 16 & 7]
    name = f"{word}-{mixed >> 20 & 0xFFFFFFFF:x}.{suffix}"
    return f"www.{name}" if mixed >> 60 & 1 else name


def subject_of(number: int) -> Subject:
    """The indicator of a number: 80 % URLs, 10 % path prefixes, 10 % hosts."""
    host = host_of(number)
    if number % 10 == 8:
        return Subject(Kind.PATH, f"{host}/wp-content/{number:x}/")
    if number % 10 == 9:
        return Subject(Kind.HOST, host)
    return Subject(Kind.URL, f"{host}/{WORDS[number % 7]}/{number:x}/index.php?id={number * 7919 % 99991}")


def listed_url(number: int) -> str:
    """A URL that the indicator of a number covers."""
    subject = subject_of(number)
    tail = {Kind.PATH: "login.html", Kind.HOST: "/start?q=1"}.get(subject.kind, "")
    return f"https://{subject.value}{tail}"


def unlisted_url(number: int) -> str:
    """A URL that nothing covers, mostly on a host that is not in the index."""
    return f"https://www.site{number * 48271 % 0x7FFFFFFF:x}.example{number % 977}.com/news/{number:x}/page.html?ref={number}"


def _shape(number: int) -> tuple[tuple[Reason, ...], Target | None]:
    feed = number % FEEDS
    reason = Reason(
        code="feed-listed",
        text=f"Listed as phishing by the feed bench-{feed}, which is checked by people",
        text_zh=f"情报源 bench-{feed} 将其列为钓鱼,该来源经人工核实",
        weight=5.0 + feed / 100,
        source=f"feed:bench-{feed}",
    )
    second = Reason(
        code="several-feeds", text="Several independent feeds agree", text_zh="多个独立情报源一致", weight=1.5
    )
    brand = f"Brand {feed}"
    return (reason, second), Target(
        brand=brand, official_domains=(f"brand{feed}.example",)
    ) if feed % 3 else None


def rows(count: int) -> Iterator[Row]:
    """The listings of the index."""
    shapes = [_shape(number) for number in range(FEEDS)]
    for number in range(count):
        subject = subject_of(number)
        reasons, target = shapes[number * 31 % FEEDS]
        seen = T0 + timedelta(seconds=number % 5_000_000)
        listing = Listing(
            kind=subject.kind, value=subject.value, level=Level.MALICIOUS, probability=0.9 + number % 100 / 1000,
            category=Category.CREDENTIAL_PHISHING, first_seen=seen, last_seen=seen + timedelta(days=1),
            valid_until=seen + timedelta(days=900), target=target, reasons=reasons,
        )  # fmt: skip
        yield SHARED, subject, listing, seen, ""


def prepare(folder: Path, count: int) -> dict[str, object]:
    """Makes the data directory unless it is there; returns what was noted when it was made."""
    note = folder / "made.json"
    wanted = {"indicators": count, "form": FORMAT}
    if note.exists():
        made: dict[str, object] = json.loads(note.read_text())
        if {key: made.get(key) for key in wanted} == wanted:
            return made
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.perf_counter()
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    index = LookupIndex(folder / "index")
    no_keys: list[KeyGrant] = []
    index.fill(rows(count), no_keys, ledger.epoch, ledger.last_seq())
    rules = index.count()
    index.close()
    ledger.close()
    size = sum(file.stat().st_blocks * 512 for file in (folder / "index").iterdir())
    made = {
        **wanted,
        "rules": rules,
        "build_s": round(time.perf_counter() - started, 1),
        "index_mb": round(size / 1e6),
    }
    note.write_text(json.dumps(made))
    return made

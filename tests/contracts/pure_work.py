"""Run by test_purity.py in a process of its own: exercises pure code under an audit hook.

Prints ``{"events": [...], "exercised": [...]}``. Data is read before the hook is set, as the edge does it in
the service. Importing may read code and nothing else. The work is done twice: the first time may still
import modules of the standard library lazily, the second time nothing at all may be opened.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
PURE = ("model", "collect", "analyse", "decide", "publish")
WATCHED = (
    "open",
    "socket.",
    "subprocess.",
    "os.",
    "ctypes.",
    "shutil.",
    "sqlite3.",
    "tempfile.",
    "urllib.",
    "time.",
)
CODE = (".py", ".pyc", ".so", ".zip", ".dist-info/METADATA")
"""What importing may read: code, the standard library's archive, and a library's own version number."""
AT = datetime(2026, 3, 10, 9, tzinfo=UTC)

events: list[str] = []
watching = ""  # "", "imports" (code may be read) or "work"


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes what leaves the process while watched."""
    if not watching or not event.startswith(WATCHED):
        return
    if watching == "imports":
        reads_code = event == "open" and str(arguments[0]).endswith(CODE)
        if reads_code or event in ("os.listdir", "os.scandir"):
            return
    events.append(f"{watching}: {event} {arguments[:1]!r}")


def import_everything() -> None:
    """Imports every pure module."""
    for name in PURE:
        package = importlib.import_module(f"mailrisk.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def prepare() -> dict[str, Callable[[], object]]:
    """The work by name, with all data read beforehand."""
    import segno

    from mailrisk.config import Config
    from mailrisk.edge.policy_files import load_policy
    from mailrisk.wiring import load_knowledge

    mail = (ROOT / "src" / "mailrisk" / "data" / "examples" / "mailbox-quota.eml").read_bytes()
    logs = [path.read_bytes().splitlines(keepends=True) for path in SAMPLES.glob("logs/*/*.log")]
    feeds = [
        (path.parent.name.partition("--")[0], path.read_bytes()) for path in SAMPLES.glob("feeds/*/input.*")
    ]
    knowledge, policy = load_knowledge(Config()), load_policy({})
    picture = BytesIO()
    segno.make("https://evil.example/").save(picture, kind="png", scale=4)
    return {
        "url": lambda: url_work(knowledge),
        "message": lambda: message_work(mail, knowledge),
        "feeds": lambda: feed_work(feeds),
        "logs": lambda: log_work(logs),
        "login": lambda: login_work(logs),
        "decide": lambda: decide_work(policy),
        "publish": publish_work,
        "files": partial(file_work, documents()),
        "pictures": partial(picture_work, picture.getvalue()),
    }


def documents() -> list[tuple[str, bytes]]:
    """One document of many kinds."""
    sys.path.insert(0, str(ROOT))
    from tests.collect.files.papers import cms, docx, letter_pdf, lnk, ole, project, tnef

    macros = ole({**project("Sub AutoOpen()\nShell 1\nEnd Sub", root="Macros/"), "WordDocument": b"x"})
    return [
        ("pdf", letter_pdf("Pay https://a.example/", "https://b.example/")),
        ("docx", docx("Pay", ("hyperlink", "https://b.example/"), parts={"word/vbaProject.bin": macros})),
        ("doc", macros),
        ("ooxml-encrypted", ole({"EncryptedPackage": b"x", "EncryptionInfo": b"x"})),
        ("rtf", b"{\\rtf1 text}"),
        ("lnk", lnk("-enc AAAA", target="powershell.exe")),
        ("html", b"<form action=https://a.example/><script>atob(1)</script>"),
        ("ics", b"BEGIN:VCALENDAR\nSUMMARY:a\nEND:VCALENDAR"),
        ("eml", b"From: a@b.example\n\nhttps://a.example/"),
        ("tnef", tnef((1, 0x00018004, b"S\0"))),
        ("p7m", cms(2, b"x")),
        ("appleplist", b"<plist><dict><key>URL</key><string>https://a.example/</string></dict></plist>"),
    ]


def file_work(files: list[tuple[str, bytes]]) -> None:
    """Every reader of documents that has a library of its own, and some others."""
    from mailrisk.collect.files.documents import READERS
    from mailrisk.collect.files.limits import FileBudget

    for kind, data in files:
        assert READERS[kind](data, FileBudget(passwords=("1",))).traits or kind in ("rtf", "appleplist")


def url_work(knowledge: Any) -> None:
    """Every rule about a URL's text."""
    from mailrisk.analyse.url.registry import analyse_url
    from mailrisk.model.url.canonical import parse_url
    from mailrisk.model.url.unwrap import unwrap

    evil = parse_url("https://login.paypal.example.top:8443/verify?user=a%40b.example#x")
    assert list(analyse_url(unwrap(evil, knowledge.hosts), knowledge, AT, evil.subject))


def feed_work(feeds: list[tuple[str, bytes]]) -> None:
    """Every feed format, on its samples."""
    from mailrisk.collect.feeds.registry import FORMATS, read_feed
    from mailrisk.model.errors import MailriskError
    from mailrisk.model.feed import CsvColumns, FeedOptions

    assert {name for name, _ in feeds} >= set(FORMATS)
    options = FeedOptions(csv=CsvColumns(value=0, header=False))
    for name, raw in feeds:
        # A sample that must be refused is refused without leaving the process, too.
        with suppress(MailriskError):
            list(read_feed(name, [raw], options))


def log_work(logs: list[list[bytes]]) -> None:
    """Every log format, on its samples."""
    from mailrisk.collect.logs.read import read_events

    for lines in logs:
        list(read_events(lines, timezone=UTC, now=AT))


def decide_work(policy: Any) -> None:
    """One listing."""
    from mailrisk.decide.verdict import decide
    from mailrisk.model.evidence import Evidence
    from mailrisk.model.subject import Kind, Subject

    subject, data = Subject(Kind.URL, "evil.example/a"), {"feed": "x", "since": "2026-03-01"}
    listed = Evidence(code="feed-listed", subject=subject, source="feed:x", seen_at=AT, data=data)
    assert decide(subject, [listed], AT, policy).level == "malicious"


def publish_work() -> None:
    """Every list, of one listing that belongs on it."""
    from mailrisk.model.change import Listing
    from mailrisk.model.subject import Kind, Subject
    from mailrisk.model.verdict import Level
    from mailrisk.publish.crowdsec import Position, Wanted, Writer, since
    from mailrisk.publish.firewall.registry import LISTS
    from mailrisk.publish.firewall.selection import TYPES, select
    from mailrisk.publish.listing_table import ListingTable
    from mailrisk.publish.misp import MispFeed
    from mailrisk.publish.stix import COLLECTIONS, StixObjects

    table, values = ListingTable(), {"ip": "192.0.2.1", "network": "192.0.2.0/24"}
    kinds = [
        (kind, values.get(kind, "evil.example"))
        for kind in {one for kinds in TYPES.values() for one in kinds}
    ]
    for kind, value in (*kinds, (Kind.IP, "2001:db8::1")):
        level = Level.HIGH if kind in values else Level.MALICIOUS
        listing = Listing(
            kind=kind, value=value, level=level, probability=0.95, first_seen=AT, last_seen=AT, valid_until=AT
        )
        table.put(Subject(kind, value), listing)
    for made in LISTS.values():
        assert made.write(select(table, made.selection, int(AT.timestamp()))).body
    assert MispFeed(table, "e").manifest() and list(MispFeed(table, "e").hashes())
    assert all(StixObjects(table, "e").page(one, 0, 10).objects for one in COLLECTIONS.values())
    assert not since(table, Position("", 0, 0), 0).new
    assert not list(Writer(table.part([]), Wanted(), 0).pieces())


def login_work(logs: Iterable[list[bytes]]) -> None:
    """Login analysis of every sample."""
    from mailrisk.analyse.login.analysis import LoginAnalysis
    from mailrisk.collect.logs.read import read_events
    from mailrisk.model.events import LoginEvent

    for lines in logs:
        analysis = LoginAnalysis()
        for event in read_events(lines, timezone=UTC, now=AT):
            if isinstance(event, LoginEvent):
                list(analysis.observe(event))
        list(analysis.finish())


def message_work(raw: bytes, knowledge: Any) -> None:
    """Parsing, authentication with every DNS question answered "absent", every message analyser."""
    from mailrisk.analyse.message.auth.authenticate import authenticate
    from mailrisk.analyse.message.registry import ANALYSERS
    from mailrisk.analyse.message.view import MessageView
    from mailrisk.collect.message.parse import parse_message
    from mailrisk.collect.rewriting.message import rewrite
    from mailrisk.model.facts import Fact, Facts, NeedFact
    from mailrisk.model.message import Envelope
    from mailrisk.model.subject import Kind, Subject

    message = parse_message(raw)
    facts, envelope = Facts(), Envelope(client_ip="198.51.100.7", helo="mx.example", mail_from="a@b.example")
    while True:
        try:
            authentication = authenticate(raw, message, envelope, facts, frozenset(), True)
            break
        except NeedFact as need:
            for key in need.keys:
                facts.put(key, Fact("absent"))
    assert rewrite(raw, lambda url: url + "#rewritten").links
    view = MessageView(
        subject=Subject(Kind.SAMPLE, "0" * 64), message=message, envelope=envelope, authentication=authentication,
        urls=(), knowledge=knowledge, at=AT,
    )  # fmt: skip
    for analyser in ANALYSERS:
        list(analyser(view))


def picture_work(picture: bytes) -> None:
    """The codes of a picture, and those that a body draws."""
    from mailrisk.collect.message.parse import parse_message
    from mailrisk.collect.pictures.codes import codes_in
    from mailrisk.collect.pictures.drawn import drawn_codes

    assert codes_in(picture, "part 1").codes
    drawn_codes(parse_message(b"From: a@b.example\n\n" + ("\u2580\u2584" * 20 + "\n").encode() * 20))


def main() -> None:
    """Imports, works twice, reports."""
    global watching
    importlib.import_module("numpy")  # It sets and clears a variable of its algebra library.
    sys.addaudithook(watch)
    watching = "imports"
    import_everything()
    watching = ""
    work = prepare()
    for stage in ("imports", "work"):
        watching = stage
        for run in work.values():
            run()
        watching = ""
    print(json.dumps({"events": events, "exercised": sorted(work)}))


if __name__ == "__main__":
    main()

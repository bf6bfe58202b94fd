"""Which mails are rewritten, what the gate does when it fails, and what the settings change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.worlds import world

from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.url.go_links import GoLink, open_link
from mailrisk.model.verdict import Level
from mailrisk.service.context import Context
from mailrisk.service.mail_gate import GateSettings, Handled, Letter, MailGate
from mailrisk.service.rewrite import Rewriter, RewriteSettings, recipient_digest
from mailrisk.service.watch import Watch

BASE = "https://gate.example"
HEAD = b"From: a@sender.example\r\nX-Odd\x80: 1\r\n\r\n"
RAW = (
    HEAD + b"See http://evil.example/a and http://docs.partner.example/b and https://www.house.example/c\r\n"
)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with world(tmp_path) as one:
        yield one


def rewriter(context: Context, folder: Path, own: str = "house.example", **settings: Any) -> Rewriter:
    known = msgspec.structs.replace(context.knowledge, own_domains=frozenset(own.split()))
    return Rewriter(RewriteSettings(base=BASE, **settings), LinkKeys(folder), known, context.clock)


def link_in(folder: Path, raw: bytes) -> GoLink:
    text = raw.decode("latin-1").partition(BASE + "/go/")[2].partition("?")[0]
    return open_link(LinkKeys(folder).read(), text)


def test_links_to_the_house_and_to_exempt_domains_stay(context: Context, tmp_path: Path) -> None:
    done = rewriter(context, tmp_path, exempt=("Partner.example",)).rewrite(RAW)
    assert done.links == 1 and done.raw.endswith(
        b" http://docs.partner.example/b and https://www.house.example/c\r\n"
    )
    assert b"?to=evil.example and" in done.raw
    assert rewriter(context, tmp_path, plain=False).rewrite(RAW).raw == RAW


def test_a_link_says_which_mail_and_if_wanted_to_whom_and_until_when(
    context: Context, tmp_path: Path
) -> None:
    plain = link_in(tmp_path, rewriter(context, tmp_path).rewrite(RAW, recipients=["anna@house.example"]).raw)
    assert plain.recipient == b"" and plain.until == 0 and len(plain.message) == 8
    told = rewriter(context, tmp_path, recipient=True, lasts=timedelta(days=2))
    link = link_in(tmp_path, told.rewrite(RAW, recipients=["<Anna@House.example>"], tenant=3).raw)
    assert link.recipient == recipient_digest(LinkKeys(tmp_path).read(), 3, "anna@house.example")
    assert (link.tenant, link.until) == (3, int(context.clock().timestamp()) + 2 * 86_400)
    assert (
        link_in(tmp_path, told.rewrite(RAW, recipients=["a@house.example", "b@house.example"]).raw).recipient
        == b""
    )
    LinkKeys(tmp_path).rotate()
    assert recipient_digest(LinkKeys(tmp_path).read(), 3, "anna@house.example") == link.recipient


@pytest.mark.parametrize(
    ("mails", "level", "ip", "account", "to", "wanted"),
    [
        ("off", "malicious", "198.51.100.7", "", "anna@house.example", False),
        ("all", "clean", "198.51.100.7", "", "anna@house.example", True),
        ("all", "clean", "10.0.0.1", "bert@house.example", "anna@mail.house.example", True),
        ("all", "clean", "10.0.0.1", "bert@house.example", "x@else.example", False),
        ("all", "unknown", "198.51.100.7", "", "anna@house.example,x@else.example", False),
        ("not-clean", "clean", "198.51.100.7", "", "anna@house.example", False),
        ("not-clean", "unknown", "198.51.100.7", "", "anna@house.example", True),
        ("outside", "clean", "198.51.100.7", "", "<anna@house.example>", True),
        ("outside", "clean", "10.0.0.1", "", "anna@house.example", False),
        ("outside", "clean", "198.51.100.7", "bert@house.example", "anna@house.example", False),
    ],
)
def test_which_mails_are_rewritten(
    context: Context, tmp_path: Path, mails: str, level: str, ip: str, account: str, to: str, wanted: bool
) -> None:
    one = rewriter(context, tmp_path, mails=mails)
    assert one.wants(Level(level), ip=ip, account=account, recipients=to.split(",")) == wanted


def test_without_domains_of_the_house_what_its_accounts_send_is_left_alone(
    context: Context, tmp_path: Path
) -> None:
    one = rewriter(context, tmp_path, own="", mails="all")
    assert one.wants(Level.CLEAN, ip="198.51.100.7", account="", recipients=["x@any.example"])
    assert not one.wants(Level.CLEAN, ip="198.51.100.7", account="a", recipients=["x@any.example"])


def judged(
    context: Context, folder: Path, made: Rewriter, *, too_large: bool = False, **settings: Any
) -> Handled:
    watch = Watch(context, folder / "events")
    gate = MailGate(context, watch, GateSettings(rows=(), **settings), made)
    letter = Letter(
        raw=RAW, size=len(RAW), body_at=len(HEAD), client_ip="198.51.100.7", mail_from="<a@sender.example>",
        rcpt_to=["<anna@house.example>"], too_large=too_large,
    )  # fmt: skip
    try:
        return asyncio.run(gate.judge(letter))
    finally:
        watch.close()


def test_the_gate_hands_over_a_new_body_and_says_how_many(context: Context, tmp_path: Path) -> None:
    handled = judged(context, tmp_path, rewriter(context, tmp_path, mails="outside"))
    assert handled.rewritten == "2" and handled.body.startswith(b"See " + BASE.encode())
    assert judged(context, tmp_path, rewriter(context, tmp_path, mails="off")).rewritten == ""


def test_what_could_not_be_checked_is_rewritten_all_the_same(context: Context, tmp_path: Path) -> None:
    handled = judged(context, tmp_path, rewriter(context, tmp_path, mails="not-clean"), timeout_s=0.0)
    assert "error=time-out" in handled.header and handled.rewritten == "2"


@pytest.mark.parametrize(("on_failure", "action"), [("accept", "accept"), ("tempfail", "tempfail")])
def test_a_failure_is_said_and_handled_as_configured(
    context: Context, tmp_path: Path, on_failure: str, action: str
) -> None:
    (tmp_path / "links.key").write_text("no key")
    handled = judged(context, tmp_path, rewriter(context, tmp_path, mails="all"), on_failure=on_failure)
    assert handled.action == action and handled.body == b""
    assert action == "tempfail" or handled.rewritten == "0; error=failed"


def test_a_message_too_large_to_be_kept_passes_and_says_so(context: Context, tmp_path: Path) -> None:
    handled = judged(context, tmp_path, rewriter(context, tmp_path, mails="all"), too_large=True)
    assert (handled.action, handled.rewritten) == ("accept", "0; error=too-large")


def test_a_link_made_for_another_tenant_becomes_one_of_this_tenant(context: Context, tmp_path: Path) -> None:
    ours = rewriter(context, tmp_path)
    theirs = ours.rewrite(b"From: a@b.example\n\nhttp://evil.example/a\n", tenant=2).raw
    assert link_in(tmp_path, theirs).tenant == 2
    assert ours.rewrite(theirs, tenant=2).raw == theirs
    mine = ours.rewrite(theirs, tenant=1)
    assert mine.links == 1 and mine.raw.count(b"/go/") == 1
    found = link_in(tmp_path, mine.raw)
    assert (found.tenant, found.url) == (1, "http://evil.example/a")
    forged = theirs.replace(b"/go/1.", b"/go/1.A")
    assert ours.rewrite(forged, tenant=1).raw == forged

"""Facts about domains in the checks of messages and URLs: which are asked for, what they change, what a silence costs."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import timedelta
from pathlib import Path

from tests.edge.loopback import PRIVATE, answer, replying, serving
from tests.worlds import NOW

from mailrisk.edge.rdap import Rdap
from mailrisk.edge.resolver import RecordedResolver
from mailrisk.edge.sources import Sources
from mailrisk.model.domain import Certificate, Registration
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact, FactKey
from mailrisk.model.message import Envelope
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.answers import MessageAnswer, UrlAnswer
from mailrisk.service.check_message import check_message, report_message
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.record import record
from mailrisk.service.scan_url import MAX_DOMAINS, scan_urls

LURE = Path("src/mailrisk/data/examples/mailbox-quota.eml")


def mail(*links: str, author: str = "news@sender.example") -> bytes:
    anchors = "".join(f'<a href="{link}">open</a>' for link in links)
    return (
        f"From: Sender <{author}>\r\nTo: reader@example.org\r\nSubject: hello\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f"<html><body><p>Hello there.</p>{anchors}</body></html>\r\n"
    ).encode()


def registered(days: int) -> Fact:
    return Fact("found", Registration(registered_at=NOW - timedelta(days=days)))


def online(context: Context, facts: dict[FactKey, Fact]) -> tuple[Context, RecordedResolver]:
    """The context with a source that knows these facts; what it does not know is absent."""
    source = RecordedResolver(facts)
    return dataclasses.replace(context, resolver=source, network=True), source


def check(context: Context, raw: bytes, *, network: bool = True) -> MessageAnswer:
    return asyncio.run(check_message(context, raw, Envelope(), network=network))


def scan(context: Context, *urls: str, network: bool = True) -> list[UrlAnswer]:
    return [
        found
        for found in asyncio.run(scan_urls(context, urls, network=network))
        if isinstance(found, UrlAnswer)
    ]


def test_a_link_to_a_young_domain_is_a_reason_and_its_fresh_certificate_another(context: Context) -> None:
    began = NOW - timedelta(days=1)
    shown = Certificate(issuer="Let's Test", not_before=began, not_after=NOW + timedelta(days=89))
    context, source = online(
        context,
        {
            FactKey("rdap", "evil.example"): registered(3),
            FactKey("certificate", "evil.example"): Fact("found", shown),
            FactKey("rdap", "sender.example"): registered(900),
        },
    )
    found = check(context, mail("https://pay.evil.example/a"))
    reasons = {reason.code: reason for reason in found.reasons}
    assert reasons["young-domain"].weight > reasons["fresh-certificate"].weight > 0
    assert "link" in reasons["young-domain"].artefact
    assert "domain" in found.stages and "domain" not in found.missing_stages
    asked = {key for key in source.asked if key.topic != "dns"}
    assert (
        FactKey("certificate", "sender.example") not in asked and FactKey("rdap", "sender.example") in asked
    )


def test_ranked_shared_own_and_personal_names_are_asked_of_nobody(context: Context) -> None:
    context, source = online(context, {})
    check(
        context,
        mail(
            "https://www.google.com/x",
            "https://docs.google.com/forms/x",
            "https://a.github.io/",
            "https://jane-doe.evil.example/",
            author="someone@gmail.com",
        ),
    )
    assert {key.name for key in source.asked if key.topic == "rdap"} == {"evil.example"}
    assert not any("jane" in key.name for key in source.asked)


def test_of_many_links_five_domains_are_asked_about_the_most_suspicious_first(context: Context) -> None:
    context, source = online(context, {})
    harmless = [f"https://shop{number}.example/" for number in range(20)]
    check(context, mail(*harmless, "http://login-verify-paypal.account.secure.update.evil.example/signin"))
    asked = {key.name for key in source.asked if key.topic == "rdap"}
    assert "evil.example" in asked and len(asked - {"sender.example"}) == 5


def test_without_network_nobody_is_asked_and_the_stage_is_missing(context: Context) -> None:
    context, source = online(context, {FactKey("rdap", "evil.example"): registered(3)})
    found = check(context, mail("https://evil.example/a"), network=False)
    assert source.asked == [] and found.missing_stages == ("auth", "domain")
    assert "young-domain" not in {reason.code for reason in found.reasons}


def test_an_old_sender_counts_for_it_only_when_authenticated(context: Context) -> None:
    context, _ = online(context, {FactKey("rdap", "sender.example"): registered(4_000)})
    assert "long-registered-domain" not in {reason.code for reason in check(context, mail()).reasons}


class Silent:
    """A source that never answers."""

    async def lookup(self, key: FactKey) -> Fact:
        """Waits until it is cancelled."""
        await asyncio.Event().wait()
        raise AssertionError


def test_silent_registries_leave_the_stage_missing_and_a_verdict_all_the_same(context: Context) -> None:
    silent = dataclasses.replace(
        context, resolver=Silent(), network=True, message_budget=timedelta(seconds=0.2)
    )
    found = check(silent, mail("https://evil.example/a"))
    assert "domain" in found.missing_stages and found.level == "unknown"
    assert scan(silent, "https://evil.example/a")[0].missing_stages == ("domain",)


def test_a_source_that_breaks_is_a_temporary_error(context: Context) -> None:
    class Broken:
        async def lookup(self, key: FactKey) -> Fact:
            raise OSError("a bug")

    broken = dataclasses.replace(context, resolver=Broken(), network=True)
    assert "domain" in check(broken, mail("https://evil.example/a")).missing_stages


def test_the_whole_way_from_a_registry_on_loopback(context: Context) -> None:
    began = (NOW - timedelta(days=2)).isoformat()
    events = [{"eventAction": "registration", "eventDate": began}]
    body = json.dumps({"objectClassName": "domain", "events": events}).encode()

    async def run() -> MessageAnswer:
        async with serving(replying(answer(body))) as base:
            rdap = Rdap({"example": base + "/"}, egress=PRIVATE)
            asking = dataclasses.replace(context, resolver=Sources({"rdap": lambda: rdap}), network=True)
            return await check_message(asking, mail("https://evil.example/a"), Envelope())

    found = asyncio.run(run())
    [young] = [reason for reason in found.reasons if reason.code == "young-domain"]
    assert "registered 2 days ago" in young.text and "注册仅 2 天" in young.text_zh


def test_a_reported_lure_stores_what_was_known_about_its_domain(context: Context) -> None:
    lure = LURE.read_bytes()
    seen = check(context, lure, network=False)
    [host] = {url.indicator.split("/")[2] for url in seen.urls if url.level != "clean" and url.how == "a"}
    domain = context.knowledge.hosts.registrable(host)
    context, _ = online(context, {FactKey("rdap", domain): registered(3)})
    stored = asyncio.run(report_message(context, lure, Envelope(), reporter="test"))
    [listed] = [item for item in stored.indicators if item.state == "listed"]
    codes = {line.code: line for line in explain(context, listed.indicator).evidence}
    assert codes["young-domain"].data["registered"].startswith("2026-03-07")


def test_a_scan_says_what_registries_say_and_static_asks_nobody(context: Context) -> None:
    context, source = online(
        context,
        {FactKey("rdap", "evil.example"): registered(3), FactKey("rdap", "old.example"): registered(4_000)},
    )
    urls = ("http://evil.example/a", "http://evil.example/b", "http://old.example/", "https://github.com/x")
    check_urls(context, urls)
    assert source.asked == []
    young, again, old, known = scan(context, *urls)
    assert [key.name for key in source.asked if key.topic == "rdap"] == ["evil.example", "old.example"]
    assert "young-domain" in {reason.code for reason in young.reasons} & {r.code for r in again.reasons}
    assert "long-registered-domain" in {reason.code for reason in old.reasons}
    assert all(found.stages == ("intelligence", "url", "domain") for found in (young, again, old, known))
    assert young.level in ("unknown", "suspicious") and not young.missing_stages


def test_a_scan_without_network_and_one_of_too_many_domains_say_what_is_missing(context: Context) -> None:
    context, source = online(context, {})
    [found] = scan(context, "http://evil.example/", network=False)
    assert found.missing_stages == ("domain",) and source.asked == []
    many = scan(context, *(f"http://d{number}.example/" for number in range(MAX_DOMAINS + 1)))
    assert [found.missing_stages for found in many].count(("domain",)) == 1


def test_a_scan_answers_bad_input_in_its_place(context: Context) -> None:
    context, _ = online(context, {})
    answers = asyncio.run(scan_urls(context, ["http://a.example/", "http://", "http://b.example/"]))
    assert [hasattr(found, "error") for found in answers] == [False, True, False]


def test_a_listed_url_is_answered_from_the_index(context: Context) -> None:
    subject = Subject(Kind.URL, "evil.example/a")
    said = Evidence(
        code="analyst-malicious", subject=subject, source="analyst:test", seen_at=NOW, data={"comment": "x"}
    )
    record(context, [said])
    context, source = online(context, {})
    [found] = scan(context, "https://evil.example/a")
    assert found.level == "malicious" and found.stages == ("intelligence",) and source.asked == []

"""Feeds coming in: idempotent, with provenance, all or nothing, and ageing out."""

from __future__ import annotations

import pytest
from tests.worlds import TestClock

from mailrisk.edge.shipped import load_feeds
from mailrisk.model.errors import BadInput
from mailrisk.service.answers import UrlAnswer
from mailrisk.service.changes import changes
from mailrisk.service.check_url import check_urls
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.import_feed import import_feed
from mailrisk.service.record import sweep
from mailrisk.service.status import status
from mailrisk.service.withdraw import withdraw

OPENPHISH = load_feeds()["openphish"]
URLHAUS = load_feeds()["urlhaus"]
PHISH = [f"https://phish{number}.example/login/{number}" for number in range(30)]
HAUS = b"""\
################################################################
# abuse.ch URLhaus Database Dump (CSV - recent URLs only)      #
################################################################
#
# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter
"3","2026-03-09 10:00:03","http://203.0.113.77:8080/bins/arm7","online","2026-03-09 10:00:03","malware_download","elf,mirai","https://urlhaus.abuse.ch/url/3/","a"
"2","2026-03-09 09:00:03","http://drop.example/invoice.exe","offline","","malware_download","exe","https://urlhaus.abuse.ch/url/2/","b, c"
"""


def openphish(urls: list[str]) -> list[bytes]:
    return ["".join(f"{url}\n" for url in urls).encode()]


def level(context: Context, url: str) -> str:
    [answer] = check_urls(context, [url])
    assert isinstance(answer, UrlAnswer)
    return str(answer.level)


def test_entries_are_listed_with_category_and_provenance(context: Context) -> None:
    report = import_feed(context, URLHAUS, [HAUS])
    assert (report.entries, report.new, report.bad) == (2, 2, 0)
    [answer] = check_urls(context, ["http://203.0.113.77/bins/arm7"])
    assert isinstance(answer, UrlAnswer)
    assert (answer.level, answer.category) == ("malicious", "malware-file")
    assert answer.first_seen is not None and answer.first_seen.isoformat() == "2026-03-09T10:00:03+00:00"
    [line] = explain(context, "http://203.0.113.77/bins/arm7").evidence
    assert line.source == "feed:urlhaus" and line.data["reference"]


def test_importing_the_same_delivery_again_changes_nothing(context: Context) -> None:
    import_feed(context, OPENPHISH, openphish(PHISH))
    before = context.ledger.last_seq()
    again = import_feed(context, OPENPHISH, openphish(PHISH))
    shuffled = import_feed(context, OPENPHISH, openphish(PHISH[::-1] + PHISH[:3]))
    assert again.unchanged and not shuffled.unchanged
    assert (shuffled.new, shuffled.left, shuffled.entries) == (0, 0, 30)
    assert context.ledger.last_seq() == before


def test_an_entry_that_left_ages_out_and_one_that_came_back_is_listed_again(
    context: Context, clock: TestClock
) -> None:
    import_feed(context, OPENPHISH, openphish(PHISH))
    clock.forward(days=1)
    report = import_feed(context, OPENPHISH, openphish(PHISH[1:]))
    assert (report.left, report.new) == (1, 0)
    assert level(context, PHISH[0]) == "malicious"
    for _ in range(30):
        clock.forward(days=1)
        context.catch_up()
        sweep(context)
    assert level(context, PHISH[0]) == "unknown" and level(context, PHISH[1]) == "malicious"
    import_feed(context, OPENPHISH, openphish(PHISH))
    assert level(context, PHISH[0]) == "malicious"
    assert explain(context, PHISH[0]).recomputed_equal


def test_a_withdrawn_entry_stays_withdrawn_whatever_the_feed_says(context: Context, clock: TestClock) -> None:
    import_feed(context, OPENPHISH, openphish(PHISH))
    withdraw(context, PHISH[0], comment="not phishing", analyst="t")
    clock.forward(hours=1)
    import_feed(context, OPENPHISH, openphish(PHISH[1:]))
    clock.forward(hours=1)
    import_feed(context, OPENPHISH, openphish(PHISH))
    assert level(context, PHISH[0]) == "clean"


def test_a_feed_that_shrank_or_turned_into_a_page_is_refused_and_what_was_there_stays(
    context: Context,
) -> None:
    import_feed(context, OPENPHISH, openphish(PHISH))
    for delivery in (openphish(PHISH[:2]), [b"<!DOCTYPE html><html><body>Rate limited</body></html>"], [b""]):
        with pytest.raises(BadInput):
            import_feed(context, OPENPHISH, delivery)
    assert level(context, PHISH[5]) == "malicious"
    [row] = status(context).feeds
    assert row.entries == 30 and row.last_error and row.failed_at is not None
    forced = import_feed(context, OPENPHISH, openphish(PHISH[:2]), force=True)
    assert forced.left == 28
    assert status(context).feeds[0].last_error == ""


def test_bad_entries_are_counted_and_the_rest_is_imported(context: Context) -> None:
    delivery = [b"http://fine.example/a\nnot a url at all\nhttp://caf\xe9.example/\n\nhttp://10.0.0.1/x\n"]
    report = import_feed(context, OPENPHISH, delivery)
    assert report.entries == 1 and report.bad == 3 and len(report.bad_examples) == 3


def test_two_feeds_that_know_the_same_url_are_both_its_reasons(context: Context) -> None:
    import_feed(context, OPENPHISH, openphish(["http://drop.example/invoice.exe"]))
    import_feed(context, URLHAUS, [HAUS])
    sources = {line.source for line in explain(context, "http://drop.example/invoice.exe").evidence}
    assert sources == {"feed:openphish", "feed:urlhaus"}
    assert level(context, "http://drop.example/invoice.exe") == "malicious"


def test_feeds_that_forbid_it_are_passed_on_by_no_change(context: Context) -> None:
    import_feed(context, OPENPHISH, openphish(PHISH))
    assert not OPENPHISH.redistribute
    assert changes(context, 0).changes == ()

"""The shipped feeds keep their own rules."""

from urllib.parse import urlsplit

import msgspec
import pytest

from mailrisk.collect.feeds.registry import FORMATS, read_feed
from mailrisk.edge.shipped import load_feeds
from mailrisk.model.feed import FeedSource
from mailrisk.model.sighting import Sighting

FEEDS = load_feeds()
FREE_LICENCES = {"MIT", "CC0-1.0"}


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_a_shipped_feed_has_a_known_format_an_https_url_and_a_licence(feed: FeedSource) -> None:
    assert feed.format in FORMATS
    assert urlsplit(feed.url).scheme == "https"
    assert feed.licence and feed.homepage


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_a_key_has_a_place_to_go(feed: FeedSource) -> None:
    assert (feed.key != "none") == ("{key}" in feed.url or bool(feed.key_header))


@pytest.mark.parametrize(
    "feed", [feed for feed in FEEDS.values() if feed.default], ids=lambda feed: feed.name
)
def test_a_feed_on_by_default_needs_no_key_and_its_terms_are_known(feed: FeedSource) -> None:
    assert feed.key == "none"
    assert (
        "not verified" not in feed.licence
        and "not stated" not in feed.licence
        and "non-commercial" not in feed.licence
    )


@pytest.mark.parametrize("feed", [f for f in FEEDS.values() if f.redistribute], ids=lambda feed: feed.name)
def test_only_free_licences_let_a_feed_be_passed_on(feed: FeedSource) -> None:
    assert feed.licence in FREE_LICENCES


def test_urls_and_addresses_are_both_known_on_a_fresh_installation() -> None:
    formats = {feed.format for feed in FEEDS.values() if feed.default}
    assert {"phishing-database", "adblock", "spamhaus-drop-json", "cidr-list"} <= formats


def test_the_columns_of_tweetfeed_are_read() -> None:
    line = b"2026-03-15 01:00:06,somebody,url,https://evil.example/x,#phishing #scam,https://x.example/1\n"
    (entry,) = read_feed("csv", [line], FEEDS["tweetfeed"].options)
    assert isinstance(entry, Sighting) and entry.subject.value == "evil.example/x"
    assert entry.tags == ("#phishing", "#scam") and entry.reference == ""


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="wieght"):
        msgspec.convert(
            {"name": "x1", "title": "t", "format": "hosts", "licence": "MIT", "wieght": 1}, FeedSource
        )


@pytest.mark.parametrize(
    "change", [{"weight": 1.5}, {"tau_days": 0}, {"refresh_s": 1}, {"tlp": "pink"}, {"name": "A b"}]
)
def test_a_value_out_of_range_is_an_error(change: dict[str, object]) -> None:
    good = {"name": "x1", "title": "t", "format": "hosts", "licence": "MIT"}
    msgspec.convert(good, FeedSource)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | change, FeedSource)

"""What any feed may try: parse, or raise the one error; bounded, and one bad line costs one line."""

import contextlib
import random
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.feeds.samples import FOLDERS, format_of, input_of, options_of

from mailrisk.collect.feeds.guard import check_shrink
from mailrisk.collect.feeds.lines import MAX_LINE, split_lines
from mailrisk.collect.feeds.misp import read_manifest
from mailrisk.collect.feeds.registry import FORMATS, read_feed
from mailrisk.collect.feeds.stix import subjects_of
from mailrisk.model.errors import BadInput, ConfigError, FeedRefused, NotFound
from mailrisk.model.feed import CsvColumns, FeedOptions
from mailrisk.model.sighting import BadEntry, Sighting
from mailrisk.model.subject import Kind, Subject

WITH_COLUMNS = FeedOptions(csv=CsvColumns(value=0, header=False))


def _read(name: str, raw: bytes) -> list[Sighting | BadEntry]:
    return list(read_feed(name, [raw], WITH_COLUMNS))


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_entries_or_feed_refused(name: str, raw: bytes) -> None:
    with contextlib.suppress(FeedRefused):
        _read(name, raw)


@given(st.sampled_from(FOLDERS), st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_sample_gives_entries_or_feed_refused(folder, data) -> None:  # type: ignore[no-untyped-def]
    raw = bytearray(input_of(folder))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.sampled_from(b"\0\n\"'\\[]{}(),;:=|#/.%$* 0a\xff\xc3"))
    del raw[data.draw(st.integers(0, len(raw))) :]
    with contextlib.suppress(FeedRefused):
        list(read_feed(format_of(folder), [bytes(raw)], options_of(folder)))


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_lines_are_the_same_however_the_bytes_arrive(raw: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 300]
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    assert list(split_lines(pieces)) == list(split_lines([raw]))


def test_one_undecodable_line_costs_one_entry() -> None:
    good = b"".join(b"https://evil%d.example/\n" % i for i in range(50))
    entries = _read("openphish-text", b"https://caf\xe9.example/\n" + good)
    assert entries[0] == BadEntry(1, "not UTF-8")
    assert len(entries) == 51


def test_a_feed_in_another_encoding_is_refused_before_its_end() -> None:
    taken = 0

    def gbk() -> object:
        nonlocal taken
        for _ in range(100_000):
            taken += 1
            yield "https://例子.example/\n".encode("gbk")

    with pytest.raises(FeedRefused, match="UTF-8"):
        list(read_feed("openphish-text", gbk()))  # type: ignore[arg-type]
    assert taken < 100


def test_a_line_just_within_the_limit_is_read_and_one_beyond_refuses_the_feed() -> None:
    url = b"https://evil.example/" + b"a" * 1000
    assert isinstance(_read("openphish-text", url + b" " * (MAX_LINE - len(url)))[0], Sighting)
    with pytest.raises(FeedRefused, match="longer"):
        _read("openphish-text", url + b" " * (MAX_LINE + 1 - len(url)))


def test_html_after_good_entries_is_bad_entries_not_sightings() -> None:
    entries = _read("openphish-text", b"https://evil.example/\n<html>\n<p>x</p>\n")
    assert [type(entry) for entry in entries] == [Sighting, BadEntry, BadEntry]


def test_a_deeply_nested_document_is_refused() -> None:
    for name in ("stix", "misp", "urlhaus-json", "phishtank-json", "abuseipdb-json"):
        with pytest.raises(FeedRefused):
            _read(name, b'{"objects":' * 100_000)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="openphish-text"):
        read_feed("nope", [])


def test_a_spamhaus_feed_without_its_last_line_is_refused() -> None:
    with pytest.raises(FeedRefused, match="cut off"):
        _read("spamhaus-drop-json", b'{"cidr":"1.10.16.0/20","sblid":"SBL256894","rir":"apnic"}\n')


def test_an_api_error_instead_of_urlhaus_entries_is_refused() -> None:
    with pytest.raises(FeedRefused, match="unknown_auth_key"):
        _read("urlhaus-json", b'{"query_status":"unknown_auth_key"}')


def test_csv_needs_columns_and_refuses_a_feed_that_lacks_one() -> None:
    with pytest.raises(ConfigError):
        list(read_feed("csv", [b"a,b\n"]))
    with pytest.raises(FeedRefused, match="indicator"):
        list(read_feed("csv", [b"a,b\n"], FeedOptions(csv=CsvColumns(value="indicator"))))


def test_a_feed_of_endless_rubbish_is_refused_before_its_end() -> None:
    taken = 0

    def rubbish() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x\n" * 10_000

    with pytest.raises(FeedRefused, match="unusable"):
        for _ in read_feed("cidr-list", rubbish()):
            pass
    assert taken < 20


def test_entries_under_the_least_confidence_are_left_out() -> None:
    raw = (next(f for f in FOLDERS if f.name == "threatfox-csv") / "input.csv").read_bytes()
    kept = list(read_feed("threatfox-csv", [raw], FeedOptions(min_confidence=0.9)))
    assert min(e.confidence for e in kept if isinstance(e, Sighting)) == 0.9


@pytest.mark.parametrize("previous,current", [(0, 0), (0, 5), (100, 11), (19, 1), (1000, 1000), (5, 1)])
def test_a_feed_may_shrink_this_far(previous: int, current: int) -> None:
    check_shrink(previous, current)


@pytest.mark.parametrize("previous,current", [(100, 10), (500_000, 4), (20, 2), (1, 0), (100, 0)])
def test_a_feed_that_loses_nine_tenths_is_refused(previous: int, current: int) -> None:
    with pytest.raises(FeedRefused, match="shrank"):
        check_shrink(previous, current)


def test_a_manifest_gives_its_events_newest_first() -> None:
    old, new = "5f1a2b3c-0001-4e5f-8a9b-0123456789ab", "5F1A2B3C-0002-4e5f-8a9b-0123456789ab"
    raw = b'{"%s":{"timestamp":"1741082400","info":"a"},"%s":{"timestamp":1741082500}}'
    events = read_manifest([raw % (old.encode(), new.encode())])
    assert [(e.uuid, e.timestamp) for e in events] == [(new.lower(), 1741082500), (old, 1741082400)]


def test_a_manifest_with_a_path_for_an_id_is_refused() -> None:
    with pytest.raises(FeedRefused, match="UUID"):
        read_manifest([b'{"../../../../../etc/passwd-aaaaaaaaaaa":{"timestamp":"1"}}'])


@given(st.text(alphabet="[]()'\\ =:OR.AND-urlvaedom12", max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_pattern_gives_subjects_or_badinput_of(pattern: str) -> None:
    with contextlib.suppress(BadInput):
        list(subjects_of(pattern))


def test_a_host_in_a_conjunction_is_no_indicator_but_a_url_is() -> None:
    both = "[domain-name:value = 'github.com' AND url:value = 'https://github.com/evil/kit']"
    assert [s for s, _ in subjects_of(both)] == [Subject(Kind.URL, "github.com/evil/kit")]


def test_a_pattern_made_to_backtrack_ends_quickly() -> None:
    started = time.process_time()
    for tail in ("'" + "\\'" * 30_000, "a:" + "a." * 30_000, " " * 60_000 + "!"):
        with contextlib.suppress(BadInput):
            list(subjects_of("[url:value = " + tail))
    assert time.process_time() - started < 5  # Quadratic work would take minutes.


def test_half_a_million_lines_are_read_one_by_one() -> None:
    seed = random.Random(1)
    lines = (b"https://%x.example/\n" % seed.getrandbits(40) for _ in range(2_000))
    assert sum(1 for _ in read_feed("openphish-text", lines)) == 2_000

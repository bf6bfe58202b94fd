"""Fetching from a server on loopback that behaves in every bad way a feed's server can."""

import asyncio
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from tests.edge.loopback import FEED, answer, get, replying

from mailrisk.collect.feeds.registry import read_feed
from mailrisk.edge.fetch import Limits, Validators
from mailrisk.model.errors import FeedRefused, TooLarge, Unavailable

BIG = 1 << 20


def test_a_new_file_is_stored_with_its_validators(tmp_path: Path) -> None:
    reply = answer(
        FEED, 'ETag: "v1"', "Last-Modified: Tue, 04 Mar 2025 10:00:00 GMT", "Content-Type: text/plain; x=y"
    )
    found = get(replying(reply), tmp_path)
    assert found.path is not None and found.path.read_bytes() == FEED and found.size == len(FEED)
    assert found.validators == Validators('"v1"', "Tue, 04 Mar 2025 10:00:00 GMT")
    assert (found.content_type, found.host, found.changed) == ("text/plain", "127.0.0.1", True)


def test_validators_are_sent_and_304_means_nothing_changed(tmp_path: Path) -> None:
    known = Validators('W/"\xe9"', "Tue, 04 Mar 2025 10:00:00 GMT")

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        same = (headers["if-none-match"], headers["if-modified-since"]) == (known.etag, known.last_modified)
        writer.write(answer(b"", status="304 Not Modified" if same else "500 No"))

    found = get(handler, tmp_path, validators=known)
    assert not found.changed and found.validators == known and not list(tmp_path.iterdir())


def test_304_without_a_question_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="HTTP 304"):
        get(replying(answer(b"", status="304 Not Modified")), tmp_path)


@pytest.mark.parametrize(
    "status", ["404 Not Found", "429 Slow Down", "503 Busy", "204 No Content", "302 Found"]
)
def test_any_other_status_is_no_answer(tmp_path: Path, status: str) -> None:
    with pytest.raises(Unavailable, match=f"HTTP {status[:3]}"):
        get(replying(answer(b"", status=status)), tmp_path)


def test_a_stream_of_5_gb_is_cut_at_the_limit(tmp_path: Path) -> None:
    sent = 0

    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 5 << 30:
            writer.write(b"a" * BIG)
            await writer.drain()
            sent += BIG

    with pytest.raises(TooLarge):
        get(handler, tmp_path, limits=Limits(max_bytes=2 * BIG))
    assert sent < 32 * BIG and not list(tmp_path.iterdir())


def test_an_announced_5_gb_is_not_even_begun(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="announced"):
        get(replying(b"HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n"), tmp_path)


def test_a_slow_drip_ends_for_its_rate(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(Unavailable, match="slower"):
        get(handler, tmp_path, limits=Limits(min_rate=100_000, rate_window_s=0.1))
    with pytest.raises(Unavailable, match=r"not finished within 0\.2 s"):
        get(handler, tmp_path, limits=Limits(total_s=0.2))
    assert not list(tmp_path.iterdir())


def test_headers_that_never_end_end_for_the_total_time(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(Unavailable, match="not finished"):
        get(handler, tmp_path, limits=Limits(total_s=0.2))


def test_silence_ends_for_the_read_time(tmp_path: Path) -> None:
    async def handler(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    with pytest.raises(Unavailable, match="ReadTimeout"):
        get(handler, tmp_path, limits=Limits(read_s=0.1))


def test_a_body_that_breaks_off_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="peer closed connection"):
        get(replying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhttps://evil"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_not_http_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        get(replying(b"220 mail.example ESMTP\r\n\r\n"), tmp_path)


def _zip(*files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"full{number}.csv", data)
    return packed.getvalue()


@pytest.mark.parametrize(
    "body", [gzip.compress(FEED), _zip(FEED), gzip.compress(gzip.compress(FEED)), gzip.compress(FEED[:9]) + gzip.compress(FEED[9:])]
)  # fmt: skip
def test_packed_bodies_are_unpacked(tmp_path: Path, body: bytes) -> None:
    found = get(replying(answer(body, "Content-Encoding: gzip")), tmp_path)
    assert found.path is not None and found.path.read_bytes() == FEED
    assert list(tmp_path.iterdir()) == [found.path]


@pytest.mark.parametrize("packed", [gzip.compress(bytes(64 * BIG)), _zip(bytes(64 * BIG))])
def test_a_bomb_ends_at_the_ratio(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(TooLarge, match="unpacks"):
        get(replying(answer(packed)), tmp_path)
    with pytest.raises(TooLarge, match="unpacks"):
        get(replying(answer(packed)), tmp_path, limits=Limits(max_bytes=BIG))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "body", [gzip.compress(FEED)[:-9], b"\x1f\x8bnonsense", _zip(FEED)[:40], _zip(FEED, FEED)]
)
def test_a_damaged_pack_is_no_answer(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(Unavailable, match="unpacked"):
        get(replying(answer(body)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_encoding_that_was_not_asked_for_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="content encoding"):
        get(replying(answer(FEED, "Content-Encoding: br")), tmp_path)


def test_a_feed_that_turned_into_html_is_fetched_and_then_refused_by_its_parser(tmp_path: Path) -> None:
    found = get(
        replying(answer(b"<!DOCTYPE html><title>Log in</title>", "Content-Type: text/html")), tmp_path
    )
    assert found.path is not None and found.content_type == "text/html"
    with found.path.open("rb") as file, pytest.raises(FeedRefused, match="HTML"):
        list(read_feed("openphish-text", file))

"""One test for all feed formats: every format of the registry has a sample and reads it as expected.

A sample is a folder ``tests/samples/feeds/<format>`` (or ``<format>--<variant>``) with ``input.*``, in the
shape of the real feed with its comments and at least one hostile entry, ``expected.jsonl`` and, if the
format needs them, ``options.json``.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from tests.collect.feeds.samples import FOLDERS, format_of, input_of, options_of

from mailrisk.collect.feeds.registry import FORMATS, read_feed
from mailrisk.model.errors import FeedRefused
from mailrisk.model.sighting import BadEntry


def _read(folder: Path, pieces: Iterable[bytes]) -> list[object]:
    entries = read_feed(format_of(folder), pieces, options_of(folder))
    return [json.loads(msgspec.json.encode(entry)) for entry in entries]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_sample_with_a_hostile_entry(name: str) -> None:
    mine = [folder for folder in FOLDERS if format_of(folder) == name]
    assert mine, f"add tests/samples/feeds/{name}/input.* and expected.jsonl"
    entries = [e for folder in mine for e in read_feed(name, [input_of(folder)], options_of(folder))]
    assert any(isinstance(entry, BadEntry) for entry in entries)
    assert not all(isinstance(entry, BadEntry) for entry in entries)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_sample_gives_the_expected_entries_however_it_is_cut(folder: Path) -> None:
    raw = input_of(folder)
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text("utf-8").splitlines()]
    assert _read(folder, [raw]) == expected
    assert _read(folder, (raw[i : i + 1] for i in range(len(raw)))) == expected
    assert _read(folder, (raw[i : i + 7] for i in range(0, len(raw), 7))) == expected


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "page",
    [b"<!DOCTYPE html>\n<html><body>Log in</body></html>", b"\n\n  <HTML lang=en>", b"\xef\xbb\xbf<html>"],
)
def test_a_feed_that_turned_into_html_is_refused(name: str, page: bytes) -> None:
    (folder,) = [folder for folder in FOLDERS if format_of(folder) == name][:1]
    with pytest.raises(FeedRefused, match="HTML"):
        list(read_feed(name, [page], options_of(folder)))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("raw", [b"\xff\xfeh\0t\0t\0p\0", b"caf\xe9\n\xe9t\xe9\n", b"\x1f\x8b\x08\0\0\0\0"])
def test_a_feed_that_is_no_utf8_is_refused(name: str, raw: bytes) -> None:
    (folder,) = [folder for folder in FOLDERS if format_of(folder) == name][:1]
    with pytest.raises(FeedRefused):
        list(read_feed(name, [raw], options_of(folder)))


@pytest.mark.parametrize("name", FORMATS)
def test_an_endless_line_is_refused_without_being_read_to_its_end(name: str) -> None:
    (folder,) = [folder for folder in FOLDERS if format_of(folder) == name][:1]
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 20
            yield b"a" * (1 << 20)

    with pytest.raises(FeedRefused):
        list(read_feed(name, endless(), options_of(folder)))
    assert taken <= 66 << 20

"""The driver: files inside of files, one budget, nothing raised."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.made_files import PROGRAM, TEXT, attached, tar_of, zip_of

from mailrisk.collect.files.limits import FileBudget, FileLimits
from mailrisk.collect.files.open import Opened, Tools, open_files
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents, Member, OpenedFile, Picture, RuleMatch
from mailrisk.model.message import Link


def opened(name: str, data: bytes, *passwords: str, limits: FileLimits | None = None) -> Opened:
    return open_files([attached(name, data)], passwords, limits=limits or FileLimits())


def paths(found: Opened) -> list[str]:
    return [" > ".join(file.path) for file in found.files]


def last(found: Opened) -> OpenedFile:
    return found.files[-1]


def test_every_file_at_every_depth_is_told_in_its_order() -> None:
    inner = zip_of(("a.exe", PROGRAM), ("b.txt", TEXT))
    found = opened("docs.tgz", tar_of(("one.zip", inner), ("two.txt", b"two"), mode="w:gz"))
    assert paths(found) == [
        "docs.tgz",
        "docs.tgz > docs.tar",
        "docs.tgz > docs.tar > one.zip",
        "docs.tgz > docs.tar > one.zip > a.exe",
        "docs.tgz > docs.tar > one.zip > b.txt",
        "docs.tgz > docs.tar > two.txt",
    ]
    assert [file.kind for file in found.files] == ["gzip", "tar", "zip", "pebin", "txt", "txt"]
    assert [file.depth for file in found.files] == [0, 1, 2, 3, 3, 2]
    assert found.cuts == () and not found.failed


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("a.txt.gz", gzip.compress(TEXT)),
        ("a.txt.bz2", bz2.compress(TEXT)),
        ("a.txt.xz", lzma.compress(TEXT)),
        ("a.txt.lzma", lzma.compress(TEXT, format=lzma.FORMAT_ALONE)),
    ],
)
def test_a_packed_file_is_named_as_its_archive_without_the_last_part(name: str, packed: bytes) -> None:
    found = opened(name, packed)
    assert last(found).name == "a.txt" and last(found).size == len(TEXT)


@pytest.mark.parametrize("method", [0, 8, 12, 14])
def test_every_method_of_zip_is_unpacked(method: int) -> None:
    assert last(opened("a.zip", zip_of(("a.exe", PROGRAM), method=method))).kind == "pebin"


def test_a_locked_archive_opens_with_a_password_of_the_message() -> None:
    found = opened("a.zip", zip_of(("发票.exe", PROGRAM), password="8899"), "1234", "8899")
    trait = found.files[0].contents.trait("opened-with-password")
    assert trait is not None and trait.detail == "8899"
    assert last(found).kind == "pebin" and last(found).name == "发票.exe"


def test_a_locked_archive_without_its_password_tells_names_and_that_it_is_locked() -> None:
    found = opened("a.zip", zip_of(("a.exe", PROGRAM), password="8899"), "1234")
    assert found.files[0].why == "locked" and found.files[0].contents.trait("locked") is not None
    assert last(found).name == "a.exe" and last(found).why == "locked" and last(found).kind == ""


def test_a_bomb_is_cut_and_told() -> None:
    bomb = zip_of(("zeros.exe", PROGRAM + bytes(60_000_000)))
    found = opened("bomb.zip", bomb)
    assert found.files[0].contents.trait("archive-bomb") is not None
    assert last(found).why == "too large" and last(found).kind == "pebin"
    assert found.cuts


def test_an_archive_that_claims_a_petabyte_is_a_bomb_and_costs_nothing() -> None:
    raw = bytearray(zip_of(*((f"{number}.bin", b"x") for number in range(300))))
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", raw, at + 24, 0xFFFFFFF0)  # §4.3.12: the unpacked size.
        at = raw.find(b"PK\x01\x02", at + 4)
    found = opened("huge.zip", bytes(raw))
    trait = found.files[0].contents.trait("archive-bomb")
    assert trait is not None and trait.detail.startswith("12884")


def test_an_archive_that_holds_itself_is_opened_once() -> None:
    def itself(data: bytes, budget: FileBudget) -> Contents:
        return Contents(members=(Member("again.7z", data),))

    quine = b"7z\xbc\xaf\x27\x1c and so on"
    found = open_files([attached("quine.7z", quine)], tools=Tools(readers={"sevenzip": itself}))
    assert [file.why for file in found.files] == ["", "holds itself"]
    assert last(found).contents.trait("archive-bomb") is not None


def test_members_that_share_their_bytes_are_told_and_unpacked_once() -> None:
    raw = bytearray(zip_of(("a.txt", b"a" * 5_000), ("b.txt", b"a" * 5_000)))
    second = raw.find(b"PK\x01\x02", raw.find(b"PK\x01\x02") + 4)
    struct.pack_into("<I", raw, second + 42, 0)  # §4.3.12: the offset of the local header.
    found = opened("a.zip", bytes(raw))
    assert found.files[0].contents.trait("overlapping-members") is not None
    assert [file.why for file in found.files[1:]] == ["", "overlaps another member"]


def test_nesting_ends_at_its_limit() -> None:
    data = TEXT
    for number in range(12):
        data = zip_of((f"{number}.zip" if number else "a.txt", data))
    found = opened("deep.zip", data)
    assert last(found).why == "nested too deep" and last(found).depth == FileLimits().depth
    assert any("nested deeper" in cut for cut in found.cuts)


def test_sixteen_equal_archives_a_level_are_read_once() -> None:
    data = bytes(1_000)
    for _ in range(5):
        data = zip_of(*((f"{number}.zip", data) for number in range(16)))
    found = opened("42.zip", data)
    assert len(found.files) < 100
    assert sum(file.why.startswith("same content as") for file in found.files) == 15 * 5


def test_names_that_leave_the_folder_are_told() -> None:
    for name in ("../../x.js", "/etc/cron.d/x", "C:\\Windows\\x.exe", "a\\..\\..\\b"):
        assert opened("a.tar", tar_of((name, b"x"))).files[0].contents.trait("path-traversal") is not None


def test_more_files_than_the_limit_are_cut_and_told() -> None:
    many = zip_of(*((f"{number}.txt", b"%d" % number) for number in range(50)))
    found = opened("many.zip", many, limits=FileLimits(files=10))
    assert len(found.files) == 10
    assert any("first 10" in cut for cut in found.cuts)


def test_an_archive_of_too_many_members_is_not_unpacked_at_all() -> None:
    entry = b"PK\x01\x02" + bytes(42)
    raw = b"PK\x03\x04" + bytes(26) + entry * 20_001 + b"PK\x05\x06" + bytes(8)
    raw += struct.pack("<HHIIH", 20_001, 20_001, len(entry) * 20_001, 30, 0)[2:]
    found = opened("a.zip", raw)
    assert found.files[0].contents.trait("many-members") is not None and found.cuts


def test_a_reader_that_fails_costs_its_own_file_alone() -> None:
    def fails(data: bytes, budget: FileBudget) -> Contents:
        raise RecursionError("too deep")

    def refuses(data: bytes, budget: FileBudget) -> Contents:
        raise BadInput("file", "not what it says")

    tools = Tools(readers={"sevenzip": fails, "rar": refuses})
    found = open_files(
        [
            attached("a.7z", b"7z\xbc\xaf\x27\x1c"),
            attached("b.rar", b"Rar!\x1a\x07\x00", part="3"),
            attached("c.zip", zip_of(("d.txt", TEXT)), part="4"),
        ],
        tools=tools,
    )
    assert [file.why for file in found.files] == ["damaged", "damaged", "", ""]
    assert found.files[0].contents.defects == ("RecursionError: too deep",)
    assert found.files[1].contents.defects == ("not what it says",)


def test_links_and_pictures_name_the_file_they_stand_in() -> None:
    def page(data: bytes, budget: FileBudget) -> Contents:
        return Contents(
            links=(
                Link(url="https://a.example/", how="a", artefact="page 2, link 1"),
                Link(url="https://b.example/x.png", how="img", artefact="page 2"),
            ),
            pictures=(Picture(b"x", "page 2"),),
        )

    raw = zip_of(("bill.7z", b"7z\xbc\xaf\x27\x1c"))
    contents = last(open_files([attached("a.zip", raw)], tools=Tools(readers={"sevenzip": page}))).contents
    assert contents.links[0].how == "attachment"
    assert contents.links[0].artefact == "attachment a.zip > bill.7z, page 2, link 1"
    assert contents.links[1].how == "img"
    assert contents.pictures[0].artefact == "attachment a.zip > bill.7z, page 2"


def test_an_archive_that_nothing_opens_is_told_and_not_passed_over() -> None:
    found = opened("a.ace", bytes(7) + b"**ACE**" + bytes(40))
    assert found.files[0].kind == "ace" and found.files[0].why == "cannot be opened here"
    assert any("ACE" in cut for cut in found.cuts)


SMALL = FileLimits(files=20, unpacked_bytes=20_000, member_bytes=10_000, depth=3)
STARTS = [
    b"",
    b"PK\x03\x04",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"%PDF-1.4\n",
    b"MZ",
]


@given(st.sampled_from(STARTS), st.binary(max_size=2_000), st.text(max_size=30))
def test_any_bytes_are_looked_at_without_an_error(start: bytes, rest: bytes, name: str) -> None:
    found = open_files([attached(name, start + rest)], ["1234"], limits=SMALL)
    assert 1 <= len(found.files) <= 20


MADE = [
    zip_of(("a.txt", TEXT), ("b.zip", zip_of(("c.exe", PROGRAM)))),
    zip_of(("a.txt", TEXT), password="1234"),
    tar_of(("a.txt", TEXT), ("b/c.bin", bytes(3_000))),
    gzip.compress(TEXT * 100),
    bz2.compress(TEXT * 100),
    lzma.compress(TEXT * 100),
]


@given(
    st.sampled_from(MADE),
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), max_size=8),
    st.integers(0, 9_999),
)
def test_damaged_archives_are_read_as_far_as_they_go(
    raw: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(raw)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    data = bytes(damaged[: cut % len(damaged) + 1] if cut % 3 == 0 else damaged)
    # What was unpacked, whatever the archive says of it; the first is the archive itself.
    sizes: list[int] = []

    def note(content: bytes) -> tuple[RuleMatch, ...]:
        sizes.append(len(content))
        return ()

    open_files([attached("a.zip", data)], ["1234"], tools=Tools(match=note), limits=SMALL)
    assert sum(sizes[1:]) <= 20_000


def test_what_is_cut_of_a_file_without_a_name_is_told_with_words() -> None:
    found = opened("a.gz", gzip.compress(bytes(60_000_000)))
    assert found.cuts and not any(cut.startswith(":") for cut in found.cuts)
    assert any(cut.startswith("a file without a name: ") for cut in found.cuts)

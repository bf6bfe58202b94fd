"""Archives that libarchive opens, and what becomes of them without it."""

from __future__ import annotations

import sys
from base64 import b64decode

import pytest
from tests.made_files import PROGRAM, TEXT, archive_of, attached, cab_of, rar_of, tar_of, zip_of

from mailrisk.collect.files.limits import FileLimits
from mailrisk.collect.files.open import Opened, Tools, open_files
from mailrisk.edge.opening import more_archives

READERS = more_archives.readers()


def opened(name: str, data: bytes, *passwords: str, limits: FileLimits | None = None) -> Opened:
    return open_files([attached(name, data)], passwords, Tools(readers=READERS), limits or FileLimits())


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.7z", archive_of("7zip", ("docs/a.exe", PROGRAM)), "sevenzip"),
        ("a.iso", archive_of("iso9660", ("a.exe", PROGRAM)), "iso"),
        ("a.cpio", archive_of("cpio", ("a.exe", PROGRAM)), "cpio"),
        ("a.xar", archive_of("xar", ("a.exe", PROGRAM)), "xar"),
        ("a.ar", archive_of("ar_bsd", ("a.exe", PROGRAM)), "ar"),
        ("a.rar", rar_of("a.exe", PROGRAM), "rar"),
        ("a.cab", cab_of("a.exe", PROGRAM), "cab"),
    ],
)
def test_a_program_inside_is_found(name: str, data: bytes, kind: str) -> None:
    found = opened(name, data)
    assert found.files[0].kind == kind and found.files[0].why == ""
    assert found.files[-1].kind == "pebin" and found.files[-1].size == len(PROGRAM)
    assert found.cuts == ()


@pytest.mark.parametrize(("last", "packing"), [("zst", "zstd"), ("lz4", "lz4"), ("Z", "compress")])
def test_packed_tape_archives_are_opened(last: str, packing: str) -> None:
    found = opened(f"a.tar.{last}", archive_of("ustar", ("a.exe", PROGRAM), packed=packing))
    assert found.files[1].name == "a.tar" and found.files[-1].kind == "pebin"


def test_the_old_encryption_of_zip_is_unlocked_quickly() -> None:
    data = archive_of(
        "zip", ("表.exe", PROGRAM + bytes(range(256)) * 4_000), options="encryption=zipcrypt", password="2233"
    )
    found = opened("a.zip", data, "1234", "2233")
    trait = found.files[0].contents.trait("opened-with-password")
    assert trait is not None and trait.detail == "2233"
    assert found.files[-1].kind == "pebin" and found.files[-1].name == "表.exe"


def test_aes_is_unlocked_and_names_stay_with_their_members() -> None:
    data = zip_of(("目录/一.exe", PROGRAM), ("二.txt", TEXT), password="2233")
    found = opened("a.zip", data, "2233")
    assert {file.name: file.kind for file in found.files[1:]} == {"目录/一.exe": "pebin", "二.txt": "txt"}


def test_a_wrong_password_leaves_it_locked() -> None:
    found = opened("a.zip", zip_of(("a.exe", PROGRAM), password="2233"), "1", "22", "223")
    assert found.files[0].why == "locked" and found.files[1].why == "locked"


def test_a_large_member_in_the_old_encryption_is_told_where_the_library_is_missing() -> None:
    data = archive_of(
        "zip", ("a.bin", bytes(600_000)), options="encryption=zipcrypt,compression=store", password="2233"
    )
    found = open_files([attached("a.zip", data)], ["2233"])
    assert found.files[0].why == "locked" and any("too large to be unlocked" in cut for cut in found.cuts)


# Made with 7-Zip 16.02 from PROGRAM under the name bill.exe, password 2233; the second one hides names too (-mhe=on).
LOCKED_7Z = (
    "N3q8ryccAARHqF38IAAAAAAAAABqAAAAAAAAACydcFXZJ69MuRCG8iYozHvW7ANCOaCIDAVBl/hZ9obCTVt5XgEEBgABCSAABwsBAAIkBvEHARJT"
    "D3AN/WIF6EbKsVuk5AQZlechIQEAAQAMH4J4AAgKAYemX+YAAAUBGQAREwBiAGkAbABsAC4AZQB4AGUAAAAZABQKAQDajZr+XXvdARUGAQAggKSB"
    "AAA="
)
HIDDEN_7Z = (
    "N3q8ryccAASQKKDTkAAAAAAAAAAuAAAAAAAAAD12L09XVfPIaENdJlSrI6nGMed7Jc2OlC4P4jP8TPbKW6v7BxJ6XQCtVMpd2ioPwa71xBncA33+"
    "zm0tmaxsmF1NV2Kh4pvxjC3XzITCr1ze4/ooHO7AIjfNj+Q5YfjjWcLVt/E93gj6lewTnYuKQPktsDbX5CtGGD+QgsY77CDSUnELabaSmsTPlwYz"
    "7hCAJO7xkZUXBiABCXAABwsBAAEkBvEHARJTD/m2doV/Kk2xD8P1GoW6/BcMagoBM84nzQAA"
)

# One stored member of 32 bytes, even.txt, with the same password: no filling tells a wrong one.
STORED_7Z = (
    "N3q8ryccAARvRbT5IAAAAAAAAABqAAAAAAAAAIs/nE9ct2d8snFNxN6onEPANypDWqRyTimxmy2sF/axtTxMvwEEBgABCSAABwsBAAIkBvEHAR"
    "JTD8bobPXI2aoJWkEJCFq+UTQBAAEADCAgAAgKAQ61WXcAAAUBGQMAAAAREwBlAHYAZQBuAC4AdAB4AHQAAAAZABQKAQBxb9tAdnvdARUGAQAg"
    "gKSBAAA="
)


@pytest.mark.parametrize(
    ("name", "data", "names"),
    [
        ("a.7z", b64decode(LOCKED_7Z), ["bill.exe"]),
        ("b.7z", b64decode(HIDDEN_7Z), []),
        ("a.rar", rar_of("bill.exe", PROGRAM, locked=True), ["bill.exe"]),
        ("b.rar", rar_of("bill.exe", PROGRAM, locked=True, hidden=True), []),
    ],
)
def test_locked_7z_and_rar_are_told_with_the_names_they_show(
    name: str, data: bytes, names: list[str]
) -> None:
    found = opened(name, data, "2234")
    assert found.files[0].why == "locked" and found.files[0].contents.trait("encrypted") is not None
    assert [file.name for file in found.files[1:]] == names


@pytest.mark.parametrize("data", [LOCKED_7Z, HIDDEN_7Z])
def test_locked_7z_is_opened_with_a_password_of_the_message(data: str) -> None:
    found = opened("a.7z", b64decode(data), "1234", "2233")
    trait = found.files[0].contents.trait("opened-with-password")
    assert trait is not None and trait.detail == "2233" and found.files[0].why == ""
    assert [(file.name, file.kind, file.size) for file in found.files[1:]] == [
        ("bill.exe", "pebin", len(PROGRAM))
    ]


def test_a_wrong_password_of_a_stored_member_is_told_by_its_checksum() -> None:
    found = opened("a.7z", b64decode(STORED_7Z), "1111", "2233")
    trait = found.files[0].contents.trait("opened-with-password")
    assert trait is not None and trait.detail == "2233"
    assert (found.files[1].name, found.files[1].size) == ("even.txt", 32)
    assert opened("a.7z", b64decode(STORED_7Z), "1111").files[0].why == "locked"


def test_locked_rar_stays_locked_whatever_the_message_says() -> None:
    assert opened("a.rar", rar_of("bill.exe", PROGRAM, locked=True), "2233").files[0].why == "locked"


def test_a_bomb_in_7z_is_cut() -> None:
    limits = FileLimits(unpacked_bytes=100_000)
    found = opened("a.7z", archive_of("7zip", ("zeros", bytes(3_000_000))), limits=limits)
    assert found.files[-1].why == "too large" and found.cuts


@pytest.mark.parametrize(
    "start", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00", b"MSCF"]
)
@pytest.mark.parametrize("rest", [b"", b"\0" * 500, bytes(range(256)) * 4])
def test_damaged_archives_are_told_as_damaged(start: bytes, rest: bytes) -> None:
    file = opened("a", start + rest).files[0]
    assert file.why in ("damaged", "") and (file.why == "" or file.contents.defects)


def test_every_cut_of_an_archive_is_read_without_an_error() -> None:
    for data in (archive_of("7zip", ("a", TEXT)), rar_of("a", TEXT), cab_of("a", TEXT), tar_of(("a", TEXT))):
        for length in range(0, len(data), 37):
            assert opened("a", data[:length]).files


def test_without_the_library_archives_are_told_as_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libarchive", None)
    assert more_archives.readers() == {}
    found = open_files([attached("a.7z", archive_bytes)], tools=Tools(readers={}))
    assert found.files[0].why == "cannot be opened here" and "7z archives cannot be opened" in found.cuts[0]


archive_bytes = archive_of("7zip", ("a.exe", PROGRAM))

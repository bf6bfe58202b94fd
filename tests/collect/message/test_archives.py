"""ZIP directories are listed, never unpacked."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from mailrisk.collect.message.archives import zip_directory


def archive(*names: str, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, content)
    return buffer.getvalue()


def test_members_are_listed_in_order() -> None:
    assert zip_directory(archive("a.txt", "发票.exe"), 10) == (("a.txt", "发票.exe"), ())


def test_names_in_gbk_are_read() -> None:
    raw = archive("abcd.exe").replace(b"abcd", "发票".encode("gbk"))
    assert zip_directory(raw, 10)[0] == ("发票.exe",)


def test_a_bomb_is_told_by_its_ratio() -> None:
    names, flags = zip_directory(archive("bomb", content=b"\0" * 1_000_000), 10)
    assert names == ("bomb",)
    assert any(flag.startswith("ratio:") and int(flag[6:]) > 500 for flag in flags)


def test_encryption_is_told_although_there_is_no_password() -> None:
    raw = bytearray(archive("secret.doc"))
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    assert zip_directory(bytes(raw), 10) == (("secret.doc",), ("encrypted",))


def test_more_members_than_the_limit_are_counted() -> None:
    names, flags = zip_directory(archive(*(f"f{number}" for number in range(50))), 20)
    assert (len(names), flags) == (20, ("members:50",))


def test_what_is_no_archive_has_neither() -> None:
    assert zip_directory(b"hello", 10) == ((), ())
    assert zip_directory(b"PK\x03\x04 cut short", 10) == ((), ("damaged",))


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(junk: bytes) -> None:
    raw = archive("a", "b")
    zip_directory(b"PK\x03\x04" + junk, 10)
    zip_directory(raw[: len(junk)] + junk + raw[len(junk) :], 10)

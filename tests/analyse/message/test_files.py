"""What opened files say, alone and together with who sends them; and the honest twins."""

from __future__ import annotations

import msgspec
import pytest
from tests.analyse.message.letters import codes, findings, judged, letter, view
from tests.made_files import PROGRAM, TEXT, archive_of, attached, cab_of, rar_of, zip_of

from mailrisk.analyse.message.view import MessageView
from mailrisk.collect.files.open import Tools, open_files
from mailrisk.collect.files.passwords import passwords_in
from mailrisk.edge.opening.more_archives import readers
from mailrisk.model.file import OpenedFile, RuleMatch
from mailrisk.model.verdict import Category, Level

STRANGER = ("Anna", "anna@nordlicht.example")
TOOLS = Tools(readers=readers())


def with_files(
    text: str, *files: tuple[str, bytes], sender: tuple[str, str] = STRANGER, **options: str
) -> MessageView:
    """A letter with its files opened."""
    raw = letter(
        *sender, "Documents", text, files=[(name, "application/octet-stream", data) for name, data in files]
    )
    seen = view(raw, **options)
    parts = [
        attached(part.filename, part.payload, part.content_type, part.path)
        for part in seen.message.parts
        if part.filename
    ]
    opened = open_files(parts, passwords_in([text]), TOOLS)
    return msgspec.structs.replace(seen, files=opened.files)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("setup.exe", PROGRAM),
        ("holiday.jpg", PROGRAM),
        ("call.js", b"WScript.Echo(1)"),
    ],
)
def test_a_program_is_told_by_its_content(name: str, data: bytes) -> None:
    assert "program-attached" in codes(with_files("See the file.", (name, data)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("www.nordlicht.com", b"<html><body>hello</body></html>"),
        ("notes.txt", TEXT),
        ("news.url", b"[InternetShortcut]\r\nURL=https://www.nordlicht.example/\r\n"),
        ("project.zip", zip_of(*((f"src/{number}.js", TEXT + b"%d" % number) for number in range(30)))),
    ],
)
def test_what_is_no_program_by_its_content_is_not_told_as_one(name: str, data: bytes) -> None:
    found = codes(with_files("See the file.", (name, data)))
    assert not found & {"program-attached", "program-in-archive", "disguised-program"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", zip_of(("run.exe", PROGRAM))),
        ("a.7z", archive_of("7zip", ("run.exe", PROGRAM))),
        ("a.rar", rar_of("run.exe", PROGRAM)),
        ("a.cab", cab_of("run.exe", PROGRAM)),
        ("a.zip", zip_of(("b.zip", zip_of(("run.exe", PROGRAM))))),
    ],
)
def test_a_program_in_an_archive_is_told(name: str, data: bytes) -> None:
    assert "program-in-archive" in codes(with_files("See the file.", (name, data)))


def test_a_disk_image_is_told_with_what_is_inside() -> None:
    found = codes(with_files("See the file.", ("bill.iso", archive_of("iso9660", ("bill.exe", PROGRAM)))))
    assert {"disk-image-attached", "program-in-archive"} <= found


def test_a_program_that_says_it_is_a_document_convicts_as_malware() -> None:
    seen = with_files("Please open the invoice.", ("invoice.zip", zip_of(("invoice.pdf", PROGRAM))))
    verdict = judged(seen)
    assert verdict.level is Level.MALICIOUS and verdict.category is Category.MALWARE_FILE
    assert "disguised-program" in codes(seen)


def test_a_program_in_a_locked_archive_with_its_password_in_the_mail_convicts() -> None:
    locked = zip_of(("账单.exe", PROGRAM), password="8899")
    seen = with_files("请查看附件。附件查看码：8899", ("账单.zip", locked))
    assert {"opened-with-mailed-password", "program-in-locked-archive"} <= codes(seen)
    assert "locked-archive" not in codes(seen)
    assert judged(seen).level is Level.MALICIOUS and judged(seen).category is Category.MALWARE_FILE


def test_a_locked_archive_that_stays_locked_is_judged_by_its_names() -> None:
    locked = zip_of(("账单.exe", PROGRAM), password="99#")
    seen = with_files("解压密码：8899", ("账单.zip", locked))
    assert {"locked-archive", "program-in-locked-archive"} <= codes(seen)


def test_an_honest_locked_archive_does_not_convict() -> None:
    locked = zip_of(("工资条.txt", TEXT), password="8899")
    seen = with_files("请查看附件。附件查看码：8899", ("工资条.zip", locked))
    assert judged(seen).level is not Level.MALICIOUS
    assert "program-in-locked-archive" not in codes(seen)


def test_a_program_from_inside_is_told_and_does_not_convict() -> None:
    sender = ("IT", "it@qinghe.example")
    seen = with_files(
        "The tool is attached. Password: 8899",
        ("tool.zip", zip_of(("tool.exe", PROGRAM), password="8899")),
        sender=sender,
        dmarc="pass",
        authenticated="qinghe.example",
    )
    assert "program-in-archive" in codes(seen) and judged(seen).level is not Level.MALICIOUS


@pytest.mark.parametrize(
    ("name", "declared", "data"),
    [
        ("bill.pdf", "application/pdf", b"<html><body>hello</body></html>"),
        ("photo.jpg", "image/jpeg", zip_of(("a.txt", TEXT))),
        ("scan.png", "image/png", b"%PDF-1.4\n"),
        ("noname", "image/png", PROGRAM),
    ],
)
def test_a_type_that_is_not_what_it_says_is_told(name: str, declared: str, data: bytes) -> None:
    assert mismatch(name, declared, data)


@pytest.mark.parametrize(
    ("name", "declared", "data"),
    [
        ("a.doc", "application/msword", b"{\\rtf1 hello}"),
        ("a.xls", "application/vnd.ms-excel", b"<html><table></table></html>"),
        ("a.jpg", "image/jpeg", b"\x89PNG\r\n\x1a\n"),
        ("a.pdf", "application/octet-stream", b"%PDF-1.4\n"),
        ("a.dat", "application/octet-stream", PROGRAM),
        ("a.docx", "application/zip", zip_of(("[Content_Types].xml", b""), ("word/a", b""))),
        ("a.svg", "image/svg+xml", b"<svg></svg>"),
        ("a.txt", "text/plain", b"<html></html>"),
        ("a.rar", "application/x-rar", zip_of(("a.txt", TEXT))),
    ],
)
def test_honest_mismatches_are_left_alone(name: str, declared: str, data: bytes) -> None:
    assert not mismatch(name, declared, data)


def mismatch(name: str, declared: str, data: bytes) -> bool:
    files = open_files([attached(name, data, declared)]).files
    seen = msgspec.structs.replace(with_files("See the file."), files=files)
    return "type-mismatch" in codes(seen)


def test_bombs_and_names_that_leave_the_folder_are_told() -> None:
    bomb = zip_of(("a.bin", bytes(60_000_000)), ("../../b.txt", b"x"))
    assert {"archive-bomb", "archive-path-traversal"} <= codes(with_files("See the file.", ("a.zip", bomb)))


def ruled(strength: str) -> MessageView:
    match = RuleMatch(rule="made_up", reason="a made-up thing", reason_zh="虚构内容", strength=strength)
    file = OpenedFile(part="2", path=("a.html",), kind="html", size=3, sha256="0" * 64, rules=(match,))
    return msgspec.structs.replace(with_files("Please open the file and log in."), files=(file,))


def test_a_rule_that_convicts_does_so_with_a_stranger_who_asks() -> None:
    seen = ruled("convicts")
    assert {"file-rule-match", "harmful-file"} <= codes(seen) and judged(seen).level is Level.MALICIOUS
    reason = next(item for item in judged(seen).reasons if item.code == "harmful-file")
    assert "made-up thing" in reason.text and "虚构内容" in reason.text_zh


def test_a_weaker_rule_only_adds_weight() -> None:
    (heavy,) = (item for item in findings(ruled("suspicious")) if item.code == "file-rule-match")
    (light,) = (item for item in findings(ruled("notes")) if item.code == "file-rule-match")
    assert 1.0 > heavy.value > light.value > 0.0
    assert "harmful-file" not in codes(ruled("suspicious"))

"""Files of messages from bytes to answer: links join, stages are told, hashes are looked up."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import io
from email.message import EmailMessage

import segno
from tests.made_files import PROGRAM, TEXT, zip_of
from tests.worlds import NOW

from mailrisk.collect.files.open import Opened
from mailrisk.edge.opening.job import Job
from mailrisk.model.evidence import Evidence
from mailrisk.model.file import Picture, ReadPicture
from mailrisk.model.message import Envelope
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level
from mailrisk.service.answers import MessageAnswer
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context
from mailrisk.service.readers import Readers
from mailrisk.service.record import record

PAGE = b"<html><body><a href='https://evil.example/login'>open</a></body></html>"


def mail(*files: tuple[str, str, bytes], text: str = "See the file.") -> bytes:
    message = EmailMessage()
    message["From"] = "Anna <anna@nordlicht.example>"
    message["To"] = "li@qinghe.example"
    message["Subject"] = "Documents"
    message.set_content(text)
    for name, kind, data in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def check(context: Context, raw: bytes) -> MessageAnswer:
    return asyncio.run(check_message(context, raw, Envelope(), network=False))


class Counting:
    """An opener that counts, and gives the answer it is told."""

    def __init__(self, answer: Opened) -> None:
        self.answer, self.asked = answer, 0

    async def open(self, job: Job) -> Opened:
        self.asked += 1
        return self.answer


def test_files_at_every_depth_stand_in_the_answer(context: Context) -> None:
    inner = zip_of(("b.txt", TEXT))
    answer = check(context, mail(("a.zip", "application/zip", inner), ("note.txt", "text/plain", b"hello")))
    assert [(file.path, file.kind) for file in answer.files] == [
        (("a.zip",), "zip"), (("a.zip", "b.txt"), "txt"), (("note.txt",), "txt"),
    ]  # fmt: skip
    assert answer.files[0].sha256 == hashlib.sha256(inner).hexdigest()
    assert "files" in answer.stages and "files" not in answer.missing_stages


def test_links_of_files_are_looked_up_with_the_others(context: Context) -> None:
    answer = check(context, mail(("a.zip", "application/zip", zip_of(("page.html", PAGE)))))
    (link,) = (url for url in answer.urls if url.url == "https://evil.example/login")
    assert link.how == "attachment" and link.where[0].startswith("attachment a.zip > page.html")
    listed = Subject(Kind.HOST, "evil.example")
    record(
        context,
        [
            Evidence(
                code="analyst-malicious",
                subject=listed,
                source="analyst:1",
                seen_at=NOW,
                data={"comment": "x"},
            )
        ],
    )
    context.catch_up()
    assert check(context, mail(("page.html", "text/html", PAGE))).level is Level.MALICIOUS


def test_a_file_whose_hash_is_listed_convicts(context: Context) -> None:
    sha256 = hashlib.sha256(TEXT).hexdigest()
    told = Evidence(
        code="analyst-malicious", subject=Subject(Kind.FILE, sha256), source="analyst:1", seen_at=NOW, data={"comment": "x"}
    )  # fmt: skip
    raw = mail(("a.zip", "application/zip", zip_of(("b.txt", TEXT))))
    assert check(context, raw).level is not Level.MALICIOUS
    record(context, [told])
    context.catch_up()
    answer = check(context, raw)
    assert answer.level is Level.MALICIOUS and answer.category is Category.MALWARE_FILE
    assert "listed-file" in {reason.code for reason in answer.reasons}


def test_a_message_without_files_to_open_asks_nobody(context: Context) -> None:
    opener = Counting(Opened(failed=True))
    context = dataclasses.replace(context, opener=opener)
    patch = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n"
    answer = check(context, mail(("a.patch", "text/x-diff", patch), ("b.txt", "text/plain", TEXT)))
    assert opener.asked == 0 and "files" in answer.stages
    assert [file.kind for file in answer.files] == ["diff", "txt"]


def test_files_that_could_not_be_opened_are_missing_and_never_silent(context: Context) -> None:
    failed = Opened(cuts=("files: given up",), failed=True)
    for opener in (Counting(failed), None):
        answer = check(
            dataclasses.replace(context, opener=opener),
            mail(("a.zip", "application/zip", zip_of(("b.txt", TEXT)))),
        )
        assert "files" in answer.missing_stages and "files" not in answer.stages
        assert answer.level is not Level.CLEAN
        assert answer.cut and answer.files[0].not_opened == "not opened"


def test_files_that_exhaust_their_reader_are_evidence(context: Context) -> None:
    opener = Counting(Opened(cuts=("files: given up",), failed=True, exhausted=True))
    raw = mail(("a.zip", "application/zip", zip_of(("b.txt", TEXT))))
    answer = check(dataclasses.replace(context, opener=opener), raw)
    assert "file-exhausts-reader" in {reason.code for reason in answer.reasons}
    assert "files" in answer.missing_stages and answer.level is not Level.CLEAN


class Eyes:
    """Reads the same line in every picture."""

    async def read(self, picture: Picture) -> ReadPicture:
        return ReadPicture(lines=(("附件密码：8899", 0.9),), artefact=picture.artefact)


def test_a_password_in_a_picture_opens_a_locked_program(context: Context) -> None:
    locked = zip_of(("发票.dat", PROGRAM), password="8899")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(3_000)
    raw = mail(("发票.zip", "application/zip", locked), ("a.png", "image/png", picture))
    assert [file.not_opened for file in check(context, raw).files] == ["locked", "locked", ""]
    answer = check(dataclasses.replace(context, readers=Readers(ocr=Eyes())), raw)
    assert [file.kind for file in answer.files] == ["zip", "pebin", "png"]
    assert {"ocr", "unlock"} <= set(answer.stages) and answer.level is Level.MALICIOUS


def test_links_and_codes_behind_a_password_in_a_picture_are_looked_up_like_all_others(
    context: Context,
) -> None:
    says = Evidence(
        code="analyst-malicious",
        subject=Subject(Kind.URL, "evil.example/login"),
        source="analyst:li",
        seen_at=NOW,
    )
    record(context, [says])
    code = io.BytesIO()
    segno.make("https://code.example/pay").save(code, kind="png", scale=5)
    locked = zip_of(("页面.html", PAGE), ("扫码.png", code.getvalue()), password="8899")
    raw = mail(
        ("资料.zip", "application/zip", locked), ("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(3_000))
    )
    assert not check(context, raw).urls
    answer = check(dataclasses.replace(context, readers=Readers(ocr=Eyes())), raw)
    found = {url.url: url for url in answer.urls}
    assert found["https://evil.example/login"].level is Level.MALICIOUS
    assert found["https://code.example/pay"].how == "qr"
    assert [code.payload for code in answer.codes] == ["https://code.example/pay"]
    assert "listed-url" in {reason.code for reason in answer.reasons} and answer.level is Level.MALICIOUS


def test_a_password_in_the_mail_opens_a_locked_program(context: Context) -> None:
    locked = zip_of(("发票.exe", PROGRAM), password="8899")
    answer = check(context, mail(("发票.zip", "application/zip", locked), text="请查看附件，查看码：8899"))
    assert answer.level is Level.MALICIOUS and answer.category is Category.MALWARE_FILE
    assert [file.kind for file in answer.files] == ["zip", "pebin"]
    assert "opened-with-password" in {trait.name for trait in answer.files[0].traits}


def test_the_link_that_a_message_is_malicious_for_is_told_apart_from_the_others(context: Context) -> None:
    text = "您的邮箱密码即将过期，请立即登录验证账号，逾期邮箱将被停用。https://mail-verify.top/login https://www.icbc.com.cn/"
    raw = mail(text=text).replace(
        b"From: Anna <anna@nordlicht.example>", b"From: IT <it@lianhe-info.example>"
    )
    answer = check(context, raw.replace(b"Subject: Documents", b"Subject: mailbox quota"))
    assert answer.level is Level.MALICIOUS
    assert {url.url: url.blamed for url in answer.urls} == {
        "https://mail-verify.top/login": True,
        "https://www.icbc.com.cn/": False,
    }

"""Broken documents: every reader returns or raises BadInput, and what it returns is bounded."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from tests.collect.files.papers import (
    LURE,
    budget,
    cms,
    docx,
    letter_pdf,
    lnk,
    native_package,
    ole,
    package,
    project,
    tnef,
)

from mailrisk.collect.files.documents import READERS
from mailrisk.collect.files.gather import ONE_FILE
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MACRO = 'Sub AutoOpen()\nShell "cmd /c x"\nEnd Sub'


def _pdf() -> bytes:
    script = b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    writer = PdfWriter(clone_from=io.BytesIO(letter_pdf("Pay", LURE, box="0 0 200 90", catalogue=script)))
    writer.add_attachment("a.js", b"x")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _word() -> bytes:
    parts = {
        "word/vbaProject.bin": ole(project(MACRO)),
        "word/embeddings/a.bin": ole({"\x01Ole10Native": native_package("a.exe", b"MZ")}),
    }
    return docx("Pay", ("hyperlink", LURE), parts=parts)


SAMPLES: dict[str, Callable[[], bytes]] = {
    "pdf": _pdf,
    "docx": _word,
    "doc": lambda: ole({**project(MACRO, root="Macros/"), "WordDocument": bytes(600), "Workbook": bytes(range(256))}),
    "outlook": lambda: ole({"__properties_version1.0": b"", "__substg1.0_0037001F": b"a\0b\0"}),
    "odt": lambda: package({"mimetype": "x", "content.xml": f'<a><p><a href="{LURE}">x</a></p></a>', "Basic/a.xml": MACRO}),
    "rtf": lambda: b'{\\rtf1{\\field{\\*\\fldinst HYPERLINK "%s"}}{\\object{\\*\\objdata 01050000020000000b0000004571756174696f6e2e3300}}}' % LURE.encode(),
    "lnk": lambda: lnk("-enc AAAA", target="C:\\powershell.exe", icon="winword.exe", description="x"),
    "one": lambda: bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3e716e3bd65261145a4c48d4d0b7a9eac0400000000000000") + bytes(12) + b"MZ..",
    "html": lambda: f'<form action="{LURE}"><input type=password></form><script>atob("{"QUJD" * 20}")</script>'.encode(),
    "svg": lambda: b'<svg><script>location="https://a.example"</script><foreignObject><form></form></foreignObject></svg>',
    "ics": lambda: b"BEGIN:VCALENDAR\nORGANIZER;CN=\"x\":mailto:a@b.example\nSUMMARY:a\\,b\nEND:VCALENDAR",
    "vcard": lambda: b"BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:=41\nEND:VCARD",
    "eml": lambda: b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhttps://a.example\n--x--",
    "tnef": lambda: tnef((1, 0x00018004, b"S\0"), (2, 0x00069002, b"x"), (2, 0x0006800F, b"data")),
    "p7m": lambda: cms(2, b"Content-Type: text/plain\n\nx"),
    "pgp": lambda: b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----BEGIN PGP SIGNATURE-----",
    "internetshortcut": lambda: b"[InternetShortcut]\nURL=https://a.example/",
    "applebplist": lambda: b"bplist00\xd1\x01\x02SURLShtp\x08\x0b\x0f\0\0\0\0\0\0\1\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13",
    "xml": lambda: b'<?mso-application progid="Word.Document"?><w:binData>QWN0aXZlTWltZQ==QUFBQUFBQUFBQUFB</w:binData>',
}  # fmt: skip


@cache
def sample(kind: str) -> bytes:
    """A sound document of that kind."""
    return SAMPLES[kind]()


def bounded(kind: str, data: bytes) -> Contents | None:
    """What the reader makes of the bytes, checked against the limits; None for what it refuses."""
    try:
        found = READERS[kind](data, budget("1"))
    except BadInput:
        return None
    assert len(found.text) <= ONE_FILE.text
    assert len(found.links) <= ONE_FILE.links
    assert len(found.members) <= ONE_FILE.members
    assert sum(len(member.data) for member in found.members) <= ONE_FILE.member_bytes
    assert len(found.traits) <= ONE_FILE.traits
    return found


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sound_sample_is_read(kind: str) -> None:
    assert bounded(kind, sample(kind)) is not None


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_that_ends_anywhere_is_read_or_refused(kind: str) -> None:
    data = sample(kind)
    for end in range(0, len(data), max(1, len(data) // 40)):
        bounded(kind, data[:end])


@pytest.mark.parametrize("kind", sorted(READERS))
def test_every_reader_refuses_or_reads_other_kinds(kind: str) -> None:
    for other in SAMPLES:
        bounded(kind, sample(other))


CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1, max_size=8
)


@pytest.mark.parametrize("kind", SAMPLES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_a_changed_sample_is_read_or_refused(kind: str, changes: list[tuple[float, bytes]]) -> None:
    data = bytearray(sample(kind))
    for where, piece in changes:
        at = int(where * len(data))
        data[at : at + len(piece)] = piece
    bounded(kind, bytes(data))


@pytest.mark.parametrize("kind", sorted(READERS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400))
def test_random_bytes_are_read_or_refused(kind: str, data: bytes) -> None:
    bounded(kind, data)
    start = sample(kind)[:32] if kind in SAMPLES else b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    bounded(kind, start + data)

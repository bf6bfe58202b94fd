"""Rich text: what is shown, where fields lead, and the objects that exploits hide in it."""

from __future__ import annotations

import binascii
import struct

import pytest
from tests.collect.files.papers import LURE, budget, detail, names, native_package, ole, urls

from mailrisk.collect.files.packed_rtf import decompress
from mailrisk.collect.files.rtf import read
from mailrisk.model.errors import BadInput


def ole1(name: str, content: bytes) -> bytes:
    """An embedded OLE1 object (MS-OLEDS §2.2.5)."""
    label = name.encode() + b"\0"
    head = struct.pack("<III", 0x501, 2, len(label)) + label + struct.pack("<II", 0, 0)
    return head + struct.pack("<I", len(content)) + content


def with_object(raw: bytes, breaks: bytes = b"") -> bytes:
    """Rich text that holds an object, its digits broken up."""
    digits = binascii.hexlify(raw)
    if breaks:
        digits = breaks.join(digits[at : at + 8] for at in range(0, len(digits), 8))
    return b"{\\rtf1{\\object\\objemb{\\*\\objdata " + digits + b"}}}"


def test_text_in_several_encodings_is_read() -> None:
    data = b"{\\rtf1\\ansicpg936{\\fonttbl{\\f0 Arial;}}\\u24037?\\u36164?\\'b9\\'a4 Pay\\par Next\\~line}"
    assert read(data, budget()).text == "工资工 Pay\nNext line"


def test_fields_lead_somewhere() -> None:
    data = b'{\\rtf1{\\field{\\*\\fldinst HYPERLINK "%s"}{\\fldrslt Open}}}' % LURE.encode()
    found = read(data, budget())
    assert (urls(found), found.text) == ([LURE], "Open")


def test_dde_and_pictures_from_outside_are_told() -> None:
    data = b'{\\rtf1{\\field{\\*\\fldinst DDEAUTO cmd.exe "/c x"}}{\\field{\\*\\fldinst INCLUDEPICTURE "http://e.example/p" }}}'
    found = read(data, budget())
    assert names(found) == {"dde", "external-link"}


def test_a_template_counts_only_from_outside() -> None:
    assert detail(
        read(b"{\\rtf1{\\*\\template http://e.example/t.dot}}", budget()), "remote-template"
    ).startswith("http:")
    assert not read(b"{\\rtf1{\\*\\template C:\\\\Office\\\\Normal.dot}}", budget()).traits


@pytest.mark.parametrize("breaks", [b"", b"\r\n", b"{\\x}", b"\\par ", b" \t"])
def test_an_equation_object_is_told_however_its_digits_are_broken(breaks: bytes) -> None:
    found = read(with_object(ole1("Equation.3", b"\x1c\x00" * 20), breaks), budget())
    assert names(found) == {"objdata", "equation-editor"}
    assert detail(found, "objdata") == "Equation.3"


def test_a_package_in_an_object_is_a_member() -> None:
    container = ole({"\x01Ole10Native": native_package("pay.js", b"eval(1)")})
    found = read(with_object(ole1("Package", container)), budget())
    assert detail(found, "ole-package") == "pay.js"
    assert [member.data for member in found.members] == [b"eval(1)"]
    bare = read(with_object(ole1("Package", native_package("x.exe", b"MZ")[4:])), budget())
    assert [(member.name, member.data) for member in bare.members] == [("x.exe", b"MZ")]


def test_pictures_are_kept() -> None:
    data = b"{\\rtf1{\\pict\\pngblip " + binascii.hexlify(b"\x89PNG\r\n\x1a\nrest") + b"}}"
    assert [picture.data for picture in read(data, budget()).pictures] == [b"\x89PNG\r\n\x1a\nrest"]


def test_groups_without_end_are_bounded() -> None:
    found = read(b"{\\rtf1" + b"{" * 100_000 + b"x", budget())
    assert found.defects == ("groups nested deeper than 1000 levels",)


def test_tokens_without_end_are_cut() -> None:
    assert read(b"{\\rtf1" + b"{}" * 200_001, budget()).cuts == ("only the first 400000 tokens were read",)


def test_other_text_is_refused() -> None:
    with pytest.raises(BadInput):
        read(b"Hello", budget())


def test_outlooks_compressed_bodies_are_unpacked() -> None:
    packed = struct.pack("<II4sI", 20, 6, b"LZFu", 0) + b"\x00{\\rtf1"
    assert decompress(packed) == b"{\\rtf1"
    # The example of MS-OXRTFCP §3.1.1.
    example = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert decompress(example) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(struct.pack("<II4sI", 20, 3, b"MELA", 0) + b"abcdef") == b"abc"
    assert decompress(b"nothing") == b""

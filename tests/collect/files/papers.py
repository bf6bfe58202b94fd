"""Documents for tests, made by code: small PDF, Office, rich text, shortcut, calendar and wrapper files."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping

from mailrisk.collect.files.limits import FileBudget
from mailrisk.model.file import Contents

LURE = "https://login.evil.example/doc"


def budget(*passwords: str) -> FileBudget:
    """A fresh budget with these passwords."""
    return FileBudget(passwords=passwords)


def names(contents: Contents) -> set[str]:
    """The names of all traits."""
    return {trait.name for trait in contents.traits}


def detail(contents: Contents, name: str) -> str:
    """The detail of the first trait of that name."""
    trait = contents.trait(name)
    assert trait is not None, f"{name} is not among {sorted(names(contents))}"
    return trait.detail


def urls(contents: Contents) -> list[str]:
    """The addresses of all links."""
    return [link.url for link in contents.links]


def pdf(*bodies: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1, with a sound cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, root, start)
    return bytes(out)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    """A stream object's body."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def letter_pdf(text: str = "", link: str = "", *, box: str = "10 10 60 20", catalogue: bytes = b"") -> bytes:
    """A page of 200 x 100 points with a line of text and a link over ``box``."""
    show = b"BT /F1 12 Tf 10 80 Td (%s) Tj ET" % text.encode()
    note = b"<< /Type /Annot /Subtype /Link /Rect [%s] /A << /S /URI /URI (%s) >> >>" % (
        box.encode(),
        link.encode(),
    )
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Annots [%s] "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % (b"6 0 R" if link else b""),
        stream(show),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        note,
    )


def chinese_pdf(text: str, link: str = "", *, box: str = "10 10 60 20") -> bytes:
    """A page with one line in a composite font whose codes a ToUnicode map explains, as Chinese writers make them."""
    codes = {char: number for number, char in enumerate(dict.fromkeys(text), 1)}
    shown = "".join(f"{codes[char]:04x}" for char in text).encode()
    rows = b"\n".join(
        b"<%04x> <%s>" % (code, char.encode("utf-16-be").hex().encode()) for char, code in codes.items()
    )
    cmap = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n"
    cmap += b"%d beginbfchar\n%s\nendbfchar endcmap end" % (len(codes), rows)
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Annots [%s] "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % (b"6 0 R" if link else b""),
        stream(b"BT /F1 12 Tf 10 80 Td <%s> Tj ET" % shown),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [7 0 R] /ToUnicode 8 0 R >>",
        b"<< /Type /Annot /Subtype /Link /Rect [%s] /A << /S /URI /URI (%s) >> >>"
        % (box.encode(), link.encode()),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
        b"/Supplement 0 >> >>",
        stream(cmap),
    )


def package(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP package of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relationships(*outside: tuple[str, str]) -> str:
    """A relationships part: (kind, target) of what lies outside."""
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONSHIP}/{kind}" Target="{target}" TargetMode="External"/>'
        for n, (kind, target) in enumerate(outside, 1)
    )
    return f'<?xml version="1.0"?><Relationships>{rows}</Relationships>'


def docx(
    text: str = "Hello",
    *outside: tuple[str, str],
    parts: Mapping[str, str | bytes] | None = None,
    xml: str = "",
) -> bytes:
    """A Word document with one paragraph."""
    body = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>{xml}"
    document = f'<?xml version="1.0"?><w:document xmlns:w="w"><w:body>{body}</w:body></w:document>'
    return package(
        {
            "[Content_Types].xml": f'<Types xmlns="{TYPES}"/>',
            "word/document.xml": document,
            "word/_rels/document.xml.rels": relationships(*outside),
            **(parts or {}),
        }
    )


def vba_container(source: bytes) -> bytes:
    """Compressed as MS-OVBA §2.4.1 says, with literals only."""
    out = bytearray(b"\x01")
    for start in range(0, len(source), 3_600):
        piece = source[start : start + 3_600]
        chunk = b"".join(b"\x00" + piece[at : at + 8] for at in range(0, len(piece), 8))
        out += struct.pack("<H", 0xB000 | (len(chunk) - 1)) + chunk
    return bytes(out)


def project(source: str, *, root: str = "", module: str = "ThisDocument") -> dict[str, bytes]:
    """The streams of a VBA project with one module."""
    name = module.encode()
    directory = struct.pack("<HIH", 0x0003, 2, 1252)
    directory += struct.pack("<HI", 0x001A, len(name)) + name
    directory += struct.pack("<HII", 0x0031, 4, 16)
    code = b'Attribute VB_Name = "x"\r\n' + source.encode()
    return {
        f"{root}VBA/dir": vba_container(directory),
        f"{root}VBA/{module}": b"\0" * 16 + vba_container(code),
    }


def ole(streams: Mapping[str, bytes], padding: bytes = b"\x00") -> bytes:
    """An OLE container (MS-CFB) of version 3; every stream is padded past the mini stream's bound."""
    tree = _tree(streams)
    fat: list[int] = []
    sectors: list[bytes] = []
    entries: list[list[object]] = []
    _enter(tree, "Root Entry", 5, entries, fat, sectors, padding)
    directory = b"".join(_entry(entry) for entry in entries)
    directory += b"\x00" * (-len(directory) % 512)
    directory_at = len(fat)
    _chain(directory, fat, sectors)
    count = 1
    while (len(fat) + count) * 4 > count * 512:
        count += 1
    fat_at = len(fat)
    fat += [0xFFFFFFFD] * count
    table = struct.pack(f"<{len(fat)}I", *fat)
    table += b"\xff" * (count * 512 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, count, directory_at, 0, 4096, 0xFFFFFFFE, 0,
                          0xFFFFFFFE, 0, fat_at)  # fmt: skip
    header += b"".join(struct.pack("<I", fat_at + n) for n in range(1, count))
    header += b"\xff" * (512 - len(header))
    return header + b"".join(sectors) + table


def _tree(streams: Mapping[str, bytes]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for path, content in streams.items():
        *folders, last = path.split("/")
        here = tree
        for folder in folders:
            here = here.setdefault(folder, {})  # type: ignore[assignment]
        here[last] = content
    return tree


def _enter(
    node: object,
    name: str,
    kind: int,
    entries: list[list[object]],
    fat: list[int],
    sectors: list[bytes],
    padding: bytes,
) -> int:
    """Adds an entry and all below it; siblings are chained to the right. Returns its number."""
    number = len(entries)
    entries.append([name, kind, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0])
    if isinstance(node, bytes):
        content = node.ljust(4096, padding)
        entries[number][1:2] = [2]
        entries[number][4:] = [_chain(content, fat, sectors), len(content)]
        return number
    assert isinstance(node, dict)
    before = -1
    for child_name, child in node.items():
        child_kind = 2 if isinstance(child, bytes) else 1
        child_number = _enter(child, child_name, child_kind, entries, fat, sectors, padding)
        if before < 0:
            entries[number][3] = child_number
        else:
            entries[before][2] = child_number
        before = child_number
    return number


def _chain(content: bytes, fat: list[int], sectors: list[bytes]) -> int:
    start = len(fat)
    count = (len(content) + 511) // 512
    for n in range(count):
        fat.append(start + n + 1 if n + 1 < count else 0xFFFFFFFE)
        sectors.append(content[512 * n : 512 * n + 512].ljust(512, b"\0"))
    return start


def _entry(entry: Iterable[object]) -> bytes:
    name, kind, right, child, start, size = entry
    raw = str(name).encode("utf-16-le") + b"\0\0"
    return raw.ljust(64, b"\0") + struct.pack(
        "<HBBIII16xI16xIQ", len(raw), kind, 1, 0xFFFFFFFF, right, child, 0, start, size
    )


def native_package(name: str, content: bytes) -> bytes:
    """An ``Ole10Native`` stream."""
    body = b"\x02\x00" + name.encode() + b"\0" + name.encode() + b"\0" + b"\0\0\x03\0"
    body += (
        struct.pack("<I", len(name) + 1) + name.encode() + b"\0" + struct.pack("<I", len(content)) + content
    )
    return struct.pack("<I", len(body)) + body


def lnk(arguments: str = "", *, target: str = "", icon: str = "", description: str = "") -> bytes:
    """A shortcut with these strings and an environment block."""
    flags = 0x80 | (0x20 if arguments else 0) | (0x40 if icon else 0) | (0x04 if description else 0)
    out = b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
    out += struct.pack("<I", flags)
    out = out.ljust(76, b"\0")
    for text in (description, arguments, icon):
        if text:
            out += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    if target:
        block = target.encode("cp1252").ljust(260, b"\0") + target.encode("utf-16-le").ljust(520, b"\0")
        out += struct.pack("<II", 0x314, 0xA0000001) + block
    return out + b"\0\0\0\0"


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """A TNEF stream of (level, identifier, value)."""
    out = b"\x78\x9f\x3e\x22\x01\x00"
    for level, identifier, value in attributes:
        out += (
            struct.pack("<BII", level, identifier, len(value))
            + value
            + struct.pack("<H", sum(value) & 0xFFFF)
        )
    return out


def der(tag: int, *contents: bytes) -> bytes:
    """A DER element."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes(4, "big")
    return bytes((tag, 0x84)) + size + body


def cms(kind: int, content: bytes | None = None) -> bytes:
    """A CMS object: 2 signed, 3 enveloped; ``content`` None is a detached signature."""
    oid = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    data = der(0x06, oid + b"\x01")
    inside = der(0x30, data, der(0xA0, der(0x04, content)) if content is not None else b"")
    body = der(0x30, der(0x02, b"\x01"), der(0x31), inside)
    return der(0x30, der(0x06, oid + bytes((kind,))), der(0xA0, body))

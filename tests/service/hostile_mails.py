"""Mails that are made to stop a scanner: each a function that makes its bytes, cheaper than what it would cost."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.analyse.message.letters import letter


def carrying(name: str, content_type: str, data: bytes) -> bytes:
    """A mail with one attachment; base64 in one line, which is faster to make."""
    head = (
        "From: Sender <s@evil.example>\r\nTo: r@corp.example\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n"
        f'--b\r\nContent-Type: {content_type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    return head.encode() + base64.b64encode(data) + b"\r\n--b--\r\n"


def nested_parts(levels: int = 1_000) -> bytes:
    """Multiparts in multiparts; the text with a link is in the innermost one."""
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return (
        b"From: a@b.example\r\n"
        + b"".join(heads)
        + b"Content-Type: text/plain\r\n\r\nhttp://deep.example/\r\n"
    )


def nested_messages(levels: int = 1_000) -> bytes:
    """Messages in messages."""
    return (
        b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n" * levels
        + b"From: x@y.example\r\n\r\nend\r\n"
    )


def many_messages(count: int = 100_000) -> bytes:
    """Messages beside one another, each with a page and a link."""
    inner = b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\n<a href=http://h.example/>x</a>\r\n"
    return b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + inner * count


def encoded(megabytes: int, line: bytes = b"QUFB" * 19 + b"\r\n") -> bytes:
    """An attachment of so many megabytes of base64."""
    head = b"From: a@b.example\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + line * (megabytes * 1_000_000 // len(line))


def petabyte_zip() -> bytes:
    """One member that says of itself that it has 10^15 bytes (ZIP64, APPNOTE 4.5.3)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(bytes(1_000_000)) + packer.flush()
    name, extra = b"big.bin", struct.pack("<HHQQ", 1, 16, 10**15, len(data))
    common = struct.pack("<HHHHIIIHH", 0, 8, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    local = b"PK\x03\x04" + struct.pack("<H", 45) + common + name + extra + data
    central = (
        b"PK\x01\x02"
        + struct.pack("<HH", 45, 45)
        + common
        + struct.pack("<HHHII", 0, 0, 0, 0, 0)
        + name
        + extra
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return carrying("a.zip", "application/zip", local + central + end)


def zipped(items: dict[str, bytes | str]) -> bytes:
    """A ZIP archive of these members."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in items.items():
            archive.writestr(name, data)
    return packed.getvalue()


def nested_archives(levels: int = 6, width: int = 16) -> bytes:
    """Sixteen archives in each of sixteen archives, and so on: 16^6 times ten megabytes."""
    inner = zipped({"0.dll": bytes(10_000_000)})
    for level in range(levels):
        inner = zipped({f"{level}-{number}.zip": inner for number in range(width)})
    return carrying("a.zip", "application/zip", inner)


def gzip_bomb(megabytes: int = 200) -> bytes:
    """Zeros, packed."""
    packer, piece = zlib.compressobj(1, zlib.DEFLATED, 31), bytes(1_000_000)
    return carrying(
        "a.gz",
        "application/gzip",
        b"".join(packer.compress(piece) for _ in range(megabytes)) + packer.flush(),
    )


def office_bomb() -> bytes:
    """A document whose text never ends and never closes what it opens, with a huge picture."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return carrying("a.docx", kind, zipped({
        "[Content_Types].xml": f'<Types xmlns="{types}"><Override PartName="/word/document.xml" '
                               f'ContentType="{kind}.main+xml"/></Types>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>' + "<w:p>" * 3_000_000,
        "word/media/image1.png": huge_png(),
    }))  # fmt: skip


def pdf(pages: int) -> bytes:
    """A document of so many pages, each a link from edge to edge (ISO 32000-1 §7.5)."""
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
        *(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Annots [<< /Type /Annot /Subtype /Link "
            b"/Rect [0 0 612 792] /A << /S /URI /URI (https://evil%d.example/p) >> >>] >>" % number
            for number in range(pages)
        ),
    ]
    made, places = io.BytesIO(b"%PDF-1.7\n"), []
    made.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, start=1):
        places.append(made.tell())
        made.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = made.tell()
    made.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    made.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    made.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return carrying("a.pdf", "application/pdf", made.getvalue())


def broken_pdf(megabytes: int = 5) -> bytes:
    """The start of a document, and then nothing but objects."""
    objects = b"1 0 obj << /A /B >> endobj\n"
    return carrying(
        "a.pdf", "application/pdf", b"%PDF-1.4\n" + objects * (megabytes * 1_000_000 // len(objects))
    )


def huge_png(side: int = 50_000) -> bytes:
    """A black picture, one bit a pixel (PNG, RFC 2083)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer, rows = zlib.compressobj(1), bytes((side + 7) // 8 + 1) * 100
    pixels = b"".join(packer.compress(rows) for _ in range(side // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def huge_pictures() -> bytes:
    """The same in a PNG, and in a JPEG that has no more than its head."""
    jpeg = (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\0\x0b\x08\xc3\x50\xc3\x50\1\1\x11\0"
        + bytes(5_000)
    )
    files = [("a.png", "image/png", huge_png()), ("b.jpg", "image/jpeg", jpeg)]
    return letter("Eve", "eve@far.example", "Photo", " ", files=files)


def many_pictures(count: int = 100, side: int = 2_000) -> bytes:
    """Pictures that are large enough to be looked at, and different."""
    picture = huge_png(side)
    files = [(f"{number}.png", "image/png", picture + bytes([number])) for number in range(count)]
    return letter("Eve", "eve@far.example", "Photos", " ", files=files)


def page_of(body: str) -> bytes:
    """A mail that is this HTML."""
    return b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + body.encode()


def many_signatures(count: int = 500) -> bytes:
    """Signatures of as many domains, whose name servers never answer."""
    signature = "DKIM-Signature: v=1; a=rsa-sha256; d=d{0}.silent.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
    links = "".join(f"http://h{number}.silent.example/\r\n" for number in range(count))
    head = "From: a@silent.example\r\nTo: r@corp.example\r\nSubject: hello\r\n\r\n"
    return ("".join(signature.format(number) for number in range(count)) + head + links).encode()


MAILS: dict[str, Callable[[], bytes]] = {
    "nested parts": nested_parts,
    "nested messages": nested_messages,
    "many messages": many_messages,
    "too large": lambda: encoded(100),
    "large": lambda: encoded(60),
    "petabyte": petabyte_zip,
    "nested archives": nested_archives,
    "gzip bomb": gzip_bomb,
    "office bomb": office_bomb,
    "ten thousand pages": lambda: pdf(10_000),
    "broken pdf": broken_pdf,
    "huge pictures": huge_pictures,
    "many pictures": many_pictures,
    "drawn table": lambda: page_of(
        "<table>" + ("<tr>" + "<td style='width:4px;background:#000'>" * 200) * 200
    ),
    "deep page": lambda: page_of("<div>" * 200_000),
    "half blocks": lambda: page_of("<pre>" + ("█▀▄ " * 40 + "\n") * 5_000),
    "boxes": lambda: page_of(
        "".join(
            f"<div style='position:absolute;left:{4 * (n % 300)}px;top:{4 * (n // 300)}px;width:4px;height:4px;"
            "background:black'></div>"
            for n in range(20_000)
        )
    ),
    "silent domains": many_signatures,
}

"""What carries a lure or an honest notice beside the text: codes, pictures, PDF and Word files, archives, pages.

Files are small and minimal, but real: readers open them. Chinese letters in pictures need a font
(Debian: fonts-droid-fallback); without it they are left out and the code stays.
"""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import segno
from PIL import Image, ImageDraw, ImageFont
from tools.lures.locked import locked_zip

_FONTS = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
)
_ZIP_DATE = (2026, 1, 5, 9, 0, 0)
WIDTH = 640
"""Pixels of a drawn letter."""


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in _FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def code_image(payload: str, scale: int = 5) -> Image.Image:
    """A QR code as a picture."""
    out = io.BytesIO()
    segno.make(payload, error="m").save(out, kind="png", scale=scale, border=3)
    return Image.open(out).convert("RGB")


def png(image: Image.Image) -> bytes:
    """The picture as PNG."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def jpeg(image: Image.Image) -> bytes:
    """The picture as JPEG."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def drawn(text: str, payload: str = "", tint: str = "#fffdf7") -> Image.Image:
    """The text as a picture, with a code below it when there is a payload."""
    font = _font(22)
    rows = [row for line in text.splitlines() for row in _wrapped(line, 28 if not line.isascii() else 52)]
    code = code_image(payload) if payload else None
    height = 40 + 34 * len(rows) + (code.height + 20 if code else 0)
    image = Image.new("RGB", (WIDTH, height), tint)
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(rows):
        draw.text((30, 20 + 34 * number), row, fill="#222222", font=font)
    if code:
        image.paste(code, ((WIDTH - code.width) // 2, 30 + 34 * len(rows)))
    return image


def _wrapped(line: str, width: int) -> list[str]:
    return [line[at : at + width] for at in range(0, len(line), width)] or [""]


def docx(text: str, link: str = "", payload: str = "") -> bytes:
    """A Word file with the text, a link or a picture of a code."""
    body = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>' for line in text.splitlines()
    )
    relations = ""
    if link:
        body += f'<w:p><w:hyperlink r:id="rId9"><w:r><w:t>{escape(link)}</w:t></w:r></w:hyperlink></w:p>'
        relations = (
            f'<Relationship Id="rId9" Type="{_REL}/hyperlink" Target="{escape(link)}" TargetMode="External"/>'
        )
    if payload:
        body += _INLINE_PICTURE
        relations += f'<Relationship Id="rId8" Type="{_REL}/image" Target="media/image1.png"/>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_REL}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"{_XML}<w:document {_SPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)
        if payload:
            archive.writestr(zipfile.ZipInfo("word/media/image1.png", _ZIP_DATE), png(code_image(payload)))
    return out.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{_REL}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)
_TYPES = (
    f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_INLINE_PICTURE = (
    '<w:p><w:r><w:drawing><wp:inline><wp:extent cx="1905000" cy="1905000"/><wp:docPr id="1" name="image1"/>'
    '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
    '<pic:blipFill><a:blip r:embed="rId8"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>'
    "</wp:inline></w:drawing></w:r></w:p>"
)


def pdf(text: str, link: str = "", payload: str = "") -> bytes:
    """A PDF page with the text (a standard Chinese font that is not embedded), a link or a code."""
    rows = [row for line in text.splitlines() for row in _wrapped(line, 34 if not line.isascii() else 60)]
    stream = "BT /F1 13 Tf 50 790 Td 19 TL\n"
    stream += "".join(f"<{row.encode('utf-16-be').hex()}> Tj T*\n" for row in rows)
    stream += "ET\n"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"",
        _stream(b"", stream.encode()),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UTF16-H/DescendantFonts[6 0 R]>>",
        _CHINESE_FONT,
        _FONT_DESCRIPTOR,
    ]
    resources = "/Font<</F1 5 0 R>>"
    extra = ""
    if payload:
        image = code_image(payload).convert("L")
        head = f"/Type/XObject/Subtype/Image/Width {image.width}/Height {image.height}/ColorSpace/DeviceGray/BitsPerComponent 8"
        objects.append(_stream(head.encode(), image.tobytes()))
        resources += f"/XObject<</I1 {len(objects)} 0 R>>"
        objects[3] = _stream(b"", (stream + "q 200 0 0 200 190 120 cm /I1 Do Q").encode())
    if link:
        target = link.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        objects.append(
            f"<</Type/Annot/Subtype/Link/Rect[50 100 400 790]/Border[0 0 0]/A<</S/URI/URI({target})>>>>".encode()
        )
        extra = f"/Annots[{len(objects)} 0 R]"
    objects[2] = (
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<{resources}>>/Contents 4 0 R{extra}>>".encode()
    )
    return _assembled(objects)


_CHINESE_FONT = (
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)"
    b"/Supplement 4>>/FontDescriptor 7 0 R/DW 1000>>"
)
_FONT_DESCRIPTOR = (
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0"
    b"/Ascent 880/Descent -120/CapHeight 880/StemV 93>>"
)


def _stream(head: bytes, content: bytes) -> bytes:
    packed = zlib.compress(content)
    return (
        b"<<"
        + head
        + f"/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode()
        + packed
        + b"\nendstream"
    )


def _assembled(objects: list[bytes]) -> bytes:
    out = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(
        f"{place:010d} 00000 n \n" for place in places
    )
    trailer = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + (table + trailer).encode()


def program(rng: random.Random) -> bytes:
    """A program that does nothing: the head of a Windows program and noise."""
    return b"MZ\x90\x00" + bytes(56) + b"\x40\x00\x00\x00PE\x00\x00\x64\x86" + rng.randbytes(1_500)


def archive(name: str, content: bytes, password: str = "") -> bytes:
    """A ZIP archive with one file, locked with ZipCrypto when there is a password."""
    if password:
        return locked_zip(name, content, password)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)
    return out.getvalue()


def login_page(link: str, title: str, rng: random.Random) -> bytes:
    """A page that asks for a password, or a script that leads to one."""
    if rng.random() < 0.5:
        form = f'<form action="{link}" method="post"><input name="u"><input type="password" name="p"><button>OK</button></form>'
        return (
            f"<html><title>{escape(title)}</title><body><h3>{escape(title)}</h3>{form}</body></html>".encode()
        )
    return f'<html><script>setTimeout(function(){{location.href="{link}"}},300)</script><p>{escape(title)}</p></html>'.encode()

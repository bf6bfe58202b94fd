"""Which kind of document a ZIP archive or an OLE compound file is: both only wrap what programs make of them."""

from __future__ import annotations

from collections.abc import Callable

from mailrisk.collect.message.archives import zip_directory

_LOOKED_AT = 200
"""Names of a ZIP archive that are looked at."""

_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("__properties_version1.0", "outlook"),
    ("__substg1.0_", "outlook"),
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("PowerPoint Document", "ppt"),
    ("EncryptedPackage", "ooxml-encrypted"),
    ("VisioDocument", "visio"),
    ("Book", "xls"),
    ("FileHeader", "hwp"),
    ("SummaryInformation", "ole"),
)
_MSI = bytes.fromhex("84100c0000000000c000000000000046")
_PATCH = bytes.fromhex("86100c0000000000c000000000000046")


def kind_of_zip(data: bytes) -> str:
    """``docx``, ``xlsx``, ``jar``, ``odt``, ... by the names inside, ``zip`` when they are nobody's."""
    names, _ = zip_directory(data, _LOOKED_AT)
    known = set(names)
    if "[Content_Types].xml" in known:
        return next((kind for is_one, kind in _OPEN_XML if is_one(known)), "ooxml")
    if "AndroidManifest.xml" in known:
        return "apk"
    if "META-INF/MANIFEST.MF" in known and any(name.endswith(".class") for name in names):
        return "jar"
    if names[:1] == ("mimetype",):
        return _open_document(data)
    return "zip"


def _has(start: str) -> Callable[[set[str]], bool]:
    return lambda names: any(name.startswith(start) for name in names)


_OPEN_XML: tuple[tuple[Callable[[set[str]], bool], str], ...] = (
    (lambda names: "xl/workbook.bin" in names, "xlsb"),
    (_has("word/"), "docx"),
    (_has("xl/"), "xlsx"),
    (_has("ppt/"), "pptx"),
    (_has("visio/"), "visio"),
    (_has("AppxManifest"), "appx"),
    (_has("extension.vsixmanifest"), "vsix"),
)


def _open_document(data: bytes) -> str:
    """The first member of these is their type, stored as it is (OpenDocument 1.3, part 2, §3.3)."""
    stated = data[30:200]
    for words, kind in (
        (b"opendocument.text", "odt"),
        (b"opendocument.spreadsheet", "ods"),
        (b"opendocument.presentation", "odp"),
        (b"epub", "epub"),
    ):
        if words in stated:
            return kind
    return "zip"


def kind_of_ole(data: bytes) -> str:
    """``doc``, ``xls``, ``ppt``, ``outlook``, ``msi``, ... by the streams' names ([MS-CFB] §2.6.1)."""
    if _MSI in data or _PATCH in data:
        return "msi"
    for name, kind in _OLE_STREAMS:
        if name.encode("utf-16-le") in data:
            return kind
    return "ole"

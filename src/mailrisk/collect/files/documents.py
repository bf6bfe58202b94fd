"""The readers of documents by kind (magika's words, and those of ``kinds.py``)."""

from __future__ import annotations

from mailrisk.collect.files import (
    content_lines,
    lnk,
    mailfile,
    msg,
    odf,
    office,
    ole,
    onenote,
    pdf,
    pgp,
    rtf,
    sheet_text,
    smime,
    tnef,
    url_shortcut,
    webpage,
    xmlfile,
)
from mailrisk.collect.files.limits import Reader

READERS: dict[str, Reader] = {
    "pdf": pdf.read,
    **dict.fromkeys(("docx", "dotx", "xlsx", "xlsb", "pptx", "ooxml", "visio"), office.read),
    **dict.fromkeys(("doc", "xls", "ppt", "ole", "ooxml-encrypted", "pub"), ole.read),
    "outlook": msg.read,
    "rtf": rtf.read,
    **dict.fromkeys(("odt", "ods", "odp"), odf.read),
    "lnk": lnk.read,
    "one": onenote.read,
    **dict.fromkeys(("html", "hta"), webpage.read_html),
    "svg": webpage.read_svg,
    **dict.fromkeys(("ics", "vcs"), content_lines.read_calendar),
    "vcard": content_lines.read_card,
    **dict.fromkeys(("eml", "mht"), mailfile.read),
    "tnef": tnef.read,
    "p7m": smime.read,
    "pgp": pgp.read,
    **dict.fromkeys(("internetshortcut", "desktop", "iqy", "appleplist", "applebplist"), url_shortcut.read),
    **dict.fromkeys(("csv", "tsv", "slk"), sheet_text.read),
    "xml": xmlfile.read,
}

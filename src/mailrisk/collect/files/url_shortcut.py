"""Shortcuts to web pages: ``.url`` (Windows), ``.webloc`` (macOS), ``.desktop`` (freedesktop.org), ``.iqy`` (Excel)."""

from __future__ import annotations

import plistlib
import re
from xml.parsers.expat import ExpatError

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather
from mailrisk.collect.files.limits import FileBudget
from mailrisk.collect.message.charset import decode
from mailrisk.model.errors import BadInput
from mailrisk.model.file import Contents

MOST_BYTES = 200_000

_KEY = re.compile(
    r"^[ \t]{0,20}([A-Za-z][A-Za-z0-9\[\]_-]{0,40})[ \t]{0,20}=[ \t]{0,20}(.{0,4000})$", re.MULTILINE
)
_PROGRAM = re.compile(
    r"\.(?:exe|com|scr|bat|cmd|js|jse|vbs|vbe|wsf|hta|ps1|lnk|dll|msi|cpl|url)(?:[?#]|$)", re.IGNORECASE
)


def read(data: bytes, budget: FileBudget) -> Contents:
    """Reads any of the four. BadInput: it is none of them."""
    gather = Gather(budget)
    if data.startswith(b"bplist00") or b"<plist" in data[:1_000]:
        _plist(data, gather)
    else:
        _keys(data, gather)
    return gather.contents()


def _plist(data: bytes, gather: Gather) -> None:
    """A property list whose ``URL`` is opened."""
    if len(data) > MOST_BYTES or b"<!ENTITY" in data.upper():
        raise BadInput("file", "a property list that no shortcut is")
    try:
        found = plistlib.loads(data)
    except (ExpatError, plistlib.InvalidFileException, *LIBRARY_FAILS) as error:
        raise BadInput("file", f"a broken property list: {error}") from None
    url = found.get("URL") if isinstance(found, dict) else None
    if not isinstance(url, str):
        raise BadInput("file", "a property list without an address")
    _target(url, "URL", gather)


def _keys(data: bytes, gather: Gather) -> None:
    """Lines ``key=value`` below ``[InternetShortcut]`` or ``[Desktop Entry]``; a web query holds the bare address."""
    text, _, _ = decode(data[:MOST_BYTES], "")
    head = text[:2_000].lower()
    if head.lstrip().startswith("web"):
        gather.trait("web-query")
        for line in text.splitlines()[1:5]:
            if "://" in line:
                _target(line.strip(), "line", gather)
        return
    if "[internetshortcut]" not in head and "[desktop entry]" not in head:
        raise BadInput("file", "no shortcut to a page")
    for key, value in _KEY.findall(text)[:200]:
        lower = key.lower()
        if lower in ("url", "url[$e]", "baseurl"):
            _target(value.strip(), key, gather)
        elif lower == "exec":
            gather.trait("command", value)
            gather.trait("starts-program", value)
        elif (lower in ("iconfile", "icon") and value.strip().startswith(("\\\\", "file:", "http"))) or (
            lower == "workingdirectory" and value.strip().startswith("\\\\")
        ):
            gather.trait("unc-path", value)


def _target(url: str, where: str, gather: Gather) -> None:
    gather.trait("web-shortcut", url)
    gather.link(url, where)
    if url.lower().startswith(("file:", "\\\\")) and _PROGRAM.search(url):
        gather.trait("starts-program", url)

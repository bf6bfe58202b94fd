"""What path, query and fragment of a URL say. None of it convicts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailrisk.analyse.url.view import UrlView
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.hosts import HostClass
from mailrisk.model.url.personal import People, personal_at

MAX_ESCAPES = 30

_NOBODY = People((), ())
_WORD = re.compile(r"[a-z]+|[0-9]+")
_LURE_WORDS = frozenset({
    "login", "signin", "logon", "log", "sign", "verify", "verification", "validate", "authenticate", "auth", "secure", "security",
    "account", "accounts", "password", "passwd", "unlock", "suspended", "confirm", "webmail", "owa", "mailbox", "outlook",
    "office365", "wallet", "banking", "ebanking", "netbank", "refund", "billing", "recover", "authorize", "denglu", "yanzheng",
    "youxiang", "mima", "zhanghu", "butie", "shenbao",
})  # fmt: skip
_LURE_IN_NAME = re.compile(
    r"log-?in|sign-?in|logon|verif|secur|account|webmail|mailbox|unlock|update|confirm|support|service|wallet|banking|"
    r"refund|billing|denglu|yanzheng|youxiang|butie"
)
_EXECUTABLE = frozenset(
    {"exe", "scr", "apk", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "jse", "wsf", "hta", "lnk", "jar", "pif", "cpl", "xll", "iso",
     "img", "vhd", "dmg", "pkg", "msix", "appx", "docm", "xlsm", "pptm", "dll", "one"}
)  # fmt: skip
_ARCHIVE = frozenset({"zip", "rar", "7z", "ace", "arj", "cab", "gz", "tgz", "z", "lzh"})
_DOCUMENT = frozenset(
    {
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "jpg",
        "jpeg",
        "png",
        "gif",
        "txt",
        "rtf",
        "mp3",
        "mp4",
    }
)
_PAGE = frozenset({"html", "htm", "php", "shtml", "asp", "aspx", "jsp"})
_SYSTEM_FOLDER = re.compile(
    r"/(?:wp-includes|wp-content/(?:plugins|uploads|themes|upgrade)|\.well-known|wp-admin/(?:css|js|images|includes|user))/"
    r"(?!acme-challenge)",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_READABLE_ESCAPE = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|2[Ee])")


def lure_words(view: UrlView) -> Iterator[Evidence]:
    """Two different log-in words in the path, or one in the name the owner chose together with a hyphen or a
    digit; the host is not reputable.
    """
    if view.reputable:
        return
    words = sorted(_LURE_WORDS.intersection(_WORD.findall(view.url.path.lower())))
    if len(words) >= 2:
        yield view.evidence("lure-words-in-path", words=", ".join(words[:4]))
    found = _LURE_IN_NAME.search(view.name)
    if found and not view.shared and re.search(r"[-0-9]", view.name):
        yield view.evidence("lure-words-in-host", word=found[0], host=view.url.host)


def personalised(view: UrlView) -> Iterator[Evidence]:
    """Somebody's e-mail address, plain or encoded, in path, query or fragment; the host is neither reputable
    nor a newsletter service. The evidence does not repeat the address.
    """
    if view.reputable or HostClass.BULK_MAILER in view.classes:
        return
    # The key holds the path too: with a query one look is enough for both.
    page = ("query", view.url.query) if view.url.query else ("path", view.url.path)
    for part, raw in (page, ("fragment", view.url.fragment)):
        text = view.url.key if part == "query" else raw.replace("%40", "@")
        if raw and personal_at(text, _NOBODY) >= 0:
            yield view.evidence("personalised-link", part=part)
            return


_SERVER_FOLDER = re.compile(r"/(?:cgi-bin|cgi|scripts|isapi)/", re.IGNORECASE)


def runs_at_server(path: str, query: str) -> bool:
    """Whether a path that ends like a program is one that the server runs to make a page (CGI, ISAPI).

    ``/cgi-bin/shop.exe``, ``/ws/eBayISAPI.dll?ViewItem``; nobody downloads a library with a question.
    """
    last = path.rpartition(".")[2].lower()
    return (last == "dll" and bool(query)) or (
        last in ("exe", "dll") and _SERVER_FOLDER.search(path[:2_000]) is not None
    )


def download(view: UrlView) -> Iterator[Evidence]:
    """The path ends like a program or a macro document, an archive, or a document that is really a program
    or page (``invoice.pdf.exe``, ``scan.pdf.html``); the host is not reputable.
    """
    if view.reputable or runs_at_server(view.url.path, view.url.query):
        return
    name = view.url.path.rpartition("/")[2].lower()
    stem, _, last = name.rpartition(".")
    before = stem.rpartition(".")[2] if "." in stem else ""
    if not stem:
        return
    if before in _DOCUMENT and last in _EXECUTABLE | _ARCHIVE | _PAGE:
        yield view.evidence("url-double-extension", name=name[-60:])
    elif last in _EXECUTABLE:
        yield view.evidence("program-download", extension=last)
    elif last in _ARCHIVE:
        yield view.evidence("archive-download", extension=last)


def system_folder(view: UrlView) -> Iterator[Evidence]:
    """A page in a folder of WordPress or ``.well-known`` where no site keeps pages: most often a hacked site."""
    last = view.url.path.rpartition("/")[2].lower()
    page = not last or last.endswith((".php", ".htm", ".html"))
    if page and not view.reputable and _SYSTEM_FOLDER.search(view.url.path):
        yield view.evidence("page-in-system-folder", folder=view.url.path.split("/")[1][:40])


def needless_escapes(view: UrlView) -> Iterator[Evidence]:
    """Letters and digits written as percent-escapes (three or more), escapes nested beyond our limit, or more
    than MAX_ESCAPES escapes in the path of an unknown host.
    """
    readable = len(_READABLE_ESCAPE.findall(view.url.path))
    nested = bool(view.url.cut)
    if nested or readable >= 3:
        yield view.evidence("needless-escapes", count=readable)
    elif not view.reputable and len(_ESCAPE.findall(view.url.path)) > MAX_ESCAPES * 3:
        yield view.evidence("needless-escapes", count=len(_ESCAPE.findall(view.url.path)))

"""The page that a visitor sees in place of the one that he wanted: what, why, and what he can do. Chinese or English.

Every name on it comes from somewhere hostile: all of it is escaped, addresses are defanged and are no links, and the page
loads nothing. It has no script.
"""

from __future__ import annotations

import html
from string import Template
from typing import Final

from mailrisk.model.url.shown import visible
from mailrisk.model.verdict import Category, Level
from mailrisk.service.visit_check import Found
from mailrisk.service.visit_words import PageToken

MAX_SHOWN: Final = 300
MAX_REASONS: Final = 5
AGAIN_S: Final = 3

CATEGORIES: Final[dict[Category, tuple[str, str]]] = {
    Category.CREDENTIAL_PHISHING: (
        "a page that asks for passwords in another's name",
        "骗取账号密码的钓鱼页面",
    ),
    Category.IMAGE_TEXT_LURE: ("a lure of pictures or text", "图片或文本社工钓鱼"),
    Category.DOCUMENT_LURE: ("a lure on a document or form service", "在线文档或表单社工钓鱼"),
    Category.MALWARE_FILE: ("harmful files", "病毒或恶意文件"),
    Category.PAYMENT_FRAUD: ("payment fraud", "付款诈骗"),
    Category.CALLBACK_SCAM: ("a telephone scam", "电话诈骗"),
    Category.EXTORTION: ("extortion", "敲诈勒索"),
    Category.GAMBLING_PORN_SPAM: ("gambling, pornography or spam", "赌博、色情或垃圾推广"),
    Category.OTHER_SCAM: ("fraud", "诈骗"),
    Category.PHISHING_HOST: ("a server of phishing pages", "钓鱼页面所在的服务器"),
    Category.LISTED: ("a listed site", "已被收录的站点"),
}

_PAGE: Final = Template(
    """<!DOCTYPE html>
<html lang="$lang"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">$refresh<title>$title</title>
<style>body{font:16px/1.6 system-ui,sans-serif;margin:10vh auto;max-width:42em;padding:0 1em;color:#222}
h1{font-size:1.4em;border-left:.3em solid $colour;padding-left:.6em}code{overflow-wrap:anywhere;background:#eee;padding:.1em .3em}
button{font:inherit;padding:.4em 1em}small{color:#666}</style></head>
<body><h1>$title</h1><p>$text</p>$url$reasons$form<p><small>$footer</small></p></body></html>
"""
)

_TITLES: Final = {
    "block": ("This page was blocked", "该页面已被拦截", "#b00020"),
    "warn": ("This page may be dangerous", "该页面可能有危险", "#c77700"),
    "hold": ("This page is being checked", "正在检查该页面", "#3367d6"),
    "allow": ("This page is allowed", "该页面已允许访问", "#2e7d32"),
}

_UNKNOWN: Final = {
    True: ("This page could not be checked", "该页面暂时无法检查", "#c77700"),
    False: ("Nothing is known about this page", "该页面尚无安全信息", "#c77700"),
}
"""Titles of a warning without a verdict, by whether the page could not be checked."""

_UNKNOWN_TEXTS: Final = {
    True: (
        "Nobody can say just now whether it is dangerous. Go on only if you expected this link from this sender.",
        "目前无法判断该页面是否安全。请仅在您确认发件人及链接可信时继续访问。",
    ),
    False: (
        "Nothing speaks against it, and nobody here has visited it before. Enter no password there unless you expected this link.",
        "目前没有发现风险，但贵单位此前无人访问过该页面。如非您预期的链接，请勿在其中输入密码。",
    ),
}

_FOOTER: Final = (
    "Shown by mailrisk for your organisation. If this is wrong, tell your administrator the address above.",
    "本页面由贵单位的 mailrisk 显示。如有误判，请将以上网址告知管理员。",
)


def visit_page(token: PageToken, found: Found, text: str, *, chinese: bool, where: str = "/visit") -> str:
    """The page about one visit. ``text`` is the sealed token, with which a warned visitor can go on, at ``where``."""
    at = 1 if chinese else 0
    clear = found.level not in (Level.MALICIOUS, Level.SUSPICIOUS)
    action = token.action if not clear or token.action == "hold" else "allow"
    return _page_of(
        _TITLES[action],
        _text(action, found, at),
        at,
        url=token.url,
        refresh=token.url if _again(token) else "",
        reasons=_reasons(found, at) if not clear else "",
        form=_form(where, text, at) if action in ("warn", "allow") and token.action == "warn" else "",
    )


def click_page(
    action: str,
    found: Found,
    url: str,
    *,
    chinese: bool,
    unchecked: bool,
    again: str = "",
    form: tuple[str, str] = ("", ""),
) -> str:
    """The page about a click on a rewritten link. ``again``: what is loaded while it is checked; ``form``: where to, and a token."""
    at = 1 if chinese else 0
    bad = found.level in (Level.MALICIOUS, Level.SUSPICIOUS)
    if action == "hold" or (bad and not unchecked):
        title, text = _TITLES[action], _text(action, found, at)
    else:
        title, text = _UNKNOWN[unchecked], _UNKNOWN_TEXTS[unchecked][at]
    return _page_of(
        title,
        text,
        at,
        url=url,
        refresh=again,
        reasons=_reasons(found, at) if bad else "",
        form=_form(*form, at) if action == "warn" else "",
    )


def _page_of(
    title: tuple[str, str, str],
    text: str,
    at: int,
    *,
    url: str = "",
    refresh: str = "",
    reasons: str = "",
    form: str = "",
) -> str:
    """A page of ours. ``text``, ``reasons`` and ``form`` are HTML, the rest is not; ``title``: English, Chinese, colour."""
    # An address is written from left to right, whatever its letters are.
    shown = f'<p><code><bdo dir="ltr">{html.escape(defanged(url))}</bdo></code></p>' if url else ""
    again = f'<meta http-equiv="refresh" content="{AGAIN_S};url={html.escape(refresh)}">' if refresh else ""
    return _PAGE.substitute(
        lang=("en", "zh")[at], refresh=again, title=title[at], colour=title[2], text=text, url=shown,
        reasons=reasons, form=form, footer=_FOOTER[at],
    )  # fmt: skip


def refusal_page(why: str, *, chinese: bool) -> str:
    """What is shown for a token or a link that is not ours."""
    words = html.escape(why) if not chinese else "链接无效或已过期，请重新打开您要访问的页面。"
    return _page_of(("Nothing to show", "没有可显示的内容", "#666"), words, 1 if chinese else 0)


def defanged(url: str) -> str:
    """The address so that nobody opens it by accident, and nothing in it is hidden or turned around."""
    scheme, mark, rest = url[:MAX_SHOWN].partition("://")
    if not mark:
        scheme, rest = "", scheme
    host, slash, path = rest.partition("/")
    return visible(scheme.replace("tt", "xx") + mark + host.replace(".", "[.]") + slash + path)


def _again(token: PageToken) -> bool:
    """Only pages of the web are opened again by themselves."""
    return token.action == "hold" and token.url.lower().startswith(("http://", "https://"))


def _text(action: str, found: Found, at: int) -> str:
    what = CATEGORIES.get(found.category, ("", ""))[at] if found.category else ""
    if action == "hold":
        return ("Your organisation has not visited it before. It opens by itself as soon as it is found harmless.",
                "贵单位此前未访问过该页面，检查通过后将自动打开。")[at]  # fmt: skip
    if action == "allow":
        return (
            "It is no longer considered dangerous. Open it once more.",
            "该页面已不再被判定为危险，请重新打开。",
        )[at]
    if at:
        return f"检测结果：{what}（风险 {found.score}/100）。" if what else f"风险 {found.score}/100。"
    return f"It was found to be {what} (risk {found.score}/100)." if what else f"Risk {found.score}/100."


def _reasons(found: Found, at: int) -> str:
    lines = [
        f"<li>{html.escape(visible((reason.text_zh if at else reason.text)[:MAX_SHOWN]))}</li>"
        for reason in found.reasons[:MAX_REASONS]
        if reason.weight > 0
    ]
    return f"<ul>{''.join(lines)}</ul>" if lines else ""


def _form(where: str, text: str, at: int) -> str:
    words = ("I understand the risk, go on", "我了解风险，继续访问")[at]
    return (
        f'<form method="post" action="{html.escape(where)}"><input type="hidden" name="t" value="{html.escape(text)}">'
        f"<button>{words}</button></form>"
    )

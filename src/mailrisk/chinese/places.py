"""Where in a message something stands, in Chinese: tables translate what JSON keeps in permanent English words."""

from __future__ import annotations

import re

_WORDS = {
    "part": "部分", "link": "链接", "header": "邮件头", "number": "第", "page": "第", "slide": "幻灯片", "sheet": "工作表",
    "QR code": "二维码", "code": "条码", "picture": "图片", "quoted text": "引用文字", "HTML body": "HTML 正文",
    "display name": "显示名称", "sender address": "发件地址", "signature": "落款", "subject": "主题", "text": "正文",
    "envelope": "信封", "attachment": "附件", "body": "正文", "rendered body": "渲染后的正文", "Subject": "主题",
    "coloured cells": "表格色块", "coloured boxes": "色块", "characters": "字符拼图", "shadows of a box": "阴影拼图",
    "pictures side by side": "拼接图片", "embedded picture": "内嵌图片", "drawing": "绘图",
    "From": "发件人", "Reply-To": "回复地址", "name": "名称", "comment": "批注", "annotation": "注释", "target": "目标",
}  # fmt: skip
_AFTER = {"page": "页", "number": "个"}
_ONE = re.compile(
    rf"(?<![\w.-])({'|'.join(sorted(map(re.escape, _WORDS), key=len, reverse=True))})(?![\w-]|\.\w)( \d+\b)?"
)


def place(text: str, lang: str) -> str:
    """``part 1.2, link 3`` as people read it; names of files and headers that nobody translates stay as they are."""
    if lang != "zh":
        return text
    return _ONE.sub(_translated, text).replace(", ", "，")


def _translated(found: re.Match[str]) -> str:
    word, number = found[1], (found[2] or "").strip()
    if word in _AFTER and number:
        return f"{_WORDS[word]} {number} {_AFTER[word]}"
    return f"{_WORDS[word]} {number}".strip()

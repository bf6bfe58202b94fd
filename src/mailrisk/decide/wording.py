"""What evidence says in words of our own, as a reader of the sentence should see it.

Evidence names intents by label, phrases by the pattern that found them and places in English; a sentence wants
words of its own language, and no empty quotation where a model was sure and no phrase was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ENGLISH: Final[Mapping[str, str]] = {
    "asks-credential": "log-in", "asks-payment": "payment", "asks-card": "card details", "asks-scan": "scan a code",
    "asks-open": "open something", "asks-call": "call back", "document-share": "shared document",
    "mailbox-quota": "mailbox notice",
}  # fmt: skip

_CHINESE: Final[Mapping[str, str]] = {
    "asks-credential": "索要账号", "asks-payment": "要求付款", "asks-card": "索要银行卡信息", "asks-scan": "要求扫码",
    "asks-open": "诱导打开", "asks-call": "要求致电", "subsidy": "补贴", "invoice": "发票", "document-share": "共享文档",
    "mailbox-quota": "邮箱通知", "delivery": "快递", "tax": "税务", "prize": "中奖", "threat": "威胁", "urgency": "催促",
    "secrecy": "要求保密", "display name": "显示名称", "sender address": "发件地址", "subject": "主题",
    "signature": "落款", "mailbox": "邮箱系统", "helpdesk": "技术支持",
}  # fmt: skip

_NAMED: Final = frozenset({"wants", "where", "claimed"})
"""Fields of evidence that may hold labels and places instead of words from the message."""

_REWORDED: Final = _NAMED | {"phrase"}

WORDED: Final = _REWORDED | {"author"}
"""Fields that may read otherwise than the evidence has them; all others are shown as they are."""

_NOBODY: Final = frozenset({"", "?"})
"""What evidence says where a message names no author that can be read."""

_EMPTY: Final = re.compile(r"[ ]?(?:[(（](?:“”)?[)）]|[:：] ?“”)")


def worded(shown: Mapping[str, str], *, chinese: bool) -> dict[str, str]:
    """The fields of a sentence with labels and patterns put into words of its language."""
    if shown.get("author") in _NOBODY:
        shown = {**shown, "author": "（无）" if chinese else "(none)"}
    if _REWORDED.isdisjoint(shown):
        return dict(shown)
    words = _CHINESE if chinese else _ENGLISH
    comma = "、" if chinese else ", "
    said = dict(shown)
    for field in _NAMED & said.keys():
        parts = said[field].split(", ")
        if any(part in words for part in parts):
            said[field] = comma.join(words.get(part, part) for part in parts)
    if "phrase" in said:
        said["phrase"] = re.sub(r" ?~ ?", "…", said["phrase"]).replace("*", "…")
    return said


_COUNTED: Final = re.compile(r"\b([0-9]{1,12}) ((?:[a-z]{1,20} ){0,2}[a-z]{1,20})\((e?s)\)")


def counted(sentence: str) -> str:
    """An English sentence with ``1 account(s)`` and ``2 address(es)`` as one says them."""
    if "s)" not in sentence:
        return sentence
    return _COUNTED.sub(lambda found: f"{found[1]} {found[2]}{'' if found[1] == '1' else found[3]}", sentence)


def tidied(sentence: str) -> str:
    """The sentence without brackets and quotation marks that hold nothing."""
    # What the pattern looks for, asked the quick way: most sentences have brackets, and hardly any has empty ones.
    if "“”" in sentence or "()" in sentence or "（）" in sentence or "(）" in sentence or "（)" in sentence:
        return _EMPTY.sub("", sentence)
    return sentence

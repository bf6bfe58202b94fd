"""Every trick of the content with its honest twin: what the one is told for, the other is not."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.analyse.message.letters import OWN, READER, codes, letter, page, view

SOMEBODY = "a@somebody.example"
SALT = "words that only a filter sees " * 20
SEEN = "A newsletter with quite a lot to read about the summer. " * 15


class Pair(NamedTuple):
    """What the trick is, its code, a message with it and one that is honest."""

    name: str
    code: str
    lure: bytes
    twin: bytes


def html(body: str, **more: object) -> bytes:
    return letter("A", SOMEBODY, "Notice", html=page(body), **more)  # type: ignore[arg-type]


def hidden(style: str, honest: str) -> tuple[bytes, bytes]:
    return html(f'Hi <div style="{style}">{SALT}</div>'), html(f'Hi <div style="{honest}">{SALT}</div>')


def plain(
    subject: str, text: str = "Text", *, head: str = "", reply_to: str = "", author: str = SOMEBODY
) -> bytes:
    raw = letter("A", author, subject, text, reply_to=reply_to)
    return head.encode() + raw


OPEN = "See https://files.elsewhere.example/a"
QUOTED = f"Please use the new account below.\n\nFrom: Han Mei <han.mei@{OWN}>\nTo: Li Lei <{READER}>\nSubject: invoice\n\nPlease pay it."
ANSWERED = f"Fine.\n\nOn Mon, Mar 9, 2026 Bob <bob@partner-works.example> wrote:\n> And you, <{READER}>?"
CHINESE = (
    f"请按新账户付款。\n\n发件人： 韩梅 <han.mei@{OWN}>\n收件人： 李雷 <{READER}>\n主题： 发票\n\n请付款。"
)

PAIRS = [
    Pair("display none", "hidden-text", *hidden("display:none", "display:block")),
    Pair("zero font", "hidden-text", *hidden("font-size:0", "font-size:12px")),
    Pair("tiny font", "hidden-text", *hidden("font-size:1px", "font-size:11px")),
    Pair("white on white", "hidden-text", *hidden("color:#fff", "color:#333")),
    Pair("nearly white on white", "hidden-text", *hidden("color:#fdfdfd", "color:#fdfdfd;background:#000")),
    Pair("grey on grey", "hidden-text", *hidden("background:#ccc;color:#cbcbcb", "background:#ccc;color:#111")),
    Pair("off the page", "hidden-text", *hidden("position:absolute;left:-9999px", "position:relative;left:9px")),
    Pair("no opacity", "hidden-text", *hidden("opacity:0", "opacity:1")),
    Pair("no height", "hidden-text", *hidden("max-height:0;overflow:hidden", "max-height:900px;overflow:hidden")),
    Pair(
        "a preview line is honest",
        "hidden-text",
        html(f'<div style="display:none">{SALT}</div>Hi'),
        html(f'<div style="display:none">See our summer offers</div>{SEEN}'),
    ),
    Pair("override", "direction-override", plain("invoice\u202efdp.exe"), plain("\u062e\u0637\u0627\u0628 \u200f\u0645\u0647\u0645")),
    Pair("homoglyphs", "mixed-script-words", plain("V\u0435rify your \u0430ccount"), plain("Проверьте your account")),
    Pair("zero width", "zero-width-salt", plain("Ac\u200bcount"), plain("می\u200cخواهم")),
    Pair("styled letters", "styled-letters", plain("𝗜𝗺𝗽𝗼𝗿𝘁𝗮𝗻𝘁 notice"), plain("Important notice")),
    Pair(
        "another host shown",
        "link-text-differs",
        html('<a href="http://x.example/a">https://www.bank.example.org/</a>'),
        html('<a href="https://login.bank.example.org/a">www.bank.example.org</a>'),
    ),
    Pair(
        "password form",
        "form-in-mail",
        html('<form action="http://x.example/p"><input type="password" name="p"></form>'),
        html('<form action="http://x.example/s"><input name="q"><input type="submit"></form>'),
    ),
    Pair(
        "form for a card",
        "input-in-mail",
        html('<form action="http://x.example/p"><input name="card_number"></form>'),
        html('<form action="http://x.example/s"><input type="radio" name="a"><input type="radio" name="b"></form>'),
    ),
    Pair(
        "form with several fields",
        "input-in-mail",
        html('<form action="http://x.example/p"><input name="a"><input type="text" name="b"></form>'),
        html('<form action="http://x.example/s"><input type="search" name="q"><input type="hidden" name="t"></form>'),
    ),
    Pair(
        "script",
        "script-in-mail",
        html("<script>document.location='http://x.example'</script>"),
        html('<script type="application/ld+json">{"@type": "Order"}</script>'),
    ),
    Pair(
        "smuggling",
        "page-with-script-attached",
        letter("A", SOMEBODY, "x", "y", files=[("a.html", "text/html", b"<script>new Blob([atob('TVqQ')])</script>")]),
        letter("A", SOMEBODY, "x", "y", files=[("a.html", "text/html", b"<h1>Minutes of the meeting</h1>")]),
    ),
    Pair(
        "answers to a free mailbox",
        "reply-to-free-mail",
        plain("Order", reply_to="sales.somebody@gmail.com"),
        plain("Order", reply_to="sales@somebody.example"),
    ),
    Pair(
        "answers elsewhere",
        "reply-to-elsewhere",
        plain("Order", reply_to="a@other-firm.example"),
        plain("Order", reply_to="a@mail.somebody.example"),
    ),
    Pair(
        "answers to a lookalike of the author",
        "reply-to-lookalike",
        plain("Order", reply_to="a@sornebody.example"),
        plain("Order", reply_to="a@support.somebody.example"),
    ),
    Pair(
        "answers to a lookalike of the reader",
        "reply-to-lookalike",
        plain("Order", reply_to="a@qinqhe.example"),
        plain("Order", reply_to=f"a@{OWN}"),
    ),
    Pair("an answer to nothing", "reply-without-thread", plain("Re: invoice", OPEN), plain("Re: invoice", OPEN, head="In-Reply-To: <1@x>\r\n")),
    Pair("an answer without anything to open", "reply-without-thread", plain("Re: invoice", OPEN), plain("Re: invoice", "Fine, see you")),
    Pair("an answer to nothing, in Chinese", "reply-without-thread", plain("回复：付款", OPEN), plain("答复：付款", f"{OPEN}\n{ANSWERED}")),
    Pair(
        "a stranger in a thread of colleagues",
        "stranger-in-thread",
        plain("Re: invoice", QUOTED),
        plain("Re: invoice", QUOTED.replace("To: ", f"Cc: {SOMEBODY}\nTo: ")),
    ),
    Pair(
        "a stranger in a Chinese thread",
        "stranger-in-thread",
        plain("回复：发票", CHINESE),
        plain("回复：发票", CHINESE.replace("收件人： ", f"抄送： {SOMEBODY}\n收件人： ")),
    ),
    Pair(
        "a colleague quotes colleagues",
        "stranger-in-thread",
        plain("Re: invoice", QUOTED),
        plain("Re: invoice", QUOTED, author=f"wang@{OWN}"),
    ),
    Pair(
        "a lookalike goes on with a partner's thread",
        "lookalike-in-thread",
        plain("Re: invoice", ANSWERED, author="bob@partner-vvorks.example"),
        plain("Re: invoice", ANSWERED, author="bob@partner-works.example"),
    ),
    Pair(
        "one letter off in a quoted thread",
        "lookalike-in-thread",
        plain("Re: invoice", ANSWERED, author="bob@partner-work.example"),
        plain("Re: invoice", ANSWERED, author="carol@quite-another.example"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_trick_is_told_and_its_honest_twin_is_not(pair: Pair) -> None:
    assert pair.code in codes(view(pair.lure))
    assert pair.code not in codes(view(pair.twin))


@pytest.mark.parametrize(
    "text", ["> " * 9_000, "From: a@b.example\n" * 1_500, "x wrote:\n" * 4_000, "-----original\n" * 900]
)
def test_hostile_quotes_are_survived(text: str) -> None:
    assert codes(view(plain("Re: x", text))) is not None

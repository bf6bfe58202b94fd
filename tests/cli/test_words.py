"""Words of tables: no codes, no plural of one, in both languages."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from mailrisk.chinese.sentences import problem
from mailrisk.cli import output
from mailrisk.cli.check import _notes
from mailrisk.cli.rewrite import _print
from mailrisk.service.clicks import ClickCount


class Missing:
    """As much of an answer as the notes look at."""

    cut = defects = ()

    def __init__(self, *missing: str) -> None:
        self.missing_stages = missing


def notes(answer: Missing, lang: str, *, network: bool) -> list[str]:
    console = Console(file=StringIO(), width=200)
    _notes(console, answer, lang, network=network)  # type: ignore[arg-type]
    assert isinstance(console.file, StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines()]


def test_what_was_not_done_is_said_in_words_with_the_reason() -> None:
    answer = Missing("auth", "domain", "ocr")
    assert notes(answer, "en", network=False) == [
        "! not done, as the network is switched off: authentication of the sender, facts about domains",
        "! not done: reading of pictures",
    ]
    assert notes(answer, "zh", network=False) == [
        "! 网络已关闭，未执行的环节：发信认证，域名信息",
        "! 未执行的环节：图片文字识别",
    ]
    assert notes(answer, "en", network=True) == [
        "! not done: authentication of the sender, facts about domains, reading of pictures"
    ]
    assert notes(Missing(), "en", network=False) == []


def test_what_is_not_listed_is_called_so() -> None:
    assert (output.word("absent", "en"), output.word("absent", "zh")) == ("not listed", "未收录")
    assert output.word("listed", "en") == "listed" and output.word(None, "en") == "-"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_click_is_one(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    one = ClickCount(
        clicks=1, people=1, messages=1, let_through_people=1, first_at=1_700_000_000, last_at=1_700_000_000
    )
    _print(one, lang, "")
    shown = capsys.readouterr().out
    said = {
        "en": ("1 click (1 known recipient, 1 message), ", "1 recipient or message got there"),
        "zh": ("1 次点击（1 名收件人，1 封邮件），", "到达该页面的收件人或邮件：1"),
    }
    assert all(words in shown for words in said[lang])


def test_one_key_opens_links() -> None:
    assert output.counted(1, "key opens", "keys open") == "1 key opens"
    assert problem("1 key opens links, the newest signs", "zh").count("1") == 1

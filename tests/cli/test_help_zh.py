"""Help and wrong usage speak Chinese: every text has a line, and every line has its text."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from tools.docs import commands

from mailrisk.chinese.help import COMMANDS as PARAGRAPHS
from mailrisk.chinese.help import OPTIONS
from mailrisk.cli import COMMANDS, main
from mailrisk.cli.chinese_help import in_chinese, row_in_chinese, wrapped
from mailrisk.cli.language import VARIABLES, language

CLICKS_OWN = {"Show this message and exit."}


def paragraphs() -> Iterator[tuple[str, str]]:
    """(command, paragraph) of all help that is no example."""
    for path, command in commands():
        for text in inspect.cleandoc(command.help or "").split("\n\n"):
            joined = " ".join(text.removeprefix("\b").split())
            if joined in PARAGRAPHS or not text.startswith("\b"):
                yield path, joined
    yield from ((f"mailrisk {name}", place.help) for name, place in COMMANDS.items())


def options() -> set[str]:
    """The help of all options."""
    declared = {getattr(one, "help", None) for _, command in commands() for one in command.params}
    return {text for text in declared if text} | CLICKS_OWN


@pytest.fixture
def in_china(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["mailrisk", *arguments])
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_every_help_text_of_a_command_has_its_chinese() -> None:
    missing = {text: path for path, text in paragraphs() if text not in PARAGRAPHS}
    assert not missing, "add them to src/mailrisk/chinese/help.py"


def test_every_help_text_of_an_option_has_its_chinese() -> None:
    assert not options() - OPTIONS.keys(), "add them to src/mailrisk/chinese/help.py"


def test_no_chinese_outlives_its_english() -> None:
    assert not OPTIONS.keys() - options()
    assert not PARAGRAPHS.keys() - {text for _, text in paragraphs()}


@pytest.mark.usefixtures("in_china")
@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_help_is_chinese_and_fits_the_terminal(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = said([*path.split()[1:], "--help"], monkeypatch, capsys)
    assert "用法：" in text and "选项：" in text and "显示本帮助并退出。" in text
    described = re.findall(r"^  (?:-\S|[a-z][a-z-]+ ).*?  (\S.*)$", text, re.MULTILINE)
    assert not [line for line in described if not re.search("[\u4e00-\u9fff]", line)]
    examples = {line.strip() for _, command in commands() for line in (command.help or "").splitlines()}
    for line in text.splitlines():
        if line.lstrip().startswith("-"):
            continue  # The names and choices of an option are as long as they are.
        columns = sum(2 if "\u2e80" <= char <= "\uffef" else 1 for char in line)
        assert columns <= 81 or line.strip() in examples, (
            line
        )  # A closing mark may stand behind the last column.


@pytest.mark.usefixtures("in_china")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["massage"], "错误：没有 'massage' 这个命令。"),
        (["status", "--no"], "没有 '--no' 这个选项。您是不是要用"),
        (["url", "check"], "错误：缺少参数 'URL...'。"),
        (["withdraw", "x.example"], "错误：缺少选项 '--reason'。"),
        (["changes", "--after", "-1"], "'--after' 的值无效：-1 不在范围 x>=0 之内。"),
        (["changes", "--after", "x"], "'--after' 的值无效：'x' 不是有效的整数。"),
        (["status", "--format", "x"], "'--format' 的值无效：'x' 不在可选值之中：'table', 'json', 'jsonl'。"),
        (["status", "x"], "错误：多余的参数（x）"),
        (["status", "--config", "/nowhere/x.toml"], "config：/nowhere/x.toml 无法读取：没有那个文件或目录"),
        (["serve", "--listen", "abc"], "listen：'abc' 不是 HOST:PORT"),
    ],
)
def test_wrong_usage_is_told_in_chinese(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in said(arguments, monkeypatch, capsys)


@pytest.mark.usefixtures("in_china")
def test_a_language_on_the_line_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Show what is known" in said(["status", "--lang", "en", "--help"], monkeypatch, capsys)
    assert "查看已有情报" in said(["status", "--help"], monkeypatch, capsys)
    monkeypatch.setenv("LANG", "C")
    assert "查看已有情报" in said(["status", "--lang=zh", "--help"], monkeypatch, capsys)


def test_the_first_variable_that_says_something_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert language() == "zh"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language() == "en"
    monkeypatch.setenv("MAILRISK_LANG", "zh")
    assert language() == "zh" and language("en") == "en"


def test_english_loads_no_chinese() -> None:
    code = (
        "import sys\nfrom mailrisk.cli import root\n"
        "root.main(['--help'], standalone_mode=False)\n"
        "print([name for name in sys.modules if 'chinese' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.splitlines()[-1] == "[]"


def test_lines_break_between_words_or_chinese_characters_and_before_no_closing_mark() -> None:
    assert wrapped("检查链接和域名，每行一个", 10) == ["检查链接和", "域名，每行", "一个"]
    assert wrapped("用 `mailrisk status` 查看", 12) == ["用 `mailrisk", "status` 查看"]
    assert wrapped("检查链接，和", 8) == ["检查链", "接，和"]
    assert wrapped("", 10) == []


def test_what_has_no_chinese_stays_as_it_is() -> None:
    assert in_chinese("a text\nof nobody") == "a text of nobody"
    assert row_in_chinese("of nobody  [default: 3]") == "of nobody  [默认：3]"
    assert row_in_chinese("") == ""
    assert isinstance(click.Context.formatter_class, type)

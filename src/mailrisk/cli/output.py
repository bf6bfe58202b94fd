"""Answers as people like to read them (tables) and as scripts do (JSON)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailrisk.chinese.sentences import problem
from mailrisk.cli import language as spoken
from mailrisk.model.verdict import SEVERITY
from mailrisk.service.answers import ErrorAnswer, ShortReason

STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C1 controls and characters that change the direction of text; JSON escapes the C0 ones by itself."""

COLOUR = {3: "bold red", 2: "yellow", 1: "cyan", 0: "green", -1: "dim"}

WORDS = {
    "malicious": "恶意", "suspicious": "可疑", "clean": "安全", "unknown": "未知",
    "high": "高", "medium": "中", "low": "低", "none": "无",
    "credential-phishing": "普通骗取账密钓鱼", "image-text-lure": "图片文本社工钓鱼",
    "document-lure": "在线文档社工钓鱼", "malware-file": "病毒文件链接", "payment-fraud": "付款欺诈",
    "callback-scam": "回拨电话诈骗", "extortion": "勒索", "gambling-porn-spam": "赌博色情",
    "other-scam": "其他诈骗", "brute-force": "暴力破解", "password-spray": "密码喷洒",
    "credential-stuffing": "撞库", "spam-source": "垃圾邮件来源", "phishing-source": "钓鱼邮件来源",
    "phishing-host": "钓鱼主机", "listed": "已被收录", "exempted": "已豁免", "absent": "未收录",
    "updated": "已更新", "withdrawn": "已撤回", "expired": "已过期",
}  # fmt: skip
"""Levels and categories in Chinese, for tables; JSON keeps the permanent English words."""

ENGLISH = {"absent": "not listed"}
"""Permanent words that say little to whoever does not know them."""

HEADINGS = {
    "Verdict": "判定", "Score": "评分", "Category": "类别", "Input": "输入", "Since": "首次发现",
    "Why": "原因", "Weight": "权重", "Where": "位置", "Country": "国家/地区", "Network": "网络",
    "Response": "建议处置", "Seen": "发生时间", "Recorded": "入库时间", "Source": "来源", "Code": "代码",
    "Reason": "原因", "Link": "链接", "Seq": "序号", "Change": "变更", "Indicator": "指标", "State": "状态",
    "Account": "账号", "Outcome": "结果", "Service": "服务", "Protocol": "协议", "Detail": "详情",
    "File": "文件", "Kind": "类型", "Size": "大小", "Found": "发现",
    "Feed": "情报源", "Fetched": "定期拉取", "Entries": "条目", "Age": "距今", "Next": "下次", "Failures": "失败次数",
    "Last error": "最近错误", "Name": "名称", "Format": "格式", "Licence": "许可", "Key": "密钥", "Passed on": "可转发",
    "Id": "编号", "Role": "角色", "Note": "备注", "Created": "创建时间", "Revoked": "吊销时间", "Host": "主机",
    "Position": "位置", "Behind": "落后", "Delivered": "最近送达", "Ip": "IP 地址", "SHA-256": "SHA-256",
    "From": "发件人", "Subject": "主题", "Impersonates": "仿冒对象",
}  # fmt: skip


language = spoken.language
"""``en`` or ``zh``, for the modules that print."""


def console() -> Console:
    """The terminal; wide enough for tables when the output goes to a file."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=160)


def print_json(value: Any) -> None:
    """One JSON document, indented."""
    click.echo(_steerless(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def print_line(value: Any) -> None:
    """One JSON object on one line, flushed: a reader may be waiting for it."""
    click.echo(_steerless(msgspec.json.encode(value).decode()))


def _steerless(text: str) -> str:
    """JSON in which every character that could steer a terminal is written as an escape; it reads the same."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def safe(text: str) -> str:
    """Text from outside as it may stand in a terminal: no control, direction or markup characters.

    What is not printable shows as ``\\x1b`` or ``\\u202e``.
    """
    return escape(plain(text))


def plain(text: str) -> str:
    """The same for what is printed without markup."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def print_answers(answers: Iterable[Any], format_: str, as_table: Callable[[list[Any]], None]) -> list[Any]:
    """Prints answers in the format chosen and returns them."""
    collected = []
    for answer in answers:
        collected.append(answer)
        if format_ == "jsonl":
            print_line(answer)
    if format_ == "json":
        print_json(collected)
    elif format_ == "table":
        as_table(collected)
    return collected


def word(value: str | None, lang: str) -> str:
    """A level or category in the language chosen."""
    if value is None:
        return "-"
    return (WORDS if lang == "zh" else ENGLISH).get(value, str(value))


def heading(text: str, lang: str) -> str:
    """A column heading in the language chosen."""
    return HEADINGS.get(text, text) if lang == "zh" else text


def level(value: str, lang: str) -> str:
    """A level with its colour."""
    return f"[{COLOUR[SEVERITY[value]]}]{word(value, lang)}[/]"


def when(value: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return "-" if value is None else value.strftime("%Y-%m-%d %H:%M") + "Z"


def reason_text(reason: ShortReason, lang: str) -> str:
    """The sentence of a reason, safe for the terminal."""
    return safe(reason.text_zh if lang == "zh" else reason.text)


def why(reasons: Iterable[ShortReason], lang: str, most: int = 3) -> str:
    """The heaviest reasons, one a line."""
    shown = list(reasons)
    lines = [reason_text(reason, lang) for reason in shown[:most]]
    if len(shown) > most:
        lines.append(f"… +{len(shown) - most}")
    return "\n".join(lines)


def table(lang: str, *columns: str, title: str | None = None) -> Table:
    """An empty table with headings in the language chosen."""
    made = Table(title=title, title_justify="left", show_lines=False, pad_edge=False, expand=False)
    for column in columns:
        made.add_column(heading(column, lang), overflow="fold")
    return made


def age(seconds: int | None) -> str:
    """A span in its largest fitting unit: ``40 s``, ``5 min``, ``3 h``, ``2 d``; a dash for None."""
    if seconds is None:
        return "-"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def counted(count: int, one: str, more: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{count} {one if count == 1 else more}"


def since(value: datetime | None, lang: str) -> str:
    """``since 2026-03-02 03:10Z``; a dash when never."""
    if value is None:
        return "-"
    return f"{'自' if lang == 'zh' else 'since'} {when(value)}"


def print_block(answer: Any, facts: list[str], lang: str) -> None:
    """An answer for people: what it is about, verdict and facts on one line, the reasons indented below.

    A dash among the facts says nothing and is left out. Blocks read well at any width; tables do not.
    """
    terminal = console()
    known = "  ".join(safe(fact) for fact in facts if fact != "-")
    head = f"[bold]{safe(answer.input[:200])}[/]  {level(answer.level, lang)} {answer.score}/100  {known}"
    terminal.print(Text.from_markup(head.rstrip()), soft_wrap=True)
    for line in why(answer.reasons, lang).splitlines():
        print_indented(line, 4)


def print_indented(text: str, columns: int) -> None:
    """A paragraph (markup) whose every line begins that far to the right."""
    console().print(Padding(Text.from_markup(text), (0, 0, 0, columns), expand=False))


def print_error(answer: ErrorAnswer, lang: str) -> None:
    """An item that could not be dealt with."""
    error = "错误" if lang == "zh" else "error"
    text = f"[bold]{safe(answer.input[:200])}[/]  [bold red]{error}[/]  {safe(problem(answer.error, lang))}"
    console().print(Text.from_markup(text), soft_wrap=True)

"""``ip check``, and how addresses are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import check_options, exit_code, lines_of, opened
from mailrisk.service.answers import ErrorAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.faded import with_faded


@click.group("ip", cls=Group)
def ip_group() -> None:
    """IP addresses."""


@ip_group.command("check")
@click.argument("ips", nargs=-1, required=True, metavar="IP...")
@check_options
@click.pass_context
def ip_check(
    click_context: click.Context, ips: tuple[str, ...], no_network: bool, fail_on: str | None, format_: str,
    lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Check IP addresses; `-` reads them from standard input, one a line.

    \b
    mailrisk ip check 203.0.113.5 2001:db8::1
    mailrisk ip check --format jsonl --fail-on high - < failed-logins.txt
    """
    spoken = output.language(lang)
    with opened(data_dir, config, network=not no_network) as context:
        answers = output.print_answers(
            (with_faded(context, check_ips(context, [text])[0]) for text in lines_of(ips)),
            format_,
            lambda found: print_ips(found, spoken),
        )
    click_context.exit(exit_code(answers, fail_on))


def print_ips(answers: list[Any], lang: str) -> None:
    """One block an address: verdict, category, since when, where it is, what to do; the reasons below."""
    for answer in answers:
        if isinstance(answer, ErrorAnswer):
            output.print_error(answer, lang)
            continue
        action = response(answer.suggested_response, answer.suggested_for_s, lang)
        facts = [
            output.word(answer.category, lang),
            output.since(answer.first_detected, lang),
            f"{answer.country or ''} AS{answer.asn}".strip() if answer.asn else answer.country or "-",
            "-" if answer.suggested_response == "none" else f"{output.heading('Response', lang)}: {action}",
        ]
        output.print_block(answer, facts, lang)


_CHINESE = {
    "block": "封锁", "delay": "延迟应答", "watch": "观察", "d": "天", "h": "小时", "min": "分钟", "s": "秒",
}  # fmt: skip


def response(action: str, for_s: int | None, lang: str) -> str:
    """A suggested response with its duration: ``block 1 d``."""
    words = _CHINESE if lang == "zh" else {}
    said = words.get(action, action)
    if for_s is None:
        return said
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    unit, seconds = next(one for one in units if for_s % one[1] == 0)
    return f"{said} {for_s // seconds} {words.get(unit, unit)}"

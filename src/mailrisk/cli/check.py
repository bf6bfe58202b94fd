"""``message check`` and ``url check``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from mailrisk.chinese.places import place
from mailrisk.chinese.sentences import note, stage
from mailrisk.chinese.sentences import opened as opened_as
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import check_options, exit_code, lines_of, opened, text_of
from mailrisk.edge.files import read_message_file
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Envelope
from mailrisk.service.answers import ErrorAnswer, MessageAnswer, MessageUrl, UrlAnswer
from mailrisk.service.check_message import check_message, report_message
from mailrisk.service.check_url import Analyse, check_urls
from mailrisk.service.context import Context
from mailrisk.service.envelope import make_envelope
from mailrisk.service.scan_url import scan_urls

SCANNED_TOGETHER = 20

ASK_THE_NETWORK = ("auth", "domain")
"""Stages that cannot be without it."""


@click.group("message", cls=Group)
def message_group() -> None:
    """Messages: raw RFC 5322, as .eml files hold them."""


@message_group.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--client-ip", default="", help="Address of the SMTP client that delivered it.")
@click.option("--helo", default="", help="Name that the client gave in HELO or EHLO.")
@click.option("--mail-from", default="", help="Envelope sender.")
@click.option("--rcpt-to", multiple=True, help="Envelope recipient; may be repeated.")
@click.option("--submit", is_flag=True, help="Report it too: store it as a sample, decide its indicators.")
@click.option(
    "--learn", is_flag=True, help="Remember who wrote to whom, as keyed hashes, if it is honest mail."
)
@check_options
@click.pass_context
def message_check(
    click_context: click.Context, files: tuple[str, ...], client_ip: str, helo: str, mail_from: str,
    rcpt_to: tuple[str, ...], submit: bool, learn: bool, no_network: bool, fail_on: str | None, format_: str,
    lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Check messages; `-` reads one from standard input. Nothing is stored without --submit or --learn.

    \b
    mailrisk message check mail.eml
    mailrisk message check --client-ip 203.0.113.5 --helo mx.example --mail-from a@b.example mail.eml
    mailrisk message check --submit --format jsonl *.eml
    """
    envelope = make_envelope(client_ip, helo, mail_from, list(rcpt_to))
    spoken = output.language(lang)
    with opened(data_dir, config, network=not no_network) as context:
        answers = output.print_answers(
            _check_files(context, files, envelope, (submit, learn), not no_network),
            format_,
            lambda found: _message_tables(found, spoken, network=context.network),
        )
    click_context.exit(exit_code(answers, fail_on))


def _check_files(
    context: Context, files: tuple[str, ...], envelope: Envelope, store: tuple[bool, bool], network: bool
) -> Iterator[MessageAnswer | ErrorAnswer]:
    submit, learn = store
    with asyncio.Runner() as runner:
        for name in files:
            try:
                raw = read_message_file(name)
                if submit:
                    yield runner.run(
                        report_message(
                            context, raw, envelope, reporter="cli", name=text_of(name), network=network
                        )
                    )
                else:
                    yield runner.run(
                        check_message(
                            context, raw, envelope, name=text_of(name), network=network, learn=learn
                        )
                    )
            except BadInput as error:
                yield ErrorAnswer(input=text_of(name), error=error.reason, field=error.field)


def _message_tables(answers: list[Any], lang: str, *, network: bool) -> None:
    """One block a message: verdict, authentication, reasons, links."""
    terminal = output.console()
    for answer in answers:
        if isinstance(answer, ErrorAnswer):
            output.print_error(answer, lang)
            continue
        terminal.print(
            f"[bold]{output.safe(answer.input)}[/]  {output.level(answer.level, lang)} {answer.score}/100"
            f"  {output.word(answer.category, lang)}"
        )
        sender, subject = output.heading("From", lang), output.heading("Subject", lang)
        terminal.print(f"  {sender}: {output.safe(answer.from_)}\n  {subject}: {output.safe(answer.subject)}")
        terminal.print("  " + "  ".join(f"{name} {result}" for name, result in answer.auth.items()))
        if answer.target is not None:
            official = ", ".join(answer.target.official_domains[:3])
            terminal.print(
                f"  {output.heading('Impersonates', lang)}: {output.safe(answer.target.brand)} ({output.safe(official)})"
            )
        _notes(terminal, answer, lang, network=network)
        _reasons_table(terminal, answer, lang)
        _links_table(terminal, answer, lang)
        _files_table(terminal, answer, lang)
        for listed in answer.indicators:
            terminal.print(
                f"  {output.safe(output.word(listed.state, lang))}: {output.safe(listed.indicator)} ({listed.score}/100)"
            )
        terminal.print()


def _notes(terminal: Any, answer: MessageAnswer, lang: str, *, network: bool) -> None:
    """What was not done, cut off, or malformed."""
    for told in (*answer.cut, *answer.defects):
        terminal.print(f"  [yellow]![/] {output.safe(note(told, lang))}")
    offline = [name for name in answer.missing_stages if name in ASK_THE_NETWORK and not network]
    others = [name for name in answer.missing_stages if name not in offline]
    for why, missing in (("not done, as the network is switched off", offline), ("not done", others)):
        if missing:
            names = ", ".join(stage(name, lang) for name in missing)
            terminal.print(f"  [yellow]![/] {output.safe(note(f'{why}: {names}', lang))}")


def _reasons_table(terminal: Any, answer: MessageAnswer, lang: str) -> None:
    if not answer.reasons:
        return
    table = output.table(lang, "Weight", "Why", "Where")
    for reason in answer.reasons:
        table.add_row(
            f"{reason.weight:+.1f}",
            output.reason_text(reason, lang),
            output.safe(place(reason.artefact, lang)),
        )
    terminal.print(table)


def _links_table(terminal: Any, answer: MessageAnswer, lang: str, most: int = 12) -> None:
    """The links, worst first."""
    if not answer.urls:
        return
    table = output.table(lang, "Verdict", "Score", "Link", "Where")
    for url in sorted(answer.urls, key=lambda one: (not one.blamed, -one.score))[:most]:
        table.add_row(
            _standing(url, lang),
            str(url.score),
            output.safe(url.url[:160]),
            output.safe("; ".join(place(one, lang) for one in url.where[:3])),
        )
    terminal.print(table)
    if len(answer.urls) > most:
        terminal.print(f"  … +{len(answer.urls) - most}")


def _standing(url: MessageUrl, lang: str) -> str:
    """What is said of a link: its own level, and that it is what the message is malicious for."""
    own = output.level(url.level, lang)
    return f"[bold red]{note('the lure of this message', lang)}[/]\n{own}" if url.blamed else own


def _files_table(terminal: Any, answer: MessageAnswer, lang: str, most: int = 20) -> None:
    """The files in their order, each with what it is and does."""
    if not answer.files:
        return
    table = output.table(lang, "File", "Kind", "Size", "SHA-256", "Found")
    for file in answer.files[:most]:
        told = (*(trait.name for trait in file.traits), file.not_opened)
        seen = [*(opened_as(item, lang) for item in told), *file.rules]
        table.add_row(
            output.safe(" > ".join(file.path)[-120:]),
            output.safe(file.kind or "?"),
            str(file.size),
            file.sha256[:16],
            output.safe(", ".join(item for item in seen if item)[:200]),
        )
    terminal.print(table)
    if len(answer.files) > most:
        terminal.print(f"  … +{len(answer.files) - most}")


@click.group("url", cls=Group)
def url_group() -> None:
    """URLs and domains."""


@url_group.command("check")
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    "--analyse",
    type=click.Choice([item.value for item in Analyse]),
    default=Analyse.STATIC.value,
    show_default=True,
    help="What is added for URLs that are not listed.",
)
@check_options
@click.pass_context
def url_check(
    click_context: click.Context, urls: tuple[str, ...], analyse: str, no_network: bool, fail_on: str | None,
    format_: str, lang: str | None, data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Check URLs; `-` reads them from standard input, one a line. Defanged forms are understood.

    \b
    mailrisk url check https://example.org/login
    mailrisk url check --format jsonl - < urls.txt
    mailrisk url check --fail-on suspicious hxxps://evil[.]example/
    """
    spoken = output.language(lang)
    with opened(data_dir, config, network=not no_network) as context:
        answers = output.print_answers(
            _url_answers(context, lines_of(urls), Analyse(analyse)),
            format_,
            lambda found: _print_urls(found, spoken),
        )
    click_context.exit(exit_code(answers, fail_on))


def _url_answers(
    context: Context, texts: Iterable[str], analyse: Analyse
) -> Iterator[UrlAnswer | ErrorAnswer]:
    """The answers in order; a scan takes some URLs together, because most of its time is waiting."""
    if analyse is not Analyse.SCAN:
        yield from (check_urls(context, [text], analyse)[0] for text in texts)
        return
    rest = iter(texts)
    while together := list(islice(rest, SCANNED_TOGETHER)):
        yield from asyncio.run(scan_urls(context, together))


def _print_urls(answers: list[Any], lang: str) -> None:
    """One block a URL: the verdict on a line, the reasons below it."""
    for answer in answers:
        if isinstance(answer, ErrorAnswer):
            output.print_error(answer, lang)
            continue
        facts = [output.word(answer.category, lang), output.since(answer.first_seen, lang)]
        output.print_block(answer, facts, lang)

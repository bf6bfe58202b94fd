"""``doctor``: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import click

from mailrisk.cli import output
from mailrisk.cli.doctor_agent import agent_findings
from mailrisk.cli.doctor_dns import dns_findings
from mailrisk.cli.doctor_gates import gate_findings
from mailrisk.cli.doctor_lists import list_findings
from mailrisk.cli.llm import try_model
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.config import Config, load_config
from mailrisk.edge.installation import LIBRARIES, missing_libraries, open_to_others
from mailrisk.model.errors import MailriskError
from mailrisk.service.advice import Advice, Grade
from mailrisk.service.context import Context
from mailrisk.service.doctor import Setup, examine
from mailrisk.service.graph_pull import read_state
from mailrisk.service.login_shares import read_shares
from mailrisk.wiring.graph import graph_source

COLOURS = {Grade.ERROR: "bold red", Grade.WARNING: "yellow"}


@click.command("doctor")
@click.option(
    "--fail-on",
    type=click.Choice([grade.value for grade in Grade]),
    default=Grade.ERROR.value,
    show_default=True,
    help="Exit with 1 if there is a finding of this grade or worse.",
)
@click.option("--no-network", is_flag=True, help="Ask nothing outside this machine.")
@output_options
@store_options
@click.pass_context
def doctor_command(
    click_context: click.Context, fail_on: str, no_network: bool, format_: str, lang: str | None,
    data_dir: Path, config: Path | None,
) -> None:  # fmt: skip
    """Look for what is wrong with this installation and say what to do about it.

    \b
    mailrisk doctor --config /etc/mailrisk.toml
    mailrisk doctor --fail-on warning --format json
    """
    settings = load_config(config)
    with opened(data_dir, config, network=not no_network) as context:
        found = examine(context, _setup(context, settings, data_dir, config))
    spoken = output.language(lang)
    output.print_answers(found, format_, lambda shown: _print(shown, spoken))
    bad = [advice for advice in found if fail_on == Grade.WARNING or advice.grade is Grade.ERROR]
    click_context.exit(1 if bad else 0)


def _setup(context: Context, settings: Config, data_dir: Path, config: Path | None) -> Setup:
    """What the machine and the configuration say."""
    shares = read_shares(data_dir / "events")
    secret = [*data_dir.glob("*.key"), data_dir / "ledger.db"]
    written = (
        settings.login.password,
        settings.login.graph.secret,
        settings.feeds.keys,
        settings.llm.key,
        settings.rpz.keys,
        settings.agent.key,
        settings.agent.webhook_secret,
        *(one.secret or one.password for one in settings.alert),
    )
    if config is not None and any(written):
        secret.append(config)
    tenant = settings.login.graph.tenant
    pulled = read_state(data_dir / "events") if tenant else None
    return Setup(
        network=settings.network.enabled,
        organisation=bool(settings.organisation.domains),
        watches_logins=bool(settings.login.dovecot or tenant) or shares is not None,
        shares=shares,
        missing=tuple((name, *LIBRARIES[name]) for name in missing_libraries()),
        readable=tuple((str(path), mode) for path, mode in open_to_others(secret)),
        model_error=_model_error(context),
        graph=pulled if pulled is not None and pulled.tenant == tenant else None,
        graph_error=_graph_error(context, settings),
        surfaces=(
            *dns_findings(settings, context.clock()),
            *agent_findings(settings),
            *gate_findings(settings, data_dir),
            *list_findings(settings, data_dir, context.clock()),
        ),
    )


def _model_error(context: Context) -> str:
    """Why the configured language model cannot be asked; '' when it can, or there is none, or nothing may be."""
    if context.readers.language_model is None or not context.network:
        return ""
    try:
        asyncio.run(try_model(context))
    except MailriskError as error:
        return str(error)
    return ""


def _graph_error(context: Context, settings: Config) -> str:
    """Why the configured tenant cannot be asked for its sign-ins; '' when it can, as with the model."""
    try:
        source = graph_source(settings.login.graph)
        if source is not None and context.network:
            now = context.clock()
            asyncio.run(source.page(now - timedelta(hours=1), now, top=1))
    except MailriskError as error:
        return str(error)
    return ""


def _print(found: list[Advice], lang: str) -> None:
    terminal = output.console()
    if not found:
        terminal.print("一切正常" if lang == "zh" else "Nothing is wrong.")
        return
    words = {Grade.ERROR: "错误", Grade.WARNING: "警告"} if lang == "zh" else {}
    for advice in found:
        text, todo = (advice.text_zh, advice.todo_zh) if lang == "zh" else (advice.text, advice.todo)
        grade = words.get(advice.grade, advice.grade.value)
        terminal.print(
            f"[{COLOURS[advice.grade]}]{grade}[/]  {output.safe(text)}  [dim]{advice.check}[/]",
            soft_wrap=True,
        )
        output.print_indented(output.safe(todo), 4)

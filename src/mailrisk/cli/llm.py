"""``llm test``."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click
import msgspec

from mailrisk.chinese.sentences import problem
from mailrisk.cli import output
from mailrisk.cli.groups import Group
from mailrisk.cli.options import opened, output_options, store_options
from mailrisk.model.errors import ConfigError, Unavailable
from mailrisk.model.opinion import Opinion, Question
from mailrisk.service.context import Context

EXAMPLE = Question(
    facts=(
        "The author's domain is mailbox-upgrade.example; authentication: DMARC none.",
        "It names Microsoft 365 (display name), whose domains are microsoft.com; the author's is none of them.",
        "Links lead to: storage-check.example (a host that costs nothing).",
    ),
    text="Your mailbox is full. Sign in within 24 hours to keep your messages: [link storage-check.example]",
)
"""A made-up lure, so that no real message is needed to try the endpoint."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one question to the endpoint."""

    url: str
    model: str
    seconds: float
    opinion: Opinion


@click.group("llm", cls=Group)
def llm_group() -> None:
    """The language model that is asked about uncertain messages."""


@llm_group.command("test")
@output_options
@store_options
def llm_test(format_: str, lang: str | None, data_dir: Path, config: Path | None) -> None:
    """Ask the configured language model about a made-up lure, and show what it says.

    \b
    mailrisk llm test --config mailrisk.toml
    """
    with opened(data_dir, config) as context:
        tried = asyncio.run(try_model(context))
    if format_ != "table":
        (output.print_line if format_ == "jsonl" else output.print_json)(tried)
        return
    opinion = tried.opinion
    reason = opinion.reason_zh if output.language(lang) == "zh" and opinion.reason_zh else opinion.reason
    terminal, spoken = output.console(), output.language(lang)
    answered = f"{tried.url} answered as {tried.model} in {tried.seconds:.1f} s"
    terminal.print(output.safe(problem(answered, spoken)))
    terminal.print(f"{problem(f'suspicion {opinion.suspicion}/100', spoken)}: {output.safe(reason)}")
    for label, sure in opinion.labels:
        terminal.print(f"  {label} {sure}")


async def try_model(context: Context) -> Tried:
    """Asks the example. ConfigError: none is configured. Unavailable: it gave no usable answer."""
    model = context.readers.language_model
    if model is None:
        raise ConfigError("config.llm.url", "no language model is configured")
    if not context.network:
        raise Unavailable("the network is switched off")
    began = time.monotonic()
    fact = await model.ask(EXAMPLE)
    if fact.status != "found":
        raise Unavailable(f"no usable answer: {fact.value}")
    seconds = round(time.monotonic() - began, 2)
    return Tried(url=model.name, model=fact.value.model, seconds=seconds, opinion=fact.value)

"""Finding login abuse in logs: lines in, evidence about addresses and networks out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo

import msgspec

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.collect.logs.entry import BadLine, LineFormat, LogFormat, SkippedLine
from mailrisk.collect.logs.read import AUTO, NO_MAPPED, Read, read_events
from mailrisk.decide.verdict import decide
from mailrisk.model.events import LoginEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Subject
from mailrisk.model.verdict import SEVERITY
from mailrisk.service.answers import IpAnswer
from mailrisk.service.check_ip import verdict_answer
from mailrisk.service.context import Context
from mailrisk.service.record import record
from mailrisk.store.ledger import known_evidence

CHUNK = 10_000
"""Pieces of evidence recorded in one transaction while a log is read."""


class LogCounts(msgspec.Struct, kw_only=True):
    """What became of the lines of a log."""

    lines: int = 0
    events: int = 0
    skipped: int = 0
    bad: int = 0
    first_bad: str = ""


class Detection(msgspec.Struct, kw_only=True):
    """What a log told: one answer an address or network about which there is evidence, the worst first."""

    ips: list[IpAnswer]
    counts: LogCounts


def read_log(
    lines: Iterable[bytes],
    *,
    counts: LogCounts,
    now: datetime,
    timezone: tzinfo,
    year: int | None = None,
    format: str = AUTO,
    mapped: Mapping[str, LogFormat | LineFormat] = NO_MAPPED,
) -> Iterator[LoginEvent | BadLine]:
    """The login events and the unreadable lines of a log; every line is counted. BadInput: unknown format."""
    for item in read_events(lines, format=format, timezone=timezone, year=year, now=now, mapped=mapped):
        _count(item, counts)
        if not isinstance(item, SkippedLine):
            yield item


def _count(item: Read, counts: LogCounts) -> None:
    counts.lines += 1
    if isinstance(item, LoginEvent):
        counts.events += 1
    elif isinstance(item, SkippedLine):
        counts.skipped += 1
    else:
        counts.bad += 1
        counts.first_bad = counts.first_bad or f"line {item.number}: {item.reason}"


def detect(context: Context, events: Iterable[LoginEvent | BadLine], counts: LogCounts) -> Detection:
    """Analyses login events, records the evidence, and answers for every address it is about.

    The answers are verdicts as of the newest event, so that an old log still tells who attacked then;
    what to do is suggested from the verdict now. Reading the same log again records nothing twice.
    """
    analysis = LoginAnalysis(trusted_frontends=context.knowledge.trusted_frontends)
    pending: list[Evidence] = []
    seen: dict[Subject, None] = {}
    newest = datetime.min.replace(tzinfo=UTC)

    def take(evidence: Iterable[Evidence], at_least: int) -> None:
        for item in evidence:
            seen.setdefault(item.subject)
            pending.append(item)
        if len(pending) >= at_least:
            record(context, pending)
            pending.clear()

    for event in events:
        if isinstance(event, LoginEvent):
            newest = max(newest, event.seen_at)
            take(analysis.observe(event), CHUNK)
    take(analysis.finish(), 1)
    return Detection(ips=_answers(context, seen, newest), counts=counts)


def _answers(context: Context, subjects: Iterable[Subject], newest: datetime) -> list[IpAnswer]:
    """Verdicts on addresses and networks from all evidence in the ledger, private addresses included, worst first."""
    now = context.clock()
    then = min(newest, now)
    answers = []
    for subject in subjects:
        evidence = known_evidence(context.ledger.evidence_of(subject))
        known = [item for item in evidence if item.seen_at <= then]
        answer = verdict_answer(
            context,
            decide(subject, known, then, context.policy),
            decide(subject, evidence, now, context.policy).level,
        )
        answers.append(answer)
    return sorted(answers, key=lambda answer: (-SEVERITY[answer.level], -answer.probability))

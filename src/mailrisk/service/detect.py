"""Finding login and sending abuse in logs: lines in, evidence about addresses, networks and accounts out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo

import msgspec

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.collect.logs.entry import BadLine, LineFormat, LogFormat, SkippedLine
from mailrisk.collect.logs.postfix_queue import SendLines
from mailrisk.collect.logs.read import AUTO, NO_MAPPED, Read, read_events
from mailrisk.decide.verdict import decide
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY
from mailrisk.service.accounts import AccountAnswer, account_answer, account_subject
from mailrisk.service.answers import IpAnswer
from mailrisk.service.check_ip import verdict_answer
from mailrisk.service.context import Context
from mailrisk.service.located import country_of, operator_of
from mailrisk.service.record import record
from mailrisk.service.sent_contacts import SentContacts
from mailrisk.store.ledger import known_evidence

CHUNK = 10_000
"""Pieces of evidence recorded in one transaction while a log is read."""


class LogCounts(msgspec.Struct, kw_only=True):
    """What became of the lines of a log, and how many messages they tell of together."""

    lines: int = 0
    events: int = 0
    skipped: int = 0
    bad: int = 0
    first_bad: str = ""
    sends: int = 0


class Detection(msgspec.Struct, kw_only=True):
    """What a log told: an answer for each address, network and account about which there is evidence, worst first."""

    ips: list[IpAnswer]
    accounts: list[AccountAnswer]
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
    file: str = "",
) -> Iterator[LoginEvent | SendEvent | BadLine]:
    """The events and the unreadable lines of a log; every line is counted. BadInput: unknown format.

    ``file`` names the log in what is said of a line, where several are read.
    """
    sends = SendLines(timezone, year, now)
    found: list[SendEvent] = []

    def passing() -> Iterator[bytes]:
        for raw in lines:
            found.extend(sends.take(raw))
            yield raw

    for item in read_events(passing(), format=format, timezone=timezone, year=year, now=now, mapped=mapped):
        if isinstance(item, BadLine) and file:
            item = BadLine(item.number, item.reason, file)
        _count(item, counts)
        if not isinstance(item, SkippedLine):
            yield item
        counts.sends += sum(one.recipients > 0 for one in found)
        yield from found
        found.clear()
    for one in sends.finish():
        counts.sends += one.recipients > 0
        yield one


def _count(item: Read, counts: LogCounts) -> None:
    counts.lines += 1
    if isinstance(item, LoginEvent):
        counts.events += 1
    elif isinstance(item, SkippedLine):
        counts.skipped += 1
    else:
        counts.bad += 1
        counts.first_bad = counts.first_bad or f"{item.place}: {item.reason}"


class _Analyses:
    """Everything that looks at events, and the names of the accounts about which something was said."""

    def __init__(self, context: Context) -> None:
        self._context = context
        frontends = context.knowledge.trusted_frontends
        self.names: dict[Subject, str] = {}
        self._contacts = SentContacts(context)
        self._login = LoginAnalysis(trusted_frontends=frontends, operator_of=operator_of(context))
        self._takeover = TakeoverAnalysis(
            self._subject_of, self._login.attacking, country_of(context), trusted_frontends=frontends
        )
        self._sending = SendAnalysis(
            self._subject_of, own_domains=context.knowledge.own_domains, trusted_frontends=frontends
        )

    def observe(self, event: LoginEvent | SendEvent) -> Iterator[Evidence]:
        """The evidence that an event gives rise to."""
        if isinstance(event, SendEvent):
            yield from self._sending.observe(event)
            self._contacts.take(event, suspected=self._sending.is_suspected(event.account))
            return
        self._sending.login(event)
        yield from self._takeover.observe(
            event
        )  # Before the failures of an account that logs in are forgiven.
        yield from self._login.observe(event)

    def finish(self) -> Iterable[Evidence]:
        """What the end of a log adds."""
        self._contacts.store(self._contacts.taken_out())
        return self._login.finish()

    def _subject_of(self, name: str) -> Subject:
        """An account's subject: the key is made when there is something to say of an account."""
        key = self._context.correspondents.key
        subject = account_subject(key.make() if key is not None else b"", name)
        self.names[subject] = name
        return subject


def detect(
    context: Context, events: Iterable[LoginEvent | SendEvent | BadLine], counts: LogCounts
) -> Detection:
    """Analyses events, records the evidence, and answers for every address and account it is about.

    The answers are verdicts as of the newest event, so that an old log still tells who attacked then;
    what to do is suggested from the verdict now. Reading the same log again records nothing twice.
    """
    analyses = _Analyses(context)
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
        if not isinstance(event, BadLine):
            newest = max(newest, event.seen_at)
            take(analyses.observe(event), CHUNK)
    take(analyses.finish(), 1)
    then = min(newest, context.clock())
    return Detection(
        ips=_ips(context, (one for one in seen if one.kind is not Kind.ACCOUNT), then),
        accounts=_accounts(context, analyses.names, then),
        counts=counts,
    )


def _ips(context: Context, subjects: Iterable[Subject], then: datetime) -> list[IpAnswer]:
    """Verdicts on addresses and networks from all evidence in the ledger, private addresses included, worst first."""
    now = context.clock()
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


def _accounts(context: Context, names: Mapping[Subject, str], then: datetime) -> list[AccountAnswer]:
    """Verdicts on accounts as ``_ips`` gives them; the names are those of the log, and are kept nowhere."""
    answers = []
    for subject, name in names.items():
        evidence = known_evidence(context.ledger.evidence_of(subject))
        known = [item for item in evidence if item.seen_at <= then]
        answers.append(account_answer(name, decide(subject, known, then, context.policy), then))
    return sorted(answers, key=lambda answer: (-SEVERITY[answer.level], -answer.probability))

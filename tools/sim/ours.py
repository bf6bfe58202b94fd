"""Our own analysers and the shipped policy, put together as ``service/watch.py`` and ``login_policy.py`` do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.analyse.login.takeover import TakeoverAnalysis
from mailrisk.analyse.sending.analysis import SendAnalysis
from mailrisk.decide.response import response_for
from mailrisk.decide.verdict import decide
from mailrisk.edge.geo import GeoDatabase
from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import aggregate, reserved_range
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict

BLOCKS: Final = "block"

_aggregate = lru_cache(200_000)(aggregate)


class Ours:
    """mailrisk. Subjects of accounts are their names: a benchmark needs no secret."""

    name = "mailrisk"

    def __init__(self, frontends: Collection[str], own_domains: frozenset[str]) -> None:
        self._policy = load_policy(data_hashes())
        geo = GeoDatabase.open()
        trusted = self._frontends = frozenset(frontends)

        def subject_of(account: str) -> Subject:
            return Subject(Kind.ACCOUNT, account)

        def country(ip: str) -> str:
            place = geo.locate(ip)
            return place.country if place is not None else ""

        self.analysis = LoginAnalysis(trusted_frontends=trusted)
        self.sending = SendAnalysis(subject_of, own_domains=own_domains, trusted_frontends=trusted)
        self.takeover = TakeoverAnalysis(
            subject_of, self.analysis.attacking, country, trusted_frontends=trusted
        )
        self._evidence: dict[Subject, list[Evidence]] = {}
        self._blocked: dict[str, datetime] = {}  # address or network -> until when its level holds
        self.codes: dict[
            str, set[str]
        ] = {}  # address, network or account -> what it was blocked or flagged for
        self._flagged: dict[str, datetime] = {}  # account -> until when its level high holds

    def refuses(self, ip: str, account: str, at: datetime) -> bool:
        """Whether a login is refused: by the address's level or its network's, never where the account is at home."""
        if ip in self._frontends or not self._is_blocked(ip, at):
            return False
        return not reserved_range(ip) and not self.analysis.is_familiar(ip, account)

    def _is_blocked(self, ip: str, at: datetime) -> bool:
        return any(self._stands(one, at) for one in (ip, *_aggregate(ip)))

    def _stands(self, name: str, at: datetime) -> bool:
        until = self._blocked.get(name)
        if until is None:
            return False
        if at < until:
            return True
        subject = Subject(Kind.NETWORK if "/" in name else Kind.IP, name)
        self._judge(subject, at)  # The evidence has decayed, or its verdict was due to be looked at again.
        return name in self._blocked

    def in_blocked_network(self, ip: str) -> bool:
        """Whether a network that holds the address is blocked."""
        return any(network in self._blocked for network in _aggregate(ip))

    def observe_login(self, event: LoginEvent) -> list[str]:
        """Takes in one attempt; the addresses and networks that are blocked and the accounts flagged anew by it."""
        self.sending.login(event)
        # Before the failures of an account that logs in are forgiven.
        found = [*self.takeover.observe(event), *self.analysis.observe(event)]
        return self._take(found, event.seen_at) if found else []

    def observe_send(self, event: SendEvent) -> list[str]:
        """Takes in one message."""
        found = self.sending.observe(event)
        return self._take(found, event.seen_at) if found else []

    def _take(self, evidence: Iterable[Evidence], at: datetime) -> list[str]:
        subjects: dict[Subject, None] = {}
        for item in evidence:
            self._evidence.setdefault(item.subject, []).append(item)
            subjects[item.subject] = None
        return [subject.value for subject in subjects if self._judge(subject, at)]

    def _judge(self, subject: Subject, at: datetime) -> bool:
        """Decides a subject anew; whether it is blocked or flagged now and was not before."""
        evidence = self._evidence[subject]
        verdict = decide(subject, evidence, at, self._policy)
        self.codes.setdefault(subject.value, set()).update(item.code for item in evidence)
        if subject.kind is Kind.ACCOUNT:
            return self._flag(subject.value, verdict)
        known_for_s = int((at - min(item.seen_at for item in evidence)).total_seconds())
        action, _ = response_for(self._policy, verdict.level, known_for_s)
        before = self._blocked.pop(subject.value, None)
        if action == BLOCKS:
            self._blocked[subject.value] = verdict.valid_until or at
        return action == BLOCKS and before is None

    def _flag(self, account: str, verdict: Verdict) -> bool:
        before = self._flagged.pop(account, None)
        if verdict.level is Level.HIGH:
            self._flagged[account] = verdict.valid_until or verdict.at
        return verdict.level is Level.HIGH and (before is None or before <= verdict.at)

    def is_flagged(self, account: str, at: datetime) -> bool:
        """Whether the account is of level high at present."""
        until = self._flagged.get(account)
        return until is not None and at < until

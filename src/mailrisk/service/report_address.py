"""Reports of addresses by partners' programs (fail2ban, CrowdSec agents): evidence of the reporter, bounded.

One key is one voice about an address, however often it speaks, and the group ``report`` has a cap: what
reporters say alone makes an address ``low`` at most, which nobody blocks. A key may report so many addresses a
day. Addresses that are never listed (private ones, our own front ends) are refused.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import parse_ip
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category
from mailrisk.service.barriers import never_listed
from mailrisk.service.context import Context
from mailrisk.service.record import record
from mailrisk.store.small_file import SmallFile

CODE: Final = "reported-address"

A_DAY: Final = 10_000
"""Addresses that a key may report in a day."""

AHEAD: Final = timedelta(minutes=10)
OLDEST: Final = timedelta(days=366)
MAX_WHY: Final = 120


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report. Without a time it is of now."""

    ip: str
    why: str = ""
    category: Category | None = None
    seen_at: datetime | None = None


class Reported(msgspec.Struct):
    """How many addresses each key has reported on a day (UTC)."""

    day: date = date.min
    counts: dict[str, int] = {}


class AddressReports:
    """Takes reports. Safe between threads. ``kept``: the file of the day's counts, which a restart does not forget."""

    def __init__(self, context: Context, a_day: int = A_DAY, kept: Path | None = None) -> None:
        self._context = context
        self._a_day = a_day
        self._lock = threading.Lock()
        self._file = SmallFile(kept, Reported, "counts of reported addresses")
        self._reported = self._file.read() or Reported()

    def take(self, reports: Sequence[Report], grant: KeyGrant) -> list[str | None]:
        """Why a report was not taken, one for each in order; None for those that were."""
        now = self._context.clock()
        evidence: list[Evidence] = []
        outcomes: list[str | None] = []
        for report in reports:
            try:
                evidence.append(self._evidence(report, grant, now))
                outcomes.append(None)
            except BadInput as error:
                outcomes.append(f"{error.field}: {error.reason}")
        if evidence:
            record(self._context, evidence)
        return outcomes

    def _evidence(self, report: Report, grant: KeyGrant, now: datetime) -> Evidence:
        subject = Subject(Kind.IP, parse_ip(report.ip.strip()))
        context = self._context
        if why := never_listed(context.knowledge, subject, accept_private=context.accept_private):
            raise BadInput("ip", f"{subject.value} is {why} and is never listed")
        seen_at = report.seen_at or now
        if seen_at > now + AHEAD or seen_at < now - OLDEST:
            raise BadInput("time", "lies in the future, or more than a year back")
        self._count(grant.public_id, now)
        return Evidence(
            code=CODE,
            subject=subject,
            source=f"key:{grant.public_id}",
            seen_at=seen_at,
            category=report.category or "",
            data={"reporter": f"key {grant.public_id}", "why": report.why[:MAX_WHY]},
            ref=seen_at.date().isoformat(),
            tenant=grant.tenant,
        )

    def _count(self, key: str, now: datetime) -> None:
        with self._lock:
            if now.date() != self._reported.day:
                self._reported = Reported(now.date())
            counts = self._reported.counts
            if counts.get(key, 0) >= self._a_day:
                raise BadInput("key", f"has reported {self._a_day} addresses today, which is the most")
            counts[key] = counts.get(key, 0) + 1
            self._file.write(self._reported)

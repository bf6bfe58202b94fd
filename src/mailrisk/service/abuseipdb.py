"""What AbuseIPDB's API v2 tells and takes, from our listings and our reporters' evidence.

Source: docs.abuseipdb.com. The score is our own (0..100), not theirs. Comments of reports are not kept: fail2ban sends
log lines in them, with the names of accounts.
"""

from __future__ import annotations

import csv
import ipaddress
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from mailrisk.model.change import KeyGrant
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.ip import parse_ip, reserved_range
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import SEVERITY, Category, Level
from mailrisk.publish.firewall.selection import Selection, select
from mailrisk.publish.listing_table import V6
from mailrisk.service.answers import ErrorAnswer, IpAnswer
from mailrisk.service.check_ip import check_ips
from mailrisk.service.context import Context
from mailrisk.service.follow import refuse_stale
from mailrisk.service.report_address import CODE, Report
from mailrisk.service.surfaces import Surfaces

MAX_LINES: Final = 10_000
"""Lines of a bulk report."""

MAX_BLOCK: Final = 65_536
"""Addresses of a network that is asked about."""

MAX_AGE_DAYS: Final = 365
MAX_SHOWN: Final = 100

NAMES: Final = {
    1: "DNS compromise", 2: "DNS poisoning", 3: "fraud orders", 4: "DDoS", 5: "FTP brute force", 6: "ping of death",
    7: "phishing", 8: "fraud VoIP", 9: "open proxy", 10: "web spam", 11: "e-mail spam", 12: "blog spam", 13: "VPN",
    14: "port scan", 15: "hacking", 16: "SQL injection", 17: "spoofing", 18: "brute force", 19: "bad web bot",
    20: "exploited host", 21: "web attack", 22: "SSH", 23: "IoT",
}  # fmt: skip
"""AbuseIPDB's categories."""

_OURS: Final = (
    (frozenset({7}), Category.PHISHING_SOURCE),
    (frozenset({11, 17}), Category.SPAM_SOURCE),
    (frozenset({5, 18, 22}), Category.BRUTE_FORCE),
)


def read_report(ip: str, categories: str, seen_at: str, now: datetime) -> Report:
    """One report in their words. BadInput names what is wrong."""
    numbers = _categories(categories)
    ours = next((category for theirs, category in _OURS if theirs & set(numbers)), None)
    return Report(
        ip=ip, why=", ".join(NAMES[number] for number in numbers)[:120], category=ours,
        seen_at=_time(seen_at) if seen_at else now,
    )  # fmt: skip


def read_bulk(raw: bytes, now: datetime) -> tuple[list[tuple[int, str, Report]], list[dict[str, Any]]]:
    """(number of the line, IP, report) of a CSV file ``IP,Categories,ReportDate,Comment``, and what is wrong with others."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("csv", "is no UTF-8") from None
    found: list[tuple[int, str, Report]] = []
    wrong: list[dict[str, Any]] = []
    try:
        rows = list(csv.DictReader(text.splitlines()[: MAX_LINES + 2]))
    except csv.Error as error:
        raise BadInput("csv", str(error)) from None
    if len(rows) > MAX_LINES:
        raise BadInput("csv", f"has more than {MAX_LINES} lines")
    if rows and not {"IP", "Categories"} <= set(rows[0]):
        raise BadInput("csv", "has no header IP,Categories,ReportDate,Comment")
    for number, row in enumerate(rows, start=2):
        ip = (row["IP"] or "").strip()
        try:
            report = read_report(ip, row["Categories"] or "", row.get("ReportDate") or "", now)
            found.append((number, ip, report))
        except BadInput as error:
            wrong.append({"error": error.reason, "input": ip[:80], "rowNumber": number})
    return found, wrong


class AbuseIpDb:
    """Their calls, answered from ours. Safe between threads."""

    def __init__(self, context: Context, surfaces: Surfaces) -> None:
        self._context = context
        self._surfaces = surfaces

    def check(self, ip: str, max_age_days: int, *, verbose: bool, tenant: int) -> dict[str, Any]:
        """What is known of an address. BadInput: it is none. Unavailable: we are stale."""
        refuse_stale(self._context)
        answer = self._answer(ip, tenant)
        address = answer.indicator if "/" not in answer.indicator else parse_ip(ip.strip())
        reports = self._reports(address, max_age_days, tenant)
        last = max((one.seen_at for one in reports), default=answer.last_seen)
        found = {
            "ipAddress": address,
            "isPublic": not reserved_range(address),
            "ipVersion": 6 if ":" in address else 4,
            "isWhitelisted": any(reason.code == "exempted" for reason in answer.reasons),
            "abuseConfidenceScore": _score(answer),
            "countryCode": answer.country,
            "usageType": None,
            "isp": answer.as_name,
            "domain": None,
            "hostnames": [],
            "isTor": False,
            "totalReports": len(reports),
            "numDistinctUsers": len({one.source for one in reports}),
            "lastReportedAt": None if last is None else _iso(last),
        }
        return found | {"countryName": None, "reports": _shown(reports)} if verbose else found

    def report(self, report: Report, grant: KeyGrant) -> dict[str, Any]:
        """Takes one report. BadInput: it is not taken, and why."""
        (refused,) = self._surfaces.reports.take([report], grant)
        if refused is not None:
            field, _, reason = refused.partition(": ")
            raise BadInput(field, reason)
        answer = self._answer(report.ip, grant.tenant)
        return {"ipAddress": parse_ip(report.ip.strip()), "abuseConfidenceScore": _score(answer)}

    def bulk(self, raw: bytes, grant: KeyGrant) -> dict[str, Any]:
        """Takes a CSV file of reports; what is wrong with a line concerns this line alone."""
        found, wrong = read_bulk(raw, self._context.clock())
        outcomes = self._surfaces.reports.take([report for _, _, report in found], grant)
        for (number, ip, _), refused in zip(found, outcomes, strict=True):
            if refused is not None:
                wrong.append({"error": refused.partition(": ")[2], "input": ip[:80], "rowNumber": number})
        saved = sum(refused is None for refused in outcomes)
        return {"savedReports": saved, "invalidReports": sorted(wrong, key=lambda one: int(one["rowNumber"]))}

    def block(self, text: str, max_age_days: int) -> dict[str, Any]:
        """Addresses of a network that are listed. BadInput: it is none, or too large."""
        refuse_stale(self._context)
        try:
            network = ipaddress.ip_network(text.strip()[:80], strict=False)
        except ValueError:
            raise BadInput("network", "is no network in CIDR notation") from None
        if network.num_addresses > MAX_BLOCK:
            raise BadInput("network", f"has more than {MAX_BLOCK} addresses")
        since = self._context.clock() - timedelta(days=max_age_days)
        return {
            "networkAddress": str(network.network_address),
            "netmask": str(network.netmask),
            "minAddress": str(network[0]),
            "maxAddress": str(network[-1]),
            "numPossibleHosts": network.num_addresses,
            "addressSpaceDesc": reserved_range(str(network[0])) or "Internet",
            "reportedAddress": list(self._within(network, int(since.timestamp()))),
        }

    def _within(
        self, network: ipaddress.IPv4Network | ipaddress.IPv6Network, since: int
    ) -> Iterator[dict[str, Any]]:
        with self._surfaces.follower.lock:
            self._surfaces.follower.follow()
            table = self._surfaces.table
            slots = [slot for one in network if (slot := table.find(Subject(Kind.IP, str(one)))) is not None]
            part = table.part(slots)
            listed = table.out(part.rows).tolist()
        for number, is_out in enumerate(listed):
            row = part.rows[number]
            if is_out and row["last"] >= since:
                yield self._line(part.text(number), int(row["score"]), int(row["last"])) | {"numReports": 1}

    def blacklist(
        self, least: int, limit: int, version: int | None, only: frozenset[str], but: frozenset[str]
    ) -> Iterator[dict[str, Any]]:
        """Listed addresses of at least a score, the most dangerous first. Unavailable: we are stale."""
        refuse_stale(self._context)
        wanted = Selection(type="ip", kinds=(Kind.IP,), level=Level.LOW, limit=5_000_000)
        with self._surfaces.follower.lock:
            self._surfaces.follower.follow()
            chosen = select(self._surfaces.table, wanted, int(self._context.clock().timestamp()))
        mask = chosen.rows["score"] >= least
        if version is not None:
            mask &= ((chosen.rows["flags"] & V6) > 0) == (version == 6)
        count = 0
        for number in np.flatnonzero(mask).tolist():
            row = chosen.rows[number]
            line = self._line(chosen.text(number), int(row["score"]), int(row["last"]))
            if (only and line["countryCode"] not in only) or line["countryCode"] in but:
                continue
            yield line
            count += 1
            if count >= limit:
                return

    def _line(self, address: str, score: int, last: int) -> dict[str, Any]:
        place = self._context.locate(address)
        return {
            "ipAddress": address,
            "countryCode": (place.country if place else "") or None,
            "abuseConfidenceScore": score,
            "lastReportedAt": _iso(datetime.fromtimestamp(last, UTC)),
        }

    def _answer(self, ip: str, tenant: int) -> IpAnswer:
        (answer,) = check_ips(self._context, [ip], tenant)
        if isinstance(answer, ErrorAnswer):
            raise BadInput("ipAddress", "must be a valid IPv4 or IPv6 address")
        return answer

    def _reports(self, address: str, max_age_days: int, tenant: int) -> list[Evidence]:
        since = self._context.clock() - timedelta(days=max_age_days)
        known = self._context.ledger.evidence_of(Subject(Kind.IP, address), tenant=tenant)
        return [row.evidence for row in known if row.evidence.code == CODE and row.evidence.seen_at >= since]


def _shown(reports: Sequence[Evidence]) -> list[dict[str, Any]]:
    numbers = {name: number for number, name in NAMES.items()}
    newest = sorted(reports, key=lambda one: one.seen_at, reverse=True)[:MAX_SHOWN]
    return [
        {
            "reportedAt": _iso(one.seen_at),
            "comment": "",
            "categories": [
                numbers[word] for word in str(one.data.get("why", "")).split(", ") if word in numbers
            ],
            "reporterId": one.source.removeprefix("key:"),
            "reporterCountryCode": None,
            "reporterCountryName": None,
        }
        for one in newest
    ]


def _score(answer: IpAnswer) -> int:
    return answer.score if SEVERITY[answer.level] > 0 else 0


def _categories(text: str) -> list[int]:
    words = [word.strip() for word in text[:200].split(",") if word.strip()]
    numbers = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 4]
    if not words or len(numbers) != len(words) or not set(numbers) <= set(NAMES):
        raise BadInput("categories", "must be numbers of AbuseIPDB's categories, separated by commas")
    return sorted(set(numbers))


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip()[:40])
    except ValueError:
        raise BadInput("timestamp", "must be a time in ISO 8601") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")

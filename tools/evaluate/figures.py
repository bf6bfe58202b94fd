"""Breakdowns of the message evaluation: by kind, language, group and source; calibration; the recall curve."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tools.evaluate import metrics
from tools.evaluate.groups import benign_groups, kind, language

from mailrisk.model.url.hosts import Hosts

if TYPE_CHECKING:
    from tools.evaluate.messages import Row

FEW = 20
"""Groups of fewer mails are counted together."""

RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)


def sizes(rows: Sequence[Row]) -> dict[str, Any]:
    """How many mails of each source, and from when to when."""
    count = Counter(row.mail.source for row in rows)
    found: dict[str, Any] = {}
    for source, number in sorted(count.items()):
        dates = sorted(row.mail.sent for row in rows if row.mail.source == source and row.mail.sent)
        found[source] = {"mails": number}
        if dates:
            # Single clocks that were wrong say nothing about a source.
            edge = len(dates) // 50
            found[source] |= {"from": str(dates[edge].date()), "to": str(dates[-1 - edge].date())}
    return found


def calibration(rows: Sequence[Row], prevalence: float | None = None) -> float:
    """Expected calibration error; with ``prevalence`` as if that share of the mails were dangerous."""
    return metrics.calibration_error(*_weighted(rows, prevalence))


def _weighted(rows: Sequence[Row], prevalence: float | None) -> tuple[list[float], list[bool], list[float]]:
    dangerous = [row.mail.dangerous for row in rows]
    bad, benign = sum(dangerous), len(rows) - sum(dangerous)
    share = bad / len(rows) if prevalence is None else prevalence
    weights = [share / bad if is_bad else (1 - share) / benign for is_bad in dangerous]
    return [row.verdict.probability for row in rows], dangerous, weights


def calibrations(rows: Sequence[Row], prevalence: float) -> dict[str, Any]:
    """Calibration at the mixture of the test half and at the stated one, with the reliability diagram of each."""
    result: dict[str, Any] = {}
    here = sum(row.mail.dangerous for row in rows) / len(rows)
    for name, share in (("as in this test half", None), ("as in a real day's mail", prevalence)):
        bins = metrics.reliability(*_weighted(rows, share))
        result[name] = {
            "share_dangerous": round(here if share is None else share, 4),
            "ece": round(calibration(rows, share), 4),
            "bins": [[round(one.mass, 4), round(one.said, 4), round(one.was, 4)] for one in bins],
        }
    return result


def curve(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Recall over false positives on the test half itself (thresholds set there: a picture, no claim)."""
    bad = [row.score for row in rows if row.mail.dangerous]
    benign = [row.score for row in rows if not row.mail.dangerous]
    return [{"fpr": rate, "recall": round(metrics.recall_at(bad, benign, rate).value, 4)} for rate in RATES]


def by_kind(rows: Sequence[Row], least: float) -> dict[str, Any]:
    """Recall by what the mail is after (told by its words, not by mailrisk)."""
    return _recall(rows, least, lambda row: kind(row.found.text))


def by_language(rows: Sequence[Row], least: float) -> dict[str, Any]:
    """Recall by language."""
    return _recall(rows, least, lambda row: language(row.found.text))


def _recall(rows: Sequence[Row], least: float, group: Any) -> dict[str, Any]:
    scores: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.mail.dangerous:
            scores[group(row)].append(row.score)
    small = [name for name, values in scores.items() if len(values) < FEW]
    rest = [value for name in small for value in scores.pop(name)]
    if rest:
        scores["others"] = scores.get("others", []) + rest
    return {
        name: metrics.flagged(scores[name], least).as_json()
        for name in sorted(scores, key=lambda one: -len(scores[one]))
    }


def benign(rows: Sequence[Row], least: float, hosts: Hosts) -> dict[str, Any]:
    """False positives of each group: at the frozen threshold, and by what the product would have said."""
    members: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not row.mail.dangerous:
            members[f"source: {row.mail.source}"].append(row)
            for name in benign_groups(row.mail.author, row.found.text, hosts):
                members[name].append(row)
            members["all"].append(row)
    return {
        name: {
            "flagged": metrics.flagged([row.score for row in part], least).as_json(),
            "suspicious_or_malicious": metrics.Share(
                sum(row.verdict.level.value in ("malicious", "suspicious") for row in part), len(part)
            ).as_json(),
            "malicious": metrics.Share(
                sum(row.verdict.level.value == "malicious" for row in part), len(part)
            ).as_json(),
        }
        for name, part in sorted(members.items())
    }


def levels(rows: Sequence[Row]) -> dict[str, Any]:
    """What the product says, by source, over both halves."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.mail.source][row.verdict.level.value] += 1
    return {source: dict(count) | {"mails": sum(count.values())} for source, count in found.items()}


def uncertain(rows: Sequence[Row]) -> dict[str, Any]:
    """By source, the share of mails that the quick stages left uncertain, so that slow ones were considered."""
    count = Counter(row.mail.source for row in rows)
    band = Counter(row.mail.source for row in rows if row.found.in_band)
    return {source: metrics.Share(band[source], mails).as_json() for source, mails in count.items()}

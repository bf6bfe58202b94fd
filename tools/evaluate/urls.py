"""The URL model on URLs that it has never seen: later ones, other domains, another source.

*Test*: TweetFeed's ``#phishing`` of 2025 against honest URLs of as many bare hosts, one or two of a domain, no domain of either
in training. *Another source*: links of phishing_pot's mails. Scores are the product's: widely used sites have none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tools.evaluate.metrics import (
    Share,
    area_under_curve,
    calibration_error,
    flagged,
    percentile,
    recall_at,
    threshold,
)
from tools.evaluate.missing import Missing
from tools.evaluate.page import table
from tools.evaluate.url_baselines import by_fraudurl, by_pieces, by_shape
from tools.evaluate.url_links import LISTS, PHISHING, links
from tools.train.url_rows import Row, read, row_of
from tools.train.url_score import scores
from tools.train.url_split import Split, split
from tools.train.url_synthetic import paths

from mailrisk.analyse.url.model import calibrated, url_model
from mailrisk.analyse.url.registry import analyse_url
from mailrisk.analyse.url.view import view
from mailrisk.config import Config
from mailrisk.decide.verdict import decide, sigmoid
from mailrisk.edge.policy_files import load_policy
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.url.unwrap import unwrap
from mailrisk.model.verdict import Level
from mailrisk.wiring import load_knowledge

SEED = 4
RATES = (0.001, 0.01)
NOTHING = -99.0
"""The score of a widely used site: the model does not speak about it."""

TIMED, JUDGED, BESIDE = 4_000, 8_000, 8_000
"""URLs whose time is taken, that pass the whole analysis, and phishing URLs that fraudurl judges too."""

SYNTHETIC = 6_000
GROUPS: dict[str, Callable[[Row], bool]] = {
    ".cn": lambda row: row.url.host.endswith(".cn"),
    "universities": lambda row: row.source == "universities" or ".edu" in row.cut.suffix or ".ac." in f".{row.cut.suffix}.",
    "Chinese sites and links": lambda row: row.source.endswith("_zh") or row.source in ("zh_blogs", "citizenlab_cn", "citizenlab_tw", "citizenlab_hk"),
    "small sites (kagi small web)": lambda row: row.source == "kagi_smallweb_feeds",
    "banks": lambda row: row.source == "banks",
    "customers of free services": lambda row: bool(row.tenant),
    "bare hosts": lambda row: row.bare,
    "with a path": lambda row: not row.bare,
    "country domains": lambda row: len(row.cut.suffix.rpartition(".")[2]) == 2,
    "citizenlab": lambda row: row.source.startswith("citizenlab"),
    "no rank among the 50,000": lambda row: not row.reputable,
}  # fmt: skip


def measure(data: Path) -> dict[str, Any]:
    """All figures of the section."""
    knowledge = load_knowledge(Config())
    if knowledge.url_model is None:
        raise Missing("no URL model is shipped")
    dealt = split(read(data, knowledge.hosts))
    bad, benign = ranked(dealt.test_phishing, knowledge), ranked(dealt.test_benign, knowledge)
    least = threshold(benign, 0.001)
    return {
        "rows": {name: len(part) for name, part in dealt._asdict().items()},
        "bare hosts": round(float(np.mean([row.bare for row in dealt.test_phishing])), 3),
        "url_recall_at_fpr_0.001": round(flagged(bad, least).value, 4),
        "at": {str(rate): recall_at(bad, benign, rate).as_json() | {"resampled": resampled(bad, benign, rate)} for rate in RATES},
        "auc": round(area_under_curve(bad, benign), 4),
        "frozen limit": _at_limit(bad, benign, knowledge),
        "one of a domain": round(flagged(_one_each(dealt.test_phishing, bad), least).value, 4),
        "ece": round(_ece(bad, benign, knowledge), 4),
        **_other_source(data, knowledge, least),
        "by month": _by(dealt.test_phishing, bad, least, lambda row: row.day[:7]),
        "by kind of host": _by(dealt.test_phishing, bad, least, kind_of_host),
        "false positives by group": {
            name: flagged([score for row, score in zip(dealt.test_benign, benign, strict=True) if belongs(row)], least).as_json()
            for name, belongs in GROUPS.items()
        } | {"hosts of traffic lists": flagged(ranked(dealt.popular, knowledge), least).as_json()},
        "synthetic": _synthetic(dealt, knowledge, least),
        "levels": _levels(dealt, knowledge),
        "baselines": _baselines(dealt),
        "peer": _peer(dealt, bad, benign),
        "time": _time(dealt, knowledge),
    }  # fmt: skip


def ranked(rows: Sequence[Row], knowledge: Knowledge) -> list[float]:
    """The product's raw score of every row."""
    weights = knowledge.url_model
    assert weights is not None
    return [
        NOTHING if row.reputable else float(score)
        for row, score in zip(rows, scores(rows, weights), strict=True)
    ]


def resampled(bad: Sequence[float], benign: Sequence[float], rate: float, times: int = 200) -> list[float]:
    """Interval (95 %) of the recall when the threshold's own uncertainty counts too: both sides drawn anew each time."""
    rng = np.random.default_rng(SEED)
    first, second = np.sort(bad), np.asarray(benign)
    found = []
    for _ in range(times):
        drawn = np.sort(rng.choice(second, len(second)))[::-1]
        share = 1 - np.searchsorted(first, drawn[int(rate * len(drawn))], "right") / len(first)
        found.append(rng.binomial(len(first), share) / len(first))
    return [round(float(np.quantile(found, part)), 4) for part in (0.025, 0.975)]


def _at_limit(bad: Sequence[float], benign: Sequence[float], knowledge: Knowledge) -> dict[str, Any]:
    """What happens at the limit that was set on validation and ships."""
    assert knowledge.url_model is not None
    limit = knowledge.url_model.limit
    return {"recall": flagged(bad, limit).as_json(), "false positives": flagged(benign, limit).as_json()}


def _one_each(rows: Sequence[Row], found: Sequence[float]) -> list[float]:
    return list({row.group: score for row, score in zip(rows, found, strict=True)}.values())


def _ece(bad: Sequence[float], benign: Sequence[float], knowledge: Knowledge) -> float:
    """Of the calibrated ratio read as a probability when both classes are as frequent."""
    assert knowledge.url_model is not None
    knots = knowledge.url_model.knots
    said = [sigmoid(calibrated(score, knots)) for score in (*bad, *benign)]
    truth = [True] * len(bad) + [False] * len(benign)
    weights = [1 / len(bad)] * len(bad) + [1 / len(benign)] * len(benign)
    return calibration_error(said, truth, weights)


def _other_source(data: Path, knowledge: Knowledge, least: float) -> dict[str, Any]:
    if not (data / "mail" / PHISHING.archive).is_file():
        return {"url_cross_source_recall_at_fpr_0.001": None}
    rows = links(data, PHISHING, knowledge.hosts)
    found = ranked(rows, knowledge)
    reached = flagged(found, least)
    lists = ranked(links(data, LISTS, knowledge.hosts), knowledge)
    return {
        "url_cross_source_recall_at_fpr_0.001": round(reached.value, 4),
        "another source": {
            "links": reached.as_json(),
            "one of a domain": flagged(_one_each(rows, found), least).as_json(),
            "by kind of host": _by(rows, found, least, kind_of_host),
            "by year": _by(rows, found, least, lambda row: row.day[:4]),
            "links of list mails flagged": flagged(lists, least).as_json(),
        },
    }


def kind_of_host(row: Row) -> str:
    """What the host is used for; the first class that fits."""
    if row.tenant:
        return "customer of a service"
    return min((item.value for item in row.classes if item.value != "abused-tld"), default="own domain")


def _by(
    rows: Sequence[Row], found: Sequence[float], least: float, name: Callable[[Row], str]
) -> dict[str, Any]:
    parts: dict[str, list[float]] = {}
    for row, score in zip(rows, found, strict=True):
        parts.setdefault(name(row), []).append(score)
    return {key: flagged(parts[key], least).as_json() for key in sorted(parts)}


def _synthetic(dealt: Split, knowledge: Knowledge, least: float) -> dict[str, Any]:
    """Made honest links on test hosts, from templates that were never trained on, by kind."""
    sites = [row.url.host for row in dealt.test_benign if row.bare and not row.reputable]
    made = paths(SYNTHETIC, ("report", "garden", "school", "member"), ("paypal", "netflix"), SEED, test=True)
    kinds, rows = [], []
    for place, (kind, path) in enumerate(made):
        row = row_of(
            f"https://{sites[place % len(sites)]}{path}", knowledge.hosts, dangerous=False, source="synthetic"
        )
        if row is not None:
            kinds.append(kind)
            rows.append(row)
    found = ranked(rows, knowledge)
    return {
        kind: flagged(
            [score for one, score in zip(kinds, found, strict=True) if one == kind], least
        ).as_json()
        for kind in sorted(set(kinds))
    }


def _levels(dealt: Split, knowledge: Knowledge) -> dict[str, Any]:
    """Levels of the whole URL analysis without any look-up, with the model and without."""
    import msgspec

    policy = load_policy(knowledge.hashes)
    without = msgspec.structs.replace(knowledge, url_model=None)
    at = datetime(2025, 12, 31, tzinfo=UTC)
    found: dict[str, Any] = {}
    for name, known in (("rules and model", knowledge), ("rules alone", without)):
        for side, rows in (("phishing", dealt.test_phishing[:JUDGED]), ("benign", dealt.test_benign)):
            levels = []
            for row in rows:
                unwrapped = unwrap(row.url, known.hosts, known.own_domains)
                subject = unwrapped.url.subject
                levels.append(
                    decide(subject, list(analyse_url(unwrapped, known, at, subject)), at, policy).level
                )
            found[f"{name}, {side}"] = {
                level.value: Share(levels.count(level), len(levels)).as_json()
                for level in (Level.SUSPICIOUS, Level.MALICIOUS)
            }
    return found


def _baselines(dealt: Split) -> dict[str, Any]:
    train = [*dealt.train_phishing, *dealt.train_benign]
    parts = (dealt.test_phishing, dealt.test_benign)
    try:
        return {
            "nine numbers of shape": compared(*by_shape(train, parts, SEED)),
            "n-grams alone": compared(*by_pieces(train, parts, SEED)),
        }
    except Missing as error:
        return {"missing": str(error)}


def _peer(dealt: Split, bad: Sequence[float], benign: Sequence[float]) -> dict[str, Any]:
    """fraudurl and the model on the same rows."""
    try:
        (theirs, honest), milliseconds = by_fraudurl((dealt.test_phishing[:BESIDE], dealt.test_benign))
    except Missing as error:
        return {"missing": str(error)}
    return {
        "fraudurl": compared(theirs, honest) | {"ms_a_url": round(milliseconds, 3)},
        "mailrisk": compared(bad[:BESIDE], benign),
    }


def compared(bad: Sequence[float], benign: Sequence[float]) -> dict[str, Any]:
    """Recall at each rate, the threshold set on these rows, and the area under the curve."""
    figures: dict[str, Any] = {
        f"recall_at_fpr_{rate}": recall_at(bad, benign, rate).as_json() for rate in RATES
    }
    return figures | {"auc": round(area_under_curve(bad, benign), 4)}


def _time(dealt: Split, knowledge: Knowledge) -> dict[str, float]:
    """Microseconds of a URL: the whole text analysis, and the model's part of it."""
    rows = [*dealt.test_benign[: TIMED * 9 // 10], *dealt.test_phishing[: TIMED // 10]]
    at = datetime(2025, 12, 31, tzinfo=UTC)
    whole, part = [], []
    for row in rows:
        started = time.thread_time()
        unwrapped = unwrap(row.url, knowledge.hosts, knowledge.own_domains)
        list(analyse_url(unwrapped, knowledge, at, unwrapped.url.subject))
        whole.append(1e6 * (time.thread_time() - started))
        seen = view(unwrapped, knowledge, at, unwrapped.url.subject)
        started = time.thread_time()
        list(url_model(seen))
        part.append(1e6 * (time.thread_time() - started))
    return {
        f"{name} {label} us": round(percentile(values, share), 1)
        for name, values in (("analysis", whole), ("model", part))
        for label, share in (("p50", 0.5), ("p99", 0.99))
    }


def page(figures: Mapping[str, Any]) -> str:
    """The section for people."""
    from tools.evaluate.urls_page import page as written

    return written(figures, table)

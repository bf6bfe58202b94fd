"""The section on URLs of docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_INTRODUCTION = """\
{phishing:,} phishing URLs of 2025 (TweetFeed, `#phishing`, at most ten of a domain) against {benign:,} honest URLs (at most two of a
domain). No domain of either stands in training; as many honest ones are bare hosts as phishing ones ({bare:.0%}); scheme, port and `www.`
are not read. Most honest sources here were never trained on in any form (citizenlab, ruanyf, Chinese blogs). TweetFeed's labels are noisy.
While the model was developed its recall on these rows was looked at, beside that on validation, and its errors were read once; some services
whose customers passed for widely used sites were found so. Calibration, limit and the weights of sources come from validation alone."""

_OTHER = """\
**Another source:** links that a reader of phishing_pot's mails may follow, at most three of a domain, without the sites of the 50,000 most
used domains. About a third of that mail is credential phishing, the rest scams and affiliate spam. The threshold is that of the test above."""


def page(
    figures: Mapping[str, Any], table: Callable[[Sequence[str], Sequence[Sequence[object]]], str]
) -> str:
    """Tables of everything that was measured."""
    parts = [
        _INTRODUCTION.format(
            phishing=figures["rows"]["test_phishing"],
            benign=figures["rows"]["test_benign"],
            bare=figures["bare hosts"],
        ),
        table(("model", "recall at 0.1 %", "recall at 1 %", "AUC"), list(_models(figures))),
        _frozen(figures),
    ]
    other = figures.get("another source")
    if other:
        kinds = [(name, _share(one), one["of"]) for name, one in other["by kind of host"].items()]
        rows = [("all", _share(other["links"]), other["links"]["of"]), ("one of a domain", _share(other["one of a domain"]), other["one of a domain"]["of"])]  # fmt: skip
        flagged = other["links of list mails flagged"]
        parts += [_OTHER, table(("links", "recall", "of"), rows + kinds)]
        parts.append(
            f"Links of list mails at the same threshold: {_share(flagged)} of {flagged['of']:,} flagged."
        )
    for title, key, what in (
        ("By month", "by month", "recall"),
        ("By kind of host", "by kind of host", "recall"),
        (
            "False positives by group, at the threshold of 0.1 % over all",
            "false positives by group",
            "flagged",
        ),
        (
            "Synthetic honest links on unknown hosts, from templates that were not trained on",
            "synthetic",
            "flagged",
        ),
    ):
        rows = [(name, _share(one), one["of"]) for name, one in figures[key].items()]
        parts.append(f"**{title}**\n\n" + table(("", what, "of"), rows))
    parts.append("**Levels of the whole text analysis**, nothing looked up\n\n" + table(("", "suspicious", "malicious"), [(name, *(_share(one) for one in levels.values())) for name, levels in figures["levels"].items()]))  # fmt: skip
    took = ", ".join(f"{name.removesuffix(' us')} {value:,.0f} µs" for name, value in figures["time"].items())
    parts.append(f"CPU time of a URL on this machine: {took}.")
    return "\n\n".join(parts)


def _models(figures: Mapping[str, Any]) -> list[tuple[object, ...]]:
    own = figures["at"]
    rows: list[tuple[object, ...]] = [
        ("URL model", _share(own["0.001"]), _share(own["0.01"]), figures["auc"])
    ]
    named = {**figures["baselines"], **figures["peer"]}
    for name, one in named.items():
        if isinstance(one, Mapping):
            label = "URL model, the rows that fraudurl judged" if name == "mailrisk" else name
            rows.append(
                (label, _share(one["recall_at_fpr_0.001"]), _share(one["recall_at_fpr_0.01"]), one["auc"])
            )
    return rows


def _frozen(figures: Mapping[str, Any]) -> str:
    limit: Mapping[str, Any] = figures["frozen limit"]
    low, high = figures["at"]["0.001"]["resampled"]
    return (
        f"With the threshold's own uncertainty the recall at 0.1 % lies between {low:.3f} and {high:.3f} (95 %, resampled). At the limit that was set on "
        f"validation and ships: recall {_share(limit['recall'])}, false positives {_share(limit['false positives'], 3)}. "
        f"One URL of each domain: {figures['one of a domain']:.3f}. Calibration error (classes weighted alike): {figures['ece']:.3f}."
    )


def _share(one: Mapping[str, Any], digits: int = 2) -> str:
    return f"{100 * one['value']:.{digits}f} % ({100 * one['low']:.{digits}f}-{100 * one['high']:.{digits}f})"

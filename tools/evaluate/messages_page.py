"""The section on messages of docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.evaluate.page import bar, table


def page(figures: Mapping[str, Any]) -> str:
    """The whole section."""
    parts = [
        INTRODUCTION,
        head(figures),
        "### What was measured on",
        halves(figures["halves"]),
        "### Recall by what the mail is after, and by language",
        shares("kind (told by its words)", figures["by_kind"]),
        shares("language", figures["by_language"]),
        "### False positives by group",
        groups(figures["benign_groups"]),
        "### What the product would have said",
        levels(figures["levels"]),
        "### Recall over false positives",
        picture(figures["curve"]),
        "### Calibration",
        *calibrations(figures["calibration"]),
        "### Without one kind of evidence",
        shares("evidence", figures["ablation"]),
        "### Time",
        cost(figures["cost"]),
        "Uncertain after the quick stages, so that slow ones (text in pictures, a language model) were considered: "
        + ", ".join(f"{source} {100 * one['value']:.1f} %" for source, one in figures["uncertain"].items())
        + ".",
    ]
    return "\n\n".join(parts)


INTRODUCTION = """\
Phishing is the honeypot collection `phishing_pot` (about a third of it asks for credentials; the rest is scams and
affiliate spam, some of it plain advertising). Benign are public mailing lists (2019-26), SpamAssassin's ham (2002,
newsletters among it) and Chinese mail (2004-05). Both classes go through one preparation: delivery headers, signatures,
list headers, footers and recipients are taken off and one recipient is put on, so that no class is told by its
delivery. Nothing was looked up outside: SPF, DKIM, DMARC, the age of domains and every blocklist are **off**, so that
this is what the message alone tells.

Each source is split into a validation half and a test half, by time and with each author and campaign on one side.
Thresholds are set on the validation half and frozen. No weight was trained on any of these mails, but for the
validation half of SpamAssassin's. Rules were mended by reading the validation half; of the test half the totals were looked
at meanwhile, and one honest author domain that imitates nobody was found there (a rule about first letters came of it)."""


def head(figures: Mapping[str, Any]) -> str:
    """The claims."""
    one, thousandth = figures["one_percent"], figures["one_thousandth"]
    lines = [
        f"- At the threshold that flags 1 % of the validation half's benign mail, **{_share(one['recall'])}** of the "
        + f"test half's phishing is found, and {_share(one['false_positives'])} of its benign mail is flagged.",
        f"- At 0.1 %: {_share(thousandth)}"
        + (
            "."
            if thousandth["claimable"]
            else f", which is **no claim**: {thousandth['benign']:,} benign mails are here and a claim needs 30,000."
        ),
        f"- Calibration error: {figures['ece']:.4f} at the share of dangerous mail of a real day (5 %), "
        + f"{figures['ece_as_sampled']:.4f} at that of this test half.",
    ]
    if figures.get("refused"):
        lines.append(f"- {figures['refused']} mails were refused as unreadable and count as not flagged.")
    return "\n".join(lines)


def _share(value: Mapping[str, Any]) -> str:
    return f"{100 * value['value']:.1f} % ({100 * value['low']:.1f}-{100 * value['high']:.1f}; {value['hits']} of {value['of']})"


def halves(figures: Mapping[str, Any]) -> str:
    """Mails and dates of each source."""
    rows = []
    for source in sorted(set(figures["validation"]) | set(figures["test"])):
        cells = [source]
        for half in ("validation", "test"):
            one = figures[half].get(source, {"mails": 0})
            cells += [str(one["mails"]), f"{one.get('from', '')} to {one.get('to', '')}"]
        rows.append(cells)
    return table(("source", "validation", "dates", "test", "dates "), rows)


def shares(name: str, figures: Mapping[str, Any]) -> str:
    """Recall of each group."""
    rows = [(key, value["of"], _share(value)) for key, value in figures.items()]
    return table((name, "mails", "found at the threshold of 1 %"), rows)


def groups(figures: Mapping[str, Any]) -> str:
    """False positives."""
    rows = [
        (
            name,
            one["flagged"]["of"],
            _share(one["flagged"]),
            f"{100 * one['suspicious_or_malicious']['value']:.2f} %",
            f"{100 * one['malicious']['value']:.2f} %",
        )
        for name, one in figures.items()
    ]
    return table(("benign mail of", "mails", "flagged at 1 %", "suspicious or malicious", "malicious"), rows)


def levels(figures: Mapping[str, Any]) -> str:
    """Levels by source, both halves."""
    names = ("malicious", "suspicious", "unknown", "clean")
    rows = [
        (source, count["mails"], *(f"{100 * count.get(name, 0) / count['mails']:.2f} %" for name in names))
        for source, count in figures.items()
    ]
    return table(("source (both halves)", "mails", *names), rows)


def picture(curve: list[Mapping[str, Any]]) -> str:
    """A text picture: one bar a rate of false positives."""
    lines = ["```text", "false positives   recall"]
    for point in curve:
        lines.append(
            f"{100 * point['fpr']:>12.2f} %   {bar(point['recall'], 50)} {100 * point['recall']:.1f} %"
        )
    return "\n".join(
        [
            *lines,
            "```",
            "",
            "Thresholds of this picture are set on the test half itself: it compares, it claims nothing.",
        ]
    )


def calibrations(figures: Mapping[str, Any]) -> Iterator[str]:
    """A reliability diagram each."""
    yield (
        "A probability is calibrated when of all mails that got 30 %, three in ten are dangerous. Each line is one bin: what "
        "was said, what was true. The share of dangerous mail differs from place to place, and with it the calibration."
    )
    for name, one in figures.items():
        lines = [
            f"With {100 * one['share_dangerous']:.1f} % dangerous mail ({name}): error **{one['ece']:.4f}**.",
            "",
        ]
        lines += ["```text", "share of mails   said    true"]
        for mass, said, was in one["bins"]:
            lines.append(f"{100 * mass:>12.1f} %  {said:.3f}   {was:.3f}  {bar(was, 40)}")
        yield "\n".join([*lines, "```"])


def cost(figures: Mapping[str, Any]) -> str:
    """Latency and CPU."""
    wall, cpu = figures["wall_ms"], figures["cpu_ms"]
    rows = [(name, f"{100 * share:.1f} %") for name, share in figures["cpu_share"].items() if share >= 0.005]
    return (
        f"Two processes on this machine: median {wall['p50']} ms, p95 {wall['p95']} ms, p99 {wall['p99']} ms a mail; "
        f"CPU median {cpu['p50']} ms, p95 {cpu['p95']} ms, mean {figures['cpu_ms_mean']} ms.\n\n"
        + table(("package (stage)", "share of the CPU time"), rows)
    )

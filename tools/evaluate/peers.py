"""rspamd and SpamAssassin beside mailrisk: the same prepared mails, no network for anybody, one ranking each."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tools.evaluate import rspamd
from tools.evaluate.corpora import WILD, Mail, read
from tools.evaluate.messages import owner_of, rank, untainted
from tools.evaluate.metrics import area_under_curve, recall_at
from tools.evaluate.missing import Missing
from tools.evaluate.page import table
from tools.evaluate.progress import progress
from tools.evaluate.runner import assess_all, verdict, workers
from tools.evaluate.split import validation

from mailrisk.edge.policy_files import data_hashes, load_policy
from mailrisk.edge.shipped import load_hosts

SEED = 4
PHISHING, BENIGN = 400, 1_000
"""Mails of the test half that everybody judges; SpamAssassin takes about a tenth of a second for one."""
RATES = (0.005, 0.01, 0.05)


def measure(data: Path) -> dict[str, Any]:
    """Recall of each at the same false positives on the same mails, and milliseconds a mail."""
    mails = chosen(data)
    found: dict[str, Any] = {"mails": {"phishing": sum(mail.dangerous for mail in mails), "of": len(mails)}}
    for name, judge in (("mailrisk", by_mailrisk), ("rspamd", by_rspamd), ("spamassassin", by_spamassassin)):
        try:
            started = time.perf_counter()
            scores = judge(mails)
        except Missing as error:
            found[name] = {"missing": str(error)}
            continue
        found[name] = compared(mails, scores) | {
            "without_chinese": compared(*_without_chinese(mails, scores)),
            "ms_a_mail": round(1000 * (time.perf_counter() - started) * workers() / len(mails), 2),
        }
    return found


def _without_chinese(mails: Sequence[Mail], scores: Sequence[float]) -> tuple[list[Mail], list[float]]:
    """Without ccert's raw GBK mail of 2004, whose headers rspamd's rules hold against it."""
    kept = [pair for pair in zip(mails, scores, strict=True) if not pair[0].source.startswith("ccert")]
    return [mail for mail, _ in kept], [score for _, score in kept]


def chosen(data: Path) -> list[Mail]:
    """A seeded choice of the test half."""
    mails = read(data, WILD)
    if not mails:
        raise Missing(f"{data}/mail holds no mail")
    later = [
        mail for mail, half in zip(mails, validation(mails, owner_of(load_hosts())), strict=True) if not half
    ]
    rng = random.Random(SEED)  # noqa: S311  the same choice in every run
    picked: list[Mail] = []
    for dangerous, count in ((True, PHISHING), (False, BENIGN)):
        part = [mail for mail in later if mail.dangerous == dangerous]
        picked += rng.sample(part, min(count, len(part)))
    return picked


def compared(mails: Sequence[Mail], scores: Sequence[float]) -> dict[str, Any]:
    """Recall at each rate, thresholds set on these very mails for all alike, and the area under the curve."""
    bad = [score for mail, score in zip(mails, scores, strict=True) if mail.dangerous]
    benign = [score for mail, score in zip(mails, scores, strict=True) if not mail.dangerous]
    figures: dict[str, Any] = {
        f"recall_at_fpr_{rate}": recall_at(bad, benign, rate).as_json() for rate in RATES
    }
    return figures | {"auc": round(area_under_curve(bad, benign), 4)}


def by_mailrisk(mails: Sequence[Mail]) -> list[float]:
    """Our own scores, without the reasons that the corpus may have made."""
    policy = load_policy(data_hashes())
    found = assess_all([mail.raw for mail in mails], "mailrisk")
    return [rank(verdict(untainted(one), policy)) for one in found]


def by_rspamd(mails: Sequence[Mail]) -> list[float]:
    """rspamd's scores. Missing: it leaves a message without an answer, twice."""

    def judge(mail: Mail) -> float:
        for _ in range(2):
            with suppress(OSError, HTTPException, ValueError):
                return rspamd.score(port, mail.raw)
        raise Missing(f"rspamd gave no answer for {mail.name}")

    with rspamd.running(workers()) as port:
        return spread(judge, mails, "rspamd")


def spread(judge: Callable[[Mail], float], mails: Sequence[Mail], title: str) -> list[float]:
    """One judgement each, as many at a time as there are workers."""
    with ThreadPoolExecutor(workers()) as pool:
        return list(progress(pool.map(judge, mails), len(mails), title))


def by_spamassassin(mails: Sequence[Mail]) -> list[float]:
    """SpamAssassin's scores, local tests without Bayes. Missing: it is not installed."""
    if shutil.which("spamassassin") is None or shutil.which("perl") is None:
        raise Missing("spamassassin is not installed (tools/debian.sh spamassassin)")
    with tempfile.TemporaryDirectory(prefix="mailrisk-spamassassin-") as name:
        folder = Path(name)
        paths = []
        for number, mail in enumerate(mails):
            paths.append(folder / f"{number}.eml")
            paths[-1].write_bytes(mail.raw)
        parts = [paths[start :: workers()] for start in range(workers())]
        with ThreadPoolExecutor(workers()) as pool:
            found = list(pool.map(lambda part: _perl(part, folder), parts))
    scores = [0.0] * len(mails)
    for start, part in enumerate(found):
        scores[start :: workers()] = part
    return scores


def _perl(paths: Sequence[Path], home: Path) -> list[float]:
    """The scores of one process. Missing: it fails."""
    script = Path(__file__).with_name("spamassassin.pl")
    names = "".join(f"{path}\n" for path in paths)
    done = subprocess.run(
        ["perl", str(script), str(home)], input=names.encode(), capture_output=True, check=False
    )
    scores = [float(line) for line in done.stdout.split()]
    if len(scores) != len(paths):
        raise Missing(f"spamassassin failed: {done.stderr.decode(errors='replace')[-200:].strip()}")
    return scores


INTRODUCTION = """\
Everybody judges the same mails of the test half, prepared alike, and nobody may ask the network: rspamd with the
rules of Debian's package and every module off that asks name servers, Redis or other services; SpamAssassin with local
tests and without Bayes. Both are made to use blocklists, reputation and learning, none of which they have here: this
compares what content alone tells, not the products as they are run. Each one's threshold is set on these very mails."""


def page(figures: Mapping[str, Any]) -> str:
    """The table."""
    rows = []
    for name in ("mailrisk", "rspamd", "spamassassin"):
        one = figures.get(name, {"missing": "not measured"})
        if "missing" in one:
            rows.append([name, one["missing"], "", "", "", ""])
            continue
        cells = [one[f"recall_at_fpr_{rate}"] for rate in RATES]
        shown = [
            f"{100 * cell['value']:.1f} % ({100 * cell['low']:.1f}-{100 * cell['high']:.1f})"
            for cell in cells
        ]
        rows.append([name, *shown, f"{one['auc']:.3f}", f"{one['ms_a_mail']:.1f}"])
        rest = one["without_chinese"]
        plain = [f"{100 * rest[f'recall_at_fpr_{rate}']['value']:.1f} %" for rate in RATES]
        rows.append([f"{name}, without the Chinese mail", *plain, f"{rest['auc']:.3f}", ""])
    mails = figures["mails"]
    head = ("", *(f"recall at {100 * rate:g} %" for rate in RATES), "area under the curve", "core-ms a mail")
    said = f"{mails['phishing']} phishing and {mails['of'] - mails['phishing']} benign mails."
    return f"{INTRODUCTION}\n\n{said}\n\n{table(head, rows)}"

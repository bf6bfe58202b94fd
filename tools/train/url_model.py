"""Trains the URL model: src/mailrisk/data/models/url.npz and its card, docs/models/url.md.

    python -m tools.train.url_model [DATA]

Two fits. The first knows nothing from VALIDATION_FROM on; its scores of the validation rows give the calibration. The
second is what ships: trained on everything before the test, with the limit where 0.08 % of the benign
validation URLs (whose domains neither fit has seen) are beyond it. Calibration and limit are never set on the test rows.
Seeded, one core, a few minutes.
"""

from __future__ import annotations

import random
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from tools.train.url_card import card
from tools.train.url_fit import Fitted, fit
from tools.train.url_rows import POPULAR, Array, Row, read, row_of
from tools.train.url_score import scores
from tools.train.url_split import Split, split
from tools.train.url_store import save, small
from tools.train.url_synthetic import paths, pinyin_sites, tenants

from mailrisk.analyse.url.model import LEAST, calibrated
from mailrisk.analyse.url.traits import NAMES
from mailrisk.edge.shipped import load_brands, load_hosts
from mailrisk.model.brand import brand_labels
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.url.weights import UrlWeights, Vocabulary

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "mailrisk" / "data" / "models" / "url.npz"
CARD = ROOT / "docs" / "models" / "url.md"
WORDS = Path(__file__).with_name("url_words.toml")
SYNTHETIC_PATHS, SYNTHETIC_TENANTS, SYNTHETIC_CHINESE = 40_000, 1_200, 3_000
TEST_BEGINS, VALIDATION_BEGINS = 2025.0, 2024.9
FALSE_POSITIVES = 0.0008
"""At the limit, among benign validation URLs: the other rules add a few to the goal of 0.1 %."""
GATED = 0.02
"""Share of the URLs with evidence that the gate may let pass without asking the trees."""


def train(data: Path, seed: int) -> dict[str, Any]:
    """Writes the model and its card; returns the card's figures. FileNotFoundError: the data are not there."""
    hosts = load_hosts()
    dealt = split(read(data, hosts))
    words = vocabulary()
    benign = [*with_subdomains(dealt.train_benign, seed), *made(dealt.train_benign, hosts, seed)]
    weights, fitted = _fit_both(dealt, benign, words, seed)
    save(SHIPPED, weights, words)
    figures = _figures(dealt, benign, weights, fitted, seed)
    CARD.parent.mkdir(parents=True, exist_ok=True)
    CARD.write_text(card(figures), encoding="utf-8")
    return figures


def _fit_both(
    dealt: Split, benign: Sequence[Row], words: dict[str, list[str]], seed: int
) -> tuple[UrlWeights, Fitted]:
    late = {row.group for row in dealt.validation_phishing}
    early = [row for row in dealt.train_phishing if row.group not in late and row.day < "2024-12"]
    vocabulary = Vocabulary(words)
    first = small(fit([*early, *benign], vocabulary, VALIDATION_BEGINS, seed), words)
    knots = calibration(scores(dealt.validation_phishing, first), scores(dealt.validation_benign, first))
    fitted = fit([*dealt.train_phishing, *benign], vocabulary, TEST_BEGINS, seed)
    weights = small(fitted, words, knots=knots)
    quiet = scores(dealt.validation_benign, weights)
    limit = threshold(quiet, FALSE_POSITIVES)
    return msgspec.structs.replace(weights, limit=limit, gate=_gate(dealt, weights, knots)), fitted


def _gate(dealt: Split, weights: UrlWeights, knots: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    """The linear score that all but GATED of the validation rows have that are evidence at all."""
    rows = [*dealt.validation_phishing, *dealt.validation_benign]
    evident = [calibrated(raw, knots) >= LEAST for raw in scores(rows, weights)]
    return round(float(np.quantile(scores(rows, weights, linear_only=True)[evident], GATED)), 4)


def threshold(benign: Array, share: float) -> float:
    """The smallest score that at most this share of the benign rows reach."""
    ordered = np.sort(benign)[::-1]
    return round(float(np.nextafter(ordered[int(share * len(ordered))], np.inf)), 6)


def calibration(
    phishing: Array, benign: Array, bins: int = 16
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Rising (score, log-likelihood ratio) knots: ratios of smoothed counts in bins, made monotone."""
    edges = np.unique(np.quantile(np.concatenate((phishing, benign)), np.linspace(0, 1, bins + 1)))
    tail = np.quantile(benign, (0.98, 0.99, 0.995, 0.998))
    edges = np.unique(np.concatenate((edges, tail)))
    inside = [np.histogram(part, edges)[0] + 0.5 for part in (phishing, benign)]
    ratio = np.log(inside[0] / len(phishing)) - np.log(inside[1] / len(benign))
    middle = (edges[:-1] + edges[1:]) / 2
    rising = np.maximum.accumulate(ratio)
    return tuple(map(float, middle.round(4))), tuple(map(float, rising.round(4)))


def vocabulary() -> dict[str, list[str]]:
    """The words by group, the labels of the shipped brands last."""
    groups = {name: text.split() for name, text in tomllib.loads(WORDS.read_text("utf-8")).items()}
    labels = {label for brand in load_brands().records for label in brand_labels(brand)}
    return groups | {"brand": sorted(label for label in labels if len(label) >= 4)}


def with_subdomains(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows, those of host lists with the names below their domain that linked sites have.

    Lists hold registrable domains alone; without this a model learns that a subdomain is guilt.
    """
    rng = random.Random(seed)  # noqa: S311  the same rows in every run
    below = [_below(row) for row in rows if row.source not in POPULAR and not row.tenant]
    found = []
    for row in rows:
        prefix = rng.choice(below)
        if row.source in POPULAR and row.url.host == row.registrable and prefix:
            cut = row.cut._replace(name=prefix + row.cut.name)
            row = row._replace(cut=cut)
        found.append(row)
    return found


def _below(row: Row) -> str:
    own = row.cut.name.rpartition(".")[2]
    return row.cut.name.removesuffix(own)


def made(rows: Sequence[Row], hosts: Hosts, seed: int) -> list[Row]:
    """Synthetic benign rows: honest paths on training hosts, honest names at free services."""
    rng = random.Random(seed)  # noqa: S311  the same rows in every run
    sites = [row for row in rows if row.bare and (row.source != "cloudflare" or row.reputable)]
    brands = [label for brand in load_brands().records for label in brand_labels(brand)]
    texts = [
        f"https://{rng.choice(sites).url.host}{path}"
        for _, path in paths(SYNTHETIC_PATHS, path_words(rows), brands, seed, test=False)
    ]
    names = [row.group.partition(".")[0] for row in rows if row.source not in POPULAR]
    texts.extend(f"https://{host}" for host in tenants(SYNTHETIC_TENANTS, names, seed))
    texts.extend(f"https://{host}" for host in pinyin_sites(SYNTHETIC_CHINESE, seed))
    found = (row_of(text, hosts, dangerous=False, source="synthetic", shippable=True) for text in texts)
    return [row for row in found if row is not None]


def path_words(rows: Sequence[Row]) -> list[str]:
    """Words that several paths of real benign training rows hold."""
    count: Counter[str] = Counter()
    for row in rows:
        pieces = row.cut.tail.replace("-", "/").replace("_", "/").split("/")
        count.update(
            {piece for piece in pieces if piece.isalpha() and piece.isascii() and 3 <= len(piece) <= 12}
        )
    return sorted(word for word, often in count.items() if often >= 3)


def _figures(
    dealt: Split, benign: Sequence[Row], weights: UrlWeights, fitted: Fitted, seed: int
) -> dict[str, Any]:
    columns = [*NAMES, "linear score of the URL", "linear score of the name"]
    columns += ["suffix: log-likelihood ratio", "suffix: benign seen", "suffix: phishing seen"]
    total = float(fitted.gain.sum())
    ranked = sorted(zip(fitted.gain, columns, strict=True), key=lambda pair: -pair[0])[:15]
    quiet, loud = (scores(part, weights) for part in (dealt.validation_benign, dealt.validation_phishing))
    return {
        "seed": seed,
        "bytes": SHIPPED.stat().st_size,
        "rows": {
            "phishing, training": len(dealt.train_phishing),
            "phishing, validation": len(dealt.validation_phishing),
            "benign, validation": len(dealt.validation_benign),
        },
        "benign training sources": dict(Counter(row.source for row in benign).most_common()),
        "phishing by year": dict(sorted(Counter(row.day[:4] for row in dealt.train_phishing).items())),
        "trees": len(weights.trees.roots),
        "nodes": len(weights.trees.feature),
        "limit": weights.limit,
        "gate": weights.gate,
        "gain": {name: round(float(gain) / total, 4) for gain, name in ranked},
        "validation recall at the limit (the rows were trained on)": round(
            float((loud >= weights.limit).mean()), 4
        ),
        "validation false positives at the limit": round(float((quiet >= weights.limit).mean()), 5),
    }


def main() -> None:
    """Trains with the seed of ``make train`` and prints the figures as JSON."""
    from tools.train.__main__ import SEED

    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    print(msgspec.json.encode(train(data, SEED)).decode())


if __name__ == "__main__":
    main()

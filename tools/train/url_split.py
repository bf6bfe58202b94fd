"""Training, validation and test of the URL model: by time and by domain, shapes matched.

* *Test* phishing is TweetFeed's of 2025. No row of a domain in it is trained on.
* *Validation* phishing is TweetFeed's of December 2024, judged by a model trained on what came before;
  the shipped weights are then trained on everything before 2025 with the settings found.
* Benign domains are dealt by a hash of their name. Sources whose licence forbids it are never trained on.
* At most so many rows of one domain, and among benign test rows as many bare hosts as among the phishing ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from tools.train.url_rows import POPULAR, Row

TEST_FROM = "2025"
VALIDATION_FROM = "2024-12"
TRAIN_SHARE, VALIDATION_SHARE, POPULAR_SHARE = 0.50, 0.12, 0.80
MOST_OLD = 0.4
"""Share of the phishing rows before 2023 that is kept: they are many and say little about later ones."""


class Split(NamedTuple):
    """Rows by use. ``popular`` are benign test rows of lists of much-asked hosts, reported apart."""

    train_phishing: list[Row]
    train_benign: list[Row]
    validation_phishing: list[Row]
    validation_benign: list[Row]
    test_phishing: list[Row]
    test_benign: list[Row]
    popular: list[Row]


def chance(text: str, salt: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(f"{salt}:{text}".encode(), digest_size=6).digest()) / 2**48


def few(rows: Iterable[Row], most: int) -> list[Row]:
    """At most ``most`` rows of a group, the first ones in an order that says nothing."""
    count: Counter[str] = Counter()
    kept = []
    for row in sorted(rows, key=lambda row: chance(row.url.key, "order")):
        count[row.group] += 1
        if count[row.group] <= most:
            kept.append(row)
    return kept


def matched(rows: Sequence[Row], share_bare: float) -> list[Row]:
    """As many rows as there can be with this share of bare hosts."""
    bare, longer = [row for row in rows if row.bare], [row for row in rows if not row.bare]
    total = min(len(bare) / share_bare, len(longer) / (1 - share_bare))
    return bare[: int(total * share_bare)] + longer[: int(total * (1 - share_bare))]


def split(rows: Sequence[Row]) -> Split:
    """Deals the rows; see the module."""
    phishing = [row for row in rows if row.dangerous]
    test = few((row for row in phishing if row.day >= TEST_FROM and row.source == "tweetfeed"), 10)
    tested = {row.group for row in phishing if row.day >= TEST_FROM and row.source == "tweetfeed"}
    before = [row for row in phishing if row.day < TEST_FROM and row.group not in tested]
    late = [row for row in before if row.day >= VALIDATION_FROM and row.source == "tweetfeed"]
    early = few(
        (row for row in before if row.day >= "2023" or chance(row.url.key, "old") < MOST_OLD),
        5,
    )
    share = float(np.mean([row.bare for row in test]))
    benign = _benign(rows, {row.group for row in phishing})
    train, validation, tests, popular = benign
    return Split(
        early,
        train,
        few(late, 10),
        matched(validation, share),
        test,
        matched(tests, share),
        popular,
    )


def _benign(rows: Sequence[Row], reported: set[str]) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """(train, validation, test, popular): domains that were ever reported are in none of them."""
    benign = [row for row in rows if not row.dangerous and row.group not in reported]
    linked = {row.group for row in benign if row.source not in POPULAR}
    trained: list[Row] = []
    validation, test, popular = [], [], []
    for row in benign:
        if row.source in POPULAR:
            mine = chance(row.group, "linked") < TRAIN_SHARE if row.group in linked else True
            if mine and chance(row.group, "popular") < POPULAR_SHARE:
                trained.append(row)
            elif row.group not in linked:
                popular.append(row)
            continue
        place = chance(row.group, "linked")
        if row.shippable and place < TRAIN_SHARE:
            trained.append(row)
        elif TRAIN_SHARE <= place < TRAIN_SHARE + VALIDATION_SHARE:
            validation.append(row)
        else:
            test.append(row)
    train = few((row for row in trained if row.source not in POPULAR), 8)
    train += few((row for row in trained if row.source in POPULAR), 3)
    known = {row.group for row in train}
    unseen = [[row for row in part if row.group not in known] for part in (validation, test, popular)]
    return train, few(unseen[0], 2), few(unseen[1], 2), few(unseen[2], 1)

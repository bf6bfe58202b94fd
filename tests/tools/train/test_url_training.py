"""What the training of the URL model must keep: nothing of the test in training, shapes matched, the same bytes again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tools.train.url_rows import Row, row_of
from tools.train.url_split import chance, few, matched, split
from tools.train.url_store import save
from tools.train.url_synthetic import TEMPLATES, fill, paths, tenants

from mailrisk.edge.shipped import load_hosts
from mailrisk.edge.url_weights import read_url_weights
from mailrisk.model.url.weights import Trees, UrlWeights, Vocabulary

HOSTS = load_hosts()


def made(text: str, *, dangerous: bool = False, source: str = "kagi_smallweb_feeds", day: str = "") -> Row:
    """A row of a URL that is one."""
    row = row_of(text, HOSTS, dangerous=dangerous, source=source, shippable=True, day=day)
    assert row is not None
    return row


def rows() -> list[Row]:
    """A small world: two honest sources, phishing before, in and after the validation month."""
    honest = [made(f"https://site{n}.example/" + ("page" if n % 3 == 0 else "")) for n in range(120)]
    honest += [made(f"https://busy{n}.example/", source="cloudflare") for n in range(60)]
    honest += [
        made(f"https://notours{n}.example/", source="zh_blogs")._replace(shippable=False) for n in range(60)
    ]
    bad = [
        made(
            f"https://bad{n}.{day[:4]}.example/{'x' * (n // 4 % 2)}",
            dangerous=True,
            source="tweetfeed",
            day=day,
        )
        for n, day in enumerate(["2023-02-01", "2024-05-01", "2024-12-09", "2025-03-01"] * 20)
    ]
    twice = [made("https://again-and-again.test-shop.com/a", dangerous=True, source="tweetfeed", day=day) for day in ("2024-05-02", "2025-05-02")]  # fmt: skip
    return [*honest, *bad, *twice]


def test_no_domain_of_a_test_row_is_trained_on() -> None:
    dealt = split(rows())
    trained = {row.group for row in (*dealt.train_phishing, *dealt.train_benign)}
    for part in (dealt.test_phishing, dealt.test_benign, dealt.validation_benign, dealt.popular):
        assert part and not trained & {row.group for row in part}


def test_test_phishing_is_later_than_everything_that_was_trained_on() -> None:
    dealt = split(rows())
    assert max(row.day for row in dealt.train_phishing) < min(row.day for row in dealt.test_phishing)


def test_rows_whose_licence_forbids_it_are_never_trained_on() -> None:
    dealt = split(rows())
    assert all(row.shippable for row in (*dealt.train_phishing, *dealt.train_benign))
    assert any(not row.shippable for row in dealt.test_benign)


def test_benign_test_rows_are_bare_hosts_as_often_as_phishing_ones() -> None:
    chosen = matched([made(f"https://a{n}.example/" + "p" * (n % 2)) for n in range(100)], 0.8)
    assert abs(sum(row.bare for row in chosen) / len(chosen) - 0.8) < 0.03


def test_a_domain_has_few_rows_and_a_customer_of_a_service_counts_as_a_domain() -> None:
    same = [made(f"https://one.example/{n}") for n in range(9)]
    customers = [made(f"https://customer{n}.github.io/") for n in range(5)]
    kept = few([*same, *customers], 2)
    assert sum(row.group == "one.example" for row in kept) == 2
    assert sum(row.tenant == "github.io" for row in kept) == 5


def test_addresses_and_what_is_no_url_are_no_rows() -> None:
    for text in ("http://192.0.2.7/login", "http://", "mailto:a@b.example", "https://co.uk/"):
        assert row_of(text, HOSTS, dangerous=True, source="tweetfeed") is None


def test_a_chance_depends_on_the_text_alone() -> None:
    assert chance("a.example", "x") == chance("a.example", "x") != chance("a.example", "y")
    assert 0.4 < float(np.mean([chance(str(n), "x") for n in range(2_000)])) < 0.6


def test_made_paths_of_training_and_test_come_from_different_templates() -> None:
    dealt = {test: {path for _, path in paths(3_000, ["w"], ["b"], 1, test=test)} for test in (False, True)}
    fixed = {template for row in TEMPLATES.values() for template in row if "{" not in template}
    assert not dealt[False] & dealt[True] & fixed
    assert list(paths(50, ["w"], ["b"], 1, test=True)) == list(paths(50, ["w"], ["b"], 1, test=True))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_template_makes_urls(kind: str) -> None:
    import random

    rng = random.Random(3)
    for template in TEMPLATES[kind]:
        path = fill(template, ["garden", "school"], ["paypal"], rng)
        assert "{" not in path and "}" not in path
        assert made(f"https://honest.example{path}").cut.name == "honest"
    for host in tenants(20, ["anna"], 1):
        assert made(f"https://{host}").tenant or host


def test_the_same_model_is_written_as_the_same_bytes_and_read_back(tmp_path: Path) -> None:
    words = {"verb": ["login"], "brand": ["paypal"]}
    weights = UrlWeights(
        hash="",
        whole=np.arange(-4, 4, dtype=np.int8),
        name=np.zeros(8, np.int8),
        scale=(0.5, 0.25),
        bias=(0.1, -0.1),
        suffixes={"": (0.0, 0.0, 0.0), "top": (1.5, 2.0, 3.0)},
        vocabulary=Vocabulary(words),
        trees=Trees(
            roots=np.array([0]),
            feature=np.array([1, 0, 0]),
            limit=np.array([0.5, np.inf, np.inf]),
            children=np.array([1, 2, 1, 1, 2, 2]),
            value=np.array([0.0, -1.0, 1.0]),
            depth=1,
        ),
        gate=-1.0,
        knots=((0.0, 1.0), (-1.0, 1.0)),
        limit=2.0,
    )
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    save(first, weights, words)
    save(second, weights, words)
    assert first.read_bytes() == second.read_bytes()
    back = read_url_weights(first.read_bytes())
    assert (back.whole == weights.whole).all() and (back.trees.children == weights.trees.children).all()
    assert back.suffixes["top"] == (1.5, 2.0, 3.0) and back.knots == weights.knots and back.limit == 2.0
    assert len(back.hash) == 64

"""The trained URL model: its shipped weights, its arithmetic, its evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailrisk.analyse.url.model import (
    BELOW_LIMIT,
    CERTAIN,
    LEAST,
    Scored,
    buckets,
    calibrated,
    climb,
    linear,
    score,
    url_model,
    with_linear,
)
from mailrisk.analyse.url.registry import analyse_url, analyse_urls
from mailrisk.analyse.url.traits import NAME_READ, NAMES, PATH_READ, parts, traits
from mailrisk.analyse.url.view import UrlView, view
from mailrisk.config import Config
from mailrisk.decide.verdict import decide
from mailrisk.edge.policy_files import load_policy
from mailrisk.edge.url_weights import load_url_weights
from mailrisk.model.evidence import Evidence
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.unwrap import unwrap
from mailrisk.model.url.weights import Trees, UrlWeights, Vocabulary
from mailrisk.model.verdict import Level
from mailrisk.wiring import load_knowledge

AT = datetime(2026, 3, 1, tzinfo=UTC)

LURES = (
    "https://metamask-wallet-restore.pages.dev/",
    "https://airdrop-claim-uniswap.xyz/",
    "https://secure-login-dhl-parcel.top/track/verify.php",
    "https://smbc-card.kdsjfhq.cn/login",
    "https://coinbase-support-help.webflow.io/",
    "https://netflix-account-billing.duckdns.org/login/update.php",
)
HONEST = (
    "https://anna-writes-about-trees.example/2021/05/spring-in-the-garden/",
    "https://www.kirchengemeinde-seestadt.de/",
    "https://computing.stmarys-college.ac.uk/courses/login",
    "https://gardentools-hamburg.de/produkte/schaufel.html",
    "https://www.xinhua-middle-school.edu.cn/",
    "https://blog.hikingfriends.org/posts/winter-tour/",
)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    """What ships."""
    return load_knowledge(Config())


@pytest.fixture(scope="module")
def weights(knowledge: Knowledge) -> UrlWeights:
    """The shipped model."""
    assert knowledge.url_model is not None
    return knowledge.url_model


def seen(text: str, knowledge: Knowledge) -> UrlView:
    """The view of one URL."""
    unwrapped = unwrap(parse_url(text), knowledge.hosts, knowledge.own_domains)
    return view(unwrapped, knowledge, AT, unwrapped.url.subject)


def ungated(text: str, knowledge: Knowledge, weights: UrlWeights) -> Scored:
    """The model's score whatever the gate says."""
    found = score(seen(text, knowledge), msgspec.structs.replace(weights, gate=-1e9))
    assert found is not None
    return found


def test_every_lure_is_above_every_honest_url(knowledge: Knowledge, weights: UrlWeights) -> None:
    lures = {text: ungated(text, knowledge, weights).raw for text in LURES}
    honest = {text: ungated(text, knowledge, weights).raw for text in HONEST}
    assert min(lures.values()) > max(honest.values()), (lures, honest)


def test_lures_give_evidence_and_honest_urls_none(knowledge: Knowledge) -> None:
    for text in LURES:
        (evidence,) = url_model(seen(text, knowledge))
        assert evidence.code == "url-model"
        assert evidence.value in (BELOW_LIMIT, CERTAIN) and evidence.data["log_likelihood_ratio"] >= LEAST
    assert [list(url_model(seen(text, knowledge))) for text in HONEST] == [[] for _ in HONEST]


def test_the_words_alone_never_make_a_url_malicious(knowledge: Knowledge) -> None:
    policy = load_policy(knowledge.hashes)
    for text in LURES:
        one = seen(text, knowledge)
        assert decide(one.subject, list(url_model(one)), AT, policy).level is not Level.MALICIOUS


def test_a_url_beyond_the_limit_is_suspicious_and_says_so_in_both_languages(
    knowledge: Knowledge, weights: UrlWeights
) -> None:
    one = seen(LURES[0], knowledge)
    sharp = msgspec.structs.replace(knowledge, url_model=msgspec.structs.replace(weights, limit=-1e9))
    (evidence,) = url_model(msgspec.structs.replace(one, knowledge=sharp))
    verdict = decide(one.subject, [evidence], AT, load_policy(knowledge.hashes))
    assert verdict.level is Level.SUSPICIOUS
    (reason,) = verdict.reasons
    for text in (reason.text, reason.text_zh):
        assert "metamask" in text and "wallet" in text and "pages.dev" in text
    assert reason.text_zh.startswith("该网址")


def test_below_the_limit_the_weight_is_bounded(knowledge: Knowledge, weights: UrlWeights) -> None:
    blunt = msgspec.structs.replace(knowledge, url_model=msgspec.structs.replace(weights, limit=1e9))
    for text in LURES:
        (evidence,) = url_model(seen(text, blunt))
        assert evidence.value == BELOW_LIMIT


def test_evidence_names_the_model_and_its_raw_score(knowledge: Knowledge, weights: UrlWeights) -> None:
    (evidence,) = url_model(seen(LURES[0], knowledge))
    assert evidence.data["model"] == weights.hash[:16]
    assert evidence.data["raw"] == round(ungated(LURES[0], knowledge, weights).raw, 4)


def test_the_policy_names_the_model_file(knowledge: Knowledge, weights: UrlWeights) -> None:
    assert load_policy(knowledge.hashes).document.data["models/url.npz"] == weights.hash


def test_widely_used_sites_own_sites_and_addresses_are_left_out(knowledge: Knowledge) -> None:
    own = msgspec.structs.replace(knowledge, own_domains=frozenset({"airdrop-claim-uniswap.xyz"}))
    assert not list(url_model(seen("https://www.paypal.com/signin/verify-account", knowledge)))
    assert not list(url_model(seen("https://airdrop-claim-uniswap.xyz/", own)))
    assert not list(url_model(seen("http://203.0.113.9/login/verify.php", knowledge)))


def test_without_a_model_there_is_no_evidence(knowledge: Knowledge) -> None:
    bare = msgspec.structs.replace(knowledge, url_model=None)
    assert not list(url_model(seen(LURES[0], bare)))


def test_scheme_port_and_www_make_no_difference(knowledge: Knowledge, weights: UrlWeights) -> None:
    forms = ("https://{}/a/login", "http://{}:8080/a/login", "https://www.{}/a/login")
    assert len({ungated(form.format("some-shop.example"), knowledge, weights).raw for form in forms}) == 1


def test_reading_the_file_twice_gives_the_same_scores(knowledge: Knowledge, weights: UrlWeights) -> None:
    again = load_url_weights()
    assert again is not None and again.hash == weights.hash
    for text in (*LURES, *HONEST):
        assert ungated(text, knowledge, again) == ungated(text, knowledge, weights)


def test_many_urls_at_once_get_the_scores_that_each_gets_alone(
    knowledge: Knowledge, weights: UrlWeights
) -> None:
    texts = (
        *LURES,
        *HONEST,
        "http://192.0.2.7/login",
        "https://www.apache.org/",
        "https://a.example/?q=1",
        "https://b.example/" + "x/" * 900,
    )
    views = [seen(text, knowledge) for text in texts] * 70
    together = with_linear(views, weights)
    assert [one.linear is None for one in together] == [one.url.is_ip or one.reputable for one in views]
    assert any(one.reputable for one in views)
    for alone, one in zip(views[: len(texts)], together, strict=False):
        if one.linear is not None:
            cut = parts(alone.url, alone.name, alone.registrable, alone.tenant)
            assert one.linear == pytest.approx(linear(cut, weights), abs=1e-9)
            assert score(one, weights) == score(alone, weights)
    assert [one.linear for one in together[: len(texts)]] == [one.linear for one in together[-len(texts) :]]
    assert with_linear([], weights) == []


def test_many_urls_analysed_at_once_give_the_evidence_that_each_gives_alone(knowledge: Knowledge) -> None:
    targets = [unwrap(parse_url(text), knowledge.hosts, frozenset()) for text in (*LURES, *HONEST)]
    alone = [tuple(analyse_url(one, knowledge, AT, one.url.subject)) for one in targets]
    assert analyse_urls(targets, knowledge, AT) == alone


def test_traits_have_their_names(knowledge: Knowledge, weights: UrlWeights) -> None:
    for text in (*LURES, *HONEST, "https://example.net/"):
        one = seen(text, knowledge)
        cut = parts(one.url, one.name, one.registrable, one.tenant)
        numbers, _ = traits(cut, weights.vocabulary)
        assert len(numbers) == len(NAMES)
    assert int(weights.trees.feature.max()) < len(NAMES) + 5


def test_the_text_that_is_read_is_bounded(knowledge: Knowledge, weights: UrlWeights) -> None:
    long = seen(
        "https://" + ".".join(["a-b" * 15] * 4) + ".example/" + "x%41/" * 2_500 + "?" + "q=1&" * 500,
        knowledge,
    )
    cut = parts(long.url, long.name, long.registrable, long.tenant)
    assert len(cut.name) <= NAME_READ and len(cut.tail) <= PATH_READ + 1
    assert np.isfinite(ungated(long.url.text, knowledge, weights).raw)


ODD = (
    "xn--pypal-4ve.com",
    "_dmarc.example.com",
    "a.b.c.d.e.f.g.example",
    "1-1.top",
    "weebly.com",
    "co.uk",
    "localhost",
)


@pytest.mark.parametrize("host", ODD)
def test_odd_hosts_are_scored_or_left_out(host: str, knowledge: Knowledge) -> None:
    list(url_model(seen(f"https://{host}/login?a=1", knowledge)))


@given(path=st.text(max_size=60), name=st.from_regex(r"[a-z0-9-]{1,30}", fullmatch=True))
@settings(max_examples=60, deadline=None)
def test_any_path_has_a_finite_score(path: str, name: str, knowledge: Knowledge, weights: UrlWeights) -> None:
    one = seen(f"https://a{name}z.example/{path}", knowledge)
    cut = parts(one.url, one.name, one.registrable, one.tenant)
    assert all(map(np.isfinite, linear(cut, weights)))
    for evidence in url_model(one):
        assert isinstance(evidence, Evidence) and 0 < evidence.value <= CERTAIN


def test_rows_of_characters_are_hashed_alike_wherever_they_stand() -> None:
    one, other = buckets(b"xxpaypal", 1 << 19), buckets(b"paypalyyy", 1 << 19)
    assert (one[2, :] == other[0, :]).all()
    assert one.max() < 1 << 19


def test_trees_are_climbed_to_their_leaves() -> None:
    trees = Trees(
        roots=np.array([0, 3]),
        feature=np.array([1, 0, 0, 0]),
        limit=np.array([0.5, np.inf, np.inf, np.inf]),
        children=np.array([1, 2, 1, 1, 2, 2, 3, 3]),
        value=np.array([0.0, -1.0, 2.0, 0.25]),
        depth=1,
    )
    assert climb(trees, np.array([9.0, 0.5])) == -0.75
    assert climb(trees, np.array([9.0, 0.6])) == 2.25


def test_the_calibration_interpolates_and_ends_flat() -> None:
    knots = ((0.0, 1.0, 2.0), (-1.0, 0.0, 3.0))
    assert [calibrated(raw, knots) for raw in (-5.0, 0.5, 1.5, 9.0)] == [-1.0, -0.5, 1.5, 3.0]


@pytest.mark.parametrize(
    "text", ["coinnbase-help", "c0inbase", "coinbse", "conibase", "my.colnbase.app", "coimbase"]
)
def test_a_name_with_one_slip_is_seen(text: str) -> None:
    assert Vocabulary({"brand": ["coinbase", "paypal"]}).near(text) == len("coinbase")


@pytest.mark.parametrize("text", ["coinbase", "xcoinbasex", "coinbases", "garden", "", "woinbase", "coin"])
def test_the_name_itself_and_other_words_are_no_slip(text: str) -> None:
    assert Vocabulary({"brand": ["coinbase"], "page": ["gardener"]}).near(text) == 0


def test_a_slip_costs_a_bounded_time_in_a_hostile_name() -> None:
    words = ["aaaaaaa" + "a" * more for more in range(30)]
    assert Vocabulary({"brand": words}).near("ab" * 60) == 0


def test_the_longest_word_counts_and_words_do_not_overlap() -> None:
    vocabulary = Vocabulary({"verb": ["sign", "signin", "account"], "brand": ["paypal", "sign"]})
    found = [(word.text, word.group) for word in vocabulary.find("paypalsigninsign-acc")]
    assert found == [("paypal", "brand"), ("signin", "verb"), ("sign", "verb")]

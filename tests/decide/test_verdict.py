"""The decision, tested on small policies whose numbers can be checked by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.decide.verdict import decide, sigmoid
from mailrisk.decide.weigh import as_text, decay
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy, ReasonRule
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level

T0 = datetime(2026, 3, 1, tzinfo=UTC)
URL = Subject(Kind.URL, "evil.example/a")
IP = Subject(Kind.IP, "203.0.113.9")


def rule(weight: float, **more: Any) -> ReasonRule:
    group = more.pop("group", "g")
    return ReasonRule(stage="t", group=group, weight=weight, en="{n} of {who}", zh="{who}的{n}", **more)


@pytest.fixture
def small(policy: Policy) -> Policy:
    """Prior -4, no calibration; rules with round numbers."""
    rules = {
        "weak": rule(3.0),
        "strong": rule(8.0, convicts=True, category=Category.CREDENTIAL_PHISHING),
        "malware": rule(5.0, convicts=True, category=Category.MALWARE_FILE),
        "capped": rule(2.0, group="small"),
        "fading": rule(8.0, convicts=True, tau_days=10.0),
        "trusted": rule(-3.0, lowers=True),
        "feed-listed": rule(7.0, convicts=True, tau_days=10.0),
        "feed-left": rule(0.0),
        "analyst-malicious": rule(10.0, convicts=True),
        "analyst-withdrawn": rule(-12.0, lowers=True),
    }
    document = msgspec.structs.replace(
        policy.document, reasons=rules, caps={"small": 3.0}, prior=dict.fromkeys(Kind, -4.0)
    )
    return Policy(document)


def said(code: str, source: str = "a", *, at: datetime = T0, value: float = 1.0, **data: object) -> Evidence:
    return Evidence(code=code, subject=URL, source=source, seen_at=at, value=value, data=data)


def test_no_evidence_is_unknown_and_never_clean(small: Policy) -> None:
    verdict = decide(URL, [], T0, small)
    assert verdict.level is Level.UNKNOWN
    assert verdict.probability == round(sigmoid(-4.0), 6)


def test_the_probability_is_the_sigmoid_of_prior_and_weights(small: Policy) -> None:
    verdict = decide(URL, [said("strong"), said("weak")], T0, small)
    assert verdict.logit == pytest.approx(-4 + 8 + 3)
    assert verdict.probability == pytest.approx(1 / (1 + math.exp(-7)), abs=1e-6)
    assert verdict.level is Level.MALICIOUS
    assert sum(reason.weight for reason in verdict.reasons) == pytest.approx(verdict.logit + 4)


def test_without_a_convicting_reason_nothing_is_malicious_however_much_there_is(small: Policy) -> None:
    verdict = decide(URL, [said("weak", f"s{number}") for number in range(20)], T0, small)
    assert verdict.level is Level.SUSPICIOUS
    assert verdict.probability == small.document.not_convicted_below


def test_a_source_that_repeats_itself_counts_once_and_different_sources_add_up(small: Policy) -> None:
    once = decide(URL, [said("weak")], T0, small)
    again = decide(URL, [said("weak"), said("weak")], T0, small)
    other = decide(URL, [said("weak"), said("weak", "b")], T0, small)
    assert again.logit == once.logit and again.reasons[0].count == 2
    assert other.logit == pytest.approx(once.logit + 3)


def test_a_group_counts_to_its_cap_and_its_reasons_show_what_they_added(small: Policy) -> None:
    verdict = decide(URL, [said("capped", source) for source in "abc"], T0, small)
    assert verdict.logit == pytest.approx(-4 + 3)
    assert [reason.weight for reason in verdict.reasons] == [1.0, 1.0, 1.0]


def test_clean_needs_evidence_that_speaks_for_it(small: Policy) -> None:
    assert decide(URL, [said("trusted")], T0, small).level is Level.CLEAN
    mixed = decide(URL, [said("trusted"), said("strong")], T0, small)
    assert mixed.level is Level.SUSPICIOUS


def test_an_address_with_evidence_and_little_risk_is_none_and_without_any_unknown(small: Policy) -> None:
    assert decide(IP, [], T0, small).level is Level.UNKNOWN
    assert decide(IP, [said("capped")], T0, small).level is Level.NONE
    assert decide(IP, [said("strong")], T0, small).level is Level.HIGH


def test_a_withdrawal_sets_all_other_evidence_aside_until_an_analyst_lists_again(small: Policy) -> None:
    many = [said("strong"), said("malware"), said("feed-listed", "feed:x")]
    withdrawn = [*many, said("analyst-withdrawn", at=T0 + timedelta(hours=1), comment="no")]
    later = T0 + timedelta(hours=2)
    verdict = decide(URL, withdrawn, later, small)
    assert verdict.level is Level.CLEAN
    assert {reason.code: reason.weight for reason in verdict.reasons}["strong"] == 0.0
    listed_again = [*withdrawn, said("analyst-malicious", at=T0 + timedelta(hours=2))]
    assert decide(URL, listed_again, later, small).level is Level.MALICIOUS


def test_a_feeds_word_holds_while_the_entry_stays_and_fades_after_it_left(small: Policy) -> None:
    listed = said("feed-listed", "feed:x")
    year = T0 + timedelta(days=365)
    assert decide(URL, [listed], year, small).level is Level.MALICIOUS
    left = said("feed-left", "feed:x", at=year)
    assert decide(URL, [listed, left], year, small).level is Level.MALICIOUS
    assert decide(URL, [listed, left], year + timedelta(days=11), small).level is Level.UNKNOWN
    back = said("feed-listed", "feed:x", at=year + timedelta(days=12))
    assert decide(URL, [listed, left, back], year + timedelta(days=13), small).level is Level.MALICIOUS


def test_valid_until_is_the_moment_at_which_decay_changes_the_level(small: Policy) -> None:
    verdict = decide(URL, [said("fading")], T0, small)
    assert verdict.valid_until is not None
    just_before = verdict.valid_until - timedelta(seconds=2)
    assert decide(URL, [said("fading")], just_before, small).level is verdict.level
    assert decide(URL, [said("fading")], verdict.valid_until, small).level is not verdict.level


def test_the_primary_category_follows_the_order_of_the_protocols(small: Policy) -> None:
    verdict = decide(URL, [said("strong"), said("malware")], T0, small)
    assert verdict.category is Category.MALWARE_FILE
    assert set(verdict.categories) == {Category.MALWARE_FILE, Category.CREDENTIAL_PHISHING}


def test_evidence_names_its_category_before_its_rule_does(small: Policy) -> None:
    item = msgspec.structs.replace(said("strong"), category="extortion")
    assert decide(URL, [item], T0, small).category is Category.EXTORTION


def test_evidence_of_a_newer_program_is_left_out(small: Policy) -> None:
    assert decide(URL, [said("from-the-future")], T0, small).logit == -4.0


def test_reasons_speak_both_languages_with_the_facts_filled_in(small: Policy) -> None:
    [reason] = decide(URL, [said("weak", n=57, who="evil\n\x1b[31mhost")], T0, small).reasons
    assert reason.text == "57 of evil  [31mhost"
    assert reason.text_zh == "evil  [31mhost的57"
    [bare] = decide(URL, [said("weak")], T0, small).reasons
    assert bare.text == "? of ?"


@given(st.text(max_size=1000))
def test_text_from_outside_stays_on_one_short_line(text: str) -> None:
    shown = as_text(text)
    assert len(shown) <= 200 and shown.isprintable()


@given(st.floats(0, 1e9), st.floats(0.1, 1000), st.floats(0.1, 10))
def test_decay_is_a_share_that_never_grows_with_age(age: float, tau: float, delta: float) -> None:
    assert 0 <= decay(age + 1, tau, delta) <= decay(age, tau, delta) <= 1


EVIDENCE = st.lists(
    st.builds(
        said,
        st.sampled_from(
            ["weak", "strong", "malware", "capped", "fading", "trusted", "feed-listed", "feed-left"]
        ),
        st.sampled_from(["a", "b", "feed:x"]),
        at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)).map(
            lambda when: when.replace(tzinfo=UTC)
        ),
        value=st.floats(0, 2),
    ),
    max_size=12,
)


@given(EVIDENCE)
def test_a_verdict_depends_on_evidence_time_and_policy_alone(evidence: list[Evidence]) -> None:
    policy = _SMALL[0]
    verdict = decide(URL, evidence, T0, policy)
    assert decide(URL, list(evidence), T0, policy) == verdict
    assert 0 <= verdict.probability <= 1
    assert verdict.logit == pytest.approx(-4 + sum(reason.weight for reason in verdict.reasons), abs=1e-3)


_SMALL: list[Policy] = []


@pytest.fixture(autouse=True)
def _remember(small: Policy) -> None:
    _SMALL[:] = [small]

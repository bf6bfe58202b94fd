"""Evidence -> weighted reasons.

A rule's weight, times the evidence's value, times its decay at the time of the decision. Of several
pieces of evidence with one code from one source only the strongest counts, so that a source that
repeats itself does not become more convincing; different sources add up, to the cap of their group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from string import Formatter
from typing import Any

import msgspec

from mailrisk.decide.wording import WORDED, counted, tidied, worded
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy, ReasonRule
from mailrisk.model.verdict import Category, Reason

DAY_S = 86_400.0
MAX_FIELD = 200
"""Longest text, in characters, that evidence may put into a reason's sentence."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence with what it adds to the log-odds, before its group's cap."""

    evidence: Evidence
    rule: ReasonRule
    weight: float
    count: int = 1


def decay(age_s: float, tau_days: float, delta: float) -> float:
    """The share of a weight that is left after ``age_s`` seconds, 0..1.

    ``1 - (t/tau)^(1/delta)``, the decay model of MISP (Iklody et al. 2018, equation 4). ``tau_days = 0``
    never decays; an event from the future counts as new.
    """
    if tau_days <= 0 or age_s <= 0:
        return 1.0
    share = age_s / (tau_days * DAY_S)
    return 0.0 if share >= 1 else 1.0 - share ** (1.0 / delta)


def weigh(evidence: Iterable[Evidence], at: datetime, policy: Policy) -> list[Weighed]:
    """Weighs all evidence at a time; one entry per (code, source), in order of first appearance.

    Evidence with a code that the policy does not know (a newer program wrote it) is left out.
    """
    taken_back = _taken_back(evidence := list(evidence))
    best: dict[tuple[str, str], Weighed] = {}
    for item in evidence:
        rule = policy.document.reasons.get(item.code)
        if rule is None:
            continue
        weight = rule.weight * item.value * _share_left(item, rule, at, taken_back)
        key = (item.code, item.source)
        known = best.get(key)
        if known is None:
            best[key] = Weighed(evidence=item, rule=rule, weight=weight)
        elif _speaks_for(item, weight, known):
            best[key] = Weighed(evidence=item, rule=rule, weight=weight, count=known.count + 1)
        else:
            best[key] = msgspec.structs.replace(known, count=known.count + 1)
    return list(best.values())


def _speaks_for(item: Evidence, weight: float, known: Weighed) -> bool:
    """Whether of two pieces of evidence with one code from one source this one counts.

    The stronger one does, the newer of two that are alike; of standing words always the newer.
    """
    newer = item.seen_at > known.evidence.seen_at
    if item.code in STANDING:
        return newer
    return abs(weight) > abs(known.weight) or (weight == known.weight and newer)


ENDS = {"feed-left": "feed-listed", "widening-ended": "widened", "hosting-ended": "hosts-malicious-pages"}
"""Evidence that takes back, from its time on, what the same source said before."""

STANDING = frozenset(ENDS.values())
"""Evidence that holds at full weight until its source takes it back."""

RESTING = frozenset({"widened", "hosts-malicious-pages"})
"""Standing evidence that rests on listings, and is nothing without them."""


def _taken_back(evidence: Sequence[Evidence]) -> dict[tuple[str, str], Evidence]:
    """(code, source) of what a source has taken back and not said again since -> the taking back."""
    latest: dict[tuple[str, str], Evidence] = {}
    if not any(item.code in ENDS for item in evidence):
        return latest
    for item in evidence:
        began = ENDS.get(item.code) or (item.code if item.code in STANDING else "")
        if began:
            key = (began, item.source)
            known = latest.get(key)
            if known is None or item.seen_at >= known.seen_at:
                latest[key] = item
    return {key: item for key, item in latest.items() if item.code in ENDS}


def _share_left(
    item: Evidence, rule: ReasonRule, at: datetime, taken_back: dict[tuple[str, str], Evidence]
) -> float:
    """Decay of one piece of evidence. A feed's word holds while the entry stays in the feed, and fades after.

    An entry with ``fades`` comes from a feed that tells only what is new: it fades from the start.
    """
    since = item.seen_at
    if item.code in STANDING:
        end = taken_back.get((item.code, item.source))
        if end is not None:
            if item.code in RESTING:
                return 0.0
            since = end.seen_at
        elif not item.data.get("fades"):
            return 1.0
    tau_days = float(item.data.get("tau_days", rule.tau_days))
    return max(rule.floor, decay((at - since).total_seconds(), tau_days, rule.delta))


def steady(evidence: Sequence[Evidence], policy: Policy) -> bool:
    """Whether no weight changes as time passes, so that a verdict holds until something new is known."""
    taken_back = _taken_back(evidence)
    for item in evidence:
        rule = policy.document.reasons.get(item.code)
        if rule is None or rule.weight == 0:
            continue
        if item.code in STANDING and not item.data.get("fades"):
            if (item.code, item.source) in taken_back and item.code not in RESTING:
                return False
        elif float(item.data.get("tau_days", rule.tau_days)) > 0:
            return False
    return True


def capped(weighed: Sequence[Weighed], caps: dict[str, float]) -> list[float]:
    """Weights after the caps: positive weights of a group are scaled down together to its cap.

    Scaling together (rather than cutting the last ones) keeps the reasons in proportion and their sum
    equal to what enters the verdict. A group without a cap is not capped.
    """
    total: dict[str, float] = {}
    for item in weighed:
        if item.weight > 0:
            total[item.rule.group] = total.get(item.rule.group, 0.0) + item.weight
    scale = {group: min(1.0, caps.get(group, value) / value) for group, value in total.items()}
    return [item.weight * scale[item.rule.group] if item.weight > 0 else item.weight for item in weighed]


class _Shown(dict[str, Any]):
    """Evidence data for a template: unknown names read '?', values are short and on one line."""

    def __missing__(self, key: str) -> str:
        return "?"


def as_text(value: object) -> str:
    """A value as it may stand in a sentence: one line, no control characters, bounded length."""
    if isinstance(value, (list, tuple)):
        value = ", ".join(str(item) for item in value[:10])
    text = str(value)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= MAX_FIELD else text[: MAX_FIELD - 1] + "…"


def reason(item: Weighed, weight: float) -> Reason:
    """The reason as people and scripts read it; ``weight`` is the one after caps."""
    text, text_zh = item.rule.en, item.rule.zh
    if has_fields(item.rule):
        text, text_zh = filled(text, text_zh, item.evidence.data)
    return Reason(
        code=item.evidence.code,
        text=text,
        text_zh=text_zh,
        weight=round(weight, 4),
        source=item.evidence.source,
        artefact=item.evidence.artefact,
        seen_at=item.evidence.seen_at,
        count=item.count,
    )


def has_fields(rule: ReasonRule) -> bool:
    """Whether a rule's sentences show something of the evidence."""
    return "{" in rule.en or "{" in rule.zh


def filled(en: str, zh: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """Both sentences with the data in them; ``window_zh`` of the data fills {window} in the Chinese one."""
    fields, reworded = _fields(en, zh)
    shown = {key: as_text(data[key]) for key in fields if key in data}
    if reworded.isdisjoint(shown):
        english = shown_zh = _Shown(shown)
    else:
        chinese = {key.removesuffix("_zh"): text for key, text in shown.items() if key.endswith("_zh")}
        english = _Shown(worded(shown, chinese=False))
        shown_zh = _Shown(worded(shown, chinese=True) | chinese)
    return counted(tidied(en.format_map(english))), tidied(zh.format_map(shown_zh))


@lru_cache(2048)
def _fields(en: str, zh: str) -> tuple[frozenset[str], frozenset[str]]:
    """(the fields that a rule's sentences show and their Chinese forms, those that differ between the languages)."""
    parse = Formatter().parse
    names = {name for sentence in (en, zh) for _, name, _, _ in parse(sentence) if name}
    chinese = {f"{name}_zh" for name in names}
    return frozenset(names | chinese), frozenset(chinese | names & WORDED)


def category_of(item: Weighed) -> Category | None:
    """What the evidence says about the kind of danger: its own word first, then its rule's."""
    if item.evidence.category:
        try:
            return Category(item.evidence.category)
        except ValueError:
            return item.rule.category
    return item.rule.category

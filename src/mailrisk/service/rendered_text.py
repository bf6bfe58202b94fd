"""Answers about URLs that nothing covers and whose text was analysed, as JSON text, the fast way.

What an analysis found decides the whole answer but for the input, the times and the data in its sentences:
the same codes with the same values give the same weights, level and order of reasons. As for listings, the
answer of each such combination is made once by ``check_url`` and cut at marks; then only sentences are filled in.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from mailrisk.decide.weigh import filled, has_fields
from mailrisk.model.evidence import Evidence
from mailrisk.model.policy import Policy, ReasonRule
from mailrisk.service.answers import UrlAnswer

MAX_FOUND: Final = 5_000
"""Combinations whose answers are kept by one process; then it starts again."""

_MARKED: Final = ("input", "indicator", "valid_until", "via", "list_age_s")

Found = tuple[tuple[str, float], ...]
"""Codes and values of what an analysis found, in order."""

_encode = msgspec.json.Encoder().encode


class _Sentence(NamedTuple):
    """The sentences of a reason that say something of the URL, and which evidence has it."""

    place: int
    rule: ReasonRule


class _Form(NamedTuple):
    """The answer of one combination: its pieces, what stands between them, and how long it is valid."""

    pieces: list[bytes]
    sentences: list[_Sentence]
    valid_for: timedelta


class Given(NamedTuple):
    """What an answer says that its form does not: ``shown`` the input, ``indicator``, ``via`` and ``age_s`` as JSON."""

    shown: bytes
    indicator: bytes
    via: bytes
    age_s: bytes
    now: datetime


class AnalysedAnswers:
    """The forms of answers of one process. Not for several threads at once."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.document.reasons
        self._forms: dict[Found, _Form | None] = {}

    def known(self, evidence: Sequence[Evidence], given: Given) -> bytes | None:
        """The answer where one with the same findings was learnt before; None: let ``check_url`` make it."""
        form = self._forms.get(_found(evidence))
        if form is None:
            return None
        start, to_indicator, to_until, *pieces = form.pieces
        parts = [
            start,
            given.shown,
            to_indicator,
            given.indicator,
            to_until,
            _encode(given.now + form.valid_for),
        ]
        at = 0
        for place, rule in form.sentences:
            text, text_zh = filled(rule.en, rule.zh, evidence[place].data)
            parts += (pieces[at], _encode(text), pieces[at + 1], _encode(text_zh))
            at += 2
        parts += (pieces[at], given.via, pieces[at + 1], given.age_s, pieces[at + 2])
        return b"".join(parts)

    def learn(self, evidence: Sequence[Evidence], answer: UrlAnswer, now: datetime) -> None:
        """Keeps the form of an answer that ``check_url`` made of an index that is current and of this evidence."""
        found = _found(evidence)
        if found not in self._forms:
            if len(self._forms) >= MAX_FOUND:
                self._forms.clear()
            self._forms[found] = self._form(evidence, answer, now)

    def _form(self, evidence: Sequence[Evidence], answer: UrlAnswer, now: datetime) -> _Form | None:
        """None where more than sentences and times may differ: a brand is named, or a code stands there twice."""
        places = {item.code: place for place, item in enumerate(evidence)}
        if answer.target is not None or len(places) < len(evidence):
            return None
        mark = b'"' + secrets.token_hex(16).encode() + b'"'  # Nobody who writes a URL can know it.
        raw: Any = msgspec.Raw(mark)
        sentences, reasons = [], []
        for reason in answer.reasons:
            place, rule = places.get(reason.code), self._rules[reason.code]
            if place is not None and has_fields(rule):
                sentences.append(_Sentence(place, rule))
                reason = msgspec.structs.replace(reason, text=raw, text_zh=raw)
            reasons.append(reason)
        marked = msgspec.structs.replace(answer, reasons=tuple(reasons), **dict.fromkeys(_MARKED, raw))
        return _Form(_encode(marked).split(mark), sentences, answer.valid_until - now)


def _found(evidence: Sequence[Evidence]) -> Found:
    return tuple([(item.code, item.value) for item in evidence])

"""Answers of URL checks as JSON text, the fast way: the same bytes as ``check_url`` gives.

Nearly all of an answer is the same for every miss, and for every listing of one shape. The answer is
therefore made once by ``check_url`` itself, encoded with marks in the places of what differs (input,
indicator, times), and cut at the marks; from then on the pieces are joined around the values.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from mailrisk.analyse.url.registry import analyse_urls
from mailrisk.model.errors import BadInput
from mailrisk.model.subject import display
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.plain import plain_link
from mailrisk.model.url.unwrap import Unwrapped
from mailrisk.service.answers import IpAnswer, UrlAnswer
from mailrisk.service.check_url import (
    NOTHING_ADDED,
    Added,
    Analyse,
    Looked,
    Matched,
    looked,
    match_plain,
    matched,
    refusal,
    too_old,
    url_answer,
)
from mailrisk.service.context import LookupContext
from mailrisk.service.rendered_text import AnalysedAnswers, Given
from mailrisk.store import index_form as form
from mailrisk.store.index_view import Match, View

MAX_SHAPES: Final = 5_000
"""Shapes of answers kept by one process; then it starts again."""

_HIT: Final = ("input", "indicator", "first_seen", "last_seen", "valid_until", "via", "list_age_s")
_MISS: Final = ("input", "indicator", "valid_until", "via", "list_age_s")

_NO_TIME: Final = timedelta(0)
_encode = msgspec.json.Encoder().encode


class Asked(NamedTuple):
    """What holds for all requests that are answered at one time.

    ``miss_until`` is the end of an answer to a miss, as JSON; b'' where misses are analysed.
    """

    analyse: Analyse
    tenant: int
    now: datetime
    age: timedelta | None
    is_stale: bool
    age_s: bytes  # whole seconds, as JSON
    miss_until: bytes


class _Missed(NamedTuple):
    """The pieces of the answer to a miss, and how long such an answer is valid."""

    is_stale: bool
    age_s: bytes
    pieces: list[bytes]
    valid_for: timedelta


class Renderer:
    """Renders the answers of one process. Not for several threads at once."""

    def __init__(self, context: LookupContext) -> None:
        self._context = context
        self._hits: dict[bytes, list[bytes]] = {}
        self._missed: _Missed | None = None
        self._analysed = AnalysedAnswers(context.policy)

    def asked(self, view: View, analyse: Analyse, tenant: int) -> Asked:
        """Notes the time and the age of the index."""
        now = self._context.clock()
        agreed = view.agreed_at()
        age = None if agreed is None else max(_NO_TIME, now - agreed)
        stale = too_old(self._context, age)
        age_s = b"%d" % (int(age.total_seconds()) if age is not None else 0)
        until = self._miss_until(now, age, stale, age_s) if analyse is Analyse.NONE else b""
        return Asked(analyse, tenant, now, age, stale, age_s, until)

    def urls(self, view: View, texts: Sequence[str], asked: Asked) -> list[bytes]:
        """One JSON object for each text, in order. The texts of those that no rule covers are analysed together."""
        if asked.analyse is Analyse.NONE:
            return [self.url(view, text, asked) for text in texts]
        found = [self._found(view, text, asked) for text in texts]
        missed = [one.unwrapped for one in found if isinstance(one, Matched) and one.match is None]
        read = iter(analyse_urls(missed, self._context.knowledge, asked.now))
        return [
            self._answer(view, text, one, asked, Added(text=next(read)))
            if isinstance(one, Matched) and one.match is None
            else self._answer(view, text, one, asked, NOTHING_ADDED)
            for text, one in zip(texts, found, strict=True)
        ]

    def url(self, view: View, text: str, asked: Asked) -> bytes:
        """The JSON object for one text."""
        plain = plain_link(text, self._context.knowledge.own_domains)
        if plain is not None and asked.miss_until:
            host, key = plain
            match = match_plain(self._context, view, host, key, asked.tenant)
            if match is None:
                return self._miss(text, text, b"[]", asked)
            if match.is_listing:
                pieces = self._hits.get(_shape(match))
                if pieces is not None:
                    return self._hit(text, match, pieces, b"[]", asked)
        return self._answer(view, text, self._found(view, text, asked), asked, NOTHING_ADDED)

    def _found(self, view: View, text: str, asked: Asked) -> Matched | BadInput:
        try:
            return matched(self._context, view, text, asked.tenant)
        except BadInput as error:
            return error

    def _answer(self, view: View, text: str, found: Matched | BadInput, asked: Asked, added: Added) -> bytes:
        if isinstance(found, BadInput):
            return _encode(refusal(text, found))
        match = found.match
        if match is None:
            if asked.miss_until:
                return self._miss(text, found.unwrapped.url.text, _via(found.unwrapped), asked)
            if added.text is not None and not asked.is_stale:
                return self._read(text, found, asked, added)
        elif match.is_listing:
            pieces = self._hits.get(_shape(match)) or self._new_shape(view, text, found, match, asked)
            return self._hit(text, match, pieces, _via(found.unwrapped), asked)
        seen = looked(view, found)
        return _encode(url_answer(self._context, text, seen, asked.analyse, asked.now, asked.age, added))

    def _read(self, text: str, found: Matched, asked: Asked, added: Added) -> bytes:
        """The answer about a URL that nothing covers, from what its text says."""
        evidence, unwrapped = added.text, found.unwrapped
        assert evidence is not None
        shown, final = _encode(text), unwrapped.url.text
        indicator = shown if final == text else _encode(final)
        known = self._analysed.known(
            evidence, Given(shown, indicator, _via(unwrapped), asked.age_s, asked.now)
        )
        if known is not None:
            return known
        seen = Looked(url=found.url, unwrapped=unwrapped, rule=None)
        answer = url_answer(self._context, text, seen, asked.analyse, asked.now, asked.age, added)
        self._analysed.learn(evidence, answer, asked.now)
        return _encode(answer)

    def _miss(self, text: str, final: str, via: bytes, asked: Asked) -> bytes:
        assert self._missed is not None
        start, to_indicator, to_until, to_via, to_age, end = self._missed.pieces
        shown = _encode(text)
        return b"".join((
            start, shown, to_indicator, shown if final == text else _encode(final), to_until, asked.miss_until, to_via,
            via, to_age, asked.age_s, end,
        ))  # fmt: skip

    def _miss_until(self, now: datetime, age: timedelta | None, stale: bool, age_s: bytes) -> bytes:
        """When answers to misses end; makes their pieces if they do not fit any more.

        The text names the age of a stale index; else only the input and the times differ.
        """
        known = self._missed
        if known is None or known.is_stale != stale or (known.is_stale and known.age_s != age_s):
            url = parse_url("http://example.com/")
            miss = Looked(url=url, unwrapped=Unwrapped(url=url), rule=None)
            answer = url_answer(self._context, "", miss, Analyse.NONE, now, age)
            assert isinstance(answer, UrlAnswer)
            known = self._missed = _Missed(stale, age_s, cut(answer, _MISS), answer.valid_until - now)
        return _encode(now + known.valid_for)

    def _new_shape(self, view: View, text: str, found: Matched, match: Match, asked: Asked) -> list[bytes]:
        answer = url_answer(self._context, text, looked(view, found), asked.analyse, asked.now, asked.age)
        assert isinstance(answer, UrlAnswer)
        if len(self._hits) >= MAX_SHAPES:
            self._hits.clear()
        pieces = self._hits[_shape(match)] = cut(answer, _HIT)
        return pieces

    def _hit(self, text: str, match: Match, pieces: list[bytes], via: bytes, asked: Asked) -> bytes:
        start, to_indicator, to_first, to_last, to_until, to_via, to_age, end = pieces
        indicator = display(match.kind, match.value, form.scheme(match.raw))
        shown = _encode(text)
        first, last, until = form.json_times(match.raw)
        return b"".join((
            start, shown, to_indicator, shown if indicator == text else _encode(indicator), to_first, first, to_last,
            last, to_until, until, to_via, via, to_age, asked.age_s, end,
        ))  # fmt: skip


def _shape(match: Match) -> bytes:
    """What answers have in common: how the listing looks, and its scope."""
    return match.raw[form.LOOK] + match.kind.encode()


def _via(unwrapped: Unwrapped) -> bytes:
    return _encode([name for name, _ in unwrapped.hops]) if unwrapped.hops else b"[]"


def cut(answer: UrlAnswer | IpAnswer, fields: Sequence[str]) -> list[bytes]:
    """The encoded answer cut at these fields, which stand in the order of the answer's own."""
    mark = b'"' + secrets.token_hex(16).encode() + b'"'  # Nobody who writes a reason can know it.
    marked = msgspec.structs.replace(answer, **dict.fromkeys(fields, msgspec.Raw(mark)))
    return _encode(marked).split(mark)

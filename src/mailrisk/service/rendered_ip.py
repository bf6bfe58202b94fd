"""Answers of address checks as JSON text, the fast way: the same bytes as ``check_ips`` gives.

As ``rendered.py`` does for URLs: an answer of each shape is made once by ``check_ip`` itself and cut where
answers of its shape differ. What is rare (an exemption, a private address, what is no address) is
answered by ``check_ip`` every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from mailrisk.decide.response import response_for
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED
from mailrisk.model.ip import aggregate, parse_ip, reserved_range
from mailrisk.model.verdict import SEVERITY
from mailrisk.service.answers import ErrorAnswer, IpAnswer
from mailrisk.service.check_ip import Rank, check_one, listed_answer, rank_of
from mailrisk.service.check_url import too_old
from mailrisk.service.context import LookupContext
from mailrisk.service.rendered import cut
from mailrisk.store import index_form as form
from mailrisk.store.index_view import Match, View

MAX_SHAPES: Final = 5_000
"""Shapes of answers, and places, kept by one process; then it starts again."""

_HIT: Final = (
    "input", "first_detected", "last_seen", "valid_until", "country", "asn", "network", "known_for_s",
    "suggested_response", "suggested_for_s", "indicator", "as_name", "list_age_s",
)  # fmt: skip
_MISS: Final = (
    "input", "valid_until", "country", "asn", "network", "indicator", "as_name", "list_age_s",
)  # fmt: skip

_ORDINARY: Final = "192.0.2.1"
"""An address that is asked for the shape of a miss: of documentation, and global here (``model/ip.py``)."""

_NO_TIME: Final = timedelta(0)
_encode = msgspec.json.Encoder().encode


class Ranked(NamedTuple):
    """One JSON object, and where it stands among others by risk."""

    json: bytes
    rank: Rank


class AskedIps(NamedTuple):
    """What holds for all addresses that are answered in one view."""

    tenant: int
    now: datetime
    age: timedelta | None
    age_s: bytes  # whole seconds, as JSON
    miss: list[bytes]  # the pieces of the answer to a miss
    miss_until: bytes
    miss_rank: Rank


class IpRenderer:
    """Renders the answers of one process. Not for several threads at once."""

    def __init__(self, context: LookupContext) -> None:
        self._context = context
        self._hits: dict[bytes, list[bytes]] = {}
        self._places: dict[tuple[str, int, str], tuple[bytes, bytes, bytes]] = {}
        self._missed: tuple[bool, bytes, list[bytes], timedelta, Rank] | None = None

    def asked(self, view: View, tenant: int) -> AskedIps:
        """Notes the time and the age of the index."""
        now = self._context.clock()
        agreed = view.agreed_at()
        age = None if agreed is None else max(_NO_TIME, now - agreed)
        age_s = b"%d" % (int(age.total_seconds()) if age is not None else 0)
        stale = too_old(self._context, age)
        known = self._missed
        # The text names the age of a stale index; else only the input, the place and the times differ.
        if known is None or known[0] != stale or (stale and known[1] != age_s):
            answer = check_one(self._context, None, _ORDINARY, tenant, now, age)
            assert isinstance(answer, IpAnswer)
            pieces, valid_for = cut(answer, _MISS), answer.valid_until - now
            known = self._missed = (stale, age_s, pieces, valid_for, rank_of(answer))
        return AskedIps(tenant, now, age, age_s, known[2], _encode(now + known[3]), known[4])

    def ips(self, view: View, texts: Iterable[str], asked: AskedIps) -> list[Ranked]:
        """One JSON object for each text, in order."""
        return [self._ip(view, text, asked) for text in texts]

    def _ip(self, view: View, text: str, asked: AskedIps) -> Ranked:
        try:
            ip = parse_ip(text.strip())
        except BadInput:
            return self._rare(view, text, asked)
        if reserved_range(ip):
            return self._rare(view, text, asked)
        found = view.ip_matches(ip, SHARED)
        if asked.tenant != SHARED:
            found = view.ip_matches(ip, asked.tenant) + found
        if not found:
            return self._miss(text, ip, asked)
        for match in found:
            if not match.is_listing:
                return self._rare(view, text, asked)
        return self._hit(view, text, ip, found[0] if len(found) == 1 else max(found, key=_rank), asked)

    def _rare(self, view: View, text: str, asked: AskedIps) -> Ranked:
        answer: IpAnswer | ErrorAnswer = check_one(
            self._context, view, text, asked.tenant, asked.now, asked.age
        )
        return Ranked(_encode(answer), rank_of(answer))

    def _miss(self, text: str, ip: str, asked: AskedIps) -> Ranked:
        start, to_until, to_country, to_asn, to_network, to_indicator, to_name, to_age, end = asked.miss
        country, asn, name, network = self._place(ip)
        json = b"".join((
            start, _encode(text), to_until, asked.miss_until, to_country, country, to_asn, asn, to_network, network,
            to_indicator, b'"%b"' % ip.encode(), to_name, name, to_age, asked.age_s, end,
        ))  # fmt: skip
        return Ranked(json, asked.miss_rank)

    def _hit(self, view: View, text: str, ip: str, match: Match, asked: AskedIps) -> Ranked:
        raw = match.raw
        first, last, until = form.times(raw)
        known_for_s = max(0, int((asked.now - first).total_seconds()))
        action, for_s = response_for(self._context.policy, form.level(raw), known_for_s)
        shape = raw[form.LOOK]
        pieces = self._hits.get(shape) or self._shape(view, text, ip, match, asked)
        country, asn, name, network = self._place(ip)
        values = (
            _encode(text), _encode(first), _encode(last), _encode(until), country, asn, network, b"%d" % known_for_s,
            _encode(action), b"%d" % for_s if for_s is not None else b"null", b'"%b"' % match.value.encode(), name,
            asked.age_s,
        )  # fmt: skip
        joined = [pieces[0]]
        for value, piece in zip(values, pieces[1:], strict=True):
            joined += (value, piece)
        return Ranked(b"".join(joined), _rank(match))

    def _shape(self, view: View, text: str, ip: str, match: Match, asked: AskedIps) -> list[bytes]:
        listing = view.rule(match).listing
        assert listing is not None
        if len(self._hits) >= MAX_SHAPES:
            self._hits.clear()
        pieces = cut(listed_answer(self._context, text, ip, listing, asked.now, 0), _HIT)
        self._hits[match.raw[form.LOOK]] = pieces
        return pieces

    def _place(self, ip: str) -> tuple[bytes, bytes, bytes, bytes]:
        """Country, number and name of the operator, and network, as JSON."""
        place = self._context.locate(ip)
        network = (place.network if place is not None else "") or aggregate(ip)[-1]
        key = ("", 0, "") if place is None else (place.country, place.asn, place.as_name)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= MAX_SHAPES:
                self._places.clear()
            known = _encode(key[0] or None), _encode(key[1] or None), _encode(key[2] or None)
            self._places[key] = known
        return *known, b'"%b"' % network.encode()


def _rank(match: Match) -> Rank:
    return SEVERITY[form.level(match.raw)], form.probability(match.raw)


def by_risk(answers: Sequence[Ranked]) -> list[bytes]:
    """The JSON objects, the most dangerous first; equal ones in the order of the input."""
    return [one.json for one in sorted(answers, key=lambda one: one.rank, reverse=True)]

"""The few routes that a look-up worker answers itself.

A route answers what goes well and nothing else: a wrong key, a body of the wrong shape, an option that
needs more than the index give None, and the request goes to the core, whose application has the one
place for errors. Whoever adds a route here adds a row to ``FastRoutes.table``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from mailrisk.listen.fast.turn import Turn
from mailrisk.listen.http.bodies import IpsBody, UrlsBody
from mailrisk.model.errors import MailriskError
from mailrisk.service.check_ip import Order
from mailrisk.service.check_url import Analyse, list_age, too_old
from mailrisk.service.context import LookupContext
from mailrisk.service.rendered import Renderer
from mailrisk.service.rendered_ip import IpRenderer, Ranked, by_risk

AT_ONCE_BYTES: Final = 4_096
"""Largest body that is answered at once, between two events of the loop."""

SLICE: Final = {Analyse.NONE: 100, Analyse.STATIC: 24}
"""URLs answered before other connections get their turn: about two milliseconds."""

SLICE_CHARS: Final = 16_384
"""Characters of the URLs of a slice, unless one alone has more: long ones cost more."""

IP_SLICE: Final = 100
"""Addresses likewise."""

Slices = Iterator[list[bytes]]
"""The results of a batch, a slice at a time, each a JSON object."""

Found = list[bytes] | Slices
"""All results of a small request, or the slices of a batch."""

Soon = Callable[[Callable[[], None]], Any]
"""``call_soon`` of the event loop."""

_urls_body = msgspec.json.Decoder(UrlsBody)
_ips_body = msgspec.json.Decoder(IpsBody)


class Reply(NamedTuple):
    """A whole answer of the type ``application/json``."""

    status: int
    body: bytes


class Route(NamedTuple):
    """How a route answers: a small request in the turn that it arrived in, a batch in slices with views of their own."""

    answer: Callable[[Turn, bytes, int], Found | None]  # (turn, body, tenant); None: the core answers


class HeaderLines:
    """The server's own headers as text; it makes a new list when the date changes."""

    def __init__(self) -> None:
        self._known: tuple[object, bytes] = (None, b"")

    def __call__(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """``headers`` as they stand in an answer."""
        known, lines = self._known
        if known is not headers:
            lines = b"".join([b"%b: %b\r\n" % pair for pair in headers])
            self._known = (headers, lines)
        return lines


class FastRoutes:
    """The fast routes of one process. Without ``soon`` no turn outlives a request."""

    def __init__(self, context: LookupContext, soon: Soon | None = None) -> None:
        self.context = context
        self._renderer = Renderer(context)
        self._ip_renderer = IpRenderer(context)
        self._soon = soon
        self._turn: Turn | None = None
        self.header_lines = HeaderLines()
        self.table: dict[tuple[bytes, bytes], Route] = {
            (b"POST", b"/api/v1/urls:check"): Route(self._urls),
            (b"POST", b"/api/v1/ips:check"): Route(self._ips),
        }

    def reply(self, route: Route, key: bytes, authorization: bytes, body: bytes) -> Reply | None:
        """The answer to a small request; None for a batch, which lets other connections in between, and for errors."""
        found = self.found(route, key, authorization, body)
        return Reply(200, results(found)) if isinstance(found, list) else None

    def admits(self, key: bytes, authorization: bytes) -> bool:
        """Whether the key of a request may look up at all."""
        turn = self._turn or self._begin()
        try:
            return turn.tenant(key, authorization) is not None
        finally:
            if self._soon is None:
                self._end()

    def found(self, route: Route, key: bytes, authorization: bytes, body: bytes) -> Found | None:
        """The answer to a request; None when the core has to answer.

        ``key``, ``authorization``: the headers X-API-Key and Authorization, b'' for a missing one.
        """
        turn = self._turn or self._begin()
        try:
            tenant = turn.tenant(key, authorization)
            return None if tenant is None else route.answer(turn, body, tenant)
        except (MailriskError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        finally:
            if self._soon is None:
                self._end()

    def _begin(self) -> Turn:
        turn = self._turn = Turn(self.context, self._renderer)
        if self._soon is not None:
            self._soon(self._end)
        return turn

    def _end(self) -> None:
        if self._turn is not None:
            self._turn.end()
            self._turn = None

    def ready(self) -> Reply:
        """``GET /readyz``: 200 when checks can be answered, 503 while what we know is too old."""
        if too_old(self.context, list_age(self.context)):
            return Reply(503, b'{"status":"stale"}')
        return Reply(200, b'{"status":"ready"}')

    def _urls(self, turn: Turn, body: bytes, tenant: int) -> Found | None:
        urls, analyse = (data := _urls_body.decode(body)).urls, data.analyse
        if len(urls) == 1 and analyse is Analyse.NONE and len(body) <= SLICE_CHARS:
            return [self._renderer.url(turn.view, urls[0], turn.asked(analyse, tenant))]
        step = SLICE.get(analyse)
        if step is None:
            return None
        if len(urls) <= step and len(body) <= SLICE_CHARS:
            return self._renderer.urls(turn.view, urls, turn.asked(analyse, tenant))
        return self._url_slices(urls, step, analyse, tenant)

    def _url_slices(self, urls: list[str], step: int, analyse: Analyse, tenant: int) -> Slices:
        for portion in portions(urls, step):
            with self.context.index.view() as view:
                asked = self._renderer.asked(view, analyse, tenant)
                part = self._renderer.urls(view, portion, asked)
            yield part

    def _ips(self, turn: Turn, body: bytes, tenant: int) -> Found | None:
        data = _ips_body.decode(body)
        if len(data.ips) > IP_SLICE:
            return self._ip_slices(data.ips, tenant, by_rank=data.order is Order.RISK)
        found = self._ip_renderer.ips(turn.view, data.ips, self._ip_renderer.asked(turn.view, tenant))
        return by_risk(found) if data.order is Order.RISK else [one.json for one in found]

    def _ip_slices(self, ips: list[str], tenant: int, *, by_rank: bool) -> Slices:
        """The answers as they are found; all of them with the last slice where they are ranked."""
        ranked: list[Ranked] = []
        for start in range(0, len(ips), IP_SLICE):
            with self.context.index.view() as view:
                asked = self._ip_renderer.asked(view, tenant)
                part = self._ip_renderer.ips(view, ips[start : start + IP_SLICE], asked)
            if by_rank:
                ranked += part
            yield [] if by_rank else [one.json for one in part]
        yield by_risk(ranked)


def portions(urls: Sequence[str], step: int) -> Iterator[list[str]]:
    """The URLs in order, at most ``step`` and SLICE_CHARS characters at a time, and always at least one."""
    portion: list[str] = []
    chars = 0
    for url in urls:
        if portion and (len(portion) == step or chars + len(url) > SLICE_CHARS):
            yield portion
            portion, chars = [], 0
        portion.append(url)
        chars += len(url)
    if portion:
        yield portion


def results(found: Sequence[bytes]) -> bytes:
    """The body of the answer."""
    if len(found) == 1:
        return b'{"results":[' + found[0] + b"]}"
    return b'{"results":[%b]}' % b",".join(found)

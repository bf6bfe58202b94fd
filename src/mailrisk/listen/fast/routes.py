"""The few routes that a look-up worker answers itself.

A route answers what goes well and nothing else: a wrong key, a body of the wrong shape, an option that
needs more than the index give None, and the request goes to the core, whose application has the one
place for errors. Whoever adds a route here adds a row to ``FastRoutes.table``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from mailrisk.listen.http.bodies import IpsBody, UrlsBody
from mailrisk.listen.http.credentials import presented_key
from mailrisk.model.errors import MailriskError
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_url import Analyse, list_age, too_old
from mailrisk.service.context import LookupContext
from mailrisk.service.keys import Role, allows, authenticate_key
from mailrisk.service.rendered import Renderer
from mailrisk.store.index_view import View

AT_ONCE_BYTES: Final = 4_096
"""Largest body that is answered at once, between two events of the loop."""

SLICE: Final = {Analyse.NONE: 100, Analyse.STATIC: 8}
"""URLs answered before other connections get their turn: about two milliseconds."""

SLICE_CHARS: Final = 16_384
"""Characters of the URLs of a slice, unless one alone has more: long ones cost more."""

IP_SLICE: Final = 50

Slices = Iterator[list[bytes]]
"""The results of a batch, a slice at a time, each a JSON object."""

_urls_body = msgspec.json.Decoder(UrlsBody)
_ips_body = msgspec.json.Decoder(IpsBody)


class Reply(NamedTuple):
    """A whole answer of the type ``application/json``."""

    status: int
    body: bytes


class Route(NamedTuple):
    """How a route answers: in slices, each of them in a view of its own."""

    start: Callable[[View, bytes, int], Slices | None]  # (view, body, tenant); None: the core answers


class FastRoutes:
    """The fast routes of one process."""

    def __init__(self, context: LookupContext) -> None:
        self.context = context
        self._renderer = Renderer(context)
        self.table: dict[tuple[bytes, bytes], Route] = {
            (b"POST", b"/api/v1/urls:check"): Route(self._urls),
            (b"POST", b"/api/v1/ips:check"): Route(self._ips),
        }

    def slices(self, route: Route, key: bytes, authorization: bytes, body: bytes) -> Slices | None:
        """The answer to a request, slice by slice; None when the core has to answer.

        ``key``, ``authorization``: the headers X-API-Key and Authorization, b'' for a missing one.
        """
        with self.context.index.view() as view:
            try:
                grant = authenticate_key(self.context, _presented(key, authorization), view)
                if not allows(grant, Role.READER):
                    return None
                return route.start(view, body, grant.tenant)
            except (MailriskError, msgspec.MsgspecError, UnicodeDecodeError):
                return None

    def ready(self) -> Reply:
        """``GET /readyz``: 200 when checks can be answered, 503 while what we know is too old."""
        if too_old(self.context, list_age(self.context)):
            return Reply(503, b'{"status":"stale"}')
        return Reply(200, b'{"status":"ready"}')

    def _urls(self, view: View, body: bytes, tenant: int) -> Slices | None:
        data = _urls_body.decode(body)
        step = SLICE.get(data.analyse)
        if step is None:
            return None
        asked = self._renderer.asked(view, data.analyse, tenant)
        if len(data.urls) <= step and len(body) <= SLICE_CHARS:
            return iter([self._renderer.urls(view, data.urls, asked)])
        return self._url_slices(data.urls, step, data.analyse, tenant)

    def _url_slices(self, urls: list[str], step: int, analyse: Analyse, tenant: int) -> Slices:
        for portion in portions(urls, step):
            with self.context.index.view() as view:
                asked = self._renderer.asked(view, analyse, tenant)
                part = self._renderer.urls(view, portion, asked)
            yield part

    def _ips(self, _: View, body: bytes, tenant: int) -> Slices | None:
        return self._ip_slices(_ips_body.decode(body).ips, tenant)

    def _ip_slices(self, ips: list[str], tenant: int) -> Slices:
        for start in range(0, len(ips), IP_SLICE):
            part = ips[start : start + IP_SLICE]
            yield [msgspec.json.encode(answer) for answer in check_ips(self.context, part, tenant)]


def _presented(key: bytes, authorization: bytes) -> str:
    return presented_key(key.decode("latin-1"), authorization.decode("latin-1"))


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


def results(parts: Iterable[list[bytes]]) -> bytes:
    """The body of the answer."""
    return b'{"results":[%b]}' % b",".join([result for part in parts for result in part])

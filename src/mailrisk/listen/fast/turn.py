"""What the requests of one turn of the event loop share."""

from __future__ import annotations

from mailrisk.listen.http.credentials import presented_key
from mailrisk.model.errors import MailriskError
from mailrisk.service.check_url import Analyse
from mailrisk.service.context import LookupContext
from mailrisk.service.keys import Role, allows, authenticate_key
from mailrisk.service.rendered import Asked, Renderer


class Turn:
    """One view of the index, one reading of the clock, and the keys that were checked in this view.

    Requests that arrive together are answered from one state of the index. The turn ends before the loop
    waits for the network again, so a listing, a withdrawal and a revoked key count from the next turn on.
    """

    __slots__ = ("_asked", "_context", "_renderer", "_tenants", "view")

    def __init__(self, context: LookupContext, renderer: Renderer) -> None:
        self._context = context
        self._renderer = renderer
        self._tenants: dict[tuple[bytes, bytes], int | None] = {}
        self._asked: Asked | None = None
        self.view = context.index.view()

    def end(self) -> None:
        """Gives the view back."""
        self.view.__exit__()

    def tenant(self, key: bytes, authorization: bytes) -> int | None:
        """Whose request this is; None when the key may not look up, for whatever reason.

        ``key``, ``authorization``: the headers X-API-Key and Authorization, b'' for a missing one.
        """
        try:
            return self._tenants[key, authorization]
        except KeyError:
            tenant = self._tenants[key, authorization] = self._checked(key, authorization)
            return tenant

    def _checked(self, key: bytes, authorization: bytes) -> int | None:
        try:
            shown = presented_key(key.decode("latin-1"), authorization.decode("latin-1"))
            grant = authenticate_key(self._context, shown, self.view)
            return grant.tenant if allows(grant, Role.READER) else None
        except MailriskError:
            return None

    def asked(self, analyse: Analyse, tenant: int) -> Asked:
        """What holds for every request of this kind in this turn."""
        asked = self._asked
        if asked is None or asked.analyse is not analyse or asked.tenant != tenant:
            asked = self._asked = self._renderer.asked(self.view, analyse, tenant)
        return asked

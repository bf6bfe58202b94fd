"""How large the hash lists are that Web Risk and Safe Browsing clients keep, and what is not on them."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.datastructures import State

from mailrisk.listen.http.access import needs
from mailrisk.service.keys import Role
from mailrisk.service.webrisk import HashLists, HashListStatus


@get("/hash-lists", guards=[needs(Role.READER)], sync_to_thread=True)
def hash_lists(request: Request[Any, Any, State]) -> HashListStatus:
    """Entries and versions of each threat list; listings on none of them, counted by the reason."""
    lists: HashLists = request.app.state.hash_lists
    return lists.status()


ROUTES = [hash_lists]

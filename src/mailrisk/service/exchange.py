"""Indicators for partners' platforms: a MISP feed and TAXII collections, from the one table of listings."""

from __future__ import annotations

from typing import Any

from mailrisk.model.errors import NotFound
from mailrisk.publish.misp import MispFeed
from mailrisk.publish.stix import COLLECTIONS, Collection, Page, StixObjects
from mailrisk.service.context import Context
from mailrisk.service.follow import refuse_stale
from mailrisk.service.surfaces import Surfaces


class Exchange:
    """Every call brings the table up to date first. Unavailable: we are stale. Safe between threads."""

    def __init__(self, context: Context, surfaces: Surfaces) -> None:
        self._context = context
        self._surfaces = surfaces

    def manifest(self) -> dict[str, Any]:
        """MISP's manifest."""
        refuse_stale(self._context)
        with self._surfaces.follower.lock:
            return self._misp().manifest()

    def event(self, uuid: str) -> dict[str, Any]:
        """One event of MISP. NotFound: there is none of this id."""
        refuse_stale(self._context)
        with self._surfaces.follower.lock:
            found = self._misp().event(uuid.lower())
        if found is None:
            raise NotFound("no such event")
        return found

    def hashes(self) -> str:
        """MISP's ``hashes.csv``."""
        refuse_stale(self._context)
        with self._surfaces.follower.lock:
            return "".join(self._misp().hashes())

    def collection(self, id_: str) -> Collection:
        """A collection of TAXII by its id or its title. NotFound: there is none."""
        known = COLLECTIONS.get(id_) or next((one for one in COLLECTIONS.values() if one.title == id_), None)
        if known is None:
            raise NotFound("no such collection")
        return known

    def objects(self, collection: Collection, after: int, limit: int, ids: frozenset[str]) -> Page:
        """A page of a collection."""
        refuse_stale(self._context)
        with self._surfaces.follower.lock:
            self._surfaces.follower.follow()
            stix = StixObjects(self._surfaces.table, self._surfaces.follower.position[0])
            return stix.page(collection, after, limit, ids)

    def _misp(self) -> MispFeed:
        self._surfaces.follower.follow()
        return MispFeed(self._surfaces.table, self._surfaces.follower.position[0])

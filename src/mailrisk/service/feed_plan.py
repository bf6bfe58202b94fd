"""Which feeds there are, which of them are fetched, and with what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from mailrisk.model.errors import ConfigError
from mailrisk.model.feed import FeedSource

KEY_VARIABLE = "MAILRISK_FEED_KEY_"


class FeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The feeds of one mailrisk, as shipped and configured.

    ``enabled``: fetched on schedule, if ``scheduled``. ``private``: may stand at a private address.
    """

    sources: Mapping[str, FeedSource] = {}
    enabled: frozenset[str] = frozenset()
    scheduled: bool = False
    keys: Mapping[str, str] = {}
    proxy: str = ""
    private: frozenset[str] = frozenset()


NO_FEEDS = FeedPlan()


def make_plan(
    shipped: Mapping[str, FeedSource],
    configured: Iterable[FeedSource],
    *,
    scheduled: bool = True,
    enable: Collection[str] = (),
    disable: Collection[str] = (),
    keys: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    proxy: str = "",
    private: Collection[str] = (),
) -> FeedPlan:
    """Joins what ships with what is configured. ConfigError: a name that no feed has, a feed twice.

    Enabled are the default feeds, those under ``enable``, and every configured feed with a URL; then
    those under ``disable`` are taken out, and those that need a key and have none.
    """
    added: dict[str, FeedSource] = {}
    for source in configured:
        if source.name in added:
            raise ConfigError("feed", f"there are two feeds named {source.name!r}")
        added[source.name] = source
    sources = {**shipped, **added}
    given = dict(keys or {})
    for setting, names in (
        ("enable", enable), ("disable", disable), ("keys", given), ("allow_private", private),
    ):  # fmt: skip
        for name in names:
            if name not in sources:
                raise ConfigError(f"feeds.{setting}", f"no feed is named {name!r}")
    for name in sources:
        variable = KEY_VARIABLE + name.upper().replace("-", "_")
        if value := (environment or {}).get(variable, ""):
            given[name] = value
    wanted = {name for name, source in sources.items() if source.default} | set(enable)
    wanted |= {name for name, source in added.items() if source.url}
    for name in set(enable) - set(disable):
        if sources[name].key == "required" and not given.get(name):
            raise ConfigError(f"feeds.keys.{name}", f"the feed needs a key; {sources[name].terms} says how")
    usable = {name for name in wanted if sources[name].key != "required" or given.get(name)}
    return FeedPlan(
        sources=sources,
        enabled=frozenset(usable - set(disable)),
        scheduled=scheduled,
        keys=given,
        proxy=proxy,
        private=frozenset(private),
    )

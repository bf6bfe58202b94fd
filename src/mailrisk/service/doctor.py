"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from mailrisk.service.advice import Advice, Grade, advise
from mailrisk.service.check_url import list_age, stale
from mailrisk.service.context import Context
from mailrisk.service.graph_pull import GraphState
from mailrisk.service.login_shares import LoginShares
from mailrisk.service.status import feed_status

BUSY_SHARE: Final = 0.2
"""Share of all successful logins from which an address is probably one that logs in for others."""

LEAST_LOGINS: Final = 100
FEED_TOO_OLD_S: Final = 3 * 86_400
GRAPH_TOO_OLD: Final = timedelta(hours=1)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about the installation beside the stores."""

    organisation: bool = True  # its domains are configured
    network: bool = True  # network.enabled
    watches_logins: bool = False
    shares: LoginShares | None = None
    missing: tuple[tuple[str, str, str], ...] = ()  # (module, Debian packages, what does not work)
    readable: tuple[tuple[str, str], ...] = ()  # (file with a secret, mode) that others may read
    model_error: str = ""  # of the configured language model
    graph: GraphState | None = (
        None  # of the configured tenant; None: there is none, or nothing was pulled yet
    )
    graph_error: str = ""  # of the configured tenant, tried just now
    surfaces: tuple[tuple[str, dict[str, object]], ...] = ()  # checks that failed, asked from the outside


def examine(context: Context, setup: Setup) -> list[Advice]:
    """Every finding, errors first; none when all is well."""
    found = [
        *(advise("secret-readable", path=path, mode=mode) for path, mode in setup.readable),
        *_libraries(setup),
        *_index(context),
        *_feeds(context, setup),
        *_logins(context, setup),
        *_graph(context, setup),
    ]
    found.extend(advise(check, **data) for check, data in setup.surfaces)
    if setup.model_error:
        found.append(advise("language-model", error=setup.model_error))
    if not setup.organisation:
        found.append(advise("organisation-domains"))
    return sorted(found, key=lambda advice: advice.grade is not Grade.ERROR)


def _libraries(setup: Setup) -> Iterator[Advice]:
    for module, packages, effect in setup.missing:
        yield advise("library-missing", module=module, packages=packages, effect=effect)


def _index(context: Context) -> Iterator[Advice]:
    if stale(context):
        age = list_age(context)
        yield advise("index-stale", minutes="?" if age is None else _minutes(age))


def _feeds(context: Context, setup: Setup) -> Iterator[Advice]:
    """Where the setting allows no network, that is the finding: failures are of before, and fetching is no advice."""
    feeds = feed_status(context)
    enabled = [feed for feed in feeds if feed.enabled]
    switched_off = not setup.network and context.feeds.scheduled
    if switched_off:
        yield advise("network-off")
    unreachable = setup.network and len(enabled) > 1 and all(feed.failures for feed in enabled)
    if unreachable:
        yield advise("feeds-unreachable", count=len(enabled), error=enabled[0].last_error)
    for feed in enabled:
        if feed.failures and setup.network and not unreachable:
            yield advise("feed-failing", feed=feed.name, failures=feed.failures, error=feed.last_error)
        elif feed.age_s is not None and feed.age_s > FEED_TOO_OLD_S:
            yield advise("feed-old", feed=feed.name, days=feed.age_s // 86_400)
    if not switched_off and not any(feed.imports for feed in feeds):
        yield advise("no-feed")


def _logins(context: Context, setup: Setup) -> Iterator[Advice]:
    """An address that carries a large share of all logins is a front end that nobody has named."""
    trusted, shares = context.knowledge.trusted_frontends, setup.shares
    known = shares.shares if shares is not None and shares.logins >= LEAST_LOGINS else ()
    busy = [one for one in known if one.share > BUSY_SHARE and one.ip not in trusted]
    for one in busy:
        yield advise("busy-address", ip=one.ip, percent=f"{100 * one.share:.0f}")
    if setup.watches_logins and not trusted and not busy:
        yield advise("no-trusted-frontends")


def _graph(context: Context, setup: Setup) -> Iterator[Advice]:
    """What the service saw counts for as much as the question asked just now."""
    known = setup.graph
    error = setup.graph_error or (known.error if known is not None and known.failures > 1 else "")
    if error:
        yield advise("graph-failing", error=error)
    elif known is not None:
        age = context.clock() - (known.at or known.until)
        if age > GRAPH_TOO_OLD:
            yield advise("graph-behind", minutes=_minutes(age))


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)

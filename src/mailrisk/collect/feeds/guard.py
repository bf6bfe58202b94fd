"""The rule against a feed that breaks: one that loses nearly everything at once is not believed.

A publisher's mistake, an empty file behind a 200, a login page cut to a few lines: each would withdraw
thousands of listings within seconds, everywhere. Refusing costs some hours of staleness, which the
status shows.
"""

from __future__ import annotations

from mailrisk.model.errors import FeedRefused

MAX_SHRINK_PERCENT = 90
"""Share of its entries that a feed may not lose between two imports."""

SMALL = 20
"""Below this many entries a feed's size says nothing, and it may shrink as it likes, but not to none."""


def check_shrink(previous: int, current: int) -> None:
    """Raises FeedRefused if a feed of ``previous`` entries that now has ``current`` is not to be believed.

    Conditions: it lost 90 % or more and had at least 20 entries, or it lost all it had. The first
    import (``previous`` 0) may have any size. Forcing is the caller's: it does not call this.
    """
    most_lost = previous >= SMALL and current * 100 <= previous * (100 - MAX_SHRINK_PERCENT)
    if most_lost or current == 0 < previous:
        raise FeedRefused(
            f"it shrank from {previous} to {current} entries; import it with force if that is right"
        )

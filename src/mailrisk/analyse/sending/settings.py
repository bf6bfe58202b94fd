"""Every number of the sending analysis, with the reason for it."""

from __future__ import annotations

import msgspec


class SendSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds; steps are (from so many, value of the evidence), in rising order."""

    window_s: int = 3_600
    """Length of the window in which an account's sending is counted: a thief sends at once, a person over days."""

    unacquainted_least: int = 15
    """Below so many never-seen recipients from a strange network, an account that is not known yet is left alone."""

    strange_steps: tuple[tuple[int, float], ...] = ((6, 0.55), (10, 0.8), (15, 1.0), (60, 1.15))
    """Recipients never written to before, from a network where the account is not at home: at 15 it convicts.
    The goal is 20 messages; a traveller writes to a few new people, and mostly to known ones."""

    novelty: float = 0.7
    """Share of never-seen recipients that makes sending strange; answering people one knows is not."""

    volume_steps: tuple[tuple[float, float], ...] = ((4.0, 0.5), (10.0, 0.75), (30.0, 1.0))
    """Recipients in the window over the account's own busiest window so far, from a network where it is at home."""

    volume_least: int = 60
    """Fewer recipients in a window are nobody's outbreak, however quiet the account was."""

    bounce_share: float = 0.15
    """Share of refused recipients: honest lists age by a few per cent a year, bought ones bounce by a quarter."""

    bounce_steps: tuple[tuple[int, float], ...] = ((8, 0.6), (25, 0.9), (80, 1.1))

    network_steps: tuple[tuple[int, float], ...] = ((3, 0.4), (5, 0.8), (8, 1.0))
    """Unfamiliar networks that one account sends from within the window: a telephone has two, a botnet many."""

    test_after_s: int = 86_400
    """How long after the first success from an unfamiliar network a single message out is a trial."""

    test_size: int = 8_192
    """Bytes of a message that may be a test letter; 0 is an unknown size."""

    letter_within_s: int = 60
    """The text of a message belongs to the event of its sending that came no longer ago."""

    home_after_days: int = 3
    """Used on so many days, an unfamiliar network from which nothing bad came is the account's own: a thief
    tries the mailbox once, waits, and comes back."""

    acquainted_s: int = 3 * 86_400
    """For so long after an account is first seen everybody it writes to and every place is new, and says little."""

    learning: int = 20
    """Recipients that an account must have written to before its habits say anything about volume."""


DEFAULT = SendSettings()


def value_of(steps: tuple[tuple[float, float], ...], count: float) -> float:
    """The value of the highest step that ``count`` reaches, 0 below the first."""
    return next((value for least, value in reversed(steps) if count >= least), 0.0)

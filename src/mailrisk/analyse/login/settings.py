"""Windows and thresholds of the login analysis: data, so that rules hold no numbers.

An address is judged by its *strangers*: accounts that failed from it and have never succeeded from it.
"""

from __future__ import annotations

from typing import Final

import msgspec

Steps = tuple[tuple[float, float], ...]
"""(least count, value of the evidence) in growing order; below the first there is no evidence."""


class WindowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One window of event time. It opens with a failure and closes ``length_s`` seconds later."""

    name: str
    name_zh: str
    length_s: int
    fast: bool  # short enough that the rate of tries says something
    few: Steps  # by strangers: ``login-failures``
    many: Steps  # by strangers: the convicting reasons
    repeated: Steps  # by failures on at most ``one_person`` accounts, also ``login-failures``
    unnamed: Steps  # by failures whose account the log does not name
    unnamed_attack: Steps  # the same, convicting; only without any success
    guesses: Steps  # by different passwords, convicting; only without any success


class SiegeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When an account counts as attacked by many addresses. The window opens with a failure."""

    name: str = "7 days"
    name_zh: str = "7 天"
    length_s: int = 604_800
    steps: Steps = ((10, 0.6), (30, 1.0))  # by addresses that fail on the account


class DictionarySettings(msgspec.Struct, frozen=True, kw_only=True):
    """When names count as shared by attacking addresses, and what that tells of an address."""

    name: str = "14 days"
    name_zh: str = "14 天"
    length_s: int = 14 * 86_400  # a try is remembered that long
    networks: int = 2  # networks that share a name nobody owns
    networks_owned: int = 4  # the same for the account of somebody
    repeats: int = 3  # tries of one pair of address and name; more are a device that repeats itself
    device_share: float = 0.2  # share of such pairs that makes the whole name a device's
    campaign: int = 6  # shared names, and
    campaign_share: float = 0.002  # of the accounts that are known: large houses see more coincidences
    learnt_s: int = 7 * 86_400  # after which an account that nobody was seen to own counts as nobody's
    learnt_early_s: int = 86_400  # the same, if as many networks try it as must share an owned one
    learnt_accounts: int = 50
    steps: Steps = ((2, 1.0), (8, 1.07), (16, 1.14), (32, 1.2))  # by points, in a campaign; convicts
    steps_alone: Steps = ((6, 1.0), (16, 1.14))  # the same, while there is none
    suspicion: Steps = ((1, 0.92), (2, 1.0))  # by points, in a campaign
    suspicion_alone: Steps = ((2, 0.62), (4, 1.0))
    offset_home: float = 2.0  # points set off by each account that logs in from the address's network
    offset_most: float = 4.0  # at most: no device of an honest neighbour tries three names that nobody owns
    most_names: int = 256  # of one address that are worth remembering


class NeighbourWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One window in which a network is counted."""

    name: str
    name_zh: str
    length_s: int
    many: Steps  # by strangers


class NeighbourSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a network attacks."""

    windows: tuple[NeighbourWindow, ...] = (
        NeighbourWindow(
            name="24 hours", name_zh="24 小时", length_s=86_400, many=((12, 1.0), (40, 1.07), (150, 1.14))
        ),
        NeighbourWindow(
            name="7 days", name_zh="7 天", length_s=604_800, many=((20, 1.0), (60, 1.07), (200, 1.14))
        ),
    )
    addresses: int = 3  # that fail, at least
    attack_from: int = 10  # accounts
    offset: float = 2.0  # strangers set off by each account that logs in from the network
    unknown_bonus: float = 0.5
    whole: Steps = ((6, 0.78), (16, 1.0))  # by addresses, for the network itself, where nobody logs in


class OperatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a network operator's attackers are held against his other addresses."""

    length_s: int = 28 * 86_400
    networks: int = 4  # /24 or /48 that attackers must come from: one bad customer is not his operator
    outnumbered: int = 20  # attackers for each account that logs in from there
    steps: Steps = ((8, 0.75), (20, 1.0), (60, 1.25))  # by attacking addresses


class LoginSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a login analysis may be told."""

    windows: tuple[WindowSettings, ...]
    siege: SiegeSettings = SiegeSettings()
    dictionary: DictionarySettings = DictionarySettings()
    neighbours: NeighbourSettings = NeighbourSettings()
    operators: OperatorSettings = OperatorSettings()
    quiet_s: int = 7 * 86_400  # after which an attacker that comes again is one that comes again
    one_person: int = 2  # that many failing accounts may be one person's devices
    offset_per_success: float = 2.0  # strangers set off by each account that logs in from there
    unknown_user_bonus: float = 0.5  # an account that does not exist counts this much more
    shared_from: int = 5  # accounts that log in from there: it is shared by honest people
    honest: Steps = ((5, 0.5), (10, 0.75), (30, 1.0))  # by accounts that log in from there
    typing_errors: int = 10  # failures of an account that then logs in: no more than a person's own
    beside_successes: float = 0.55  # factor for repeated failures beside other accounts' successes
    spray_tries: float = 3.0  # tries an account at most: a few passwords on many accounts
    stuffing_tries: float = 1.3  # tries an account at most: a list of names with one password each
    stuffing_accounts: int = 20
    stuffing_unknown: float = 0.3  # share of accounts that do not exist here: the list is somebody else's
    enumeration_unknown: float = 0.6
    attack_from: int = 10  # strangers after which a success is a hit of the attack


_MANY: Final[Steps] = ((30, 1.07), (100, 1.14), (300, 1.2), (1000, 1.28))

DEFAULT: Final = LoginSettings(
    windows=(
        WindowSettings(
            name="10 minutes",
            name_zh="10 分钟",
            length_s=600,
            fast=True,
            few=((3, 0.62), (5, 1.0)),
            many=((10, 1.0), *_MANY),
            repeated=((3, 0.54), (30, 0.64), (100, 0.92)),
            unnamed=((3, 0.58), (10, 0.7), (30, 1.0)),
            unnamed_attack=((100, 1.0), (300, 1.1), (1000, 1.2)),
            guesses=((40, 1.0), (200, 1.07), (1000, 1.14)),
        ),
        WindowSettings(
            name="24 hours",
            name_zh="24 小时",
            length_s=86_400,
            fast=False,
            few=((4, 0.62), (8, 1.0)),
            many=((12, 1.0), *_MANY),
            repeated=((4, 0.54), (300, 0.64)),
            unnamed=((4, 0.58), (100, 0.7), (1000, 1.0)),
            unnamed_attack=(),
            guesses=((150, 1.0), (1000, 1.07)),
        ),
        WindowSettings(
            name="7 days",
            name_zh="7 天",
            length_s=604_800,
            fast=False,
            few=((6, 0.62), (10, 1.0)),
            many=((20, 1.0), *_MANY),
            repeated=((20, 0.54), (1000, 0.64)),
            unnamed=((20, 0.58), (500, 0.7)),
            unnamed_attack=(),
            guesses=((400, 1.0),),
        ),
        WindowSettings(
            name="4 weeks",
            name_zh="4 周",
            length_s=28 * 86_400,
            fast=False,
            few=((9, 0.62), (14, 1.0)),
            many=((28, 1.0), *_MANY[1:]),
            repeated=(),
            unnamed=(),
            unnamed_attack=(),
            guesses=(),
        ),
    )
)
"""The shipped thresholds."""


def value_of(steps: Steps, count: float) -> float:
    """The value of the highest step that the count reaches, 0 below the first."""
    value = 0.0
    for least, at_least in steps:
        if count < least:
            break
        value = at_least
    return value

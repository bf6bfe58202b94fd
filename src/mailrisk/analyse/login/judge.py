"""The rules: counters of one address in one window -> findings.

Pure arithmetic on a ``Picture``; every number comes from ``settings.py``. What the rules are built to
spare: the office with one stale password (one failing account never convicts, however often it
fails), the shared address (accounts that log in there offset those that fail), the typing error (an
account that logs in is forgiven).
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from mailrisk.analyse.login.settings import LoginSettings, WindowSettings, value_of

SUSPICION: Final = "login-failures"
ATTACKS: Final = (
    "login-brute-force",
    "login-credential-stuffing",
    "login-password-spray",
    "login-user-enumeration",
)
COMPANY: Final = ("login-shared-dictionary", "login-neighbours")
"""What convicts an address that does not give itself away (``together.py``)."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The counters that the rules see."""

    failures: int
    unnamed: int
    accounts: int  # named, failed here in the window, never succeeded here
    unknown: int  # those of them that do not exist
    successes: int  # accounts that have ever logged in from here
    guesses: int = 0  # failures with another password each

    @property
    def tries(self) -> float:
        """Mean tries on a named account."""
        return (self.failures - self.unnamed) / self.accounts if self.accounts else 0.0


class Finding(msgspec.Struct, frozen=True):
    """A reason code and the value that scales its weight."""

    code: str
    value: float


def judge(picture: Picture, window: WindowSettings, settings: LoginSettings) -> list[Finding]:
    """All findings of one window; of the rules for accounts at most one holds."""
    found = [_many(picture, window, settings), _unnamed(picture, window, settings)]
    if not found[0].value:
        found[0] = _guessed(picture, window)
    if not found[0].value:
        found[0] = _few(picture, window, settings)
    if not found[0].value:
        found[0] = _repeated(picture, window, settings)
    return [finding for finding in found if finding.value > 0]


def strangers(picture: Picture, window: WindowSettings, settings: LoginSettings) -> float:
    """Failing accounts beyond what the address's honest use explains.

    ``accounts - 2 x successes + unknown / 2``. In a fast window many tries on each account count up to
    double, because no person and no mail client guesses that fast on several accounts at once.
    """
    count = picture.accounts - settings.offset_per_success * picture.successes
    if count > 0:
        count += settings.unknown_user_bonus * picture.unknown
    if window.fast and count > settings.one_person:
        count *= 1 + min(1.0, math.log10(max(1.0, picture.tries / settings.spray_tries)))
    return count


def _many(picture: Picture, window: WindowSettings, settings: LoginSettings) -> Finding:
    """Convicts: ``window.many`` is reached by the strangers. The code names the kind of attack."""
    value = value_of(window.many, strangers(picture, window, settings))
    return Finding(_kind(picture, settings), value)


def _kind(picture: Picture, settings: LoginSettings) -> str:
    """What an attack on many accounts looks like, from an address's counters alone.

    - Stuffing (a leaked list of name and password): at least ``stuffing_accounts`` accounts, about one
      try each, and a good share of the names unknown here.
    - Enumeration: most names unknown here, several tries each.
    - Spraying: few tries an account. Brute force: many.
    """
    share = picture.unknown / picture.accounts if picture.accounts else 0.0
    once = picture.tries <= settings.stuffing_tries
    if once and picture.accounts >= settings.stuffing_accounts and share >= settings.stuffing_unknown:
        return "login-credential-stuffing"
    if share >= settings.enumeration_unknown:
        return "login-user-enumeration"
    return "login-password-spray" if picture.tries <= settings.spray_tries else "login-brute-force"


def _guessed(picture: Picture, window: WindowSettings) -> Finding:
    """Convicts however few accounts it is: so many different passwords no person and no device has.

    Only where the mail server tells passwords apart, and nobody logs in.
    """
    value = 0.0 if picture.successes else value_of(window.guesses, picture.guesses)
    return Finding("login-brute-force", value)


def _few(picture: Picture, window: WindowSettings, settings: LoginSettings) -> Finding:
    """Does not convict: several accounts fail and none of them logs in."""
    return Finding(SUSPICION, value_of(window.few, strangers(picture, window, settings)))


def _repeated(picture: Picture, window: WindowSettings, settings: LoginSettings) -> Finding:
    """Does not convict: one or two accounts fail again and again.

    It may be a guesser, and far more often is a device with an old password: where other accounts log
    in it counts about half, and at a shared address (``shared_from`` accounts) not at all.
    """
    if not 0 < picture.accounts <= settings.one_person:
        return Finding(SUSPICION, 0.0)
    value = value_of(window.repeated, picture.failures - picture.unnamed)
    return Finding(SUSPICION, value * _beside(picture, settings))


def _unnamed(picture: Picture, window: WindowSettings, settings: LoginSettings) -> Finding:
    """Failures without account names (older Postfix): how many accounts it were cannot be known.

    Convicts only at a rate that no device with an old password has, and only where nobody logs in.
    """
    if not picture.successes:
        value = value_of(window.unnamed_attack, picture.unnamed)
        if value:
            return Finding("login-unnamed-attack", value)
    value = value_of(window.unnamed, picture.unnamed)
    return Finding("login-unnamed-failures", value * _beside(picture, settings))


def _beside(picture: Picture, settings: LoginSettings) -> float:
    if picture.successes >= settings.shared_from:
        return 0.0
    return settings.beside_successes if picture.successes else 1.0


def honest_use(picture: Picture, settings: LoginSettings) -> Finding:
    """Lowers: at least as many accounts log in from the address as fail there."""
    value = value_of(settings.honest, picture.successes) if picture.successes >= picture.accounts else 0.0
    return Finding("login-shared-address", value)

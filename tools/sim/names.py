"""Account names: those of the people, and the lists that attackers work from."""

from __future__ import annotations

import random
from typing import Final

from tools.sim.model import DOMAIN

_FIRST: Final = (
    "anna ben clara david elif frank greta hans ines jonas karin li lena marco nina olaf petra quentin rosa "
    "stefan tanja uwe vera wei xenia yusuf zoe amir bianca carlos dora emil fatima georg hanna igor julia kemal "
    "laura mehmet nora oskar paula ralf sara tim ulla viktor wang yan"
).split()
_LAST: Final = (
    "adler berg cohen dietz engel fuchs graf huber ivanov jung kaya lang meyer novak otto peters quast roth "
    "schulz thoma ulrich vogel wagner xu yilmaz zhang arndt bauer chen dorn ernst frei gross haas illner jahn "
    "kern lorenz mohr neumann oster pohl reich sommer trapp unger volk winter zhao lin"
).split()
ROLES: Final = (
    "info admin test sales office support contact postmaster webmaster root user mail backup scan scanner "
    "noreply marketing hr accounting billing service hello guest demo student printer fax reception jobs "
    "newsletter abuse administrator operator oracle mysql www ftp temp web shop orders finance it help staff "
    "team manager director ceo press media events booking john david michael smith maria peter paul"
).split()
"""What every attacker tries first; a few exist on this server."""

EXISTING_ROLES: Final = ("info", "office", "support", "sales", "hr", "scanner", "it", "jobs")


def people_names(count: int, rng: random.Random) -> list[str]:
    """Distinct accounts of people."""
    made: dict[str, None] = {}
    while len(made) < count:
        name = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}"
        made[f"{name}@{DOMAIN}" if f"{name}@{DOMAIN}" not in made else f"{name}{len(made)}@{DOMAIN}"] = None
    return list(made)


def roles() -> list[str]:
    """The role accounts that attackers try, with the domain."""
    return [f"{name}@{DOMAIN}" for name in ROLES]


def leaked(count: int, rng: random.Random) -> list[str]:
    """Names from somebody else's leak: none exists here."""
    return [
        f"{rng.choice(_FIRST)}{rng.choice('._-')}{rng.choice(_LAST)}{rng.randrange(50, 100)}@{DOMAIN}"
        for _ in range(count)
    ]


def dictionary(known: list[str], count: int, real: float, rng: random.Random) -> list[str]:
    """An attacker's list: a share ``real`` of it exists here, the rest are roles and leaked names."""
    exist = round(count * real)
    others = roles() + leaked(count, rng)
    rng.shuffle(others)
    names = dict.fromkeys((*rng.sample(known, min(exist, len(known))), *others))
    return list(names)[:count]


def mistyped(account: str, rng: random.Random) -> str:
    """The name with one letter of its first part gone."""
    local, _, domain = account.partition("@")
    gone = rng.randrange(len(local))
    return f"{local[:gone]}{local[gone + 1 :]}@{domain}"

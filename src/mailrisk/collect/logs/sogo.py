"""SOGo: logins through webmail.

The lines::

    sogod [26818]: SOGoRootPage Login from '192.0.2.1' for user 'a' might not have worked - password policy: ...
    sogod [26818]: SOGoRootPage successful login from '192.0.2.1' for user 'a' - expire = -1  grace = -1

Behind a proxy the address is a list of those that were forwarded; ``forwarded_ip`` tells which of them counts.

**Log injection.** The address stands before the account, in quotes, and holds nothing but addresses.
"""

from __future__ import annotations

import re

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import forwarded_ip
from mailrisk.collect.logs.entry import Entry, LogFormat
from mailrisk.model.errors import BadInput
from mailrisk.model.events import LoginEvent, Outcome

_LOGIN = re.compile(
    r"(?:\[[0-9]{1,10}\]: )?(?:\|SOGo\| )?SOGoRootPage (Login|successful login) from '([0-9A-Fa-f:., ]{2,400})' for user '(.*)'"
    r"(?: might not have worked - password policy: .{0,200}| - expire = .{0,100})",
    re.DOTALL,
)


def claims(entry: Entry) -> bool:
    """Whether SOGo wrote the entry."""
    return entry.program == "sogod"


def parse(entry: Entry) -> LoginEvent | None:
    """The login that a line reports; None for all other lines. BadInput if it makes no sense."""
    if "SOGoRootPage " not in entry.text[:40] or "ogin from '" not in entry.text[:80]:
        return None
    found = _LOGIN.fullmatch(entry.text)
    if found is None:
        raise BadInput("line", "a login without a client address in its place")
    return LoginEvent(
        seen_at=entry.seen_at,
        service="sogo",
        protocol="http",
        account=account_name(found[3]),
        ip=forwarded_ip(found[2]),
        outcome=Outcome.FAILURE if found[1] == "Login" else Outcome.SUCCESS,
    )


FORMAT = LogFormat("sogo", claims, parse, frozenset({"sogod"}))

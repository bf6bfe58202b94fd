"""May this login go on? The answer for a mail server that asks before it looks at the password.

Whoever is at home is let in: an account at an address where it has logged in before is never refused,
whatever attacks it from elsewhere. Only what we have seen ourselves refuses a login; an address that is
known from feeds alone is let through and counted. Forwarding front ends and private addresses are never judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.model.change import Listing
from mailrisk.model.evidence import SHARED
from mailrisk.model.ip import reserved_range
from mailrisk.model.verdict import Level
from mailrisk.service.check_ip import worst
from mailrisk.service.context import LookupContext
from mailrisk.service.policy_lists import PolicyLists
from mailrisk.store.index_form import Rule
from mailrisk.store.index_view import View

REFUSE: Final = -1
LET_IN: Final = 0

DELAY_S: Final = 5
"""Seconds that a login from an address of level ``medium`` has to wait: an attacker's time, not an office's day."""

_DECIDES: Final[Mapping[Level, int]] = {Level.HIGH: REFUSE, Level.MEDIUM: DELAY_S}


class Answer(NamedTuple):
    """``status``: REFUSE, LET_IN or a delay in seconds; ``message`` is for the log, and holds no account."""

    status: int
    message: str = ""


class LoginPolicy:
    """Answers for one process; counts what it answered, by the reason."""

    def __init__(
        self,
        context: LookupContext,
        analysis: LoginAnalysis,
        trusted_frontends: Collection[str] = (),
        lists: PolicyLists | None = None,
    ) -> None:
        self._context = context
        self._lists = lists
        self._view: View | None = None
        self._soon: Callable[[Callable[[], None]], object] | None = None
        self._analysis = analysis
        self._frontends = frozenset(trusted_frontends)
        self.answered: Counter[str] = Counter()

    def allow(self, ip: str, account: str) -> Answer:
        """``ip`` canonical or '' when the server does not say."""
        why, answer = self._judge(ip, account)
        self.answered[why] += 1
        return answer

    def share_turns(self, soon: Callable[[Callable[[], None]], object]) -> None:
        """From now on, questions of one turn of the event loop share a view of the index: ``soon`` is its ``call_soon``."""
        self._soon = soon

    def _judge(self, ip: str, account: str) -> tuple[str, Answer]:
        if self._lists is not None and (listed := self._listed(self._lists, ip, account)):
            return listed
        if not ip or ip in self._frontends:
            return "not-judged", Answer(LET_IN)
        # Nearly every address is in no list: nothing else need be asked about it.
        rules = self._rules(ip)
        rule = worst(rules) if rules else None
        if rule is None or rule.listing is None:
            return "not-listed", Answer(LET_IN)
        status = _DECIDES.get(rule.listing.level, LET_IN)
        if status == LET_IN or reserved_range(ip):
            return "not-judged", Answer(LET_IN)
        if self._analysis.is_familiar(ip, account):
            return "familiar", Answer(LET_IN)
        if not rule.listing.local:
            return "feeds-alone", Answer(LET_IN)
        why = "refused" if status == REFUSE else "delayed"
        return why, Answer(status, _message(rule.listing) if status == REFUSE else "")

    def _listed(self, lists: PolicyLists, ip: str, account: str) -> tuple[str, Answer] | None:
        """What an operator has said, in weakforced's words; the whitelist beats the blacklist."""
        if lists.find("white", ip, account) is not None:
            return "whitelisted", Answer(LET_IN)
        entry = lists.find("black", ip, account)
        if entry is None:
            return None
        what = (
            "IP/Login Tuple"
            if entry.network and entry.login
            else "IP Address"
            if entry.network
            else "Login Name"
        )
        return "blacklisted", Answer(REFUSE, f"Temporarily blacklisted {what} - try again later")

    def _rules(self, ip: str) -> list[Rule]:
        if self._soon is None:
            with self._context.index.view() as view:
                return [view.rule(found) for found in view.ip_matches(ip, SHARED)]
        if self._view is None:
            self._view = self._context.index.view()
            self._soon(self._end_turn)
        shared = self._view
        return [shared.rule(found) for found in shared.ip_matches(ip, SHARED)]

    def _end_turn(self) -> None:
        if self._view is not None:
            self._view.__exit__()
            self._view = None


def _message(listing: Listing) -> str:
    """What the client is shown; it names the address and why, and the mail server's log keeps it."""
    reason = listing.reasons[0].text if listing.reasons else "it attacks logins"
    return f"logins from {listing.value} are refused: {reason}"[:300]

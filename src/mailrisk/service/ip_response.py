"""Which listings of addresses are acted upon, and until when: the response policy, seen from the listings.

What we, our logs, our reporters or our analysts saw is acted upon as ``decide/response.py`` says, from the
last time that it was seen. An analyst's word holds until it is taken back. What is known from feeds alone is
observed: nobody acts on it unless the configuration says so, and then for as long as it is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailrisk.decide.response import response_for
from mailrisk.model.change import Listing
from mailrisk.model.policy import Policy
from mailrisk.model.subject import IP_KINDS
from mailrisk.publish.listing_table import ACTIONS, LAST_SECOND, NO_RESPONSE, Held

_TYPES: Final = {"block": ACTIONS.index("ban"), "challenge": ACTIONS.index("captcha")}


def responder(policy: Policy, *, feed_only: bool) -> Callable[[Listing], Held]:
    """The response to a listing of an address or network under a policy.

    ``feed_only``: what only feeds list is acted upon too.
    """

    def respond(listing: Listing) -> Held:
        if listing.kind not in IP_KINDS or not (listing.local or feed_only):
            return NO_RESPONSE
        known_for_s = max(0, int((listing.last_seen - listing.first_seen).total_seconds()))
        action, for_s = response_for(policy, listing.level, known_for_s)
        number = _TYPES.get(action)
        if number is None:
            return NO_RESPONSE
        standing = not listing.local or any(one.code == "analyst-malicious" for one in listing.reasons)
        if standing or for_s is None:
            return Held(number, min(int(listing.valid_until.timestamp()), LAST_SECOND))
        return Held(number, min(int(listing.last_seen.timestamp()) + for_s, LAST_SECOND))

    return respond

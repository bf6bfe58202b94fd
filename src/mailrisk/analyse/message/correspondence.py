"""Evidence from earlier correspondence (``model/correspondence.py``); nothing where nothing is remembered.

Exact conditions of each code:

- ``known-correspondent`` (lowers): the message authenticates as its author, who wrote to the recipient's organisation
  on two days at least, first seven days ago or more, and is no colleague: stolen mailboxes of colleagues write
  to colleagues.
- ``first-contact``: mail to the organisation is learnt from for 14 days, and nobody at the author's domain ever wrote.
- ``lookalike-of-correspondent``: the author's domain is new, and looks like one that is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.links import registrable
from mailrisk.analyse.message.view import MessageView
from mailrisk.analyse.url.lookalike import STRENGTH
from mailrisk.model.correspondence import KNOWN_DAYS, WATCHED_DAYS
from mailrisk.model.evidence import Evidence

_HEADER = "header From"
_MANY = 5  # days of contact from which on a correspondent weighs in full
_FEW = 0.5


def evidence(view: MessageView) -> Iterator[Evidence]:
    """What earlier correspondence says about the author; see the module's docstring."""
    history = view.history
    domain = view.message.from_[0].domain if len(view.message.from_) == 1 else ""
    if history is None or not domain or registrable(view, domain) in view.knowledge.own_domains:
        return
    data = {"domain": domain, "days": history.contact_days, "since": history.known_days}
    proved = view.authentication.authenticated_domain == domain
    if proved and history.contact_days >= 2 and history.known_days >= KNOWN_DAYS:
        share = 1.0 if history.contact_days >= _MANY else _FEW
        yield fact(view, code="known-correspondent", value=share, data=data, artefact=_HEADER)
    if history.imitates:
        data = {"domain": domain, "kind": history.imitates}
        value = STRENGTH[history.imitates]
        yield fact(view, code="lookalike-of-correspondent", value=value, data=data, artefact=_HEADER)
    elif not history.domain_days and history.watched_days >= WATCHED_DAYS:
        yield fact(view, code="first-contact", data={"domain": domain}, artefact=_HEADER)
